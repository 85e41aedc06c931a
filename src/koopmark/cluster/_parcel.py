"""Cells as bytes that other machines can unpack, with the source files that they need."""

import copyreg
import hashlib
import io
import pickle
from functools import cache
from pathlib import Path
from typing import Any

from koopmark._files import write_bytes
from koopmark._keys import digest
from koopmark._plugins import Again, digest_of, is_file, with_neighbours
from koopmark.datasets import Recording, RecordingSection
from koopmark.methods import Method
from koopmark.plan import Cell
from koopmark.systems.own_sections import OwnSystem


def pack(cell: Cell) -> bytes:
    """Pack a cell for `unpack`.

    A method or a system that was loaded from a file travels as the texts of that file and of those
    beside it that it imports, with its options; any other by the name of its class, which must be
    importable at the other end.
    """
    stream = io.BytesIO()
    _Packer(stream).dump(cell)
    return stream.getvalue()


def unpack(parcel: bytes, folder: Path) -> Cell:
    """Unpack a cell; source files of methods and systems are written to `folder`.

    Loading these may raise anything, as foreign code may.
    """
    return _Unpacker(io.BytesIO(parcel), folder).load()


_Parcel = tuple[Again, str, dict[str, bytes], str, dict[str, Any]]
"""What is from a file: who makes it again, its file's name, all files by name, its class, and its
options."""


_Data = tuple[RecordingSection, str, bytes, str]
"""A recording: what its suite says of it, its file's name, contents and digest."""


class _Packer(pickle.Pickler):
    def persistent_id(self, obj: Any) -> _Parcel | _Data | None:
        if isinstance(obj, Recording):
            return obj.asked, obj.path.name, obj.path.read_bytes(), obj.digest
        # Of a class that cannot be imported there is one (see `koopmark._plugins.travels`).
        ours = isinstance(obj, Method | OwnSystem)
        reduce: Any = copyreg.dispatch_table.get(type(obj)) if ours else None
        if reduce is None:
            return None
        again, (called, options, digest) = reduce(obj)
        if not is_file(called):
            return None
        place, _, attribute = called.rpartition(":")
        name, files = _sources(Path(place), digest)
        return again, name, files, attribute, options


@cache
def _sources(path: Path, digest: str) -> tuple[str, dict[str, bytes]]:
    """As `with_neighbours`, once: to find what a file imports takes longer than a small fit."""
    return with_neighbours(path, digest)


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, folder: Path) -> None:
        super().__init__(stream)
        self._folder = folder

    def persistent_load(self, pid: _Parcel | _Data) -> Any:
        if len(pid) == 4:
            asked, called, contents, sha = pid
            data = self._folder / sha / called
            if not data.is_file():
                data.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(data, contents)
            return Recording(asked, data, sha)
        again, name, files, attribute, options = pid
        texts = {path: hashlib.sha256(text).hexdigest() for path, text in files.items()}
        folder = self._folder / digest(texts)
        for path, text in files.items():
            if not (folder / path).is_file():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(text)
        called = f"{folder / name}:{attribute}"
        # The folder is filed under its contents, so what was loaded from it is up to date.
        return again(called, options, digest_of(called))
