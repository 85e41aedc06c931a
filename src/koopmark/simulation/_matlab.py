"""MATLAB files: version 5 through SciPy, version 7.3 (HDF5) through h5py."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark.simulation._named import Entry, numbers, several

LARGEST = 2**31 - 2**20
"""Bytes of one array that a file of version 5 can hold, with room for its header."""
HEADER = 116
"""Bytes of free text at the start of a file of version 5, where SciPy notes the time."""


def version_5(file: Any) -> dict[str, Entry]:
    """Numeric arrays and cell arrays of a version 5 file; fields of structures as `name.field`."""
    from scipy.io import loadmat

    known = loadmat(file).items()
    return dict(e for name, value in known if name[:2] != "__" for e in _entries(name, value))


def _entries(name: str, value: Any) -> Iterator[tuple[str, Entry]]:
    if not isinstance(value, np.ndarray):
        return
    if value.dtype.names is not None:
        for field in value.dtype.names:
            held = value[field]
            inner = held.reshape(-1)[0] if held.size == 1 else held
            yield from _entries(f"{name}.{field}", inner)
    elif value.dtype.kind == "O":
        parts = list(value.reshape(-1, order="F"))
        first = parts[0] if parts else None
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        if not arrays or len(arrays) < len(parts):
            return
        if isinstance(first, np.ndarray) and first.dtype.names is not None:
            # A cell array of structures: the same field of each.
            for field in first.dtype.names:
                if all(part.size == 1 and field in (part.dtype.names or ()) for part in arrays):
                    held = np.empty(len(arrays), dtype=object)
                    held[:] = [part[field].reshape(-1)[0] for part in arrays]
                    yield from _entries(f"{name}.{field}", held)
        elif all(part.dtype.kind in "biufc" for part in arrays):
            yield name, several(arrays)
    elif (entry := numbers(value)) is not None:
        yield name, entry


def version_73(file: Any) -> dict[str, Entry]:
    """Numeric arrays and cell arrays of an open version 7.3 file, whose axes are reversed."""
    found: dict[str, Entry] = {}
    for name, value in file.items():
        if not name.startswith("#"):
            found |= dict(_nodes(file, name, value))
    return found


def _nodes(file: Any, name: str, node: Any) -> Iterator[tuple[str, Entry]]:
    if isinstance(node, Mapping):
        for field, inner in node.items():
            yield from _nodes(file, f"{name}.{field}", inner)
    elif node.dtype.kind == "O":
        parts = [file[one] for one in node[()].reshape(-1)]
        if parts and all(not isinstance(part, Mapping) for part in parts):
            if all(part.dtype.kind in "biufc" for part in parts):
                yield (
                    name,
                    Entry(None, lambda: [_reversed(p) for p in parts], f"{len(parts)} arrays"),
                )
        elif parts and all(isinstance(part, Mapping) for part in parts):
            for field in parts[0]:
                inner = [part[field] for part in parts if field in part]
                plain = all(hasattr(one, "dtype") and one.dtype.kind in "biufc" for one in inner)
                if plain and len(inner) == len(parts):
                    load = _several_reversed(inner)
                    yield f"{name}.{field}", Entry(None, load, f"{len(inner)} arrays")
    elif node.dtype.kind in "biufc" and "MATLAB_empty" not in node.attrs:
        yield name, Entry(node.shape[::-1], lambda: _reversed(node))


def _several_reversed(nodes: list[Any]) -> Any:
    return lambda: [_reversed(node) for node in nodes]


def _reversed(node: Any) -> NDArray:
    if "MATLAB_empty" in node.attrs:
        return np.empty(tuple(int(k) for k in node[()]))
    return np.ascontiguousarray(node[()].T)


def written(arrays: Mapping[str, NDArray]) -> bytes:
    """Contents of a version 5 file, which Octave, Julia and SciPy can read too."""
    from scipy.io import savemat

    for name, array in arrays.items():
        if array.nbytes > LARGEST:
            raise ConfigError(
                f"{name} has {array.nbytes:,} bytes, and a .mat file of version 5 holds arrays of "
                f"at most {LARGEST:,}: write .h5, which MATLAB reads with h5read"
            )
    buffer = io.BytesIO()
    savemat(buffer, dict(arrays), do_compression=True, oned_as="column")
    return b"MATLAB 5.0 MAT-file, koopmark".ljust(HEADER) + buffer.getvalue()[HEADER:]
