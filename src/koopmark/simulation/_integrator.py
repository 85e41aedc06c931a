"""Dormand–Prince 8(5,3) for many trajectories at once, each with steps of its own.

Every lane has its own time, step and error control; a step of the whole tile is one attempt of
each lane. Lanes that are done or diverged leave, so they cost the others nothing, and no lane's
result depends on its neighbours beyond rounding. One step shared by a tile would take the smallest
that any lane asks for, 9 to 14% more evaluations, and would tie every result to the batch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation._rhs import RightHandSide
from koopmark.simulation.tableau import (
    ALL_STAGES,
    ERROR_EXPONENT,
    ERRORS,
    ERRORS_AND_INTERPOLANT,
    INTERPOLATION_SHARE,
    NODES,
    POINTS,
    STAGES,
)

Array = NDArray[np.float64]

LOCAL_SHARE = 0.1
"""Share of the tolerance that a step's end may err by: the errors of many steps add up."""
SAFETY = 0.9
SHRINK, GROW = 0.2, 6.0
AFTER_NON_FINITE = 0.1
SMALLEST_STEP = 1e-14
"""Of the whole time span: below it a trajectory counts as blown up."""
LARGEST_SIZE = 1e150
"""Above it a trajectory counts as blown up: squares, and with them the error norms, overflow."""
STRETCH = 1.01
"""A step this close to the end goes there."""


@dataclass(frozen=True)
class Tolerance:
    """Error of a state at most `relative` x size + `absolute`, in the Euclidean norm."""

    relative: float
    absolute: float = 0.0

    def error(self, size: Array) -> Array:
        return self.relative * size + self.absolute


def integrate(
    rhs: RightHandSide, start: Array, times: Array, tolerance: Tolerance, samples: Array
) -> Array:
    """Integrate m lanes from time 0 and sample them at the given times.

    Parameters
    ----------
    rhs : RightHandSide
        Of these m lanes; it forgets lanes as they leave.
    start : (k, m) array
        Coordinates at time 0.
    times : (T,) array
        Positive and increasing times elapsed at which samples are wanted.
    samples : (m, T, k) array
        Written; what lies after a divergence is left as it was.

    Returns
    -------
    (m,) array
        Time reached by each lane that diverged, NaN for the others.
    """
    end, smallest = times[-1], SMALLEST_STEP * times[-1]
    trajectory = np.arange(start.shape[1])
    stopped = np.full(start.shape[1], np.nan)
    t, due = np.zeros(start.shape[1]), np.zeros(start.shape[1], dtype=np.intp)
    memory = np.zeros((ALL_STAGES + 1) * start.size)
    stages = memory.reshape(-1, *start.shape)
    stages[0] = start
    velocity = rhs(rhs.clock(t), start, np.empty_like(stages[0]))
    size = rhs.size(rhs.clock(t), start)
    h = _first_step(rhs, start, velocity, size, tolerance, end)
    may_grow = np.ones(len(t), dtype=bool)

    while True:
        last = STRETCH * h >= end - t
        h = np.where(last, end - t, h)
        after = np.where(last, end, t + h)
        clock = rhs.clock(t + NODES[:, None] * h)

        np.multiply(velocity, h, out=stages[1])
        new = _advance(rhs, stages, clock, h)
        new_velocity = rhs(clock[STAGES], new, np.empty_like(new))
        new_size = rhs.size(clock[STAGES], new)
        allowed = tolerance.error(np.maximum(size, new_size))
        within = times[due] < after
        if within.any():
            _interpolation_stages(rhs, stages, new_velocity, clock, h)
            estimates, powers = np.split(_weighted(ERRORS_AND_INTERPOLANT, stages), [len(ERRORS)])
            inside = INTERPOLATION_SHARE * _norm(powers[-1])
            error = np.maximum(_error(estimates) / LOCAL_SHARE, within * inside)
        else:
            error = _error(_weighted(ERRORS, stages)) / LOCAL_SHARE
        error = _ratio(error, allowed)
        finite = np.isfinite(error + new_size + new_velocity.sum(axis=0))
        accepted = finite & (error <= 1.0)

        reached = np.where(accepted, np.searchsorted(times, after, side="right"), due)
        lane, index = _pairs(due, reached)
        if within[lane].any():
            values = _interpolate(stages[0], powers, lane, (times[index] - t[lane]) / h[lane])
        else:
            values = new.take(lane, axis=1)
        samples[trajectory[lane], index] = values.T

        due = reached
        if accepted.all():
            stages[0], velocity, t, size = new, new_velocity, after, new_size
        else:
            np.copyto(stages[0], new, where=accepted)
            np.copyto(velocity, new_velocity, where=accepted)
            t, size = np.where(accepted, after, t), np.where(accepted, new_size, size)
        h = h * _factor(error, finite, accepted, may_grow)
        may_grow = accepted

        running = t < end
        diverged = running & ((size > LARGEST_SIZE) | ~(h > smallest))
        stopped[trajectory[diverged]] = t[diverged]
        stay = np.flatnonzero(running & ~diverged)
        if len(stay) == 0:
            return stopped
        if len(stay) < len(t):
            rhs.keep(stay)
            a, velocity = stages[0].take(stay, axis=1), velocity.take(stay, axis=1)
            stages = memory[: (ALL_STAGES + 1) * a.size].reshape(-1, *a.shape)
            stages[0] = a
            trajectory, t, h, size = trajectory[stay], t[stay], h[stay], size[stay]
            due, may_grow = due[stay], may_grow[stay]


def _advance(rhs: RightHandSide, stages: Array, clock: Array, h: Array) -> Array:
    """The eleven stages after the first of every lane's step; returns the points at its end."""
    point = np.empty_like(stages[0])
    for stage in range(1, STAGES):
        _evaluate(rhs, stages, stage, clock, h, point)
    return _point(stages, STAGES, point)


def _evaluate(
    rhs: RightHandSide, stages: Array, stage: int, clock: Array, h: Array, point: Array
) -> None:
    velocity = rhs(clock[stage], _point(stages, stage, point), stages[stage + 1])
    velocity *= h


def _point(stages: Array, stage: int, out: Array) -> Array:
    """a + Σⱼ Aᵢⱼ h kⱼ, for every lane: one product of weights with the block of stages."""
    rows = stages[: stage + 1].reshape(stage + 1, -1)
    np.dot(POINTS[stage], rows, out=out.reshape(-1))
    return out


def _weighted(weights: Array, stages: Array) -> Array:
    """Weights (n, s) over the first s scaled stages: (n, k, m)."""
    count = weights.shape[-1]
    combined = weights @ stages[1 : count + 1].reshape(count, -1)
    return combined.reshape(-1, *stages.shape[1:])


def _norm(coordinates: Array) -> Array:
    return np.sqrt(np.einsum("km,km->m", coordinates, coordinates))


def _error(estimates: Array) -> Array:
    """(m,) estimate of the local error's norm, fifth order corrected by third (Hairer II.10)."""
    fifth, third = np.einsum("ekm,ekm->em", estimates, estimates)
    norm = np.sqrt(fifth + 0.01 * third)
    return np.divide(fifth, norm, out=norm, where=norm != 0.0)


def _ratio(error: Array, allowed: Array) -> Array:
    """Error over what is allowed; an error of zero is allowed even where nothing is."""
    return np.divide(error, allowed, out=np.zeros_like(error), where=error != 0.0)


def _factor(
    error: Array,
    finite: NDArray[np.bool_],
    accepted: NDArray[np.bool_],
    may_grow: NDArray[np.bool_],
) -> Array:
    """Factor on each step: the one that the error asks for, none above 1 after a rejection."""
    wanted = SAFETY * np.maximum(np.where(finite, error, 1.0), 1e-16) ** ERROR_EXPONENT
    factor = np.clip(wanted, SHRINK, np.where(accepted & may_grow, GROW, 1.0))
    return np.where(finite, factor, AFTER_NON_FINITE)


def _pairs(due: NDArray[np.intp], reached: NDArray[np.intp]) -> tuple[NDArray, NDArray]:
    """Every (lane, index of a time) with due <= index < reached."""
    count = reached - due
    lane = np.repeat(np.arange(len(due)), count)
    first = np.cumsum(count) - count
    return lane, np.arange(len(lane)) + (due - first)[lane]


def _interpolation_stages(
    rhs: RightHandSide, stages: Array, new_velocity: Array, clock: Array, h: Array
) -> None:
    """The velocity at the end of the step and three more stages, which the interpolant needs."""
    np.multiply(new_velocity, h, out=stages[STAGES + 1])
    point = np.empty_like(new_velocity)
    for stage in range(STAGES + 1, ALL_STAGES):
        _evaluate(rhs, stages, stage, clock, h, point)


def _interpolate(a: Array, powers: Array, lane: NDArray, theta: Array) -> Array:
    """(k, P) coordinates of the given lanes at t + θ h: the polynomial in θ from its powers."""
    coefficients = powers.take(lane, axis=2)
    values = coefficients[-1]
    for coefficient in (*coefficients[-2::-1], a.take(lane, axis=1)):
        values *= theta
        values += coefficient
    return values


def _first_step(
    rhs: RightHandSide, a: Array, velocity: Array, size: Array, tolerance: Tolerance, end: float
) -> Array:
    """First step of each lane by its first two derivatives (Hairer, Nørsett and Wanner, II.4)."""
    scale = tolerance.error(size)
    scale = np.where(scale > 0, scale, tolerance.relative)
    d0, d1 = size / scale, _norm(velocity) / scale
    tiny = (d0 < 1e-5) | ~(d1 > 1e-5)
    h0 = np.minimum(np.where(tiny, 1e-6 * end, 0.01 * d0 / np.where(tiny, 1.0, d1)), end)
    moved = rhs(rhs.clock(h0), a + h0 * velocity, np.empty_like(velocity))
    d2 = _norm(moved - velocity) / scale / h0
    steepest = np.maximum(d1, d2)
    h1 = np.where(steepest > 1e-15, 0.01 / np.maximum(steepest, 1e-15), 1.0) ** -ERROR_EXPONENT
    h = np.minimum(100 * h0, np.maximum(h1, 1e-6 * h0))
    return np.clip(np.where(np.isfinite(h), h, 1e-6 * end), 100 * SMALLEST_STEP * end, end)
