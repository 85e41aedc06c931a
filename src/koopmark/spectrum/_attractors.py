"""Attractors of a system, found from many initial states: fixed points, cycles, chaos.

Largest Lyapunov exponents come from the tangent flow, its size divided out as it grows (Benettin et
al. 1980). For recurrent networks it has r dimensions: on the set that attracts every trajectory y =
Qa, and perturbations off it decay at the rate 1. Other systems are followed in all of theirs, and
maps step by step, with exponents per step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation import (
    Tolerance,
    initial_states_of,
    integrate,
    one_blas_thread,
    simulate,
)
from koopmark.spectrum._equations import at_rest, relaxation_map, relaxation_network
from koopmark.spectrum._nonlinearity import STEP as IMAGINARY
from koopmark.systems import System

Array = NDArray[np.float64]

SETTLED, LASTING, WATCHED, FOLLOWED = 300.0, 3000.0, 200.0, 200.0
"""Time until trajectories count as settled; that chaos lasts at least, or it is a transient; over
which what still moves is watched; over which perturbations are followed. In decay times."""
STRETCH = 5.0
"""Times FOLLOWED that a chaotic trajectory is followed: its exponents scatter, and are averaged."""
STILL = 1e-5
"""Speed relative to 1 + |x| below which a state stands still."""
SAME_POINT, SAME_MOTION = 1e-3, 0.15
"""Distance of fixed points that are one, relative to 1 + |x|; of means and covariances over time
that are those of one motion, relative to its amplitude."""
NEUTRAL = 0.02
"""Lyapunov exponents of motions at most so far from 0 are 0: the logarithm by which a perturbation
varies along a cycle, over FOLLOWED."""
MANY = 20
"""More attractors than that are no attractors: where a trajectory ends depends on its start. As
many trajectories are averaged over if they are chaotic."""
FURTHER = 1.1
"""Growth of the distance from the origin, over ten times the time, of what does not come back."""
STEPS = 4
"""Steps of a map for each unit of these times."""
FOLLOWED_STATES = 8
RTOL, AT_LAST, CALMED = 1e-5, 1e-8, 5.0
"""Relative accuracy of trajectories; where they are to end, of their last so many decay times: what
the integrator adds at rest must be far below STILL."""
GROWTH = 1e-4
"""Relative accuracy of perturbations: exponents lose a few times that."""
ALIGNING = 0.1
"""Share of the time in which a perturbation turns towards the direction that grows fastest."""


@dataclass(frozen=True)
class Regime:
    """The asymptotic behaviour of a system from the initial states of its dataset.

    Parameters
    ----------
    kind : str
        `fixed point`, `multistable` (several fixed points), `limit cycle`, `limit cycles`,
        `mixed` (fixed points and others), `chaotic`, `transient chaos` (a motion that looks
        chaotic when others have settled, but comes to rest, or becomes a cycle, later on),
        `continuum` (where a trajectory ends depends on where it starts) or `unbounded`. A map may
        have a `periodic orbit`, or several; its limit cycle is a closed curve.
    attractors : int
        Number of attractors. It is 0 (not counted) for a continuum, if trajectories are unbounded,
        and if a motion is chaotic, since its averages converge too slowly to tell attractors apart.
    lyapunov : float
        Largest Lyapunov exponent of all attractors, to two decimals; per step for a map. Those of
        fixed points come from their Jacobians. The exponent of a motion is 0 if it is 0 within the
        error of a finite average; it is 0 if unbounded. For chaos it is the mean over trajectories
        (their maximum grows with their number), and for transient chaos that of the final motion.
    lyapunov_error : float
        Standard error of that mean, to three decimals; 0 if there is nothing to average.
    """

    kind: str
    attractors: int
    lyapunov: float
    lyapunov_error: float = 0.0


def regime(system: System, starts: NDArray, rng: np.random.Generator) -> Regime:
    """Determine the regime of a system from initial states (M, N).

    Raises
    ------
    NoSpectrum
        If inputs move the system.
    """
    at_rest(system)
    ends = _ends(system, starts, SETTLED)
    if ends is None:
        return Regime("unbounded", 0, 0.0)
    moving = _moving(system, ends)
    watched = _watched(system, ends[moving])
    if moving.any() and _leaves(system, watched[:FOLLOWED_STATES]):
        return Regime("unbounded", 0, 0.0)
    motions = _motions(system, watched, rng)
    if not len(motions.chaotic):
        return _regular(system, ends[~moving], motions)
    later = _ends(system, ends[moving], LASTING)
    if later is None:
        return Regime("unbounded", 0, 0.0)
    still_moving = _moving(system, later)
    last = _motions(system, _watched(system, later[still_moving]), rng)
    if still_moving.all() and len(last.chaotic):
        return _chaos(system, last.chaotic, rng)
    resting = np.concatenate([ends[~moving], later[~still_moving]])
    if len(last.chaotic):
        reached = _chaos(system, last.chaotic, rng)
    else:
        reached = _regular(system, resting, last)
    return Regime("transient chaos", reached.attractors, reached.lyapunov)


def _ends(system: System, starts: NDArray, time: float) -> NDArray | None:
    """States (M, N) of the trajectories after a time; None if a trajectory has no end."""
    ends = np.array(starts, dtype=float)
    calmed = min(CALMED, time)
    for stretch, rtol in ((time - calmed, RTOL), (calmed, AT_LAST)):
        if stretch > 0:
            times = np.array([0.0, stretch]) * _steps(system)
            followed = simulate(system, ends, times, rtol=rtol)
            ends = np.array(followed.states[:, -1], dtype=float)
            if followed.diverged.any() or not np.isfinite(ends).all():
                return None
    return ends


def _moving(system: System, ends: NDArray) -> NDArray[np.bool_]:
    moved = system.rhs(ends) - ends if system.discrete else system.rhs(ends)
    return np.linalg.norm(moved, axis=1) / (1.0 + np.linalg.norm(ends, axis=1)) > STILL


def _steps(system: System) -> int:
    """What the times of this module are multiplied by."""
    return STEPS if system.discrete else 1


class _Motions(NamedTuple):
    """One state of each motion, MANY at most, its exponent over FOLLOWED, and their number.

    `neutral` is the size of exponents up to which they are 0.
    """

    number: int
    states: Array
    exponents: Array
    neutral: float

    @property
    def chaotic(self) -> Array:
        return self.states[self.exponents > self.neutral]


def _watched(system: System, states: Array) -> Array:
    """(M, T, N) trajectories from states (M, N), over WATCHED."""
    steps = WATCHED * STEPS if system.discrete else 1000
    times = np.linspace(0.0, WATCHED * _steps(system), int(steps) + 1)
    return simulate(system, states, times, rtol=RTOL).states


def _motions(system: System, watched: Array, rng: np.random.Generator) -> _Motions:
    neutral = NEUTRAL / _steps(system)
    if not len(watched):
        return _Motions(0, watched[:, 0], np.empty(0), neutral)
    found = _told_apart(watched)
    followed = watched[found[:MANY], 0]
    exponents = largest_exponents(system, followed, FOLLOWED * _steps(system), rng)
    return _Motions(len(found), followed, exponents, neutral)


def _chaos(system: System, states: Array, rng: np.random.Generator) -> Regime:
    """The mean exponent of chaotic trajectories: if there are fewer than MANY, also later on."""
    time = STRETCH * FOLLOWED * _steps(system)
    begins = np.arange(-(-MANY // len(states))) * time
    stretches = simulate(system, states, begins, rtol=RTOL).states.reshape(-1, system.size)
    exponents = largest_exponents(system, stretches, time, rng)
    error = exponents.std(ddof=1) / np.sqrt(len(exponents))
    return Regime("chaotic", 0, float(exponents.mean().round(2)), float(error.round(3)))


def _regular(system: System, resting: Array, motions: _Motions) -> Regime:
    """The attractors at which trajectories have come to rest, and those on which they move."""
    points = _clusters(resting, SAME_POINT * (1.0 + np.linalg.norm(resting, axis=1)))
    neutral = np.abs(motions.exponents) <= motions.neutral
    at_rest = exponents_at_rest(system, resting[points[:MANY]])
    exponents = np.concatenate([np.where(neutral, 0.0, motions.exponents), at_rest])
    largest = float(np.round(exponents.max(), 2)) + 0.0
    count = len(points) + motions.number
    if count > MANY:
        return Regime("continuum", 0, largest)
    if motions.number:
        # An orbit of finitely many states has no direction along it that neither grows nor falls.
        orbits = system.discrete and not neutral.any()
        cycles = "periodic orbit" if orbits else "limit cycle"
        cycles += "s" if motions.number > 1 else ""
        return Regime("mixed" if points else cycles, count, largest)
    return Regime("fixed point" if count == 1 else "multistable", count, largest)


def _leaves(system: System, states: Array) -> bool:
    """Whether one of the watched trajectories (M, T, N) goes ever further away, however slowly."""
    half = states.shape[1] // 2
    moved = np.linalg.norm(states[:, half:].mean(axis=1) - states[:, :half].mean(axis=1), axis=1)
    suspect = moved > np.linalg.norm(states.std(axis=1), axis=1)
    if not suspect.any():
        return False
    # A transient, or a wandering attractor, does so too, but not for long.
    times = np.linspace(5.0, 10.0, 201) * WATCHED * _steps(system)
    later = simulate(system, states[suspect, 0], times, rtol=RTOL).states
    if not np.isfinite(later).all():
        return True
    reached = np.linalg.norm(states[suspect], axis=2).max(axis=1)
    return bool((np.linalg.norm(later, axis=2).max(axis=1) > FURTHER * reached).any())


def _told_apart(states: Array) -> list[int]:
    """One index for each motion, told by mean and covariance of its states (M, T, N) over time."""
    means = states.mean(axis=1)
    deviations = states - means[:, None]
    covariances = np.einsum("mti,mtj->mij", deviations, deviations) / states.shape[1]
    amplitudes = np.sqrt(np.trace(covariances, axis1=1, axis2=2))
    scaled = covariances.reshape(len(states), -1) / amplitudes[:, None]
    return _clusters(np.hstack([means, scaled]), SAME_MOTION * amplitudes)


def _clusters(points: NDArray, radii: NDArray) -> list[int]:
    """The index of one of each group of points that lie within a radius of one another."""
    kept: list[int] = []
    for index, point in enumerate(points):
        if all(np.linalg.norm(point - points[other]) > radii[other] for other in kept):
            kept.append(index)
    return kept


class _Flow(NamedTuple):
    """A vector field and its derivative along perturbations, and where trajectories start."""

    slopes: Callable[[Array, Array], tuple[Array, Array]]
    start: Array
    floor: float
    """The exponent of what is not followed; -inf where all is."""


def largest_exponents(
    system: System, states: NDArray, time: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Largest Lyapunov exponent (M,) of the trajectory from each state (M, N), over `time`.

    The states should lie on an attractor. The error is about 1 / √time if the attractor is chaotic,
    and about 1 / time otherwise. For a map the exponent is per step, and -inf if every perturbation
    vanishes after a step.
    """
    if system.discrete:
        return _exponents_of_map(system, states, int(time), rng)
    flow = _flow(system, initial_states_of(states, system.size, "states"))
    k, count = flow.start.shape[1], len(states)
    v = rng.standard_normal(flow.start.shape)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    began = np.hstack([flow.start, v, np.zeros((count, 1))])
    grown = np.full((count, 2, 2 * k + 1), np.nan)
    times = np.array([ALIGNING * time, time])
    with one_blas_thread():
        integrate(_Growing(flow, k), began.T.copy(), times, Tolerance(GROWTH), grown)
    growth = grown[:, :, -1] + np.log(np.linalg.norm(grown[:, :, k:-1], axis=2))
    return np.maximum((growth[:, 1] - growth[:, 0]) / (times[1] - times[0]), flow.floor)


def _exponents_of_map(
    system: System, states: NDArray, steps: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    slopes = _stepped(system)
    x = initial_states_of(states, system.size, "states")
    v = rng.standard_normal(x.shape)
    growth, aligned = np.zeros(len(x)), max(1, int(ALIGNING * steps))
    with np.errstate(divide="ignore"):
        for step in range(steps):
            size = np.linalg.norm(v, axis=1, keepdims=True)
            x, v = slopes(x, v / np.where(size > 0, size, 1.0))
            if step >= aligned:
                growth += np.log(np.linalg.norm(v, axis=1))
    return growth / (steps - aligned)


class _Growing:
    """A state, the direction of a perturbation and the logarithm of its size, for the integrator.

    With J the Jacobian, g' = vᵀJv / vᵀv and v' = Jv - g'v: |v| stays as it is but for errors.
    """

    timed = False

    def __init__(self, flow: _Flow, dimension: int) -> None:
        self._flow, self._dimension = flow, dimension

    def clock(self, t: Array) -> Array:
        return t

    def __call__(self, _clock: Array, a: Array, out: Array) -> Array:
        k = self._dimension
        v = a[k:-1]
        slope_x, slope_v = self._flow.slopes(a[:k].T, v.T)
        out[:k], out[k:-1] = slope_x.T, slope_v.T
        out[-1] = np.einsum("km,km->m", v, out[k:-1]) / np.einsum("km,km->m", v, v)
        out[k:-1] -= out[-1] * v
        return out

    def size(self, _clock: Array, a: Array) -> Array:
        return np.sqrt(np.einsum("km,km->m", a[:-1], a[:-1]))

    def keep(self, lanes: NDArray[np.intp]) -> None:
        pass


def exponents_at_rest(system: System, states: NDArray) -> NDArray[np.float64]:
    """Largest Lyapunov exponent (M,) at each fixed point (M, N): the largest Re λ of the Jacobian.

    This is the limit of `largest_exponents`, without an average. For a map it is the largest ln
    |μ|.
    """
    if system.discrete:
        slopes, unit = _stepped(system), np.eye(system.size)
        derivatives = (slopes(np.broadcast_to(x, unit.shape), unit)[1] for x in states)
        with np.errstate(divide="ignore"):
            return np.array([np.log(np.abs(np.linalg.eigvals(d)).max()) for d in derivatives])
    flow = _flow(system, states)
    units = np.eye(flow.start.shape[1])
    jacobians = (flow.slopes(np.broadcast_to(x, units.shape), units)[1] for x in flow.start)
    largest = [np.linalg.eigvals(j).real.max(initial=flow.floor) for j in jacobians]
    return np.array(largest)


def _stepped(system: System) -> Callable[[Array, Array], tuple[Array, Array]]:
    """The next state, and the derivative along perturbations."""
    network = relaxation_map(system)
    sigma = network.activation if network else None
    if network is None or sigma is None:

        def analytic(x: Array, v: Array) -> tuple[Array, Array]:
            both = system.rhs(x + IMAGINARY * 1j * v)
            return both.real, both.imag / IMAGINARY

        return analytic
    zeta = network.zeta

    def slopes(x: Array, v: Array) -> tuple[Array, Array]:
        after = system.rhs(x)
        moved = network.weights.apply(sigma.derivative(x) * v)
        moved += network.linear(zeta.derivative(x) * v)
        return after, moved / zeta.derivative(after)

    return slopes


def _flow(system: System, states: NDArray) -> _Flow:
    network = relaxation_network(system)
    sigma = network.activation if network else None
    theta = network.zeta.theta if network else None
    if network is None or sigma is None or theta is None:

        def slopes(x: Array, v: Array) -> tuple[Array, Array]:
            both = system.rhs(x + IMAGINARY * 1j * v)
            return both.real, both.imag / IMAGINARY

        return _Flow(slopes, states.copy(), -np.inf)
    q, s = network.weights.thin_qr
    gather = network.weights.right @ s.T

    def reduced(a: Array, v: Array) -> tuple[Array, Array]:
        x = a @ q.T + theta
        return sigma(x) @ gather - a, (sigma.derivative(x) * (v @ q.T)) @ gather - v

    return _Flow(reduced, network.zeta(states) @ q, -1.0)
