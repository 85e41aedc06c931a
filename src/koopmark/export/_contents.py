"""The contents of an exported dataset: named arrays with descriptions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark._keys import generator
from koopmark.datasets import Dataset
from koopmark.scoring import labels
from koopmark.simulation import Trajectories
from koopmark.systems import NamedArray
from koopmark.truth import Eigenspace

MAX_FUNCTIONS = 64
"""Number of random directions that are exported from a larger eigenspace."""


@dataclass(frozen=True)
class Target:
    """An exact eigenvalue, the dimension of its eigenspace, and how many functions are exported.

    `multiplier` is μ of one sampling interval. Functions that inputs drive obey it apart from their
    response to the inputs.
    """

    label: str
    eigenvalue: complex
    multiplier: complex
    dimension: int
    functions: int
    driven: bool = False


@dataclass(frozen=True, eq=False)
class Contents:
    """Everything in an exported dataset; `formula` describes the eigenfunctions, if known."""

    dataset: Dataset
    targets: tuple[Target, ...]
    arrays: tuple[NamedArray, ...]
    formula: str = ""

    def __getitem__(self, name: str) -> NDArray:
        """The values of the array of this name."""
        return next(array.values for array in self.arrays if array.name == name)


def contents(dataset: Dataset) -> Contents:
    """Trajectories, all exact eigenfunctions at their states, and the formula of these.

    Raises
    ------
    ConfigError
        If the eigenfunctions obey their eigenvalue only on average or up to a bound.
    """
    if dataset.system.stochastic:
        how = "on average over noisy paths"
    else:
        how = "" if all(space.exact for space in dataset.key.targets) else "only up to a bound"
    if how:
        raise ConfigError(
            f"{dataset.recipe.name}: its functions obey their eigenvalue {how}, and an export "
            "promises that they do so along every trajectory"
        )
    rng = generator({"seed": dataset.seed}, "directions of exported eigenspaces")
    spaces = [space.sample(MAX_FUNCTIONS, rng) for space in dataset.key.targets]
    targets = tuple(
        Target(
            label,
            whole.eigenvalue,
            whole.multiplier(dataset.test.dt),
            whole.dimension,
            space.dimension,
            space.driven,
        )
        for label, whole, space in zip(
            labels(dataset.key.targets), dataset.key.targets, spaces, strict=True
        )
    )
    arrays = tuple(_arrays(dataset, targets, spaces))
    formula = dataset.system.formula(spaces)
    if formula is None:
        return Contents(dataset, targets, arrays)
    return Contents(dataset, targets, (*arrays, *formula.arrays), formula.text)


def _arrays(
    dataset: Dataset, targets: tuple[Target, ...], spaces: list[Eigenspace]
) -> Iterator[NamedArray]:
    uneven = dataset.train.times.ndim == 2
    own = uneven or len(dataset.train.times) != len(dataset.test.times)
    whose = "test trajectory" if own else "trajectory"
    yield NamedArray("times", dataset.test.times, f"the times of every {whose}, shape (T,)")
    if own:
        shape = "(trajectories, T)" if uneven else "(T,)"
        meaning = (
            f"the times of {'each' if uneven else 'every'} trajectory to fit to, shape {shape}"
        )
        yield NamedArray("train_times", dataset.train.times, meaning)
    eigenvalues = np.array([target.eigenvalue for target in targets])
    kind = "eigenvalues μ of a step" if dataset.key.discrete else "eigenvalues"
    yield NamedArray(
        "eigenvalues_re", eigenvalues.real, f"real parts of the exact {kind}, shape (K,)"
    )
    yield NamedArray("eigenvalues_im", eigenvalues.imag, "their imaginary parts, shape (K,)")
    multipliers = np.array([target.multiplier for target in targets])
    meaning = "real parts of the multipliers μ of one sampling interval, shape (K,)"
    yield NamedArray("multipliers_re", multipliers.real, meaning)
    yield NamedArray("multipliers_im", multipliers.imag, "their imaginary parts, shape (K,)")
    for index, space in enumerate(spaces, start=1):
        gains = space.gains(dataset.test.dt)
        if gains is not None:
            meaning = (
                f"g of target {index}: its functions move by φ⁺ = μφ + g v over one sampling "
                f"interval, shape {gains.shape}"
            )
            yield NamedArray(f"gains_{index}", gains, meaning)
    dimensions = np.array([target.dimension for target in targets], dtype=float)
    yield NamedArray("dimensions", dimensions, "the dimension of each exact eigenspace, shape (K,)")
    sampling, each = dataset.recipe.sampling, isinstance(dataset.recipe.sampling.noise, tuple)
    noise = f", with noise of {sampling.noise_in_words} times the standard deviation of "
    noise += "each channel" if each else "all states"
    noise = noise if sampling.noise_level else ""
    noise += "" if dataset.train.full else ", NaN where nothing was recorded"
    for name, part, kind in (
        ("train", dataset.train, "to fit to" + noise),
        ("test", dataset.test, "clean, from other initial states"),
    ):
        yield from _part(name, part, kind, targets, spaces, dataset.key.latent)
    sensors = dataset.recipe.sensors(dataset.seed)
    if sensors is not None:
        added = "" if sensors.offset is None else " + b"
        size = sensors.matrix.shape
        meaning = f"C: the channels are s = C x{added} of the whole state x, shape {size}"
        yield NamedArray("sensors", sensors.matrix, meaning)
        if sensors.offset is not None:
            meaning = f"b: what is added to the channels, shape {sensors.offset.shape}"
            yield NamedArray("sensors_offset", sensors.offset, meaning)
    yield from dataset.system.parameters()


def _part(
    name: str,
    part: Trajectories,
    kind: str,
    targets: tuple[Target, ...],
    spaces: list[Eigenspace],
    latent: bool,
) -> Iterator[NamedArray]:
    yield NamedArray(f"{name}_states", part.states, f"states, {kind}; shape (trajectories, T, N)")
    if part.inputs is not None:
        meaning = "inputs v, each held from its time to the next, shape (trajectories, T, q)"
        yield NamedArray(f"{name}_inputs", part.inputs, meaning)
    whole = f"{name}_latent"
    if part.latent is not None:
        meaning = "the whole states x behind the channels, which no method is given"
        yield NamedArray(whole, part.latent, f"{meaning}, shape {part.latent.shape}")
    states = part.latent if latent else part.states
    if states is None:
        # Functions of the whole state have no values where that is not known.
        return
    at = whole if latent else f"{name}_states"
    for index, (target, space) in enumerate(zip(targets, spaces, strict=True), start=1):
        values = _values(space, states)
        meaning = f"exact eigenfunctions of {target.label} at {at}"
        shape = f"shape (trajectories, T, {target.functions})"
        full = f"{name}_eigenfunctions_{index}"
        if np.iscomplexobj(values):
            yield NamedArray(f"{full}_re", values.real, f"real parts of {meaning}, {shape}")
            yield NamedArray(f"{full}_im", values.imag, f"imaginary parts of {meaning}, {shape}")
        else:
            yield NamedArray(full, values, f"{meaning}, {shape}")


def _values(space: Eigenspace, states: NDArray) -> NDArray:
    """Values (M, T, m) at states (M, T, p), NaN at those that were not recorded."""
    known = np.isfinite(states).all(axis=2)
    if known.all():
        return space.evaluate(states)
    found = space.evaluate(states[known])
    values = np.full((*known.shape, found.shape[-1]), np.nan, found.dtype)
    values[known] = found
    return values
