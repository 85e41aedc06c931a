"""Dormand–Prince 8(5,3) for many trajectories at once, each with its own step size.

The stages of a step are a block: row 0 is the point a where the step starts, row i + 1 is h kᵢ,
stage i already scaled by the step. Every intermediate point, the error estimates and the
interpolant are then one product of fixed weights with contiguous rows. Source: Hairer, Nørsett and
Wanner, Solving Ordinary Differential Equations I, section II.5-6; coefficients as SciPy's `DOP853`
states them.

Every lane has its own time, step and error control; a step of the whole tile is one attempt of
each lane. Lanes that are done or diverged leave, so they cost the others nothing, and no lane's
result depends on its neighbours beyond rounding. Under inputs a lane also steps to each time at
which its own change, where its velocity jumps; no other lane waits for it. One step shared by a
tile would take the smallest that any lane asks for, 9 to 14% more evaluations, and would tie every
result to the batch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm, dgemv

from koopmark._arrays import DOUBLE, SINGLE
from koopmark.simulation import _dop853 as dop853
from koopmark.simulation._rhs import RightHandSide, Switches

Array = NDArray[np.float64]

STAGES = 12
"""Evaluations of a step; with the velocity at its end 13, with the interpolant's own three 16."""
ALL_STAGES = 16
ERROR_EXPONENT = -1.0 / 8.0


NODES: NDArray[np.float64] = dop853.C
"""cᵢ: stage i is taken at t + cᵢ h; stage 12 is the velocity at the end of the step."""

POINTS: tuple[NDArray[np.float64], ...] = tuple(np.append(1.0, weights) for weights in dop853.A)
"""Weights of the point at which stage i is evaluated, over rows 0 .. i of the block."""

ERRORS: NDArray[np.float64] = np.stack([dop853.E5, dop853.E3])
"""(2, 12): the fifth- and third-order error estimates, over h k₀ .. h k₁₁."""


def _interpolant() -> NDArray[np.float64]:
    """(7, 16): G with a(t + θh) = a + Σₚ θ^{p+1} (G h k)ₚ, from SciPy's nested form.

    SciPy writes a(t + θh) - a = θ (F₀ + (1-θ) (F₁ + θ (F₂ + (1-θ) (F₃ + ...)))).
    """
    step = np.concatenate([dop853.A[STAGES], np.zeros(ALL_STAGES - STAGES)])
    first, last = np.eye(ALL_STAGES)[[0, STAGES]]
    nested = np.vstack([step, first - step, 2 * step - first - last, *dop853.D])
    polynomial = np.zeros((len(nested) + 1, ALL_STAGES))
    for depth, row in reversed(list(enumerate(nested))):
        polynomial[0] += row
        shifted = np.roll(polynomial, 1, axis=0)
        polynomial = shifted if depth % 2 == 0 else polynomial - shifted
    return polynomial[1:]


INTERPOLANT: NDArray[np.float64] = _interpolant()

INTERPOLATION_SHARE = 1e-3
"""Times the norm of the interpolant's highest power: how far it is off inside the step.

Its last correction is θ⁴(1-θ)³ F₆, at most 0.0084 F₆. Measured over steps of every system of the
catalogue, at errors of 1e-13 to 1e-5, the largest error inside is 0.002 to 0.17 times that, and
often ten times what the error at the end of the step lets one expect.
"""

ERRORS_AND_INTERPOLANT: NDArray[np.float64] = np.vstack(
    [np.pad(ERRORS, ((0, 0), (0, ALL_STAGES - STAGES))), INTERPOLANT]
)
"""(2 + 7, 16): both in one product."""

TIGHTEST = {DOUBLE: 1e-13, SINGLE: 1e-5}
"""Relative tolerance below which rounding, not the step, decides the error."""
DEFAULT, LOOSEST = {DOUBLE: 1e-9, SINGLE: 1e-5}, 1e-2
LOCAL_SHARE = 0.1
"""Share of the tolerance that a step's end may err by: the errors of many steps add up."""
SAFETY = 0.9
SHRINK, GROW = 0.2, 6.0
AFTER_NON_FINITE = 0.1
SMALLEST_STEP = 1e-14
"""Of the whole time span: below it a trajectory counts as blown up."""
CHECKED, MOST_STEPS, STEPS_A_SAMPLE = 5_000, 2_000_000, 100
"""After so many attempts a trajectory that would need more than so many for the rest, and so many
for each sample, counts as blown up: it is stiffer than an explicit scheme can follow."""
LARGEST_SIZE = 1e150
"""Above it a trajectory counts as blown up: squares, and with them the error norms, overflow."""
MOVED = 7 / 8
"""Share of lanes that are still integrated at which the others leave the arrays."""
STRETCH = 1.01
"""A step this close to the end goes there."""


@dataclass(frozen=True)
class Tolerance:
    """Error tolerance of a state: `relative` x size + `absolute`, in the Euclidean norm."""

    relative: float
    absolute: float = 0.0

    @classmethod
    def of(cls, rtol: float | None, atol: float | None, dtype: np.dtype = DOUBLE) -> "Tolerance":
        """The tolerances that a caller passed, or the default for states of this type.

        Raises
        ------
        ValueError
            If the type is neither float64 nor float32, or a number is out of range.
        """
        if dtype not in TIGHTEST:
            raise ValueError(f"dtype is {dtype}: it must be float64 or float32")
        relative = DEFAULT[dtype] if rtol is None else rtol
        if not TIGHTEST[dtype] <= relative <= LOOSEST:
            raise ValueError(
                f"rtol is {relative:g}: in {dtype} it must be between {TIGHTEST[dtype]:g} and "
                f"{LOOSEST:g}"
            )
        absolute = 0.0 if atol is None else atol
        if not 0.0 <= absolute < np.inf:
            raise ValueError(f"atol is {absolute:g}: it must be zero or positive, and finite")
        return cls(relative, absolute)

    def error(self, size: Array) -> Array:
        return self.relative * size + self.absolute


def integrate(
    rhs: RightHandSide,
    start: Array,
    times: Array,
    tolerance: Tolerance,
    samples: Array,
    switches: Switches | None = None,
    steps: Array | None = None,
) -> Array:
    """Integrate m trajectories from time 0 and sample them at the given times.

    Parameters
    ----------
    rhs : RightHandSide
        The velocity of these m lanes; lanes that end are removed from it.
    start : (k, m) array
        Coordinates at time 0.
    times : (T,) or (m, T) array
        Positive, increasing elapsed times of the samples, for all lanes or for each; NaN after the
        last time of a lane that ends early.
    samples : (m, T, k) array
        Output; entries after a divergence or after the last time of a lane are not changed.
    switches : Switches, optional
        Times and sizes of the jumps of each lane's velocity; the `rhs` itself if it has inputs.
    steps : (m,) array, optional
        Output: the step that each lane would try next. If all are positive on input, they are the
        first steps to try.

    Returns
    -------
    (m,) array
        Time reached by each lane that diverged, NaN for the others.
    """
    end = times[-1] if times.ndim == 1 else np.nanmax(times, axis=1)
    trajectory = np.arange(start.shape[1])
    stopped = np.full(start.shape[1], np.nan)
    t, due = np.zeros(start.shape[1]), np.zeros(start.shape[1], dtype=np.intp)
    memory = np.zeros((ALL_STAGES + 1) * start.size)
    block = _Block(memory, start.shape)
    np.copyto(block.a, start)
    velocity = rhs(rhs.clock(t), start, np.empty_like(start))
    size = rhs.size(rhs.clock(t), start)
    if steps is not None and (steps > 0.0).all():
        h = steps.copy()
    else:
        h = _first_step(rhs, start, velocity, size, tolerance, end)
    may_grow = np.ones(len(t), dtype=bool)
    attempts, since = 0, t
    most = MOST_STEPS + STEPS_A_SAMPLE * times.shape[-1]

    while True:
        until = end if switches is None else np.minimum(switches.until, end)
        left, longest = until - t, h
        last = STRETCH * h >= left
        if switches is not None:
            # In equal parts to the next switch: a short last one would cost as much as a long one.
            equal = left / np.maximum(np.ceil(left / (STRETCH * h)), 1.0)
            h = np.where(until < end, equal, h)
        h = np.where(last, left, h)
        after = np.where(last, until, t + h)
        clock = rhs.clock(t + NODES[:, None] * h) if rhs.timed else (t,) * ALL_STAGES

        np.multiply(velocity, h, out=block.scaled[0])
        for stage in range(1, STAGES):
            block.evaluate(rhs, stage, clock[stage], h)
        new, new_velocity = np.empty((2, *block.a.shape))
        rhs(clock[STAGES], block.point(STAGES, new), new_velocity)
        new_size = rhs.size(clock[STAGES], new)
        allowed = tolerance.error(np.maximum(size, new_size))
        within = _next(times, due) < after
        interpolated = within.any()
        if interpolated:
            # The velocity at the end of the step and three more stages: the interpolant's own.
            np.multiply(new_velocity, h, out=block.scaled[STAGES])
            for stage in range(STAGES + 1, ALL_STAGES):
                block.evaluate(rhs, stage, clock[stage], h)
            weighted = block.weighted(ERRORS_AND_INTERPOLANT)
            powers = weighted[len(ERRORS) :]
            inside = INTERPOLATION_SHARE * _norm(powers[-1])
            error = np.maximum(_error(weighted[: len(ERRORS)]) / LOCAL_SHARE, within * inside)
        else:
            error = _error(block.weighted(ERRORS)) / LOCAL_SHARE
        # An error of zero is allowed even where nothing is.
        error = np.divide(error, allowed, out=np.zeros_like(error), where=error != 0.0)
        finite = np.isfinite(error + new_size + new_velocity.sum(axis=0))
        accepted = finite & (error <= 1.0)

        reached = np.where(accepted, _passed(times, after), due)
        # Every (lane, index of a time) with due <= index < reached.
        count = reached - due
        lane = np.repeat(np.arange(len(due)), count)
        index = np.arange(len(lane)) + (due - np.cumsum(count) + count).take(lane)
        if interpolated:
            theta = (_at(times, lane, index) - t.take(lane)) / h.take(lane)
            values = _interpolate(block.a, powers, lane, theta)
        else:
            values = new.take(lane, axis=1)
        samples[trajectory.take(lane), index] = values.T

        due = reached
        if accepted.all():
            np.copyto(block.a, new)
            velocity, t, size = new_velocity, after, new_size
        else:
            np.copyto(block.a, new, where=accepted)
            np.copyto(velocity, new_velocity, where=accepted)
            t, size = np.where(accepted, after, t), np.where(accepted, new_size, size)
        # Three roots are the eighth, in a tenth of the time of a power.
        root = np.sqrt(np.sqrt(np.sqrt(np.maximum(np.where(finite, error, 1.0), 1e-16))))
        # None grows after a rejection.
        most_growth = np.where(accepted & may_grow, GROW, 1.0)
        factor = np.minimum(np.maximum(SAFETY / root, SHRINK), most_growth)
        h = h * np.where(finite, factor, AFTER_NON_FINITE)
        may_grow, running = accepted, t < end
        if switches is not None:
            # A step that was cut at a switch says nothing against one as long as before.
            h = np.where(accepted & (factor >= 1.0), np.maximum(h, longest), h)
            arrived = running & (t == switches.until)
            if arrived.any():
                switches.switch(arrived, t, block.a, velocity)

        diverged = running & ((size > LARGEST_SIZE) | ~(h > SMALLEST_STEP * end))
        attempts += 1
        if attempts % CHECKED == 0:
            # At the pace of the last attempts, the same for a lane whatever the others do.
            diverged |= running & ((t - since) * most < (end - t) * CHECKED)
            since = t
        if steps is not None:
            # What is done stands still, in steps of no length.
            h = np.where(left > 0.0, h, longest)
            steps[trajectory] = h
        staying = running & ~diverged
        following = np.count_nonzero(staying)
        if diverged.any():
            stopped[trajectory[diverged]] = t[diverged]
        if following == 0:
            return stopped
        # Lanes that are done stand still; to move all others each time would cost more.
        if following <= MOVED * len(t) or diverged.any():
            stay = np.flatnonzero(staying)
            rhs.keep(stay)
            a, velocity = block.a.take(stay, axis=1), velocity.take(stay, axis=1)
            block = _Block(memory, a.shape)
            np.copyto(block.a, a)
            trajectory, t, h, size = trajectory[stay], t[stay], h[stay], size[stay]
            due, may_grow, since = due[stay], may_grow[stay], since[stay]
            if times.ndim == 2:
                times, end = times[stay], end[stay]


class _Block:
    """The point a where a step starts and its scaled stages, each (k, m), with views of them.

    Every product with weights is one of a row, or of a few, with all numbers of the first rows. The
    interface to BLAS is called itself: NumPy takes several times as long to enter.
    """

    def __init__(self, memory: Array, shape: tuple[int, ...]) -> None:
        k, m = shape
        rows = memory[: (ALL_STAGES + 1) * k * m].reshape(ALL_STAGES + 1, k, m)
        self.a, self.scaled = rows[0], rows[1:]
        self._shape, self._point = shape, np.empty(shape)
        self._columns = rows.reshape(ALL_STAGES + 1, -1).T
        self._before = [self._columns[:, : stage + 1] for stage in range(ALL_STAGES)]

    def point(self, stage: int, out: Array) -> Array:
        """a + Σⱼ Aᵢⱼ h kⱼ, the point of a stage."""
        numbers = out.reshape(-1)
        dgemv(1.0, self._before[stage], POINTS[stage], beta=0.0, y=numbers, overwrite_y=1)
        return out

    def evaluate(self, rhs: RightHandSide, stage: int, clock: Array, h: Array) -> None:
        velocity = rhs(clock, self.point(stage, self._point), self.scaled[stage])
        np.multiply(velocity, h, velocity)

    def weighted(self, weights: Array) -> Array:
        """Weights (n, s) over the first s scaled stages: (n, k, m)."""
        used = self._columns[:, 1 : weights.shape[1] + 1]
        return dgemm(1.0, used, weights.T).T.reshape(len(weights), *self._shape)


def _at(times: Array, lane: NDArray, index: NDArray) -> Array:
    """Times of these lanes, which share them (T,) or have their own (m, T)."""
    return times.take(index) if times.ndim == 1 else times[lane, index]


def _next(times: Array, due: NDArray) -> Array:
    """The time (m,) that each lane is to be sampled at next; its last one where none is left."""
    last = times.shape[-1] - 1
    return _at(times, np.arange(len(due)), np.minimum(due, last))


def _passed(times: Array, after: Array) -> NDArray[np.intp]:
    """(m,) how many of its times each lane has passed: bisection side by side."""
    if times.ndim == 1:
        return np.searchsorted(times, after, side="right")
    lane, low = np.arange(len(after)), np.zeros(len(after), dtype=np.intp)
    high = np.full(len(after), times.shape[1])
    while (low < high).any():
        middle = np.minimum((low + high) // 2, times.shape[1] - 1)
        # No NaN behind the end of a lane is passed.
        passed = times[lane, middle] <= after
        low, high = np.where(passed, middle + 1, low), np.where(passed, high, middle)
    return low


def _norm(coordinates: Array) -> Array:
    return np.sqrt(np.einsum("km,km->m", coordinates, coordinates))


def _error(estimates: Array) -> Array:
    """(m,) estimate of the local error's norm, fifth order corrected by third (Hairer II.10)."""
    fifth, third = np.einsum("ekm,ekm->em", estimates, estimates)
    norm = np.sqrt(fifth + 0.01 * third)
    return np.divide(fifth, norm, out=norm, where=norm != 0.0)


def _interpolate(a: Array, powers: Array, lane: NDArray, theta: Array) -> Array:
    """(k, P) coordinates of the given lanes at t + θ h: the polynomial in θ from its powers."""
    coefficients = powers.take(lane, axis=2)
    values = coefficients[-1]
    for coefficient in (*coefficients[-2::-1], a.take(lane, axis=1)):
        values *= theta
        values += coefficient
    return values


def _first_step(
    rhs: RightHandSide,
    a: Array,
    velocity: Array,
    size: Array,
    tolerance: Tolerance,
    end: float | Array,
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
