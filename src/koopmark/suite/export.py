"""From the store to CSV files; a file is there whole or not at all."""

import os
import tempfile
from pathlib import Path

from koopmark._errors import ConfigError
from koopmark.suite import store
from koopmark.suite.tables import TABLES

PART = ".part"
"""How a file is called that is not whole yet."""


def export(folder: Path) -> None:
    """Write fits.csv, targets.csv and eigenpairs.csv of a run folder, at full precision."""
    tables = store.read(folder)
    for name in TABLES:
        write_text(folder / f"{name}.csv", tables[name].to_csv(index=False))


def write_text(path: Path, text: str) -> None:
    """Put a text file in its place in one step.

    Raises
    ------
    ConfigError
        Where there is no room for it, or no right to write there.
    """
    try:
        _replace(path, text)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written ({error.strerror}); what is stored is kept"
        ) from None


def forget_unfinished(folder: Path) -> None:
    """Remove what processes left that were killed while they wrote a file; only its writer may."""
    for path in folder.glob(f"*{PART}"):
        path.unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=PART)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        # mkstemp makes it private to its owner; what it replaces was for everyone.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
