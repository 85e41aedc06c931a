"""From a run to the baseline that later runs are checked against."""

from pathlib import Path
from typing import Any

from koopmark._errors import ConfigError
from koopmark._files import write_text
from koopmark.report.tables import read_fits, read_provenance, read_targets

KEPT = ("fits.csv", "targets.csv", "provenance.json")
"""What a check needs, and where it came from; the store and the eigenpairs are large."""


def promote(run_dir: Path, baseline_dir: Path, allow_dirty: bool = False) -> None:
    """Copy the tables of a finished run into `baseline_dir`, which is made where it is not there.

    Raises
    ------
    ConfigError
        Where the run is not finished, its source differed from its commit (unless `allow_dirty`),
        a table cannot be read, or the baseline cannot be written.
    """
    provenance = read_provenance(run_dir)
    done = len(read_fits(run_dir))
    read_targets(run_dir)
    _refuse_unfinished(run_dir, provenance, done)
    if not allow_dirty:
        _refuse_dirty(run_dir, provenance)
    texts = {name: (run_dir / name).read_text(encoding="utf-8") for name in KEPT}
    try:
        baseline_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{baseline_dir}: cannot be made ({error.strerror})") from None
    for name, text in texts.items():
        write_text(baseline_dir / name, text)


def _refuse_unfinished(run_dir: Path, provenance: dict[str, Any], done: int) -> None:
    planned = provenance.get("fits")
    if provenance.get("ended") and done == planned:
        return
    raise ConfigError(
        f"{run_dir} is not finished, {done} of {planned or 'an unknown number of'} fits are done: "
        f"go on with {provenance.get('command', 'koopmark run')}"
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
