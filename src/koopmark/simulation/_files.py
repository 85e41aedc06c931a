"""Reading and writing of trajectory files, with an error message for every malformed file."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark._errors import ConfigError, one_line, suggest
from koopmark._files import write_bytes
from koopmark.simulation import _labelled, _matlab, _named, _tables
from koopmark.simulation._named import Entry, Fields, Names, natural, numbers, require

if TYPE_CHECKING:
    from koopmark.simulation._trajectories import Trajectories

HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP, NUMPY = b"PK", b"\x93N"
"""What the files begin with."""


@dataclass(frozen=True)
class Format:
    """How files with some suffixes are read and written, and which libraries that needs."""

    read: Callable[[Path, Names], Fields]
    write: Callable[["Trajectories"], bytes] | None
    needs: tuple[str, ...] = ()


def read(path: str | os.PathLike[str], names: Names) -> Fields:
    """Arguments for `Trajectories` or `Trajectories.from_arrays` from a file.

    Raises
    ------
    ConfigError
        If the file is not there, of no known format, damaged, or not told what its parts are; or
        if its format needs a library that is not installed.
    """
    file = Path(path)
    if file.is_dir():
        raise ConfigError(f"{file}: it is a folder, not a file: name one of the files in it")
    reader = _format(path)
    with naming(file):
        require(f"{file.suffix} files need", *reader.needs)
        if not file.exists():
            raise ConfigError("no such file")
        if not file.stat().st_size:
            raise ConfigError("the file is empty")
        try:
            return reader.read(file, names)
        except (ConfigError, TypeError):
            raise
        except Exception as error:  # noqa: BLE001 of a damaged file libraries raise anything
            reason = one_line(error) or type(error).__name__
            raise ConfigError(
                f"it cannot be read as {file.suffix} ({reason}): it may be damaged or incomplete"
            ) from None


def write(data: "Trajectories", path: str | os.PathLike[str]) -> None:
    """Write `data` to a file atomically.

    Raises
    ------
    ConfigError
        If files with this suffix cannot be written, the format cannot hold the data or needs a
        library that is not installed, or the file cannot be written.
    """
    file, writer = Path(path), _format(path)
    with naming(file):
        if writer.write is None:
            raise ConfigError(
                f"a {file.suffix} file holds one array and no times: write one of "
                f"{', '.join(known(written=True))}"
            )
        require(f"{file.suffix} files need", *writer.needs)
        if not file.parent.is_dir():
            raise ConfigError(f"there is no folder {file.parent}")
        contents = writer.write(data)
    write_bytes(file, contents)


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Add the file's name to errors about its contents."""
    try:
        yield
    except (ValueError, TypeError, OSError) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else one_line(error)
        raise ConfigError(f"{file}: {text}") from None


def known(written: bool = False) -> list[str]:
    """Suffixes of the files that can be read, or written."""
    return [suffix for suffix, one in FORMATS.items() if one.write or not written]


def _format(path: str | os.PathLike[str]) -> Format:
    suffix = Path(path).suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    seen = f"the suffix {suffix!r}" if suffix else "no suffix"
    raise ConfigError(
        f"{path}: {seen} is that of no format: {suggest(suffix, FORMATS)}known are "
        f"{', '.join(FORMATS)}"
    )


def _arrays(data: "Trajectories") -> dict[str, NDArray]:
    """What files of arrays hold: float32 as it is, everything else in float64."""
    arrays = {"states": _kept(data.states), "times": data.times}
    if data.inputs is not None:
        arrays["inputs"] = _kept(data.inputs)
    if data.diverged.any():
        arrays["diverged_at"] = data.diverged_at
    return arrays


def _kept(array: NDArray) -> NDArray:
    return np.asarray(array) if array.dtype == np.float32 else real(array, "states")


def _read_npy(path: Path, names: Names) -> Fields:
    names.refuse("a .npy file, which holds one array", "states", "time", "inputs")
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return _named.fields({"states": Entry(array.shape, lambda: array)}, names)


def _read_npz(path: Path, names: Names) -> Fields:
    with path.open("rb") as start:
        if start.read(2) not in (ZIP, NUMPY):
            raise ValueError("it is no archive of arrays, which numpy.savez writes")
    with np.load(path, allow_pickle=False) as file:
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ConfigError("it holds one array: call it .npy")
        entries: dict[str, Entry] = {}
        for name in file.files:
            try:
                array = file[name]
            except ValueError as error:
                if "allow_pickle" not in str(error):
                    raise
                entries[name] = Entry((), _refused(name), "of Python objects")
                continue
            if (entry := numbers(array)) is not None:
                entries[name] = entry
        return _named.fields(entries, names)


def _refused(name: str) -> Callable[[], Any]:
    def refuse() -> Any:
        raise ConfigError(
            f"{name!r} is an array of Python objects, and reading it could run code: save "
            "trajectories of different lengths under a name each, or end to end with an array "
            "'offsets'"
        )

    return refuse


def _npz(data: "Trajectories") -> bytes:
    buffer = io.BytesIO()
    arrays: dict[str, Any] = _arrays(data)
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _read_hdf5(path: Path, names: Names) -> Fields:
    import h5py

    with h5py.File(path, "r") as file:
        entries: dict[str, Entry] = {}

        def add(name: str, node: Any) -> None:
            if isinstance(node, h5py.Dataset) and node.dtype.kind in "biufc":
                entries[name] = Entry(node.shape, lambda: node[()])
            elif isinstance(node, h5py.Group):
                parts = [node[one] for one in sorted(node, key=natural)]
                if len(parts) > 1 and all(isinstance(p, h5py.Dataset) and p.ndim for p in parts):
                    load = lambda: [part[()] for part in parts]  # noqa: E731
                    entries[name] = Entry((), load, f"a group of {len(parts)} arrays")

        file.visititems(add)
        return _named.fields(entries, names)


def _hdf5(data: "Trajectories") -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in _arrays(data).items():
            how = {"compression": "gzip"} if array.size else {}
            file.create_dataset(name, data=array, track_times=False, **how)
    return buffer.getvalue()


def _read_mat(path: Path, names: Names) -> Fields:
    with path.open("rb") as file:
        if HDF5 not in file.read(512 + len(HDF5)):
            file.seek(0)
            return _named.fields(_matlab.version_5(file), names)
    require(".mat files of version 7.3 need", "h5py")
    import h5py

    with h5py.File(path, "r") as file:
        return _named.fields(_matlab.version_73(file), names)


def _read_csv(path: Path, names: Names) -> Fields:
    return _tables.fields(_tables.read_csv(path), names, first_row=2)


def _csv(separator: str) -> Callable[["Trajectories"], bytes]:
    def write_table(data: "Trajectories") -> bytes:
        text: str = _tables.table(data, single=False).to_csv(index=False, sep=separator)
        return text.encode()

    return write_table


def _read_parquet(path: Path, names: Names) -> Fields:
    import pandas as pd

    return _tables.fields(pd.read_parquet(path, engine="pyarrow"), names, first_row=0)


def _parquet(data: "Trajectories") -> bytes:
    contents = _tables.table(data, single=True).to_parquet(None, engine="pyarrow", index=False)
    return bytes(contents)


ARRAYS = Format(_read_hdf5, _hdf5, ("h5py",))
NETCDF = Format(_labelled.read_netcdf, _labelled.netcdf, ("xarray", "h5netcdf"))
FORMATS = {
    ".npz": Format(_read_npz, _npz),
    ".npy": Format(_read_npy, None),
    ".csv": Format(_read_csv, _csv(",")),
    ".tsv": Format(_read_csv, _csv("\t")),
    ".parquet": Format(_read_parquet, _parquet, ("pyarrow",)),
    ".mat": Format(_read_mat, lambda data: _matlab.written(_arrays(data))),
    ".h5": ARRAYS,
    ".hdf5": ARRAYS,
    ".nc": NETCDF,
}
