"""From the store to CSV files; a file is there whole or not at all."""

from pathlib import Path

from koopmark._files import PART, write_text
from koopmark.store import store
from koopmark.store.portraits import eigenfunctions


def export(folder: Path) -> None:
    """Write fits.csv, targets.csv and eigenpairs.csv of a run folder, at full precision.

    And eigenfunctions.csv, with a column for each method: its portraits, unpacked.
    """
    tables = store.read(folder)
    portraits = tables.pop("portraits")
    for name, table in {**tables, "eigenfunctions": eigenfunctions(portraits)}.items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False))


def forget_unfinished(folder: Path) -> None:
    """Remove what processes left that were killed while they wrote a file; only its writer may."""
    for path in folder.glob(f"*{PART}"):
        path.unlink(missing_ok=True)
