"""What is handed on is exact, complete, and explains itself."""

import io
import json
from contextlib import redirect_stdout

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.io import loadmat

from koopmark._errors import ConfigError
from koopmark.datasets import build, load_recipe
from koopmark.export import FORMATS, export_dataset
from koopmark.export._contents import MAX_FUNCTIONS, contents

RECIPE = """
title = "A small network"
description = "For tests."
max_degree = 2
[[references]]
authors = ["Nobody"]
title = "\\"Nothing\\""
[system]
kind = "random_rnn"
n = 4
rank = 2
[initial_states]
kind = "normal"
scale = 1.0
[sampling]
trajectories = 5
test_trajectories = 3
dt = 0.25
horizon = 2.0
noise = 0.0
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return load_recipe(path)


def read_back(folder, file_format):
    """All arrays of a folder, by name."""
    if file_format == "npz":
        return dict(np.load(folder / "data.npz"))
    if file_format == "mat":
        return {name: x for name, x in loadmat(folder / "data.mat").items() if name[0] != "_"}
    if file_format == "hdf5":
        with h5py.File(folder / "data.h5") as file:
            return {name: stored[:] for name, stored in file.items()}
    return {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}


@pytest.mark.parametrize("file_format", ["npz", "hdf5", "mat"])
def test_arrays_come_back_to_the_bit(recipe, tmp_path, file_format):
    found = read_back(export_dataset(recipe, 1, file_format, tmp_path / "out"), file_format)
    wanted = contents(build(recipe, 1)).arrays
    assert set(found) == {array.name for array in wanted}
    for array in wanted:
        np.testing.assert_array_equal(found[array.name].ravel(), array.values.ravel())


def test_tables_have_every_number(recipe, tmp_path):
    found = read_back(export_dataset(recipe, 1, "csv", tmp_path / "out"), "csv")
    wanted = contents(build(recipe, 1))
    for part in ("train", "test"):
        table, states = found[part], wanted[f"{part}_states"]
        np.testing.assert_array_equal(table[["x1", "x2", "x3", "x4"]], states.reshape(-1, 4))
        for target, functions in ((1, 2), (2, 3)):
            columns = [f"phi{target}_{k}" for k in range(1, functions + 1)]
            values = wanted[f"{part}_eigenfunctions_{target}"].reshape(-1, functions)
            np.testing.assert_array_equal(table[columns], values)
        assert list(table["trajectory"].unique()) == list(range(1, len(states) + 1))
        np.testing.assert_array_equal(table["time"][:9], wanted["times"])
    assert list(found["targets"]["eigenvalue_re"]) == [-1.0, -2.0]
    np.testing.assert_array_equal(found["weights_left"], wanted["weights_left"])


def test_exported_functions_obey_their_eigenvalues(recipe):
    found = contents(build(recipe, 0))
    for index, target in enumerate(found.targets, start=1):
        values = found[f"test_eigenfunctions_{index}"]
        exact = values[:, :1] * np.exp(target.eigenvalue.real * found["times"])[:, None]
        np.testing.assert_allclose(values, exact, rtol=1e-9, atol=1e-9 * abs(values).max())


@pytest.mark.parametrize("file_format", ["npz", "hdf5"])
def test_the_code_in_the_readme_runs_and_finds_the_decay(
    recipe, tmp_path, file_format, monkeypatch
):
    folder = export_dataset(recipe, 0, file_format, tmp_path / "out")
    code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(folder)
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {})
    assert float(said.getvalue()) < 1e-9


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_bytes_twice(recipe, tmp_path, file_format):
    first, second = (export_dataset(recipe, 2, file_format, tmp_path / name) for name in ("a", "b"))
    files = sorted(path.name for path in first.iterdir())
    assert files == sorted(path.name for path in second.iterdir())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_the_folder_explains_itself(recipe, tmp_path):
    folder = export_dataset(recipe, 3, "csv", tmp_path / "out")
    text = (folder / "README.md").read_text()
    for path in folder.glob("*.csv"):
        assert f"`{path.name}`" in text
    assert "| 2 | -2 | 3 | 3 |" in text
    cited = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert cited["references"][0]["title"] == '"Nothing"'
    assert cited["references"][0]["authors"] == [{"family-names": "Nobody"}]
    assert json.loads((folder / "recipe.json").read_text())["seed"] == 3


def test_large_eigenspaces_are_sampled_and_the_readme_says_so(recipe, tmp_path):
    path = tmp_path / "large.toml"
    path.write_text(RECIPE.replace("n = 4", "n = 16"))
    folder = export_dataset(load_recipe(path), 0, "npz", tmp_path / "out")
    with np.load(folder / "data.npz") as data:
        assert data["test_eigenfunctions_2"].shape[-1] == MAX_FUNCTIONS
        assert data["dimensions"][1] == 105
    assert f"| 2 | -2 | 105 | {MAX_FUNCTIONS} |" in (folder / "README.md").read_text()


def test_an_unknown_format_is_refused(recipe, tmp_path):
    with pytest.raises(ConfigError, match="unknown format 'xls': choose one of npz, csv"):
        export_dataset(recipe, 0, "xls", tmp_path)


def test_a_file_in_the_way_is_told(recipe, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        export_dataset(recipe, 0, "npz", tmp_path / "out")


@pytest.fixture
def trials(tmp_path):
    path = tmp_path / "trials.toml"
    path.write_text(f"{RECIPE}[trials]\nshortest = 0.5\ngaps = 0.2\nmissing = 0.05\njitter = 0.2\n")
    return load_recipe(path)


@pytest.mark.parametrize("file_format", ["npz", "hdf5", "mat"])
def test_trials_come_back_with_their_gaps_and_times(trials, tmp_path, file_format):
    found = read_back(export_dataset(trials, 1, file_format, tmp_path / "out"), file_format)
    made = build(trials, 1)
    np.testing.assert_array_equal(found["train_states"], made.train.states)
    np.testing.assert_array_equal(found["train_times"], made.train.times)
    np.testing.assert_array_equal(found["times"].ravel(), made.test.times)
    unknown = np.isnan(found["train_states"]).any(axis=2)
    assert 0 < unknown.sum() < unknown.size
    values = found["train_eigenfunctions_1"]
    np.testing.assert_array_equal(np.isnan(values).any(axis=2), unknown)
    exact = made.key.targets[0].evaluate(made.train.states[~unknown])
    np.testing.assert_allclose(np.abs(values[~unknown]), np.abs(exact), atol=1e-12)


def test_a_table_of_trials_has_times_of_each_and_empty_cells(trials, tmp_path):
    folder = export_dataset(trials, 1, "csv", tmp_path / "out")
    table, made = pd.read_csv(folder / "train.csv"), build(trials, 1)
    np.testing.assert_array_equal(table["time"], made.train.times.ravel())
    np.testing.assert_array_equal(table[["x1", "x2", "x3", "x4"]], made.train.states.reshape(-1, 4))
    assert not (folder / "train_times.csv").exists()
    text = " ".join((folder / "README.md").read_text().split())
    recorded = np.isfinite(made.train.states).all(axis=2).sum()
    assert f"{recorded} of 45 states were recorded: a value is an empty cell" in text
    assert "uneven times of its own (`time` in `train.csv`)" in text


def test_the_code_in_the_readme_of_trials_finds_the_decay(trials, tmp_path, monkeypatch):
    folder = export_dataset(trials, 0, "npz", tmp_path / "out")
    code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(folder)
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {})
    assert float(said.getvalue()) < 1e-9
