"""Fixed-point equations: r unknowns for a relaxation network, N for any other system.

A relaxation network rests where y = W g(y), g = h ∘ ζ⁻¹. With L = Q S this is y = Q a and

    F(a) = -a + S Rᵀ g(Q a) = 0,      DF = -I + S Rᵀ Dg Q,

r equations whatever N is. DF holds all of the Jacobian's spectrum but N - r times -1. The map
y⁺ = μ y + W h(x) rests where the flow with the weights W / (1 - μ) does; if λ is an eigenvalue
there, 1 + (1 - μ) λ is one of the map. Any other map rests where x⁺ - x vanishes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.spectrum._nonlinearity import STEP, NoSpectrum, NotAnalytic
from koopmark.systems import RANK_TOLERANCE, Network, System
from koopmark.truth import RELAXATION, LinearLaw

Array = NDArray[np.float64]

SPREADS = (0.5, 2.0, 8.0)
"""Sizes of the random states from which starts are made."""
VALUES_AT_ONCE = 1_000_000
"""Numbers in the states of all starts together; large networks get fewer starts."""
CACHED_VALUES = 30_000
"""Numbers in an array that stays in the processor's cache, while it is worked on."""
RELAXED = 300
RELAXATION_STEP = 0.3
"""Euler steps that take a start to an attractor, roughly: Newton's method does the rest."""
CHECKED = 1e-5
"""Relative agreement asked of complex steps and differences: it tells |x| from analytic h."""
MODERATE, CHECKS = 0.5, 4
"""Size and number of the states where it is asked for; elsewhere an iterate is given up."""
UNUSABLE = "the vector field is not analytic: its complex steps give no derivative"


class Equations(ABC):
    """Equations F(a) = 0 in k unknowns, evaluated at many points (B, k) at once."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Dimension N of the state."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Number k of unknowns."""

    @property
    @abstractmethod
    def differentiated(self) -> Callable[[Array], Array] | None:
        """The function R^N to R^N that complex steps differentiate; None if not needed."""

    @abstractmethod
    def value(self, a: Array, /) -> Array:
        """F at points (B, k), of shape (B, k)."""

    @abstractmethod
    def jacobian(self, a: Array, /) -> Array:
        """The Jacobian DF (B, k, k) at points (B, k)."""

    @abstractmethod
    def coordinates(self, states: Array) -> Array:
        """Unknowns (B, k) of states (B, N)."""

    @abstractmethod
    def states(self, a: Array) -> Array:
        """States (B, N) of unknowns (B, k)."""

    @abstractmethod
    def starts(self, count: int, rng: np.random.Generator) -> Array:
        """Up to `count` starting points for Newton's method, from random states."""

    @abstractmethod
    def relaxed(self, a: Array) -> Array:
        """Starting points after simulating the dynamics for a while; empty if too costly."""

    def spectrum(self, a: Array, jacobian: Array) -> tuple[NDArray[np.complex128], int]:  # noqa: ARG002
        """Eigenvalues of DF at a zero (k,), and how many eigenvectors the eigenvalue -1 lacks."""
        return np.linalg.eigvals(jacobian).astype(complex), 0

    @property
    def law(self) -> LinearLaw:
        """Linear law of z in the null space of the weights, at eigenvalue -1 of the equations."""
        return RELAXATION


def at_rest(system: System) -> None:
    """Raise NoSpectrum for a system with inputs, which has no fixed points while they change.

    Raises
    ------
    NoSpectrum
        If the system has inputs.
    """
    if system.inputs:
        raise NoSpectrum(
            "the inputs move the system: fixed points are those of the system without them, "
            "with_inputs(None)"
        )


def relaxation_network(system: System) -> Network | None:
    """The system if it is a relaxation network ẏ = -y + W h(x), and None otherwise."""
    null = system.null_flow
    return null.network if null is not None and null.law.decay and not null.law.discrete else None


def relaxation_map(system: System) -> Network | None:
    """The system if it is a relaxation map y⁺ = μ y + W h(x), and None otherwise."""
    null = system.null_flow
    return null.network if null is not None and null.law.discrete else None


def equations_of(system: System) -> Equations:
    """The fixed-point equations of a system.

    Raises
    ------
    NoSpectrum
        If the system is a drift network or a map with μ = 1, whose fixed points are not isolated,
        or if it has inputs.
    """
    at_rest(system)
    network = relaxation_network(system)
    if network is not None:
        return Reduced(network)
    stepped = relaxation_map(system)
    if stepped is not None and system.null_flow is not None:
        if system.null_flow.law.eigenvalue(1) == 1.0:
            raise NoSpectrum("with μ = 1 no fixed point is isolated: uᵀζ(x) rests anywhere")
        return Reduced(stepped, system.null_flow.law)
    if system.null_flow is not None:
        raise NoSpectrum(
            "a drift network has no isolated fixed point: along the left null space of its "
            "weights ζ(x) moves at a constant velocity, or rests anywhere"
        )
    return Full(system)


@dataclass(frozen=True, eq=False)
class Reduced(Equations):
    """Fixed-point equations of a relaxation network in the coordinates a = Qᵀ y."""

    network: Network
    law: LinearLaw = RELAXATION

    @property
    def size(self) -> int:
        return self.network.size

    @property
    def dimension(self) -> int:
        return self.network.rank

    @property
    def differentiated(self) -> Callable[[Array], Array] | None:
        return None if self.network.activation else self.network.coupling

    @property
    def basis(self) -> Array:
        """Orthonormal basis Q (N, r)."""
        return self.network.weights.thin_qr[0]

    @cached_property
    def gather(self) -> Array:
        """The matrix S Rᵀ (r, N), divided by 1 - μ for a map."""
        gather = self.network.weights.thin_qr[1] @ self.network.weights.right.T
        return gather if self.law.multiplier is None else gather / (1.0 - self.law.multiplier)

    def coordinates(self, states: Array) -> Array:
        return self.network.zeta(states) @ self.basis

    def states(self, a: Array) -> Array:
        return self.network.zeta.inverse(a @ self.basis.T)

    def value(self, a: Array) -> Array:
        return self.network.coupling(self.states(a)) @ self.gather.T - a

    def jacobian(self, a: Array) -> Array:
        x, activation = self.states(a), self.network.activation
        inner = 1.0 / self.network.zeta.derivative(x)
        if activation is not None:
            slopes = activation.derivative(x) * inner
            at_once = max(1, CACHED_VALUES // self.gather.size)
            blocks = (slopes[i : i + at_once, None] for i in range(0, len(a), at_once))
            products = [one for b in blocks for one in (self.gather * b) @ self.basis]
        else:
            steps = _complex_steps(self.network.coupling, x, self.basis.T * inner[:, None])
            products = list((steps @ self.gather.T).transpose(0, 2, 1))
        r = self.dimension
        return np.array(products).reshape(len(a), r, r) - np.eye(r)

    def starts(self, count: int, rng: np.random.Generator) -> Array:
        """F + a at random states, which lie in the range of S Rᵀ h like every fixed point."""
        spread = np.resize(SPREADS, count)[:, None]
        states = spread * rng.standard_normal((count, self.size))
        with np.errstate(all="ignore"):
            a = self.network.coupling(self.network.zeta.inverse(states)) @ self.gather.T
        return a[np.isfinite(a).all(axis=1)]

    def relaxed(self, a: Array) -> Array:
        # On the attracting set, ȧ = F(a).
        with np.errstate(all="ignore"):
            for _ in range(min(RELAXED, 10 * VALUES_AT_ONCE // self.size)):
                a = a + RELAXATION_STEP * self.value(a)
        return a[np.isfinite(a).all(axis=1)]

    def spectrum(self, a: Array, jacobian: Array) -> tuple[NDArray[np.complex128], int]:
        tiny = RANK_TOLERANCE * float(np.linalg.norm(self.gather, 2))
        # Rounding moves eigenvalues 0 in a block of k by ε^(1/k). What a matrix does on its range
        # has its nonzero eigenvalues, with smaller blocks at 0.
        matrix = jacobian + np.eye(len(a))
        while len(matrix):
            u, s, _ = np.linalg.svd(matrix)
            rank = int(np.sum(s > tiny))
            if rank == len(matrix):
                break
            matrix = u[:, :rank].T @ matrix @ u[:, :rank]
        vanishing = len(a) - len(matrix)
        if not vanishing:
            return super().spectrum(a, jacobian)
        every = np.concatenate([np.linalg.eigvals(matrix), np.zeros(vanishing)]).astype(complex)
        # kᵀ S Rᵀ Dg = 0 makes Qk an eigenvector; any other μ = 0 belongs to a Jordan block.
        uncoupled = 0
        if self.network.activation is not None:
            x = self.states(a[None])[0]
            slopes = self.network.activation.derivative(x) / self.network.zeta.derivative(x)
            uncoupled = len(a) - int(np.linalg.matrix_rank(self.gather * slopes, tiny))
        return np.asarray(every - 1.0, dtype=complex), vanishing - uncoupled


@dataclass(frozen=True, eq=False)
class Full(Equations):
    """Fixed-point equations of any analytic system in its state; for a map, x⁺ - x = 0."""

    system: System

    @property
    def size(self) -> int:
        return self.system.size

    @property
    def dimension(self) -> int:
        return self.system.size

    @property
    def differentiated(self) -> Callable[[Array], Array]:
        return self.value

    def coordinates(self, states: Array) -> Array:
        return states

    def states(self, a: Array) -> Array:
        return a

    def value(self, a: Array) -> Array:
        moved = self.system.rhs(a)
        return moved - a if self.system.discrete else moved

    def jacobian(self, a: Array) -> Array:
        directions = np.eye(self.size)
        directions = np.broadcast_to(directions, (len(a), *directions.shape))
        return _complex_steps(self.value, a, directions).transpose(0, 2, 1)

    def starts(self, count: int, rng: np.random.Generator) -> Array:
        return np.resize(SPREADS, count)[:, None] * rng.standard_normal((count, self.size))

    def relaxed(self, a: Array) -> Array:
        return a[:0]


def check_analytic(equations: Equations) -> None:
    """Raise an error if complex steps do not give the derivative of the vector field.

    Raises
    ------
    NotAnalytic
        If they do not.
    """
    function = equations.differentiated
    if function is None:
        return
    rng = generator("fixed points", "analytic")
    for state in MODERATE * rng.standard_normal((CHECKS, 1, equations.size)):
        direction = rng.standard_normal((1, 1, equations.size))
        if np.isnan(_complex_steps(function, state, direction)).any():
            raise NotAnalytic(UNUSABLE)


def _complex_steps(
    function: Callable[[Array], Array], points: Array, directions: Array
) -> NDArray[np.float64]:
    """(B, k, N) derivatives of an analytic function at points (B, N) along `directions` (B, k, N).

    NaN at a point where a difference along the sum of the directions disagrees: far away, where
    digits run out, or where the function is not analytic.
    """
    at_once = max(1, VALUES_AT_ONCE // directions[0].size) if len(points) else 1
    parts = [
        _complex_steps_at(function, points[i : i + at_once], directions[i : i + at_once])
        for i in range(0, len(points), at_once)
    ]
    return np.concatenate(parts) if parts else np.empty(directions.shape)


def _complex_steps_at(
    function: Callable[[Array], Array], points: Array, directions: Array
) -> NDArray[np.float64]:
    moved = points[:, None] + 1j * STEP * directions
    try:
        found = np.imag(function(moved.reshape(-1, points.shape[1]))) / STEP
    except TypeError:
        raise NotAnalytic("the vector field takes no complex arguments: no Jacobian") from None
    found = found.reshape(directions.shape)
    step = 1e-6 * (1.0 + np.linalg.norm(points, axis=1, keepdims=True))
    along = directions.sum(axis=1)
    length = np.linalg.norm(along, axis=1, keepdims=True)
    towards = step * (along / length)
    plain = (function(points + towards) - function(points - towards)) / (2 * step)
    exact = found.sum(axis=1) / length
    off, size = (np.linalg.norm(one, axis=1) for one in (plain - exact, exact))
    found[~(off <= CHECKED * (1.0 + size))] = np.nan
    return found
