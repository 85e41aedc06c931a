"""Strictly increasing or decreasing maps y = ζ(x) that act on each unit, with inverses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, inexact, of_width
from koopmark.systems.registry import named


@dataclass(frozen=True, eq=False)
class ElementwiseMap:
    """A map ζ that acts on each unit separately and may differ between units.

    Use arrays of length N inside for maps that differ.

    Each callable maps (..., N) to (..., N); `inverse` maps y back to x and takes `out=`. Use named
    functions, not lambdas, so that a system can be sent to another process. `formula` is ζ as
    text, empty if it has none; `least_slope` is inf ζ', 0 if no bound is known; `theta` is θ if
    ζ(x) = x - θ, and None for every other map.
    """

    name: str
    value: Callable[[NDArray], NDArray] = field(repr=False)
    derivative: Callable[[NDArray], NDArray] = field(repr=False)
    inverse: Callable[..., NDArray] = field(repr=False)
    formula: str = field(default="", repr=False)
    least_slope: float = field(default=0.0, repr=False)
    theta: NDArray[np.float64] | None = field(default=None, init=False, repr=False)

    def __call__(self, x: NDArray) -> NDArray:
        return self.value(inexact(x, "x"))


class Shift(ElementwiseMap):
    """The shift ζ(x) = x - θ of recurrent networks; `theta` has shape (N,) or ()."""

    theta: NDArray[np.float64]

    def __init__(self, theta: ArrayLike = 0.0) -> None:
        offset = finite(theta, "theta")
        if offset.ndim > 1:
            raise ValueError(f"theta must have shape (N,) or (), got {offset.shape}")
        super().__init__(
            name="shift",
            value=partial(np.add, -offset),
            derivative=np.ones_like,
            inverse=partial(np.add, offset),
            formula="x - θ",
            least_slope=1.0,
        )
        object.__setattr__(self, "theta", offset)

    def __call__(self, x: NDArray) -> NDArray:
        given = inexact(x, "x")
        return self.value(of_width(given, len(self.theta), "x") if self.theta.ndim else given)


def _cubic(x: NDArray) -> NDArray:
    return x + x**3


def _cubic_slope(x: NDArray) -> NDArray:
    return 1.0 + 3.0 * x**2


def _cubic_inverse(y: NDArray, out: NDArray | None = None) -> NDArray:
    # The one real root of x³ + x = y by the hyperbolic form of Cardano's formula: no cancellation.
    scale = 3.0 * np.sqrt(3.0) / 2.0
    root = np.sinh(np.arcsinh(scale * y) / 3.0)
    return np.multiply(root, 2.0 / np.sqrt(3.0), out=out)


LOG = ElementwiseMap("log", np.log, partial(np.divide, 1.0), np.exp, "ln x")
"""ζ(x) = log x on x > 0: Lotka-Volterra."""

SINH = ElementwiseMap("sinh", np.sinh, np.cosh, np.arcsinh, "sinh x", 1.0)
"""ζ(x) = sinh x."""

CUBIC = ElementwiseMap("cubic", _cubic, _cubic_slope, _cubic_inverse, "x + x³", 1.0)
"""ζ(x) = x + x³."""

MAPS = {zeta.name: zeta for zeta in (LOG, SINH, CUBIC)}


def elementwise_map(zeta: ElementwiseMap | str) -> ElementwiseMap:
    """Return the map, looked up in `MAPS` if given by name."""
    return zeta if isinstance(zeta, ElementwiseMap) else named("map", zeta, MAPS)
