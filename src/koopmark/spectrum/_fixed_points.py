"""Fixed points of a system, their spectra, and whether all of them were found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark._keys import generator
from koopmark.simulation import initial_states_of, one_blas_thread, simulate
from koopmark.spectrum._equations import (
    UNUSABLE,
    Equations,
    at_rest,
    check_analytic,
    equations_of,
    relaxation_map,
    relaxation_network,
)
from koopmark.spectrum._newton import distinct, from_many_starts, zeros
from koopmark.spectrum._nonlinearity import NoSpectrum, NotAnalytic
from koopmark.systems import System

Array = NDArray[np.float64]

EFFORTS = (8, 64)
"""Times as many starts where the sum of the indices proves that fixed points are missing."""
HYPERBOLIC = 1e-8
"""A real part smaller than this tells nothing of stability."""
GIVEN_STARTS = 20
"""So many of the states are starts of the search too."""
SETTLED, LONGEST = 40.0, 400.0
"""How long trajectories are followed, in times of the slowest rate; at most, in decay times."""
AT_REST = 1e-2
"""Distance from a fixed point, relative to 1 + its size, at which a trajectory is there."""


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A fixed point of a flow or map, with the spectrum of its Jacobian.

    Parameters
    ----------
    state : (N,) array
    reduced_eigenvalues : (k,) complex array
        Eigenvalues of the k x k matrix DF, slowest first, with k = r for a relaxation network. For
        a map, eigenvalues μ of its derivative, largest first.
    null_dimension : int
        Multiplicity of the additional eigenvalue -1 (or μ) of the weights' null space: N - r for a
        relaxation network, else 0.
    index : int
        Sign of det(-J), the index of the field -F at the point.
    in_closed_form : bool
        Whether all eigenfunctions have a closed form, rather than those of the null space only.
    defect : int
        Number of `reduced_eigenvalues` that are -1 without an eigenvector, since they belong to
        Jordan blocks of null vectors.
    null_eigenvalue : float
        -1, or μ of a map.
    discrete : bool
        Whether eigenvalues are μ of one step of a map.
    """

    state: Array
    reduced_eigenvalues: NDArray[np.complex128]
    null_dimension: int
    index: int
    in_closed_form: bool = False
    defect: int = 0
    null_eigenvalue: float = -1.0
    discrete: bool = False

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        """All eigenvalues (N,) of the Jacobian, slowest first."""
        null = np.full(self.null_dimension, self.null_eigenvalue + 0j)
        return _slowest_first(np.concatenate([self.reduced_eigenvalues, null]), self.discrete)

    def growth_of(self, eigenvalues: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Growth rate Re λ, or ln |μ| per step of a map (-inf for μ = 0)."""
        if not self.discrete:
            return eigenvalues.real
        with np.errstate(divide="ignore"):
            return np.log(np.abs(eigenvalues))

    @property
    def growth(self) -> float:
        """Largest growth rate: the largest Re λ, or ln |μ| per step of a map."""
        slowest = float(self.growth_of(self.reduced_eigenvalues).max())
        return max(slowest, -self.null_rate) if self.null_dimension else slowest

    @property
    def null_rate(self) -> float:
        """Decay rate -Re λ, or -ln |μ|, of the functions of the weights' null space."""
        return -float(self.growth_of(np.array([self.null_eigenvalue + 0j]))[0])

    @property
    def fastest_growing(self) -> str:
        """A phrase for messages that says why the point is not stable."""
        if self.discrete:
            return f"a |μ| of {np.exp(self.growth):.3g} is among its eigenvalues"
        return f"the real part {self.growth:.3g} is among its eigenvalues"

    @property
    def stable(self) -> bool:
        return self.growth < -HYPERBOLIC

    @property
    def hyperbolic(self) -> bool:
        return bool((np.abs(self.growth_of(self.reduced_eigenvalues)) > HYPERBOLIC).all())


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """The fixed points that were found, with evidence on whether there are more.

    Parameters
    ----------
    points : tuple of FixedPoint
        Stable ones first.
    unique : bool
        Whether y ↦ W h(ζ⁻¹(y)) is a contraction. This proves that there is one fixed point, at
        which every trajectory ends.
    index_sum : int or None
        Σ index over the points. If h is bounded, the sum over all fixed points is 1 (by
        Poincaré-Hopf, since the field points inwards on a large ball), so another sum proves that
        some are missing. None if h is not known to be bounded, or a point is not hyperbolic.
    """

    points: tuple[FixedPoint, ...]
    unique: bool
    index_sum: int | None

    @property
    def stable(self) -> tuple[FixedPoint, ...]:
        return tuple(point for point in self.points if point.stable)

    @property
    def completeness(self) -> str:
        """Whether all were found: `proved`, `consistent`, `incomplete` or `unknown`."""
        if self.unique and len(self.points) == 1:
            return "proved"
        if self.index_sum is None:
            return "unknown"
        return "consistent" if self.index_sum == 1 else "incomplete"


def closed_form_fixed_point(system: System) -> FixedPoint | None:
    """The fixed point at which all trajectories end, with closed-form eigenvalues.

    If coordinates y = Ψ(x), analytic with an analytic inverse on their image, obey ẏ = Λy with Λ
    stable, every trajectory ends at Ψ⁻¹(0), the functions vᵀΨ are principal at the eigenvalues of
    Λ, and those with an analytic eigenfunction are their sums, resonant or not. If Λ is not
    defective, or has no Jordan block but one of size 2, all analytic eigenfunctions are
    combinations of the products of these (docs/explanation/theory/lattice.md).

    None for systems without such coordinates.

    Raises
    ------
    NoSpectrum
        If there are such coordinates, but Λ is not stable, or so defective that products of
        generalised eigenfunctions are eigenfunctions too.
    """
    linear = system.linear_coordinates
    if linear is None or system.discrete:
        return None
    principal, eigenvalues = linear.principal, linear.principal.eigenvalues
    if not principal.complete:
        raise NoSpectrum(
            f"{len(eigenvalues)} eigenfunctions of a system of size {system.size} are given: how "
            "many products of others, or of generalised ones, are eigenfunctions is not computed"
        )
    slowest = float(eigenvalues.real.max())
    if not slowest < -HYPERBOLIC:
        raise NoSpectrum(
            f"the fixed point is not stable: the real part {slowest:.3g} is among its eigenvalues"
        )
    ordered = eigenvalues.astype(complex)[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
    return FixedPoint(linear.origin, ordered, 0, 1, in_closed_form=True)


def fixed_points(system: System, starts: Array | None = None) -> FixedPoints:
    """Find the fixed points of a system.

    Newton's method starts from zero, random states, the states these relax to, and `starts`. It is
    repeated with all known points deflated until it finds no new ones. If F is odd, mirror images
    are added. Relaxation networks have r equations; for other systems, which have N, the Jacobian
    comes from complex steps, so they must be analytic.

    Parameters
    ----------
    system : System
    starts : (M, N) array, optional
        Additional states to start from, such as the ends of trajectories.

    Raises
    ------
    NoSpectrum
        If the system is a drift network, whose fixed points are not isolated, or has no derivative
        by complex steps.
    ValueError
        If `starts` have the wrong shape or are not finite.
    """
    if starts is not None:
        starts = initial_states_of(starts, system.size, "starts")
    equations = equations_of(system)
    with one_blas_thread():
        check_analytic(equations)
        found = _search(equations, system, starts)
        for effort in EFFORTS:
            if found.completeness != "incomplete":
                break
            found = _search(equations, system, starts, effort)
    return found


def fixed_point_near(system: System, state: Array) -> FixedPoint:
    """The fixed point that Newton's method reaches from a state (N,).

    Raises
    ------
    NoSpectrum
        If it reaches none, or as `fixed_points`.
    ValueError
        If the state is not real and finite, or has the wrong shape.
    """
    state = initial_states_of(real(state, "state")[None], system.size, "state")
    equations = equations_of(system)
    check_analytic(equations)
    none_known = np.empty((0, equations.dimension))
    found = zeros(equations, equations.coordinates(state), none_known)
    if len(found) == 0:
        raise NoSpectrum("Newton's method reaches no fixed point from this state")
    return _fixed_point(equations, found[0], system.discrete)


def coincide(system: System, one: FixedPoint, other: FixedPoint) -> bool:
    """Whether two fixed points from Newton's method are the same up to their numerical error."""
    equations = equations_of(system)
    first, second = (equations.coordinates(point.state[None]) for point in (one, other))
    return len(distinct(equations, first, second)) == 0


def contracts(system: System) -> bool:
    """Whether ‖W‖ sup h' / inf ζ' < 1, so that ẏ = -y + W h(ζ⁻¹(y)) contracts everywhere.

    For a map the bound is 1 - |μ| instead of 1.
    """
    stepped = relaxation_map(system)
    network = stepped or relaxation_network(system)
    if network is None or network.activation is None:
        return False
    steepest = network.weights.singular_values[0] * network.activation.lipschitz
    least = network.zeta.least_slope
    if stepped is not None and system.null_flow is not None:
        least = least * (1.0 - float(np.abs(system.null_flow.law.eigenvalue(1))))
    return bool(steepest < least)


def attractor(system: System, states: NDArray[np.float64]) -> FixedPoint:
    """The stable fixed point at which all trajectories from `states` (M, N) end.

    Raises
    ------
    NoSpectrum
        If they end at several fixed points, or at none that was found. Also for systems with an
        unknown lattice, which are neither relaxation networks nor conjugate to a linear system.
    """
    states = initial_states_of(states, system.size, "states")
    known = closed_form_fixed_point(system)
    if known is not None:
        return known
    at_rest(system)
    if relaxation_network(system) is None and relaxation_map(system) is None:
        if system.null_flow is not None:
            raise NoSpectrum("the eigenvalues of a drift network fill a line: there is no lattice")
        raise NoSpectrum(
            f"the lattice of eigenvalues is not known for a {type(system).__name__}: it is for "
            "relaxation networks and stable systems that are linear in other coordinates"
        )
    points = fixed_points(system, starts=states[:GIVEN_STARTS]).stable
    if contracts(system) and len(points) == 1:
        return points[0]
    if not points:
        raise NoSpectrum("no stable fixed point of the network was found")
    slowest = max(point.growth for point in points)
    following = min(SETTLED / abs(slowest), LONGEST)
    following = float(np.ceil(following + 1.0)) if system.discrete else following
    ends = simulate(system, states, [0.0, following], rtol=1e-6).states[:, 1]
    places = np.array([point.state for point in points])
    distance = np.linalg.norm(ends[:, None] - places, axis=2)
    nearest = np.argmin(distance, axis=1)
    rests = np.min(distance, axis=1) <= AT_REST * (1.0 + np.linalg.norm(places[nearest], axis=1))
    if not rests.all():
        lost = f"{int(np.sum(~rests))} of {len(states)} test trajectories"
        raise NoSpectrum(f"{lost} do not end at any fixed point that was found")
    attracting = np.unique(nearest)
    if len(attracting) > 1:
        raise NoSpectrum(f"the test trajectories end at {len(attracting)} different fixed points")
    return points[attracting[0]]


def is_odd(system: System) -> bool:
    """Whether F(-x) = -F(x) to rounding at a few random states."""
    x = generator("fixed points", "oddness").standard_normal((8, system.size))
    with np.errstate(all="ignore"):
        sums, sizes = system.rhs(x) + system.rhs(-x), np.abs(system.rhs(x))
    return bool((np.abs(sums) <= 1e-12 * (1.0 + sizes.max())).all())


def _search(
    equations: Equations, system: System, starts: Array | None, effort: int = 1
) -> FixedPoints:
    unique = contracts(system)
    if unique:
        k = equations.dimension
        found = zeros(equations, np.zeros((1, k)), np.empty((0, k)))
    else:
        given = None if starts is None else equations.coordinates(starts)
        found = from_many_starts(equations, given, is_odd(system), effort)
    made = (_fixed_point(equations, a, system.discrete) for a in found)
    points = sorted(made, key=lambda point: point.growth)
    counts = system.bounded and all(point.hyperbolic for point in points)
    summed = sum(point.index for point in points) if counts else None
    return FixedPoints(tuple(points), unique, summed)


def _fixed_point(equations: Equations, a: Array, discrete: bool) -> FixedPoint:
    jacobian = equations.jacobian(a[None])[0]
    if not np.isfinite(jacobian).all():
        raise NotAnalytic(UNUSABLE)
    index = int(np.linalg.slogdet(-jacobian)[0])
    eigenvalues, defect = equations.spectrum(a, jacobian)
    if discrete:
        # x⁺ - x is (1 - μ) F in reduced coordinates, and F in others.
        step = 1.0 if equations.law.multiplier is None else 1.0 - equations.law.multiplier
        eigenvalues = 1.0 + step * eigenvalues
    return FixedPoint(
        equations.states(a[None])[0],
        _slowest_first(eigenvalues, discrete),
        equations.size - equations.dimension,
        index,
        defect=defect,
        null_eigenvalue=equations.law.eigenvalue(1).real,
        discrete=discrete,
    )


def _slowest_first(
    eigenvalues: NDArray[np.complex128], discrete: bool = False
) -> NDArray[np.complex128]:
    """By real part, or |μ|; conjugate pairs stay side by side, as LAPACK has them."""
    if discrete:
        # Rounding must not part a pair.
        size = np.abs(eigenvalues).round(12)
        return eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real.round(12), -size))]
    return eigenvalues[np.lexsort((-np.abs(eigenvalues.imag), -eigenvalues.real))]
