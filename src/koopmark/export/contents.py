"""What is handed on: named arrays of real numbers, each with a sentence that says what it is."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark._keys import generator
from koopmark.datasets import Dataset
from koopmark.export.array import Array
from koopmark.export.formulas import formula, parameters
from koopmark.scoring.targets import labels
from koopmark.simulation import Trajectories
from koopmark.systems import StochasticSystem
from koopmark.truth import Eigenspace

MAX_FUNCTIONS = 64
"""Of a larger eigenspace so many random directions are handed on."""


@dataclass(frozen=True)
class Target:
    """An exact eigenvalue, the dimension of its eigenspace, and how many functions are given."""

    label: str
    eigenvalue: complex
    dimension: int
    functions: int


@dataclass(frozen=True, eq=False)
class Contents:
    """All that an exported dataset holds; `formula` says what the functions are, where known."""

    dataset: Dataset
    targets: tuple[Target, ...]
    arrays: tuple[Array, ...]
    formula: str = ""

    def __getitem__(self, name: str) -> NDArray:
        """The values of the array of this name."""
        return next(array.values for array in self.arrays if array.name == name)


def contents(dataset: Dataset) -> Contents:
    """The trajectories, every exact eigenfunction at each of their states, and its formula.

    Raises
    ------
    ConfigError
        Where the dataset's functions obey their eigenvalue on average only, or up to a bound.
    """
    _check_exact(dataset)
    rng = generator({"seed": dataset.seed}, "directions of exported eigenspaces")
    spaces = [space.sample(MAX_FUNCTIONS, rng) for space in dataset.key.targets]
    targets = tuple(
        Target(label, whole.eigenvalue, whole.dimension, space.dimension)
        for label, whole, space in zip(
            labels(dataset.key.targets), dataset.key.targets, spaces, strict=True
        )
    )
    arrays = (*_arrays(dataset, targets, spaces), *parameters(dataset.system, spaces))
    return Contents(dataset, targets, arrays, formula(dataset.system, spaces))


def _check_exact(dataset: Dataset) -> None:
    if isinstance(dataset.system, StochasticSystem):
        how = "on average over noisy paths"
    elif not all(space.exact for space in dataset.key.targets):
        how = "only up to a bound"
    else:
        return
    raise ConfigError(
        f"{dataset.recipe.name}: its functions obey their eigenvalue {how}, and an export promises "
        "that they do so along every trajectory"
    )


def _arrays(
    dataset: Dataset, targets: tuple[Target, ...], spaces: list[Eigenspace]
) -> Iterator[Array]:
    yield Array("times", dataset.train.times, "the times of every trajectory, shape (T,)")
    eigenvalues = np.array([target.eigenvalue for target in targets])
    yield Array(
        "eigenvalues_re", eigenvalues.real, "real parts of the exact eigenvalues, shape (K,)"
    )
    yield Array("eigenvalues_im", eigenvalues.imag, "their imaginary parts, shape (K,)")
    dimensions = np.array([target.dimension for target in targets], dtype=float)
    yield Array("dimensions", dimensions, "the dimension of each exact eigenspace, shape (K,)")
    for name, part, kind in (
        ("train", dataset.train, "to fit to" + _noise(dataset)),
        ("test", dataset.test, "clean, from other initial states"),
    ):
        yield from _part(name, part, kind, targets, spaces)
    weights = getattr(dataset.system, "weights", None)
    if weights is not None:
        shape = "the weights are W = L Rᵀ, shape (N, r)"
        yield Array("weights_left", weights.left, f"L: {shape}")
        yield Array("weights_right", weights.right, f"R: {shape}")


def _part(
    name: str,
    part: Trajectories,
    kind: str,
    targets: tuple[Target, ...],
    spaces: list[Eigenspace],
) -> Iterator[Array]:
    yield Array(f"{name}_states", part.states, f"states, {kind}; shape (trajectories, T, N)")
    for index, (target, space) in enumerate(zip(targets, spaces, strict=True), start=1):
        values = space.evaluate(part.states)
        meaning = f"exact eigenfunctions of λ = {target.label} at {name}_states"
        shape = f"shape (trajectories, T, {target.functions})"
        full = f"{name}_eigenfunctions_{index}"
        if np.iscomplexobj(values):
            yield Array(f"{full}_re", values.real, f"real parts of {meaning}, {shape}")
            yield Array(f"{full}_im", values.imag, f"imaginary parts of {meaning}, {shape}")
        else:
            yield Array(full, values, f"{meaning}, {shape}")


def _noise(dataset: Dataset) -> str:
    level = dataset.recipe.sampling.noise
    return f", with noise of {level:g} times the standard deviation of all states" if level else ""
