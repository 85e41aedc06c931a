"""Atomic writing of files, and locks."""

import os
import stat
import tempfile
from pathlib import Path

from filelock import FileLock

from koopmark._errors import ConfigError

PART = ".part"
"""How a file is called that is not whole yet."""


def lock(path: Path) -> FileLock:
    """A lock on a lock file, not yet acquired; it is released when the process ends.

    If the file system has no locks, `acquire` raises OSError, since a lock that outlives its
    process is worse than none.
    """
    return FileLock(path, fallback_to_soft=False)


def make_folder(path: Path) -> Path:
    """Make a folder with its parents if needed, and return it.

    Commands that compute for long call it first, so that a mistyped path costs no time: it raises
    ConfigError if the folder cannot be made, or a file is in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: the folder cannot be made ({error.strerror})") from None
    return path


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 by `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, contents: bytes | memoryview) -> None:
    """Write a file atomically; raises ConfigError if there is no space or permission."""
    try:
        replace(path, contents)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written ({error.strerror}); what is stored is kept"
        ) from None


def replace(path: Path, contents: bytes | memoryview) -> None:
    """As `write_bytes`, but raises the operating system's own error."""
    # What a link points to is replaced, and not the link.
    path = Path(os.path.realpath(path))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
        # mkstemp makes it private to its owner: take over the old permissions, or those of a new
        # file.
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            current = os.umask(0)
            os.umask(current)
            mode = 0o666 & ~current
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
