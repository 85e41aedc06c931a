"""From a run to the baseline that later runs are checked against."""

import json
from pathlib import Path

import numpy as np

from koopmark._errors import ConfigError
from koopmark._files import make_folder, write_text
from koopmark.analysis.tables import read_scores
from koopmark.regression._comparable import RunFolder, description
from koopmark.regression.history import NAME, append, promoted_run

KEPT = ("fits.csv", "targets.csv", "provenance.json")
"""What a check reads. The store and the eigenpairs are left out: they are large."""


def promote(
    run_dir: str | Path,
    baseline_dir: str | Path,
    allow_dirty: bool = False,
    speed: str | Path | None = None,
) -> bool:
    """Copy the tables of a finished run into `baseline_dir`, which is made if it is not there.

    Parameters
    ----------
    run_dir, baseline_dir : str or Path
    allow_dirty : bool
        Accept a run whose source differed from its commit.
    speed : str or Path, optional
        The file in which bench/speed/regress.py left its times of the core, for the history.

    Returns
    -------
    bool
        Whether a line about the run was added to the history; false if it had one already.

    Raises
    ------
    ConfigError
        If the run is unfinished or a part of its suite, if its source differed from its commit, if
        a table is incomplete or cannot be read, or if the baseline cannot be written.
    """
    run_dir, baseline_dir = Path(run_dir), Path(baseline_dir)
    provenance = description(run_dir)
    run = RunFolder(run_dir, *read_scores(run_dir), provenance)
    if run.unfinished:
        raise ConfigError(run.unfinished)
    if run.part:
        raise ConfigError(
            f"{run_dir} is only a part of its suite ({run.part}): a baseline must be a run of a "
            "whole suite, because checks would not see the rest"
        )
    if lacking := run.undescribed(run.fits) or run.pairs_gone():
        raise ConfigError(lacking)
    # An installed koopmark has a version and no commit, which is fine.
    commit = provenance.get("git") or {}
    if commit.get("dirty") and not allow_dirty:
        raise ConfigError(
            f"{run_dir} was made with files that differ from commit "
            f"{str(commit.get('commit'))[:12]}: commit them and run it with --fresh, or accept "
            "it with --allow-dirty"
        )
    timed = read_speed(Path(speed)) if speed else None
    line = promoted_run(run, timed)
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
        If the file cannot be read, or is another.
    """
    try:
        kernels = json.loads(path.read_text(encoding="utf-8-sig"))["kernels"]
        ratios = {str(name): float(found["head_ratio"]) for name, found in kernels.items()}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f"{path} is not what bench/speed/regress.py writes") from None
    if wrong := [name for name, ratio in ratios.items() if not np.isfinite(ratio)]:
        raise ConfigError(f"{path}: head_ratio of {wrong[0]} must be a finite number")
    return ratios
