"""Export a dataset to a folder with a README, in several formats."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark import datasets
from koopmark._errors import ConfigError, suggest
from koopmark._files import make_folder, write_bytes, write_text
from koopmark._plugins import digest_of, is_file, short, with_neighbours
from koopmark._version import __version__
from koopmark.datasets import Recipe
from koopmark.datasets.conditions import CONDITIONS
from koopmark.export._contents import Contents, contents
from koopmark.export._readme import readme
from koopmark.export.citation import citation
from koopmark.systems import NamedArray

Files = dict[str, bytes]
"""Names and bytes: the same bytes for the same contents."""

MAT_HEADER = 116
"""Bytes of free text at the start of a MATLAB file, where SciPy notes the time."""

IN_TABLES = ("times", "eigenvalues_", "multipliers_", "dimensions", "train_", "test_")
"""Arrays that train.csv, test.csv and targets.csv hold; every other has a file of its own."""

STEMS = {"states": "x", "inputs": "v", "latent": "latent"}
"""What the columns of a table are called, by what comes behind `train_` and `test_`."""

HDF5_MISSING = '--format hdf5 needs h5py: pip install "h5py>=3.10", or choose npz, csv or mat'


def npz(contents: Contents) -> Files:
    """Write NumPy's .npz format."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {array.name: array.values for array in contents.arrays}
    np.savez_compressed(buffer, **arrays)
    return {"data.npz": buffer.getvalue()}


def hdf5(contents: Contents) -> Files:
    """Write HDF5, with an attribute `meaning` for each array.

    Raises
    ------
    ConfigError
        If h5py is not installed.
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
    """Write MATLAB's version 5 format, which Octave and Julia can read too."""
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
    """Write text: a row per trajectory and time, a column per unit and exact eigenfunction."""
    targets = contents.targets
    tables = {part: _states_and_functions(contents, part) for part in ("train", "test")}
    tables["targets"] = pd.DataFrame(
        {
            "target": range(1, len(targets) + 1),
            "eigenvalue_re": contents["eigenvalues_re"],
            "eigenvalue_im": contents["eigenvalues_im"],
            "multiplier_re": contents["multipliers_re"],
            "multiplier_im": contents["multipliers_im"],
            "dimension": [target.dimension for target in targets],
            "functions": [target.functions for target in targets],
        }
    )
    for array in contents.arrays:
        if not array.name.startswith(IN_TABLES):
            values = array.values.reshape(len(array.values), -1)
            columns = [f"column{k}" for k in range(1, values.shape[1] + 1)]
            tables[array.name] = pd.DataFrame(values, columns=columns)
    return {f"{name}.csv": table.to_csv(index=False).encode() for name, table in tables.items()}


def csv_columns(array: NamedArray) -> list[str]:
    """Column names in train.csv and test.csv: x1 ..., v1 ..., phi1_1 ... phi1_m."""
    kind, _, number = array.name.partition("_")[2].partition("_")
    stem = STEMS.get(kind, f"phi{number}_")
    return [f"{stem}{k}" for k in range(1, array.values.shape[-1] + 1)]


def _states_and_functions(contents: Contents, part: str) -> pd.DataFrame:
    own = f"{part}_times"
    arrays = [array for array in contents.arrays if array.name.startswith(f"{part}_")]
    times = next((array.values for array in arrays if array.name == own), contents["times"])
    arrays = [array for array in arrays if array.name != own]
    count, steps, _ = arrays[0].values.shape
    columns: dict[str, NDArray] = {
        "trajectory": np.repeat(np.arange(1, count + 1), steps),
        "time": np.broadcast_to(times, (count, steps)).reshape(-1),
    }
    for array in arrays:
        rows = array.values.reshape(count * steps, -1)
        columns |= dict(zip(csv_columns(array), rows.T, strict=True))
    return pd.DataFrame(columns)


FORMATS: dict[str, Callable[[Contents], Files]] = {"npz": npz, "csv": csv, "hdf5": hdf5, "mat": mat}


def export_dataset(recipe: Recipe, seed: int, file_format: str, folder: str | Path) -> Path:
    """Write a dataset with values of its exact eigenfunctions; returns the folder.

    Parameters
    ----------
    recipe : Recipe
    seed : int
        Seed of the system, the initial states and the noise, as in a run of a suite.
    file_format : str
        One of `FORMATS`.
    folder : str or Path
        Output folder, which is created if needed; files with the same names are replaced.

    Raises
    ------
    ConfigError
        If the format is unknown or needs a library that is not installed, the trajectories diverge,
        or the folder cannot be written to.
    """
    if file_format not in FORMATS:
        known = ", ".join(FORMATS)
        hint = suggest(file_format, FORMATS)
        raise ConfigError(f"unknown format {file_format!r}: {hint}choose one of {known}")
    folder = make_folder(Path(folder))
    try:
        made = contents(datasets.build(recipe, seed))
    except datasets.Diverged as error:
        raise ConfigError(f"{recipe.name}, seed {seed}: {error}") from None
    files = FORMATS[file_format](made)
    made_by = {"koopmark": __version__, "seed": seed}
    given: dict[str, Any] = recipe.model_dump(mode="json", exclude_none=True)
    for name in CONDITIONS:
        # Keys that a section has not, such as those of another kind of inputs, are mistakes in it.
        given[name] = getattr(recipe, name).model_dump(mode="json", exclude_unset=True)
    given = {name: value for name, value in given.items() if value != {}}
    given["system"]["kind"] = short(given["system"]["kind"])
    texts = {
        "README.md": readme(made, file_format, list(files)),
        "CITATION.cff": citation(made),
        "recipe.json": json.dumps(made_by | given, indent=2, ensure_ascii=False) + "\n",
    }
    if is_file(recipe.system.kind):
        # Beside the recipe, as its `kind` says.
        path = Path(recipe.system.kind.rpartition(":")[0])
        files = files | with_neighbours(path, digest_of(recipe.system.kind))[1]
    for name in files:
        make_folder((folder / name).parent)
    for name, values in files.items():
        write_bytes(folder / name, values)
    for name, text in texts.items():
        write_text(folder / name, text)
    return folder
