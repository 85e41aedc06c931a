"""A small dataset and cells of hand-made methods on it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from koopmark._keys import digest
from koopmark.datasets import Recipe, load_recipe
from koopmark.methods.method import Method
from koopmark.suite.config import Limits
from koopmark.suite.plan import Cell
from koopmark.suite.source import code_of, fit_source

# Worker processes start with this path, and import the methods by the same name.
sys.path.insert(0, str(Path(__file__).parent))

RECIPE = """
title = "Tiny"
description = "Three populations, a handful of trajectories."
citation = "none"
max_degree = 1
[system]
kind = "three_populations"
[initial_states]
kind = "uniform"
low = -3.0
high = 3.0
[sampling]
trajectories = 6
test_trajectories = 6
dt = 0.1
horizon = 1.0
"""

MakeCell = Callable[..., Cell]


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipes") / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="session")
def tiny(tiny_file: Path) -> Recipe:
    return load_recipe(tiny_file)


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def make_cell(tiny: Recipe) -> MakeCell:
    """Cells of any method on the tiny dataset."""

    def make(
        method: Method,
        label: str | None = None,
        seed: int = 0,
        seconds: float = 30.0,
        memory_mb: float = 1000.0,
        recipe: Recipe = tiny,
    ) -> Cell:
        label = label or type(method).__name__
        return Cell(
            fit_id=digest([recipe.name, label, seed, method.to_options()]),
            suite="test",
            recipe=recipe,
            seed=seed,
            label=label,
            use=label,
            method=method,
            library_version="1",
            source=fit_source(method, recipe),
            code=code_of(method),
            limits=Limits(seconds=seconds, memory_mb=memory_mb),
        )

    return make
