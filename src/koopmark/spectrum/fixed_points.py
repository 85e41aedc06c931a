"""Fixed points of a system, their spectra, and what can be said of their being all there are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark._keys import generator
from koopmark.simulation.arguments import initial_states_of
from koopmark.simulation.workers import blas
from koopmark.spectrum.equations import UNUSABLE, Full, Reduced, check_analytic
from koopmark.spectrum.multistart import from_many_starts
from koopmark.spectrum.newton import distinct, zeros
from koopmark.spectrum.taylor import NotAnalytic
from koopmark.systems import Activation, Drift, Relaxation, System
from koopmark.systems.low_rank import RANK_TOLERANCE

Array = NDArray[np.float64]

EFFORTS = (8, 64)
"""Times as many starts where the sum of the indices proves that fixed points are missing."""
HYPERBOLIC = 1e-8
"""A real part smaller than this tells nothing of stability."""


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
    in_closed_form : bool
        Whether all eigenfunctions are in closed form, not those of the null space only.
    defect : int
        How many of the `reduced_eigenvalues` are -1 with no eigenvector of their own: they belong
        to Jordan blocks of null vectors.
    """

    state: Array
    reduced_eigenvalues: NDArray[np.complex128]
    null_dimension: int
    index: int
    in_closed_form: bool = False
    defect: int = 0

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
        starts = initial_states_of(starts, system.size, "starts")
    equations = _equations(system)
    try:
        with blas().limit(limits=1, user_api="blas"):
            check_analytic(equations)
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
        If it reaches none, and as `fixed_points`.
    ValueError
        If the state is not real and finite, or has the wrong shape.
    """
    state = initial_states_of(real(state, "state")[None], system.size, "state")
    equations = _equations(system)
    try:
        check_analytic(equations)
        found = zeros(equations, _coordinates(equations, state), _none(equations))
        if len(found) == 0:
            raise NoSpectrum("Newton's method reaches no fixed point from this state")
        return _fixed_point(equations, found[0])
    except NotAnalytic as error:
        raise NoSpectrum(str(error)) from None


def coincide(system: System, one: FixedPoint, other: FixedPoint) -> bool:
    """Whether two fixed points that Newton's method reached are one, up to what it is off by."""
    equations = _equations(system)
    first, second = (_coordinates(equations, point.state[None]) for point in (one, other))
    return len(distinct(equations, first, second)) == 0


def contracts(system: System) -> bool:
    """Whether ‖W‖ sup h' / inf ζ' < 1: then ẏ = -y + W h(ζ⁻¹(y)) contracts everywhere."""
    if not (isinstance(system, Relaxation) and isinstance(system.coupling, Activation)):
        return False
    steepest = system.weights.singular_values[0] * system.coupling.lipschitz
    return bool(steepest < system.zeta.least_slope)


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
    if contracts(system):
        found = zeros(equations, np.zeros((1, equations.dimension)), _none(equations))
    else:
        given = None if starts is None else _coordinates(equations, starts)
        found = from_many_starts(equations, system.size, given, is_odd(system), effort)
    points = sorted((_fixed_point(equations, a) for a in found), key=_growth)
    counts = system.bounded and all(point.hyperbolic for point in points)
    summed = sum(point.index for point in points) if counts else None
    return FixedPoints(tuple(points), contracts(system), summed)


def _growth(point: FixedPoint) -> float:
    return point.growth


def _coordinates(equations: Reduced | Full, states: Array) -> Array:
    if isinstance(equations, Full):
        return states
    return equations.network.zeta(states) @ equations.basis


def _fixed_point(equations: Reduced | Full, a: Array) -> FixedPoint:
    jacobian = equations.jacobian(a[None])[0]
    if not np.isfinite(jacobian).all():
        raise NotAnalytic(UNUSABLE)
    eigenvalues = _slowest_first(np.linalg.eigvals(jacobian).astype(complex))
    index = int(np.linalg.slogdet(-jacobian)[0])
    if isinstance(equations, Full):
        return FixedPoint(a, eigenvalues, 0, index)
    state = equations.states(a[None])[0]
    defect = 0
    tiny = RANK_TOLERANCE * float(np.linalg.norm(equations.gather, 2))
    mu, vanishing = _nonzero_eigenvalues(jacobian + np.eye(len(a)), tiny)
    if vanishing:
        every = np.concatenate([mu, np.zeros(vanishing)]).astype(complex)
        eigenvalues = _slowest_first(np.asarray(every - 1.0, dtype=complex))
        # kᵀ S Rᵀ Dg = 0 makes Qk an eigenvector; any other μ = 0 belongs to a Jordan block.
        sloped = equations.sloped(a)
        uncoupled = 0 if sloped is None else len(a) - np.linalg.matrix_rank(sloped, tiny)
        defect = vanishing - int(uncoupled)
    return FixedPoint(state, eigenvalues, len(state) - len(a), index, defect=defect)


def _nonzero_eigenvalues(matrix: Array, tiny: float) -> tuple[NDArray, int]:
    """Eigenvalues other than 0, and how often 0 is one: rounding moves a block of k by ε^(1/k).

    What a matrix does on its range has its nonzero eigenvalues, with smaller blocks at 0. Singular
    values up to `tiny` are 0.
    """
    size = len(matrix)
    while len(matrix):
        u, s, _ = np.linalg.svd(matrix)
        rank = int(np.sum(s > tiny))
        if rank == len(matrix):
            break
        matrix = u[:, :rank].T @ matrix @ u[:, :rank]
    return np.linalg.eigvals(matrix), size - len(matrix)


def _slowest_first(eigenvalues: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """By real part; conjugate pairs stay side by side, as LAPACK has them."""
    return eigenvalues[np.lexsort((-np.abs(eigenvalues.imag), -eigenvalues.real))]
