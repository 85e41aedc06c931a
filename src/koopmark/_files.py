"""Files that are there whole or not at all."""

import os
import stat
import tempfile
from pathlib import Path

from filelock import FileLock

from koopmark._errors import ConfigError

PART = ".part"
"""How a file is called that is not whole yet."""


def lock(path: Path) -> FileLock:
    """A lock on a file that is made for it, not taken yet; it ends with its process at the latest.

    Where a file system knows no locks, `acquire` raises OSError: a lock that outlives its process
    is worse than none.
    """
    return FileLock(path, fallback_to_soft=False)


def make_folder(path: Path) -> Path:
    """Make a folder and those above it, unless they are there; returns it.

    Commands that compute for long call it first, so that a mistyped path costs no time: it raises
    ConfigError if the folder cannot be made, or a file is in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: the folder cannot be made ({error.strerror})") from None
    return path


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of a text in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, contents: bytes | memoryview) -> None:
    """Put a file in its place in one step; raises ConfigError if there is no room or no right."""
    try:
        replace(path, contents)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written ({error.strerror}); what is stored is kept"
        ) from None


def replace(path: Path, contents: bytes | memoryview) -> None:
    """`write_bytes` that lets the system's own error through."""
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
