"""Fixed points of a system, their spectra, and what can be said of their being all there are."""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.simulation.arguments import initial_states_of
from koopmark.simulation.workers import blas
from koopmark.spectrum.equations import Full, Reduced
from koopmark.spectrum.newton import STEPS, distinct, zeros
from koopmark.spectrum.taylor import NotAnalytic
from koopmark.systems import CUBIC, SINH, Activation, Drift, Relaxation, Shift, System

Array = NDArray[np.float64]

STARTS, FEWEST_STARTS = 48, 3
"""Half as many in each round with the known zeros deflated."""
WORK = 1e9
"""Operations in Newton's steps from all starts: a large problem gets fewer of them."""
VALUES_AT_ONCE = 1_000_000
"""Numbers in the states of all starts together, likewise."""
EFFORTS = (8, 64)
"""Times as many starts where the sum of the indices proves that fixed points are missing."""
QUIET_ROUNDS = 2
"""So many rounds without a new zero end the search."""
MOST_ROUNDS = 12
HYPERBOLIC = 1e-8
"""A real part smaller than this tells nothing of stability."""

STEEPEST = {
    "tanh": 1.0,
    "logistic": 0.25,
    "erf": 2.0 / sqrt(pi),
    "relu": 1.0,
    "softplus": 1.0,
    "identity": 1.0,
}
"""sup σ' of each activation."""


class NoSpectrum(ValueError):
    """The fixed points of a system, or its spectrum at one, cannot be had; the text says why."""


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A state at which F vanishes, and the spectrum of the Jacobian there.

    Parameters
    ----------
    state : (N,) array
    reduced_eigenvalues : (k,) complex array
        Eigenvalues of the k x k matrix DF, slowest first: r of them for a relaxation network.
    null_dimension : int
        How often -1 comes on top of them: N - r for a relaxation network, else 0.
    index : int
        Sign of det(-J), the index of the field -F at the point.
    """

    state: Array
    reduced_eigenvalues: NDArray[np.complex128]
    null_dimension: int
    index: int

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        """(N,) the whole spectrum of the Jacobian, slowest first."""
        null = np.full(self.null_dimension, -1.0 + 0j)
        return _slowest_first(np.concatenate([self.reduced_eigenvalues, null]))

    @property
    def growth(self) -> float:
        """Largest real part of an eigenvalue."""
        slowest = float(self.reduced_eigenvalues.real.max())
        return max(slowest, -1.0) if self.null_dimension else slowest

    @property
    def stable(self) -> bool:
        return self.growth < -HYPERBOLIC

    @property
    def hyperbolic(self) -> bool:
        return bool((np.abs(self.reduced_eigenvalues.real) > HYPERBOLIC).all())


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """The fixed points that were found, and what says that there are no more.

    Parameters
    ----------
    points : tuple of FixedPoint
        Stable ones first.
    unique : bool
        Whether y ↦ W h(ζ⁻¹(y)) is a contraction: then the one point is all there is, and every
        trajectory ends there. A proof.
    index_sum : int or None
        Σ index over the points. Where h is bounded it is 1 for the set of all fixed points
        (Poincaré-Hopf: on a large ball the field points inwards); another sum proves that some
        are missing. None where h is not known to be bounded, or a point is not hyperbolic.
    """

    points: tuple[FixedPoint, ...]
    unique: bool
    index_sum: int | None

    @property
    def stable(self) -> tuple[FixedPoint, ...]:
        return tuple(point for point in self.points if point.stable)

    @property
    def completeness(self) -> str:
        """`proved`, `consistent` (no proof), `incomplete` (proved) or `unknown`."""
        if self.unique and len(self.points) == 1:
            return "proved"
        if self.index_sum is None:
            return "unknown"
        return "consistent" if self.index_sum == 1 else "incomplete"


def fixed_points(system: System, starts: Array | None = None) -> FixedPoints:
    """Find the fixed points of a system.

    Newton's method runs from zero, random states, what these relax to, and `starts`; then again
    with all known points deflated, until nothing new turns up; mirror images are added where F is
    odd. Systems of N equations (other than relaxation networks, which have r) get the same with
    Jacobians by complex steps: they must be analytic.

    Parameters
    ----------
    system : System
    starts : (M, N) array, optional
        States to start from besides, such as where trajectories ended.

    Raises
    ------
    NoSpectrum
        For a drift network, whose fixed points, if any, are not isolated, and where a derivative
        cannot be had.
    ValueError
        Where `starts` have the wrong shape or are not finite.
    """
    if starts is not None:
        starts = initial_states_of(starts, system.size)
    equations = _equations(system)
    try:
        with blas().limit(limits=1, user_api="blas"):
            found = _search(equations, system, starts)
            for effort in EFFORTS:
                if found.completeness != "incomplete":
                    break
                found = _search(equations, system, starts, effort)
    except NotAnalytic as error:
        raise NoSpectrum(str(error)) from None
    return found


def fixed_point_near(system: System, state: Array) -> FixedPoint:
    """The fixed point that Newton's method reaches from one state (N,).

    Raises
    ------
    NoSpectrum
        Where it reaches none, and as `fixed_points`.
    """
    equations = _equations(system)
    try:
        found = zeros(equations, _coordinates(equations, state[None]), _none(equations))
        if len(found) == 0:
            raise NoSpectrum("Newton's method reaches no fixed point from this state")
        return _fixed_point(equations, found[0])
    except NotAnalytic as error:
        raise NoSpectrum(str(error)) from None


def contracts(system: System) -> bool:
    """Whether ‖W‖ sup h' / inf ζ' < 1: then ẏ = -y + W h(ζ⁻¹(y)) contracts everywhere."""
    if not (isinstance(system, Relaxation) and isinstance(system.coupling, Activation)):
        return False
    steepest = STEEPEST.get(system.coupling.name)
    flattest_is_one = isinstance(system.zeta, Shift) or system.zeta in (SINH, CUBIC)
    if steepest is None or not flattest_is_one:
        return False
    return bool(system.weights.singular_values[0] * steepest < 1.0)


def is_odd(system: System) -> bool:
    """Whether F(-x) = -F(x), at a few random states to rounding."""
    x = generator("fixed points", "oddness").standard_normal((8, system.size))
    with np.errstate(all="ignore"):
        sums, sizes = system.rhs(x) + system.rhs(-x), np.abs(system.rhs(x))
    return bool((np.abs(sums) <= 1e-12 * (1.0 + sizes.max())).all())


def _equations(system: System) -> Reduced | Full:
    if isinstance(system, Drift):
        raise NoSpectrum(
            "a drift network has no isolated fixed point: along the left null space of its "
            "weights ζ(x) moves at a constant velocity, or rests anywhere"
        )
    return Reduced(system) if isinstance(system, Relaxation) else Full(system)


def _none(equations: Reduced | Full) -> Array:
    return np.empty((0, equations.dimension))


def _search(
    equations: Reduced | Full, system: System, starts: Array | None, effort: int = 1
) -> FixedPoints:
    zeros_found = _zeros(equations, system, starts, effort)
    points = sorted((_fixed_point(equations, a) for a in zeros_found), key=_growth)
    counts = _bounded(system) and all(point.hyperbolic for point in points)
    summed = sum(point.index for point in points) if counts else None
    return FixedPoints(tuple(points), contracts(system), summed)


def _growth(point: FixedPoint) -> float:
    return point.growth


def _zeros(equations: Reduced | Full, system: System, starts: Array | None, effort: int) -> Array:
    rng = generator("fixed points", "starts")
    k = equations.dimension
    operations = STEPS * k**2 * system.size
    affordable = int(min(WORK / operations, VALUES_AT_ONCE / system.size))
    count = effort * min(STARTS, max(FEWEST_STARTS, affordable))
    quiet_rounds = QUIET_ROUNDS if count > FEWEST_STARTS else 1
    given = [] if starts is None else [_coordinates(equations, starts[:count])]
    if contracts(system):
        return zeros(equations, np.zeros((1, k)), _none(equations))
    drawn = equations.starts(count, rng)
    first = np.vstack([np.zeros((1, k)), *given, equations.relaxed(drawn), drawn])
    odd, known = is_odd(system), _none(equations)
    known = _with_images(known, zeros(equations, first, known), odd)
    quiet = 0
    for _ in range(MOST_ROUNDS):
        if quiet == quiet_rounds:
            break
        drawn = equations.starts((count + 1) // 2, rng)
        between = _between(known, len(drawn), rng)
        found = zeros(equations, np.vstack([drawn, between]), known)
        quiet = 0 if len(found) else quiet + 1
        known = _with_images(known, found, odd)
    return known


def _between(known: Array, count: int, rng: np.random.Generator) -> Array:
    """Points about the lines through two known zeros: saddles lie between attractors."""
    if len(known) < 2:
        return known[:0]
    first, second = (known[rng.integers(0, len(known), size=count)] for _ in range(2))
    share = rng.uniform(-0.2, 1.2, size=(count, 1))
    spread = 0.1 * np.linalg.norm(known, axis=1).mean()
    return first + share * (second - first) + spread * rng.standard_normal(first.shape)


def _with_images(known: Array, found: Array, odd: bool) -> Array:
    known = np.vstack([known, distinct(found, known)])
    return np.vstack([known, distinct(-known, known)]) if odd else known


def _coordinates(equations: Reduced | Full, states: Array) -> Array:
    if isinstance(equations, Full):
        return states
    return equations.network.zeta(states) @ equations.basis


def _fixed_point(equations: Reduced | Full, a: Array) -> FixedPoint:
    jacobian = equations.jacobian(a[None])[0]
    if isinstance(equations, Full):
        state, null = a, 0
    else:
        state = equations.states(a[None])[0]
        null = len(state) - len(a)
    eigenvalues = _slowest_first(np.linalg.eigvals(jacobian).astype(complex))
    index = int(np.linalg.slogdet(-jacobian)[0])
    return FixedPoint(state, eigenvalues, null, index)


def _slowest_first(eigenvalues: NDArray[np.complex128]) -> NDArray[np.complex128]:
    return eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]


def _bounded(system: System) -> bool:
    return (
        isinstance(system, Relaxation)
        and isinstance(system.coupling, Activation)
        and bool(np.isfinite(system.coupling.bound))
    )
