"""Sampling of a recording: interval, uneven times, lengths of trials and missing values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation import SAME_INTERVAL, Trajectories

Array = NDArray[np.float64]
BLOCK_VALUES = 2**21
"""Values that are looked at together."""
ROUNDS = 8
"""In which the interval and the number of intervals in each step are found from each other."""
ON_GRID = 1.5
"""Deviations from a grid whose variance is at most so many times what that of single steps
explains are those of a grid; deviations of a clock that drifts add up."""


@dataclass(frozen=True)
class Lengths:
    """Properties of the sampling; see the fields of `Measured` with the same names."""

    samples: int
    infinite: int
    lengths: NDArray[np.intp]
    gaps: float
    gap: float
    missing: float
    dt: float
    jitter: float
    on_grid: bool
    horizon: float


def lengths_of(data: Trajectories, channels: int) -> Lengths:
    """Measure the sampling in one pass over the data, a block at a time."""
    present, values, lost, infinite = _present(data, channels)
    length = present.shape[1]
    # A trajectory in which nothing was recorded has no length.
    held = present.any(axis=1)
    first = np.where(held, present.argmax(axis=1), 0)
    last = np.where(held, length - 1 - present[:, ::-1].argmax(axis=1), -1)
    lost_share = lost / max(values, 1)
    if not _even(data):
        return _uneven(data, present, first, last, channels, lost_share, infinite)
    slots = np.where(held, last - first + 1, 0)
    ends = present[:, :-1] & ~present[:, 1:]
    gaps = int(ends.sum()) - int((held & (last < length - 1)).sum())
    absent = int(slots.sum()) - int(present.sum())
    share, single = _separate(absent / max(int(slots.sum()), 1), lost_share, channels)
    spans = data.times[np.maximum(last, 0)] - data.times[first]
    return Lengths(
        samples=int(present.sum()),
        infinite=infinite,
        lengths=slots[held],
        gaps=share,
        gap=absent / gaps if gaps and share > 0.0 else 0.0,
        missing=single,
        dt=data.dt if slots.max() > 1 else float("nan"),
        jitter=0.0,
        on_grid=True,
        horizon=float(spans[held].max(initial=0.0)),
    )


def _uneven(
    data: Trajectories,
    present: NDArray[np.bool_],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    channels: int,
    lost: float,
    infinite: int,
) -> Lengths:
    """Of times that are uneven, or of each trial: places in a grid are found from the times."""
    count, length = present.shape
    held = present.any(axis=1)
    clock = np.broadcast_to(data.times, present.shape)
    at = np.arange(length)
    within = (at >= first[:, None]) & (at <= last[:, None]) & np.isfinite(clock)
    which, place = np.nonzero(within)
    times, there = clock[which, place], present[which, place]
    follows = which[1:] == which[:-1]
    steps = np.diff(times)
    dt = _interval(data, steps[follows])
    intervals = np.where(follows, _intervals(steps, dt), 0)
    jitter, on_grid = _jitter(times, which, intervals, follows, dt)
    slots = np.ones(count, int) * held
    np.add.at(slots, which[1:], intervals)
    states, spans = int(there.sum()), int(slots.sum())
    # Between two states that were recorded: none is missing if they are one interval apart.
    slot = np.concatenate([[0], np.cumsum(intervals)])[there] if len(which) else np.zeros(0)
    apart = np.diff(slot)[np.diff(which[there]) == 0]
    breaks = apart[apart > 1] - 1
    share, single = _separate(1.0 - states / spans if spans else 0.0, lost, channels)
    ends = np.flatnonzero(~follows)
    begun, ended = np.concatenate([[0], ends + 1]), np.concatenate([ends, [len(times) - 1]])
    return Lengths(
        samples=states,
        infinite=infinite,
        lengths=slots[held],
        gaps=share,
        gap=float(breaks.mean()) if len(breaks) and share > 0.0 else 0.0,
        missing=single,
        dt=dt,
        jitter=jitter,
        on_grid=on_grid,
        horizon=float((times[ended] - times[begun]).max()) if len(times) else 0.0,
    )


def _present(data: Trajectories, channels: int) -> tuple[NDArray[np.bool_], int, int, int]:
    """Whether any value of each state (M, T) was recorded, with counts of values.

    The counts are the values of recorded states, the missing ones among them, and infinite ones.
    """
    count, length, n = data.states.shape
    if data.full and np.isfinite(data.extremes).all():
        return np.ones((count, length), bool), count * length * n, 0, 0
    present = np.zeros((count, length), bool)
    known = infinite = 0
    for block, where in blocks_of(data):
        values = np.asarray(block)
        finite = np.isfinite(values)
        present[where] = finite.any(axis=2)
        known += int(finite.sum())
        infinite += int(np.isinf(values).sum())
    values_of = int(present.sum()) * channels
    return present, values_of, values_of - known, infinite


def blocks_of(data: Trajectories) -> "list[tuple[NDArray, tuple[slice, slice]]]":
    """Views (m, t, N) of bounded size of all states, with their positions."""
    count, length, n = data.states.shape
    t = max(1, min(length, BLOCK_VALUES // max(n, 1)))
    m = max(1, BLOCK_VALUES // (t * max(n, 1)))
    places = [
        (slice(i, min(i + m, count)), slice(j, min(j + t, length)))
        for i in range(0, count, m)
        for j in range(0, length, t)
    ]
    return [(data.states[where], where) for where in places]


def _even(data: Trajectories) -> bool:
    """Whether all trials share even times, to rounding."""
    if data.times.ndim > 1:
        return False
    steps = np.diff(data.times)
    return not len(steps) or data.regular or bool(np.ptp(steps) <= SAME_INTERVAL * steps.mean())


def _interval(data: Trajectories, steps: Array) -> float:
    """Δt: that of even times, or else that of a grid near which the times lie; NaN without one."""
    if not len(steps):
        return float("nan")
    try:
        typical = data.dt
    except ValueError:
        typical = float(np.median(steps))
    alike = np.abs(steps - typical) <= 0.01 * typical
    if alike.mean() > 0.5:
        return typical
    dt = float(np.median(steps))
    for _ in range(ROUNDS):
        dt = float(steps.sum() / _intervals(steps, dt).sum())
    return dt


def _intervals(steps: Array, dt: float) -> NDArray[np.intp]:
    """How many intervals each step spans, at least one."""
    if not np.isfinite(dt):
        return np.ones(len(steps), int)
    found = np.maximum(np.rint(steps / dt), 1.0).astype(int)
    if not (steps >= 2.0 * dt).any():
        # Even times shifted by half an interval each are closer than two of it.
        found[:] = 1
    return found


def _jitter(
    times: Array,
    which: NDArray[np.intp],
    intervals: NDArray[np.intp],
    follows: NDArray[np.bool_],
    dt: float,
) -> tuple[float, bool]:
    """Half the width of a uniform law with the deviation of the times from a grid, in Δt."""
    if not follows.any() or not np.isfinite(dt):
        return 0.0, True
    off = (np.diff(times) / dt - intervals)[follows]
    single = float(np.mean(off**2)) / 2.0
    slot = np.concatenate([[0], np.cumsum(intervals)])
    from_grid = times / dt - slot
    start = np.searchsorted(which, which)
    from_grid -= from_grid[start]
    size = np.bincount(which)
    mean = np.bincount(which, from_grid) / np.maximum(size, 1)
    degrees = max(len(times) - int((size > 0).sum()), 1)
    whole = float(np.sum((from_grid - mean[which]) ** 2) / degrees)
    on_grid = whole <= ON_GRID * single + 1e-12
    return float(np.sqrt(3.0 * (whole if on_grid else single))), on_grid


def _separate(absent: float, lost: float, n: int) -> tuple[float, float]:
    """Shares of states in gaps, and of single values in no gap, that are missing.

    A state of which all n values are missing may be in a gap, or have lost each by itself: the
    share lost of states of which some value is there, (m - mⁿ) / (1 - mⁿ), tells m. Of one channel
    all that is missing counts as gaps.
    """
    if n <= 1 or lost <= 0.0:
        return max(absent, 0.0), 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        m = (low + high) / 2.0
        low, high = (m, high) if (m - m**n) / (1.0 - m**n) < lost else (low, m)
    every = low**n
    return max((absent - every) / (1.0 - every), 0.0), low
