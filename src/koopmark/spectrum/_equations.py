"""The equations of a fixed point: r of them for a relaxation network, N for any other system.

A relaxation network rests where y = W g(y), g = h ∘ ζ⁻¹. With L = Q S this is y = Q a and

    F(a) = -a + S Rᵀ g(Q a) = 0,      DF = -I + S Rᵀ Dg Q,

r equations whatever N is. DF holds all of the Jacobian's spectrum but N - r times -1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.spectrum._nonlinearity import STEP
from koopmark.spectrum._taylor import NotAnalytic
from koopmark.systems import Activation, Relaxation, System

Array = NDArray[np.float64]

SPREADS = (0.5, 2.0, 8.0)
"""Sizes of the random states from which starts are made."""
VALUES_AT_ONCE = 1_000_000
"""Numbers in the states of all starts together; large networks get fewer starts."""
RELAXED = 300
RELAXATION_STEP = 0.3
"""Euler steps that take a start to an attractor, roughly: Newton's method does the rest."""
CHECKED = 1e-5
"""Relative agreement asked of complex steps and differences: it tells |x| from analytic h."""
MODERATE, CHECKS = 0.5, 4
"""Size and number of the states where it is asked for; elsewhere an iterate is given up."""
UNUSABLE = "the vector field is not analytic: its complex steps give no derivative"


@dataclass(frozen=True, eq=False)
class Reduced:
    """F of a relaxation network in the coordinates a = Qᵀ y."""

    network: Relaxation

    @property
    def dimension(self) -> int:
        return self.network.weights.rank

    @cached_property
    def basis(self) -> Array:
        """Q, (N, r)."""
        return self.network.weights.thin_qr[0]

    @cached_property
    def gather(self) -> Array:
        """S Rᵀ, (r, N)."""
        return self.network.weights.thin_qr[1] @ self.network.weights.right.T

    def states(self, a: Array) -> Array:
        """x = ζ⁻¹(Q a), (B, r) to (B, N)."""
        return self.network.zeta.inverse(a @ self.basis.T)

    def value(self, a: Array) -> Array:
        return self.network.coupling(self.states(a)) @ self.gather.T - a

    def sloped(self, a: Array) -> Array | None:
        """S Rᵀ Dg at one `a` (r,): (r, N). None where h mixes units."""
        x, coupling = self.states(a[None])[0], self.network.coupling
        if not isinstance(coupling, Activation):
            return None
        return self.gather * (coupling.derivative(x) / self.network.zeta.derivative(x))

    def jacobian(self, a: Array) -> Array:
        x, coupling = self.states(a), self.network.coupling
        inner = 1.0 / self.network.zeta.derivative(x)
        if isinstance(coupling, Activation):
            slopes = coupling.derivative(x) * inner
            products = [(self.gather * slope) @ self.basis for slope in slopes]
        else:
            products = [
                _complex_step(coupling, point, (self.basis * slope[:, None]).T) @ self.gather.T
                for point, slope in zip(x, inner, strict=True)
            ]
            products = [product.T for product in products]
        r = self.dimension
        return np.array(products).reshape(len(a), r, r) - np.eye(r)

    def starts(self, count: int, rng: np.random.Generator) -> Array:
        """F + a at random states: where every fixed point lies, the range of S Rᵀ h."""
        spread = np.resize(SPREADS, count)[:, None]
        states = spread * rng.standard_normal((count, self.network.size))
        with np.errstate(all="ignore"):
            x = self.network.zeta.inverse(states)
            a = self.network.coupling(x) @ self.gather.T
        return a[np.isfinite(a).all(axis=1)]

    def relaxed(self, a: Array) -> Array:
        """Starts after a while of the dynamics on the attracting set, ȧ = F(a)."""
        with np.errstate(all="ignore"):
            for _ in range(min(RELAXED, 10 * VALUES_AT_ONCE // self.network.size)):
                a = a + RELAXATION_STEP * self.value(a)
        return a[np.isfinite(a).all(axis=1)]


@dataclass(frozen=True, eq=False)
class Full:
    """F of any analytic system, in its state."""

    system: System

    @property
    def dimension(self) -> int:
        return self.system.size

    def value(self, a: Array) -> Array:
        return self.system.rhs(a)

    def jacobian(self, a: Array) -> Array:
        directions = np.eye(self.dimension)
        steps = [_complex_step(self.system.rhs, point, directions).T for point in a]
        return np.array(steps).reshape(len(a), self.dimension, self.dimension)

    def starts(self, count: int, rng: np.random.Generator) -> Array:
        spread = np.resize(SPREADS, count)[:, None]
        return spread * rng.standard_normal((count, self.dimension))

    def relaxed(self, a: Array) -> Array:
        return a[:0]


def check_analytic(equations: "Reduced | Full") -> None:
    """Refuse a vector field whose complex steps give no derivative at states of moderate size.

    Raises
    ------
    NotAnalytic
    """
    if isinstance(equations, Full):
        function: Callable[[Array], Array] = equations.system.rhs
    elif isinstance(equations.network.coupling, Activation):
        return
    else:
        function = equations.network.coupling
    size = equations.system.size if isinstance(equations, Full) else equations.network.size
    rng = generator("fixed points", "analytic")
    for state in MODERATE * rng.standard_normal((CHECKS, size)):
        if np.isnan(_complex_step(function, state, rng.standard_normal((1, size)))).any():
            raise NotAnalytic(UNUSABLE)


def _complex_step(function: Callable[[Array], Array], point: Array, directions: Array) -> Array:
    """Derivative of an analytic function at a point (N,) along each row of `directions`.

    NaN where a difference disagrees: far away, where digits run out, or where it is not analytic.
    """
    try:
        found = np.imag(function(point + 1j * STEP * directions)) / STEP
    except TypeError:
        raise NotAnalytic("the vector field takes no complex arguments: no Jacobian") from None
    return found if _agrees(function, point, directions, found) else np.full_like(found, np.nan)


def _agrees(
    function: Callable[[Array], Array], point: Array, directions: Array, found: Array
) -> bool:
    """Whether a difference along the sum of the directions is as the complex steps say."""
    step = 1e-6 * (1.0 + np.linalg.norm(point))
    direction = directions.sum(axis=0) / np.linalg.norm(directions.sum(axis=0))
    plain = (function(point + step * direction) - function(point - step * direction)) / (2 * step)
    exact = found.sum(axis=0) / np.linalg.norm(directions.sum(axis=0))
    return bool(np.linalg.norm(plain - exact) <= CHECKED * (1.0 + np.linalg.norm(exact)))
