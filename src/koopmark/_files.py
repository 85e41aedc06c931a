"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path

from koopmark._errors import ConfigError

PART = ".part"
"""How a file is called that is not whole yet."""


def write_text(path: Path, text: str) -> None:
    """Put a text file in its place in one step; raises as `write_bytes` does."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, contents: bytes | memoryview) -> None:
    """Put a file in its place in one step.

    Raises
    ------
    ConfigError
        Where there is no room for it, or no right to write there.
    """
    try:
        replace(path, contents)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written ({error.strerror}); what is stored is kept"
        ) from None


def replace(path: Path, contents: bytes | memoryview) -> None:
    """`write_bytes` that lets the system's own error through."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
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
