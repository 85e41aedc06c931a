"""Sampling times: increasing, and even if they are so to the rounding of their digits."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import check_finite, real

Array = NDArray[np.float64]
SAME_INTERVAL = 1e-6
"""Relative difference up to which two sampling intervals count as equal, since times have rounding
errors."""
ROUNDINGS = 4.0
"""Units in the last place by which steps between times may differ: sums make some of them."""
LEAST, MOST = 1e-9, 0.1
"""Deviations, relative to a step: up to the first always rounding, as times are often computed;
beyond the second never, however few digits the times have."""


def times_of(times: ArrayLike) -> Array:
    """Copy of times (T,) or (M, T) in float64; NaN is allowed in the second form.

    Raises
    ------
    ValueError
        If they are no real, finite, increasing numbers.
    """
    grid = real(times, "times").copy()
    if grid.ndim not in (1, 2) or grid.shape[-1] == 0:
        raise ValueError(f"times must have shape (T,) or (M, T) with T >= 1, got {grid.shape}")
    if grid.ndim == 1 or np.isinf(grid).any():
        check_finite(grid, "times")
    for index, row in enumerate(np.atleast_2d(grid)):
        known = np.flatnonzero(np.isfinite(row))
        ascending = np.diff(row[known]) > 0
        if not ascending.all():
            k = int(np.argmin(ascending))
            before, after = known[k], known[k + 1]
            of = f"{index}, " if grid.ndim == 2 else ""
            raise ValueError(
                f"times must increase, but times[{of}{after}] = {row[after]:.12g} follows "
                f"times[{of}{before}] = {row[before]:.12g}"
            )
    if grid.ndim == 2 and len(grid) and (grid == grid[0]).all():
        return grid[0].copy()
    return grid


def typical_interval(steps: Array, tolerance: float) -> float:
    """Mean of the positive `steps` (k,) that agree with the most frequent step.

    Parameters
    ----------
    steps : (k,) array
    tolerance : float
        Steps agree if they differ by at most this share of one of them.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not len(steps):
        raise ValueError("no trajectory has two recorded states: there is no sampling interval")
    ordered = np.sort(steps)
    low = np.searchsorted(ordered, ordered * (1.0 - tolerance), side="left")
    high = np.searchsorted(ordered, ordered * (1.0 + tolerance), side="right")
    # Of steps that are as frequent the shortest: the others span gaps.
    best = int(np.argmax(high - low))
    alike = ordered[low[best] : high[best]]
    return float(alike[0] if alike[0] == alike[-1] else alike.mean())


def interval_of(times: Array) -> float:
    """Sampling interval of increasing times (T,): their span divided by the number of steps.

    The times are even if their steps agree to a few units in the last place of the precision that
    they were written in (float64, or float32 if every value is one), or if an even grid exists of
    which they are the values rounded to their number of decimals.

    Raises
    ------
    ValueError
        If they are not even, or fewer than two.
    """
    if len(times) < 2:
        raise ValueError("a single time has no sampling interval")
    dt = float(times[-1] - times[0]) / (len(times) - 1)
    largest = np.abs(times).max()
    with np.errstate(over="ignore"):
        short = times.astype(np.float32)
    # The unit in the last place at the largest time, of float32 if all are values of it.
    place = float(np.spacing(np.float32(largest) if (short == times).all() else largest))
    allowed = min(max(ROUNDINGS * place, LEAST * dt), MOST * dt)
    if np.abs(np.diff(times) - dt).max() <= allowed:
        return dt
    unit = _decimal_unit(times, dt, place)
    if unit and _is_rounded_grid(times, dt, unit / 2, place):
        return dt
    jitter = float(np.abs(times - (times[0] + dt * np.arange(len(times)))).max())
    raise ValueError(
        f"the times are not evenly spaced: they deviate by up to {jitter:.2g} from steps of "
        f"{dt:.6g}, {jitter / dt:.2g} of a step, and rounding of their digits explains "
        f"{max(allowed, unit / 2):.2g}"
    )


def _decimal_unit(times: Array, dt: float, place: float) -> float:
    """The largest 10^-d of which all times are multiples; 0 if there is none below dt / 5."""
    exponent = np.floor(np.log10(2.0 * MOST * dt))
    while (unit := 10.0**exponent) > 2.0 * place:
        if np.abs(times - unit * np.rint(times / unit)).max() <= place:
            return float(unit)
        exponent -= 1.0
    return 0.0


def _is_rounded_grid(times: Array, dt: float, half: float, place: float) -> bool:
    """Whether an even grid lies within `half` a decimal unit of all times.

    Not if every time is half a unit off: that is an even grid of which some times were moved.
    """
    steps = np.arange(len(times), dtype=float)
    deviations = times - times[0] - dt * steps
    if np.abs(deviations).max() > 2.0 * half + place:
        return False
    height, off = _lowest_strip(steps, deviations)
    rounding = min(ROUNDINGS * place, half / 4.0)
    return bool(height <= half + rounding and (off < half - rounding).any())


def _lowest_strip(x: Array, y: Array) -> tuple[float, Array]:
    """Half the height of the lowest strip around the points, and how far each is from its middle.

    Such a strip has an edge of the convex hull on one side.
    """
    (low, below), (high, above) = _lower_hull(x, y), _lower_hull(x, -y)
    slopes = np.concatenate([np.diff(below) / np.diff(low), -np.diff(above) / np.diff(high)])
    tops = (-above - slopes[:, None] * high).max(axis=1)
    bottoms = (below - slopes[:, None] * low).min(axis=1)
    best = int(np.argmin(tops - bottoms))
    middle = (tops[best] + bottoms[best]) / 2.0
    return float(tops[best] - bottoms[best]) / 2.0, np.abs(y - slopes[best] * x - middle)


def _lower_hull(x: Array, y: Array) -> tuple[Array, Array]:
    """The corners of the convex hull from below: what is above a line of two others is none."""
    while len(x) > 2:
        corners = np.diff(np.diff(y) / np.diff(x)) > 0
        if corners.all():
            break
        kept = np.concatenate([[True], corners, [True]])
        x, y = x[kept], y[kept]
    return x, y
