"""One writer for a run folder, by a lock of the system's that ends with the process holding it."""

import os
import platform
import sys
from pathlib import Path

from koopmark._errors import ConfigError

FILE = "run.lock"

_FAR = 1 << 20
"""Windows locks bytes, and what is locked cannot be read: one far behind the text."""


class Lock:
    """Taken when made, until `release`, or the end of the process, however it comes.

    Neither process numbers, which are used again, nor times, which can be set, play a part.

    Raises
    ------
    ConfigError
        Where another process holds it, on whichever machine that shares the folder.
    OSError
        Where there can be no such file.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / FILE).open("a+", encoding="utf-8")
        try:
            _take(self._file.fileno())
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise ConfigError(
                f"{folder}: another run ({holder}) is writing to it: "
                f"wait for its end, or choose another --out"
            ) from None
        try:
            self._file.truncate(0)
            self._file.write(f"process {os.getpid()} on {platform.node()}\n")
            self._file.flush()
        except OSError:
            # Whose it is only helps a reader: a full disk is the store's to complain about.
            os.ftruncate(self._file.fileno(), 0)

    def release(self) -> None:
        """Let the next one write."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
