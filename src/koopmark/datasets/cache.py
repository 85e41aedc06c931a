"""Cache of trajectories on disk, keyed by a hash of what they depend on."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from koopmark._errors import one_line
from koopmark._files import lock, replace
from koopmark._resources import checkout

Arrays = dict[str, NDArray]

KEPT = 3
"""Entries of a recipe and seed that stay beside a new one: other checkouts or branches may share
the folder."""


@dataclass(frozen=True)
class Key:
    """Key of cached arrays: `asked` says which arrays, `made_by` which source made them."""

    asked: str
    made_by: str

    def file(self, folder: Path) -> Path:
        return folder / f"{self.asked}-{self.made_by}.npz"


class Damaged(Exception):
    """A cache file does not contain what was written to it."""


def default_folder() -> Path:
    """The folder `datasets/.cache` of a checkout, or else the user's cache folder."""
    root = checkout()
    return root / "datasets" / ".cache" if root else Path(platformdirs.user_cache_dir("koopmark"))


def remember(folder: Path, key: Key, make: Callable[[], Arrays]) -> tuple[Arrays, str]:
    """The arrays stored under `key`; they are computed and stored first if missing.

    Among entries for the same arrays from other versions of the source, the KEPT most recently used
    ones are kept. The second value reports problems with the cache: a damaged file, whose arrays
    are recomputed, or a folder that cannot be written to. It is empty if there are none.
    """
    path = key.file(folder)
    found, note = _found(path)
    if found is not None:
        return found, note
    with _alone(path.with_suffix(".lock")):
        # Another process may have made them while this one waited.
        found, _ = _found(path)
        if found is not None:
            return found, note
        arrays = make()
        try:
            write(path, arrays)
            _drop_old(folder, key)
        except OSError as error:
            note = f"cache file {path.name}: not written ({error.strerror})"
    return arrays, note


def _found(path: Path) -> tuple[Arrays | None, str]:
    try:
        arrays = read(path)
        # The time of its last use; in a folder that cannot be written to nothing is dropped either.
        with suppress(OSError):
            os.utime(path)
        return arrays, ""
    except FileNotFoundError:
        return None, ""
    except Damaged as damage:
        return None, f"cache file {path.name}: {damage}, made again"


def _drop_old(folder: Path, key: Key) -> None:
    others = set(folder.glob(f"{key.asked}-*.npz")) - {key.file(folder)}
    used: dict[Path, int] = {}
    for path in others:
        # Another process may be at the same.
        with suppress(OSError):
            used[path] = path.stat().st_mtime_ns
    for path in sorted(used, key=used.__getitem__, reverse=True)[KEPT:]:
        with suppress(OSError):
            path.unlink()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time, as far as the file system knows of locks; it ends with its process."""
    held = lock(path)
    # Where nothing can be written or locked, whoever comes makes the arrays.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    try:
        yield
        if held.is_locked:
            # Who waits for the lock finds the arrays, whether or not the file is there.
            with suppress(OSError):
                path.unlink()
    finally:
        held.release()


def write(path: Path, arrays: Arrays) -> None:
    """Write arrays with a checksum, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    checksum = np.frombuffer(_checksum(arrays), dtype=np.uint8)
    contents: dict[str, Any] = {"checksum": checksum, **arrays}
    np.savez(buffer, **contents)
    replace(path, buffer.getbuffer())


def read(path: Path) -> Arrays:
    """Read a file of `write`, and verify its checksum.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    Damaged
        If the contents do not match the checksum.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        matches = arrays.pop("checksum").tobytes() == _checksum(arrays)
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001 the readers of a damaged file raise anything
        said = one_line(error) or type(error).__name__
        raise Damaged(f"damaged ({said})") from None
    if not matches:
        raise Damaged("damaged (its checksum does not match)")
    return arrays


def _checksum(arrays: Arrays) -> bytes:
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name}{array.dtype.str}{array.shape}".encode())
        total.update(array.data)
    return total.digest()
