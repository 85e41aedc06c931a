"""Named functions as exact eigenfunctions, by the fit of a hidden layer to them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import suggest
from koopmark._keys import generator
from koopmark.systems.prescribed._dynamics import Prescribed
from koopmark.systems.prescribed._random import leaky_drive
from koopmark.systems.prescribed.fitted import FunctionFit, fit_functions
from koopmark.systems.prescribed.random_features import random_features, random_rotation

Array = NDArray[np.float64]

FITTED_STATES = 4000

RIDGE = 1e-7
"""Keeps the weights below 100, and with them the rounding of φ."""


def _bump(w: Array) -> Array:
    return np.exp(-np.sum(w**2, axis=-1))


def _ring(w: Array) -> Array:
    return np.exp(-((np.sum(w**2, axis=-1) - 1.0) ** 2))


def _wave(w: Array) -> Array:
    return np.sin(2.0 * w[..., 0])


TARGETS: dict[str, Callable[[Array], Array]] = {"bump": _bump, "ring": _ring, "wave": _wave}
"""Functions of the free coordinates w: exp(-|w|²), exp(-(|w|² - 1)²), sin 2w₁."""


def prescribed_target(
    target: str,
    n: int,
    rate: float = 1.0,
    height: float = 2.0,
    seed: int = 0,
    *,
    count: int = 200,
    gain: float = 1.5,
) -> Prescribed:
    """One eigenfunction φ ≈ s - height · target(w) at -rate, s and w rotated coordinates of x.

    φ is the least-squares fit of that function by `count` random hidden units, on w of the size
    that the dynamics give it; the fit is what is exact.

    Raises
    ------
    ValueError
        Where the target is unknown, n < 2 or the rate is not positive.
    """
    if not rate > 0:
        raise ValueError(f"rate {rate:g}: it must be positive")
    functions = fitted_target(target, n, height, seed, count=count).functions
    key = {"ensemble": "prescribed_target", "n": n, "seed": seed}
    return Prescribed(functions, np.array([[-rate]]), leaky_drive(functions, gain, key))


def fitted_target(
    target: str, n: int, height: float = 2.0, seed: int = 0, *, count: int = 200
) -> FunctionFit:
    """The fit behind `prescribed_target`, with its error."""
    if target not in TARGETS:
        hint = suggest(target, TARGETS)
        raise ValueError(f"unknown target {target!r}: {hint}choose one of {', '.join(TARGETS)}")
    if n < 2:
        raise ValueError(f"n {n}: a target needs a coordinate beside s, so at least 2")
    rng = generator({"ensemble": "prescribed_target", "n": n, "seed": seed}, "functions")
    frame = random_rotation(n, rng)
    layer = random_features("tanh", frame[1:], count, 1.5, 2, rng)
    states = rng.uniform(-3.0, 3.0, size=(FITTED_STATES, n)) @ frame

    def wanted(x: Array) -> Array:
        return x @ frame[:1].T - height * TARGETS[target](x @ frame[1:].T)[:, None]

    return fit_functions(wanted, states, layer, RIDGE)
