"""A cell as bytes that another machine can open, the source of its method included."""

import copyreg
import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

from koopmark import methods
from koopmark._keys import digest
from koopmark.methods import Method, plugins
from koopmark.plan import Cell


def pack(cell: Cell) -> bytes:
    """A cell for `unpack`.

    A method that was loaded from a file travels as the texts of that file and of those beside it
    that it imports, with its options; any other by the name of its class, which must be
    importable at the other end.
    """
    stream = io.BytesIO()
    _Packer(stream).dump(cell)
    return stream.getvalue()


def unpack(parcel: bytes, folder: Path) -> Cell:
    """The cell that was packed; files of methods are written to `folder`.

    Loading its method may raise anything, as foreign code may.
    """
    return _Unpacker(io.BytesIO(parcel), folder).load()


_Parcel = tuple[str, dict[str, bytes], str, dict[str, Any]]
"""A method from a file: its file's name, all files by name, the class, and the options."""


class _Packer(pickle.Pickler):
    def persistent_id(self, obj: Any) -> _Parcel | None:
        # Only a method from a file has a reducer of its own (see `koopmark.methods.plugins`).
        reduce: Any = copyreg.dispatch_table.get(type(obj)) if isinstance(obj, Method) else None
        if reduce is None:
            return None
        _, (called, options, digest) = reduce(obj)
        place, _, attribute = called.rpartition(":")
        name, files = plugins.with_neighbours(Path(place), digest)
        return name, files, attribute, options


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, folder: Path) -> None:
        super().__init__(stream)
        self._folder = folder

    def persistent_load(self, pid: _Parcel) -> Method:
        name, files, attribute, options = pid
        texts = {path: hashlib.sha256(text).hexdigest() for path, text in files.items()}
        folder = self._folder / digest(texts)
        for path, text in files.items():
            if not (folder / path).is_file():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(text)
        return methods.get(f"{folder / name}:{attribute}", **options)
