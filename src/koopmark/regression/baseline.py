"""From a run to the baseline that later runs are checked against."""

import json
from pathlib import Path
from typing import Any

from koopmark._errors import ConfigError
from koopmark._files import make_folder, write_text
from koopmark.analysis.tables import read_scores
from koopmark.regression.history import NAME, append
from koopmark.regression.line import line_of
from koopmark.regression.runs import (
    description,
    pairs_gone,
    part_of,
    undescribed,
    unfinished,
)

KEPT = ("fits.csv", "targets.csv", "provenance.json")
"""What a check needs, and where it came from; the store and the eigenpairs are large."""


def promote(
    run_dir: Path, baseline_dir: Path, allow_dirty: bool = False, speed: Path | None = None
) -> bool:
    """Copy the tables of a finished run into `baseline_dir`, which is made where it is not there.

    Its history gets a line about the run, unless it has one; returns whether it got one.

    Parameters
    ----------
    run_dir, baseline_dir : Path
    allow_dirty : bool
        Whether a run will do whose source differed from its commit.
    speed : Path, optional
        What bench/speed/regress.py measured of the core, for the history.

    Raises
    ------
    ConfigError
        If the run is not finished or a part of its suite, its source differed from its commit,
        something cannot be read or is not all there, or the baseline cannot be written.
    """
    provenance, (fits, targets) = description(run_dir), read_scores(run_dir)
    _refuse_incomplete(run_dir, provenance, len(fits))
    if lacking := undescribed(run_dir, provenance, fits) or pairs_gone(run_dir, fits):
        raise ConfigError(lacking)
    if not allow_dirty:
        _refuse_dirty(run_dir, provenance)
    line = line_of(fits, targets, provenance, read_speed(speed) if speed else None)
    texts = {name: (run_dir / name).read_text(encoding="utf-8") for name in KEPT}
    make_folder(baseline_dir)
    for name, text in texts.items():
        write_text(baseline_dir / name, text)
    return append(baseline_dir / NAME, line)


def read_speed(path: Path) -> dict[str, float]:
    """Time of each kernel over its reference's, as bench/speed/regress.py left them.

    Raises
    ------
    ConfigError
        Where the file cannot be read, or is another.
    """
    try:
        kernels = json.loads(path.read_text(encoding="utf-8-sig"))["kernels"]
        return {str(name): float(found["head_ratio"]) for name, found in kernels.items()}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f"{path} is not what bench/speed/regress.py writes") from None


def _refuse_incomplete(run_dir: Path, provenance: dict[str, Any], done: int) -> None:
    if how := unfinished(provenance, done):
        raise ConfigError(
            f"{run_dir} is not finished, {how}: go on with "
            f"{provenance.get('command', 'koopmark run')}"
        )
    if part := part_of(provenance):
        raise ConfigError(
            f"{run_dir} is a part of its suite ({part}), and later checks would miss the rest: "
            "a baseline must be a run of a whole suite"
        )


def _refuse_dirty(run_dir: Path, provenance: dict[str, Any]) -> None:
    """An installed koopmark has a version and no commit: that is fine."""
    commit = provenance.get("git") or {}
    if commit.get("dirty"):
        raise ConfigError(
            f"{run_dir} was made with files that differ from commit "
            f"{str(commit.get('commit'))[:12]}: commit them and run it with --fresh, or promote "
            "it all the same with --allow-dirty"
        )
