"""Taylor expansion of a network's nonlinearity g = h ∘ ζ⁻¹ around a point y.

What it does beyond its tangent takes a form that keeps its digits for any small δ: that of the
activation, or else a Taylor series. Its coefficients come from Cauchy's formula: the trapezoidal
rule on a circle of M points gives the a_k ρ^k, k < M, of an analytic function to rounding, once
they have decayed by k = M (Trefethen and Weideman 2014, section 3).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark.systems import Network

Array = NDArray[np.float64]

STEP = 1e-30
"""Of complex steps: it squares to nothing, so the derivative is exact to rounding."""
POINTS = 64
TERMS = 40
"""Terms kept: at half the radius the rest is below rounding."""
RADII = (0.5, 0.2, 0.05, 0.01)
NOISE = 1e-13
"""Relative size below which a coefficient is rounding."""


class NoSpectrum(ValueError):
    """The fixed points of a system, or its spectrum at one, cannot be computed."""


class NotAnalytic(NoSpectrum):
    """No convergent Taylor series of a function could be found."""


def coefficients_by_unit(
    function: Callable[[NDArray], NDArray], centre: Array, name: str
) -> tuple[Array, Array]:
    """Taylor coefficients (TERMS, N) of an elementwise function at `centre` (N,), times ρ^k.

    Returns them with the radii ρ (N,): per unit the largest of RADII at which they decay.

    Raises
    ------
    NotAnalytic
        If the function takes no complex arguments, or is not analytic about some unit's centre.
    """
    scaled = np.zeros((TERMS, len(centre)))
    radius = np.zeros(len(centre))
    for rho in RADII:
        found = _on_circle(lambda step: function(centre + step[:, None]), rho, name)
        good = _decays(found) & (radius == 0.0)
        scaled[:, good], radius[good] = found[:TERMS, good], rho
    if (radius == 0.0).any():
        raise NotAnalytic(
            f"{name} has no Taylor series about {centre[np.argmin(radius)]:g} that can be found: "
            "it is not analytic there"
        )
    return scaled, radius


def remainder_by_unit(scaled: Array, radius: Array, delta: Array) -> Array:
    """The remainder Σ_{k>=2} a_k δ^k at δ (..., N), for |δ| up to half the radius."""
    share = delta / radius
    total = np.zeros_like(share)
    for row in scaled[:1:-1]:
        total = total * share + row
    return total * share**2


def coefficients_along(
    function: Callable[[NDArray], NDArray], centre: Array, directions: Array, name: str
) -> tuple[Array, float]:
    """Taylor coefficients (TERMS, M, N) of s ↦ function(centre + s d) for d (M, N), times ρ^k.

    Raises
    ------
    NotAnalytic
        If the function takes no complex arguments, or a coefficient does not decay.
    """
    for rho in RADII:
        found = _on_circle(
            lambda step: function(centre + step[:, None, None] * directions), rho, name
        )
        if _decays(found).all():
            return found[:TERMS], rho
    raise NotAnalytic(f"{name} has no Taylor series that can be found: it is not analytic there")


def _on_circle(function: Callable[[NDArray], NDArray], rho: float, name: str) -> Array:
    points = rho * np.exp(2j * np.pi * np.arange(POINTS) / POINTS)
    with np.errstate(all="ignore"):
        try:
            values = np.asarray(function(points))
        except TypeError:
            raise NotAnalytic(f"{name} takes no complex arguments") from None
        spectrum = np.fft.fft(values, axis=0) / POINTS
    # A real function has real coefficients; what stands beyond half the points is negative powers.
    return np.where(np.isfinite(spectrum.real), spectrum.real, np.inf)


def _decays(found: Array) -> NDArray[np.bool_]:
    """Whether no power beyond TERMS, which holds the negative ones too, is above rounding."""
    size = np.max(np.abs(found[:TERMS]), axis=0)
    return np.isfinite(size) & (np.max(np.abs(found[TERMS:]), axis=0) <= NOISE * size)


class Tangent(ABC):
    """Derivative and remainder of a function R^N → R^N at a centre."""

    @abstractmethod
    def slope(self, vectors: Array) -> Array:
        """The derivative times each row of `vectors` (..., N)."""

    def pull(self, covectors: Array) -> Array:
        """Each row of `covectors` (..., N) times the derivative."""
        return self.slope(covectors)

    @abstractmethod
    def remainder(self, delta: Array) -> Array:
        """f(centre + δ) - f(centre) - slope(δ) for each row δ (..., N), without cancellation."""

    def difference(self, delta: Array) -> Array:
        """f(centre + δ) - f(centre) for each row δ (..., N), without cancellation."""
        return self.slope(delta) + self.remainder(delta)


@dataclass(frozen=True, eq=False)
class Identity(Tangent):
    """The inverse of a shift, x = y + θ, whose remainder is zero."""

    def slope(self, vectors: Array) -> Array:
        return vectors

    def remainder(self, delta: Array) -> Array:
        return np.zeros_like(delta)


@dataclass(frozen=True, eq=False)
class ByUnit(Tangent):
    """An analytic function, ζ⁻¹ or h, that acts on each unit separately.

    What lies beyond its tangent is `beyond`, of the centre and δ, in closed form if there is one;
    else it follows from the Taylor series near and from the function itself further away.
    """

    function: Callable[[Array], Array]
    slopes: Array
    centre: Array
    name: str
    beyond: Callable[[Array, Array], Array] | None = None

    @cached_property
    def _series(self) -> tuple[Array, Array]:
        return coefficients_by_unit(self.function, self.centre, self.name)

    def slope(self, vectors: Array) -> Array:
        return vectors * self.slopes

    def remainder(self, delta: Array) -> Array:
        if self.beyond is not None:
            return self.beyond(self.centre, delta)
        scaled, radius = self._series
        limit = 0.5 * radius
        near = remainder_by_unit(scaled, radius, np.clip(delta, -limit, limit))
        plain = self.function(self.centre + delta) - self.function(self.centre)
        return np.where(np.abs(delta) <= limit, near, plain - self.slopes * delta)


@dataclass(frozen=True, eq=False)
class Mixing(Tangent):
    """Any analytic h, which may mix units, by a Taylor series along each δ."""

    coupling: Callable[[Array], Array]
    centre: Array

    def slope(self, vectors: Array) -> Array:
        try:
            moved = self.coupling(self.centre + 1j * STEP * vectors)
        except TypeError:
            raise NotAnalytic("the coupling takes no complex arguments") from None
        return np.imag(moved) / STEP

    def pull(self, covectors: Array) -> Array:
        return covectors @ self.slope(np.eye(len(self.centre))).T

    def remainder(self, delta: Array) -> Array:
        rows = delta.reshape(-1, delta.shape[-1])
        size = np.linalg.norm(rows, axis=1, keepdims=True)
        directions = np.divide(rows, size, out=np.zeros_like(rows), where=size > 0)
        scaled, rho = coefficients_along(self.coupling, self.centre, directions, "the coupling")
        near = remainder_by_unit(scaled, np.array(rho), np.minimum(size, 0.5 * rho))
        at = self.coupling(self.centre)
        plain = self.coupling(self.centre + rows) - at - self.slope(rows)
        return np.where(size <= 0.5 * rho, near, plain).reshape(delta.shape)


@dataclass(frozen=True, eq=False)
class Composite(Tangent):
    """The composition h ∘ ζ⁻¹, from the remainders and slopes of both."""

    outer: Tangent
    inner: Tangent

    def slope(self, vectors: Array) -> Array:
        return self.outer.slope(self.inner.slope(vectors))

    def pull(self, covectors: Array) -> Array:
        return self.inner.pull(self.outer.pull(covectors))

    def remainder(self, delta: Array) -> Array:
        beyond = self.inner.remainder(delta)
        return self.outer.remainder(self.inner.slope(delta) + beyond) + self.outer.slope(beyond)


def nonlinearity(network: Network, y: Array) -> Composite:
    """The nonlinearity g = h ∘ ζ⁻¹ of a network, expanded at y (N,).

    Raises
    ------
    NotAnalytic
        Once it is asked for what does not exist: where h or ζ⁻¹ is not analytic about the point.
    """
    zeta, h = network.zeta, network.activation
    x = zeta.inverse(np.array(y))
    inner: Tangent = Identity()
    if zeta.theta is None:
        inner = ByUnit(zeta.inverse, 1.0 / zeta.derivative(zeta.inverse(y)), y, zeta.name)
    if h is None:
        return Composite(Mixing(network.coupling, x), inner)
    name = f"the activation {h.name}"
    return Composite(ByUnit(h.value, h.derivative(x), x, name, h.remainder), inner)
