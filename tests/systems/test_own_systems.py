"""Systems of one's own: from a file, a module or an installed package, in recipes."""

import os
import pickle
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from koopmark import _plugins, datasets
from koopmark._errors import ConfigError
from koopmark.cluster._parcel import pack, unpack
from koopmark.plan import load_suite, plan
from koopmark.systems.plugins import load

TOP = """
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt
from numpy.typing import NDArray

from koopmark.systems import System
"""
DECAY = f"""{TOP}
{{top}}

@dataclass(frozen=True)
class Decay(System):
    rate: Annotated[float, Gt(0.0)] = 1.0
    power: Literal[2, 3] = 2

    size = 2

    def rhs(self, states):
        x, y = states[..., 0], states[..., 1]
        return np.stack([-self.rate * x, {{factor}} * (x**self.power - y)], axis=-1)

    @property
    def eigenvalues(self):
        return [-self.rate]

    def eigenfunctions(self, states):
        return states[..., :1]
"""
RECIPE = """
title = "Mine"
description = "A system of one's own."
seeds = 2
[system]
kind = "{kind}"
{keys}
[initial_states]
kind = "normal"
scale = 1.0
[sampling]
trajectories = 4
test_trajectories = 3
dt = 0.1
horizon = 0.5
"""
SUITE = """
title = "Mine"
question = "Who finds it?"
datasets = ["data/mine.toml"]
seeds = 1
methods = ["pydmd.dmd"]
"""


@pytest.fixture
def write(tmp_path):
    """Writes the file of a system and a recipe beside it, in a folder of their own."""

    def write(text=None, kind="mine.py:Decay", keys="", factor="1.0", top=""):
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        text = DECAY.format(factor=factor, top=top) if text is None else TOP + text
        (folder / "mine.py").write_text(text)
        (folder / "mine.toml").write_text(RECIPE.format(kind=kind, keys=keys))
        return folder / "mine.toml"

    return write


def states(path, seed=0):
    return datasets.build(datasets.load_recipe(path), seed, path.parent / "cache").train.states


def test_a_recipe_finds_the_file_beside_it_wherever_the_process_runs(write, monkeypatch):
    path = write()
    monkeypatch.chdir("/")
    recipe = datasets.load_recipe(path)
    assert recipe.depends_on()["system"] == {"kind": "mine.py:Decay", "rate": 1.0, "power": 2}
    found = states(path)
    np.testing.assert_allclose(found[:, -1, 0], np.exp(-0.5) * found[:, 0, 0], rtol=1e-9)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            "raet = 1.0",
            r"unknown key 'raet': did you mean 'rate'\? the keys here are kind, power, r",
        ),
        ("rate = -1.0", r"rate = -1.0: it must be greater than 0$"),
        ("rate = true", r"rate = True: it must be a valid number$"),
        ("power = 4", r"power = 4: it must be 2 or 3$"),
    ],
)
def test_keys_are_the_fields_of_the_class_with_their_types_and_bounds(write, keys, message):
    with pytest.raises(ConfigError, match=rf"mine.toml: system: {message}"):
        datasets.load_recipe(write(keys=keys))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("mine.py", r"'mine.py' names a file but no class in it: write mine.py:Class$"),
        ("mine.py:Dekay", r"no class 'Dekay': did you mean 'Decay'\? its systems are Decay$"),
        ("gone.py:Decay", r"gone.py: no such file$"),
        ("mine.py:System", r"has no `size`, the dimension of its state; no `rhs\(self, states\)`"),
        ("mine.py:NDArray", r"is not a class derived from koopmark.systems.System$"),
        ("no_such.module:Decay", r"cannot be imported: ModuleNotFoundError"),
        ("mine", r"system.kind = 'mine': did you mean 'linear'\? it must be one of "),
    ],
)
def test_what_is_wrong_with_a_kind_is_said_in_a_sentence(write, kind, message):
    with pytest.raises(ConfigError, match=message):
        datasets.load_recipe(write(kind=kind))


MINIMAL = "class Mine(System):\n    size = 2\n    def rhs(self, states):\n        return -states\n"
KNOWN = "    eigenvalues = (-1.0,)\n    def eigenfunctions(self, states):\n        return states\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL, r"has no `eigenvalues` and `eigenfunctions\(self, states\)`, what is known of"),
        (
            MINIMAL.replace("size", "n: float"),
            r"has fields and is no dataclass: write @dataclass\(",
        ),
        (
            f"@dataclass(frozen=True)\n{MINIMAL}{KNOWN}    f: object\n",
            r"Mine needs 'f', but a recipe cannot hold its type",
        ),
        (
            f"@dataclass(frozen=True)\n{MINIMAL}{KNOWN}    rank: int\n",
            r"field `rank`, which is a prop",
        ),
        (
            f"{MINIMAL}{KNOWN}    def draw(self):\n        ...\n",
            r"`draw` that is no classmethod with",
        ),
        (
            MINIMAL.replace("-states", "np.array([-states[0], states[1]])") + KNOWN,
            r"rhs gives shape \(2, 2\) at states of shape \(3, 2\): it must take any number of sta",
        ),
        (
            MINIMAL.replace("-states", "1 / 0") + KNOWN,
            r"Mine: ZeroDivisionError: division by zero$",
        ),
        (
            MINIMAL.replace("= 2", "= 0") + KNOWN,
            r"Mine.size is 0: it must be an integer, 1 or more$",
        ),
    ],
)
def test_what_a_class_lacks_is_said_in_a_sentence(write, text, message):
    with pytest.raises(ConfigError, match=message):
        datasets.load_recipe(write(text, kind="mine.py:Mine"))


def test_an_edit_of_the_file_or_of_what_it_imports_refits_and_nothing_else_does(write):
    path = write(top="from beside import F", factor="F")
    path.with_name("beside.py").write_text("F = 1.0\n")
    path.parents[1].joinpath("suite.toml").write_text(SUITE)

    def planned():
        return {cell.fit_id for cell in plan(load_suite(path.parents[1] / "suite.toml"))}

    before, data = planned(), states(path)
    assert planned() == before
    path.with_name("unused.py").write_text("")
    assert planned() == before
    path.with_name("beside.py").write_text("F = 2.0\n")
    assert planned().isdisjoint(before)
    assert abs(states(path) - data).max() > 1e-3
    path.with_name("beside.py").write_text("F = 1.0\n")
    assert planned() == before


def test_a_plan_is_the_same_in_another_folder(write, tmp_path):
    path = write()
    (tmp_path / "suite.toml").write_text(SUITE)
    here = [cell.fit_id for cell in plan(load_suite(tmp_path / "suite.toml"))]
    (tmp_path / "there").mkdir()
    for name in ("data", "suite.toml"):
        os.rename(tmp_path / name, tmp_path / "there" / name)
    assert not path.exists()
    assert [cell.fit_id for cell in plan(load_suite(tmp_path / "there" / "suite.toml"))] == here


def test_a_recipe_travels_to_another_process_unless_its_file_was_edited(write):
    path = write(keys="rate = 0.5")
    recipe = datasets.load_recipe(path)
    travelling = pickle.dumps(recipe)
    assert pickle.loads(travelling) == recipe
    write(factor="2.0")
    datasets.load_recipe(path)
    with pytest.raises(_plugins.Edited, match=r"mine\.py, or what it imports, was edited after"):
        pickle.loads(travelling)


def test_a_cell_takes_the_files_of_its_system_to_another_machine(write, tmp_path):
    path = write(top="from beside import F", factor="F", keys="rate = 0.5")
    path.with_name("beside.py").write_text("F = 3.0\n")
    (tmp_path / "suite.toml").write_text(SUITE)
    cell = plan(load_suite(tmp_path / "suite.toml"))[0]
    parcel, expected = pack(cell), states(path)
    for name in ("mine.py", "beside.py"):
        path.with_name(name).unlink()
    there = unpack(parcel, tmp_path / "there")
    assert there.recipe.depends_on() == cell.recipe.depends_on()
    made = datasets.build(there.recipe, 0, tmp_path / "cache there").train.states
    np.testing.assert_array_equal(made, expected)


DRAWN = """
@dataclass(frozen=True)
class Drawn(System):
    matrix: NDArray

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int = 3, spread: float = 0.1, at: NDArray = None):
        centre = -np.eye(n) if at is None else at
        return cls(centre + spread * np.diag(rng.random(n)))

    @property
    def size(self):
        return len(self.matrix)

    def rhs(self, states):
        return states @ self.matrix.T

    @property
    def eigenvalues(self):
        return np.diag(self.matrix)

    def eigenfunctions(self, states):
        return states
"""


def test_a_class_with_a_draw_makes_another_system_for_each_seed(write):
    recipe = datasets.load_recipe(write(DRAWN, "mine.py:Drawn"))
    first, again, other = (recipe.system.build(seed).matrix for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert abs(first - other).max() > 1e-3
    assert recipe.system.drawn_per_seed
    assert "matrix" not in type(recipe.system).model_fields


def test_other_parameters_of_a_draw_scale_the_same_numbers(write):
    by_spread = {
        spread: datasets.load_recipe(write(DRAWN, "mine.py:Drawn", f"spread = {spread}"))
        for spread in (0.1, 0.2)
    }
    small, large = (recipe.system.build(0).matrix + np.eye(3) for recipe in by_spread.values())
    np.testing.assert_allclose(large, 2 * small)


def test_lists_in_a_recipe_are_arrays_to_the_class(write):
    keys = "n = 2\nspread = 0.0\nat = [[-1, 0.0], [0.0, -2.0]]"
    system = datasets.load_recipe(write(DRAWN, "mine.py:Drawn", keys)).system.build(0)
    np.testing.assert_array_equal(system.matrix, np.diag([-1.0, -2.0]))


def test_a_sweep_varies_keys_of_a_system_of_ones_own(write, tmp_path):
    recipe = datasets.load_recipe(write())
    faster = datasets.varied(recipe, {"system.rate": 2.0}, "faster", "test")
    assert faster.system.build(0).rate == 2.0
    assert faster.depends_on()["system"]["kind"] == "mine.py:Decay"


def test_a_sweep_names_no_code(write):
    recipe = datasets.load_recipe(write())
    with pytest.raises(
        ConfigError, match=r"system.kind = 'other.py:X' names code: only a recipe's"
    ):
        datasets.varied(recipe, {"system.kind": "other.py:X"}, "other", "suite.toml: sweeps.0")


def test_an_installed_package_offers_systems_that_load_when_named(write, monkeypatch):
    path = write(kind="theirs.decay")
    loaded = []

    class Point:
        name, value = "theirs.decay", "theirs.systems:Decay"

        def load(self):
            loaded.append(True)
            return load(f"{path.with_name('mine.py')}:Decay")

    by_group = {"koopmark.systems": [Point()]}
    monkeypatch.setattr(metadata, "entry_points", lambda group: by_group.get(group, []))
    _plugins.entry_points.cache_clear()
    try:
        assert datasets.foreign_code("mine.toml", path.parent) == [
            "theirs.systems:Decay (theirs.decay)"
        ]
        assert not loaded
        assert datasets.load_recipe(path).system.build(0).size == 2
        assert loaded
    finally:
        _plugins.entry_points.cache_clear()


def test_a_class_in_an_importable_module_is_named_by_it(write, monkeypatch):
    path = write(kind="importable_decay:Decay")
    Path(path.parent / "mine.py").rename(path.parent / "importable_decay.py")
    monkeypatch.syspath_prepend(str(path.parent))
    recipe = datasets.load_recipe(path)
    assert recipe.depends_on()["system"]["kind"] == "importable_decay:Decay"
    assert pickle.loads(pickle.dumps(recipe)) == recipe
