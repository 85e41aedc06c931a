"""Files of each format: names and bytes, the same bytes for the same contents."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark.export.contents import Contents
from koopmark.systems import NamedArray

Files = dict[str, bytes]

MAT_HEADER = 116
"""Bytes of free text at the start of a MATLAB file, where SciPy notes the time."""

IN_TABLES = ("times", "eigenvalues_", "dimensions", "train_", "test_")
"""Arrays that train.csv, test.csv and targets.csv hold; every other has a file of its own."""

HDF5_MISSING = '--format hdf5 needs h5py: pip install "h5py>=3.10", or choose npz, csv or mat'


def npz(contents: Contents) -> Files:
    """NumPy's own format."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {array.name: array.values for array in contents.arrays}
    np.savez_compressed(buffer, **arrays)
    return {"data.npz": buffer.getvalue()}


def hdf5(contents: Contents) -> Files:
    """HDF5, each array with an attribute `meaning`.

    Raises
    ------
    ConfigError
        Where h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise ConfigError(HDF5_MISSING) from None
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=True) as file:
        for array in contents.arrays:
            stored = file.create_dataset(
                array.name, data=array.values, compression="gzip", track_times=False
            )
            stored.attrs["meaning"] = array.meaning
    return {"data.h5": buffer.getvalue()}


def mat(contents: Contents) -> Files:
    """MATLAB's format of version 5, which Octave and Julia read too."""
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(
        buffer,
        {array.name: array.values for array in contents.arrays},
        do_compression=True,
        oned_as="column",
    )
    header = b"MATLAB 5.0 MAT-file, koopmark".ljust(MAT_HEADER)
    return {"data.mat": header + buffer.getvalue()[MAT_HEADER:]}


def csv(contents: Contents) -> Files:
    """Text: a row per trajectory and time, a column per unit and per exact eigenfunction."""
    files = {
        f"{part}.csv": _text(_states_and_functions(contents, part)) for part in ("train", "test")
    }
    files["targets.csv"] = _text(
        pd.DataFrame(
            {
                "target": range(1, len(contents.targets) + 1),
                "eigenvalue_re": contents["eigenvalues_re"],
                "eigenvalue_im": contents["eigenvalues_im"],
                "dimension": [target.dimension for target in contents.targets],
                "functions": [target.functions for target in contents.targets],
            }
        )
    )
    for array in contents.arrays:
        if not array.name.startswith(IN_TABLES):
            values = array.values.reshape(len(array.values), -1)
            columns = [f"column{k}" for k in range(1, values.shape[1] + 1)]
            files[f"{array.name}.csv"] = _text(pd.DataFrame(values, columns=columns))
    return files


FORMATS: dict[str, Callable[[Contents], Files]] = {
    "npz": npz,
    "csv": csv,
    "hdf5": hdf5,
    "mat": mat,
}


def csv_columns(array: NamedArray) -> list[str]:
    """Names of an array's columns in train.csv and test.csv: x1 ... xN, phi1_1 ... phi1_m."""
    kind, _, number = array.name.partition("_")[2].partition("_")
    stem = "x" if kind == "states" else f"phi{number}_"
    return [f"{stem}{k}" for k in range(1, array.values.shape[-1] + 1)]


def _states_and_functions(contents: Contents, part: str) -> pd.DataFrame:
    arrays = [array for array in contents.arrays if array.name.startswith(f"{part}_")]
    count, steps, _ = arrays[0].values.shape
    columns: dict[str, NDArray] = {
        "trajectory": np.repeat(np.arange(1, count + 1), steps),
        "time": np.tile(contents["times"], count),
    }
    for array in arrays:
        rows = array.values.reshape(count * steps, -1)
        columns |= dict(zip(csv_columns(array), rows.T, strict=True))
    return pd.DataFrame(columns)


def _text(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()
