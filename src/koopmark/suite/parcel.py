"""A cell as bytes that another machine can open, the source of its method included."""

import copyreg
import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

from koopmark import methods
from koopmark.methods.method import Method
from koopmark.suite.plan import Cell


def pack(cell: Cell) -> bytes:
    """A cell for `unpack`.

    A method that was loaded from a file travels as that file's text and its options; any other
    by the name of its class, which must be importable at the other end.
    """
    stream = io.BytesIO()
    _Packer(stream).dump(cell)
    return stream.getvalue()


def unpack(parcel: bytes, folder: Path) -> Cell:
    """The cell that was packed; files of methods are written to `folder`.

    Raises
    ------
    Exception
        Where its method cannot be loaded here: foreign code may raise anything.
    """
    return _Unpacker(io.BytesIO(parcel), folder).load()


class _Packer(pickle.Pickler):
    def persistent_id(self, obj: Any) -> tuple[str, bytes, str, dict[str, Any]] | None:
        """File name, text, class and options of a method from a file."""
        # Only a method from a file has a reducer of its own (see `koopmark.methods.plugins`).
        reduce: Any = copyreg.dispatch_table.get(type(obj)) if isinstance(obj, Method) else None
        if reduce is None:
            return None
        _, (called, options) = reduce(obj)
        place, _, attribute = called.rpartition(":")
        return Path(place).name, Path(place).read_bytes(), attribute, options


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, folder: Path) -> None:
        super().__init__(stream)
        self._folder = folder

    def persistent_load(self, pid: tuple[str, bytes, str, dict[str, Any]]) -> Method:
        name, text, attribute, options = pid
        place = self._folder / hashlib.sha256(text).hexdigest()[:16] / name
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
        return methods.get(f"{place}:{attribute}", **options)
