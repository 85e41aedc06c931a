"""The nonlinearity of a network in the coordinates y = ζ(x), g = h ∘ ζ⁻¹, about one point."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark.spectrum import taylor
from koopmark.systems import Activation, ElementwiseMap, Network, Shift

Array = NDArray[np.float64]

STEP = 1e-30
"""Of complex steps: it squares to nothing, so the derivative is exact to rounding."""


class Tangent(ABC):
    """A function R^N → R^N about a centre: its derivative, and what lies beyond it."""

    @abstractmethod
    def slope(self, vectors: Array) -> Array:
        """Derivative times each row of `vectors` (..., N)."""

    def pull(self, covectors: Array) -> Array:
        """Each row of `covectors` (..., N) times the derivative: `slope` where it is diagonal."""
        return self.slope(covectors)

    @abstractmethod
    def remainder(self, delta: Array) -> Array:
        """f(centre + δ) - f(centre) - slope(δ) for each row δ (..., N), without cancellation."""

    def difference(self, delta: Array) -> Array:
        """f(centre + δ) - f(centre), likewise."""
        return self.slope(delta) + self.remainder(delta)


@dataclass(frozen=True, eq=False)
class Line(Tangent):
    """ζ⁻¹ of a shift: the identity and a constant."""

    def slope(self, vectors: Array) -> Array:
        return vectors

    def remainder(self, delta: Array) -> Array:
        return np.zeros_like(delta)


@dataclass(frozen=True, eq=False)
class InverseMap(Tangent):
    """ζ⁻¹ of an analytic elementwise map, by its Taylor series near and by itself further away."""

    zeta: ElementwiseMap
    centre: Array

    @cached_property
    def _slopes(self) -> Array:
        return 1.0 / self.zeta.derivative(self.zeta.inverse(self.centre))

    @cached_property
    def _series(self) -> tuple[Array, Array]:
        return taylor.coefficients_by_unit(self.zeta.inverse, self.centre, self.zeta.name)

    def slope(self, vectors: Array) -> Array:
        return vectors * self._slopes

    def remainder(self, delta: Array) -> Array:
        return _near_or_far(delta, *self._series, self.zeta.inverse, self.centre, self._slopes)


@dataclass(frozen=True, eq=False)
class ByUnit(Tangent):
    """h of an activation: its own closed form, a Taylor series if it has none."""

    activation: Activation
    centre: Array

    @cached_property
    def _slopes(self) -> Array:
        return self.activation.derivative(self.centre)

    @cached_property
    def _series(self) -> tuple[Array, Array]:
        return taylor.coefficients_by_unit(
            self.activation.value, self.centre, f"the activation {self.activation.name}"
        )

    def slope(self, vectors: Array) -> Array:
        return vectors * self._slopes

    def remainder(self, delta: Array) -> Array:
        if self.activation.remainder is not None:
            return self.activation.remainder(self.centre, delta)
        return _near_or_far(delta, *self._series, self.activation.value, self.centre, self._slopes)


@dataclass(frozen=True, eq=False)
class Mixing(Tangent):
    """h of any analytic callable, which may mix units: a Taylor series along each δ."""

    network: Network
    centre: Array

    def slope(self, vectors: Array) -> Array:
        try:
            moved = self.network.coupling(self.centre + 1j * STEP * vectors)
        except TypeError:
            raise taylor.NotAnalytic("the coupling takes no complex arguments") from None
        return np.imag(moved) / STEP

    def pull(self, covectors: Array) -> Array:
        return covectors @ self.slope(np.eye(len(self.centre))).T

    def remainder(self, delta: Array) -> Array:
        rows = delta.reshape(-1, delta.shape[-1])
        size = np.linalg.norm(rows, axis=1, keepdims=True)
        directions = np.divide(rows, size, out=np.zeros_like(rows), where=size > 0)
        scaled, rho = taylor.coefficients_along(
            self.network.coupling, self.centre, directions, "the coupling"
        )
        near = taylor.remainder_by_unit(scaled, np.array(rho), np.minimum(size, 0.5 * rho))
        at = self.network.coupling(self.centre)
        plain = self.network.coupling(self.centre + rows) - at - self.slope(rows)
        return np.where(size <= 0.5 * rho, near, plain).reshape(delta.shape)


@dataclass(frozen=True, eq=False)
class Composite(Tangent):
    """h ∘ ζ⁻¹: the remainder of h at the x that ζ⁻¹ gives, and the slope of h times that of ζ⁻¹."""

    outer: Tangent
    inner: Tangent

    def slope(self, vectors: Array) -> Array:
        return self.outer.slope(self.inner.slope(vectors))

    def pull(self, covectors: Array) -> Array:
        return self.inner.pull(self.outer.pull(covectors))

    def remainder(self, delta: Array) -> Array:
        bent = self.inner.remainder(delta)
        return self.outer.remainder(self.inner.slope(delta) + bent) + self.outer.slope(bent)


def nonlinearity(network: Network, y: Array) -> Composite:
    """g = h ∘ ζ⁻¹ of a network about y (N,).

    Raises
    ------
    NotAnalytic
        Once it is asked for what does not exist: where h or ζ⁻¹ is not analytic about the point.
    """
    x = network.zeta.inverse(np.array(y))
    inner: Tangent = Line() if isinstance(network.zeta, Shift) else InverseMap(network.zeta, y)
    if isinstance(network.coupling, Activation):
        return Composite(ByUnit(network.coupling, x), inner)
    return Composite(Mixing(network, x), inner)


def _near_or_far(
    delta: Array,
    scaled: Array,
    radius: Array,
    function: Callable[[Array], Array],
    centre: Array,
    slopes: Array,
) -> Array:
    limit = 0.5 * radius
    near = taylor.remainder_by_unit(scaled, radius, np.clip(delta, -limit, limit))
    plain = function(centre + delta) - function(centre) - slopes * delta
    return np.where(np.abs(delta) <= limit, near, plain)
