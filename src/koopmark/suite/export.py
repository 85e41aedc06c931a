"""From the store to CSV files; a file is there whole or not at all."""

from pathlib import Path

from koopmark._files import PART, write_text
from koopmark.suite import store
from koopmark.suite.tables import TABLES


def export(folder: Path) -> None:
    """Write fits.csv, targets.csv and eigenpairs.csv of a run folder, at full precision."""
    tables = store.read(folder)
    for name in TABLES:
        write_text(folder / f"{name}.csv", tables[name].to_csv(index=False))


def forget_unfinished(folder: Path) -> None:
    """Remove what processes left that were killed while they wrote a file; only its writer may."""
    for path in folder.glob(f"*{PART}"):
        path.unlink(missing_ok=True)
