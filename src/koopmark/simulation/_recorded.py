"""Which recorded states are consecutive: pairs and segments of data with gaps."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation._times import interval_of, typical_interval

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
LARGEST = 1e100
"""Beyond it, or below its inverse, products of a few states overflow, or vanish."""
TOLERANCE = 0.01
"""Relative difference of a step from the sampling interval up to which it is one interval."""


def check_range(lowest: Array, highest: Array, what: str) -> None:
    """Raise an error if the data are so large or small that products over- or underflow.

    Parameters
    ----------
    lowest, highest : (N,) arrays
        Smallest and largest value of each channel.
    what : str
        Name of the data in messages.

    Raises
    ------
    ValueError
        If the data are constant, exceed LARGEST, or vary by less than 1 / LARGEST.
    """
    # In float32 the bounds themselves would overflow.
    lowest, highest = lowest.astype(float), highest.astype(float)
    if (lowest == highest).all():
        raise ValueError(f"{what} are constant: every snapshot is the same state")
    largest = max(-lowest.min(), highest.max())
    if largest > LARGEST:
        raise ValueError(
            f"{what} reach {largest:.1g}, and products of such numbers overflow: give them in a "
            f"unit in which they stay below {LARGEST:g}"
        )
    widest = (highest - lowest).max()
    if widest < 1.0 / LARGEST:
        raise ValueError(
            f"{what} span {widest:.1g}, and products of such numbers vanish: give them in a unit "
            f"in which they span more than {1.0 / LARGEST:g}"
        )


@dataclass(frozen=True, eq=False)
class Recorded:
    """Indices and order of the recorded states of M trajectories.

    States that were not recorded are left out, so that their neighbours in time become neighbours.

    Parameters
    ----------
    mask : (M, T) array of bool
        Which states were recorded.
    times : (T,) or (M, T) array
        When; NaN only where nothing was recorded.
    """

    mask: NDArray[np.bool_]
    times: Array

    @cached_property
    def rows(self) -> Indices:
        """Indices (P,) of the recorded states in an array (M T, N) of all states."""
        return np.flatnonzero(self.mask)

    @cached_property
    def trajectory(self) -> Indices:
        """Index (P,) of the trajectory of each recorded state."""
        return self.rows // self.mask.shape[1]

    @cached_property
    def follows(self) -> NDArray[np.bool_]:
        """Whether (P - 1,) the next recorded state belongs to the same trajectory."""
        return np.diff(self.trajectory) == 0

    @cached_property
    def steps(self) -> Array:
        """Time (P - 1,) from each recorded state to the next, in any trajectory."""
        times = np.broadcast_to(self.times, self.mask.shape).reshape(-1)
        return np.diff(times[self.rows])

    @cached_property
    def dt(self) -> float:
        """Sampling interval: the step of even times, or else the most frequent step.

        Raises
        ------
        ValueError
            If the times are not even and no trajectory has two recorded states.
        """
        if self.times.ndim == 1:
            return self._grids[0] or typical_interval(self.steps[self.follows], TOLERANCE)
        # Each step counts, of even trajectories too: a long even one outweighs a few uneven steps.
        steps = self._intervals[self.follows]
        return typical_interval(steps if len(steps) else self._grids[self._grids > 0.0], TOLERANCE)

    @cached_property
    def linked(self) -> NDArray[np.bool_]:
        """Whether (P - 1,) the next recorded state follows after one sampling interval."""
        if not self.follows.any():
            return self.follows
        return self.follows & (np.abs(self._intervals - self.dt) <= TOLERANCE * self.dt)

    @cached_property
    def _intervals(self) -> Array:
        """(P - 1,) the steps, on even times by the place: they may be rounded to few decimals."""
        grids = self._grids[self.trajectory[:-1] if self.times.ndim > 1 else 0]
        return np.where(grids > 0.0, grids * np.diff(self.rows), self.steps)

    @cached_property
    def _grids(self) -> Array:
        """(M,) or (1,) the interval of the times of each trajectory, 0 if they are not even."""
        return np.array([_interval(row[np.isfinite(row)]) for row in np.atleast_2d(self.times)])

    @cached_property
    def bounds(self) -> Indices:
        """Start (S + 1,) of each segment of linked states among the P states, and P at the end."""
        if not len(self.rows):
            return np.zeros(1, int)
        breaks = np.flatnonzero(~self.linked) + 1
        return np.concatenate([[0], breaks, [len(self.rows)]])

    def windows(self, length: int) -> Indices:
        """Rows (K, length) of every `length` linked states, in order."""
        return self.rows[self.starts(length)[:, None] + np.arange(length)]

    def starts(self, length: int) -> Indices:
        """Start (K,) of every `length` linked states among the P states, in order."""
        starts = np.arange(max(0, len(self.rows) - length + 1))
        # How many links there are before each state: as many as steps if none is missing.
        links = np.concatenate([[0], np.cumsum(self.linked)])
        return starts[links[starts + length - 1] - links[starts] == length - 1]

    def stretches(self, least: int) -> dict[int, Indices]:
        """Rows (m, L) of the segments with L linked states for each L >= `least`, longest first."""
        lengths = np.diff(self.bounds)
        return {
            int(length): self.rows[self.bounds[:-1][lengths == length, None] + np.arange(length)]
            for length in np.unique(lengths)[::-1]
            if length >= least
        }

    def rectangle(self, least: int) -> Indices:
        """Rows (m, L) of segments cut to the length L >= `least` that keeps the most pairs."""
        lengths = np.sort(np.diff(self.bounds))
        lengths = lengths[lengths >= max(least, 2)]
        if not len(lengths):
            return np.empty((0, least), int)
        pairs = (lengths - 1) * np.arange(len(lengths), 0, -1)
        length = int(lengths[np.argmax(pairs)])
        starts = self.bounds[:-1][np.diff(self.bounds) >= length]
        return self.rows[starts[:, None] + np.arange(length)]


def _interval(times: Array) -> float:
    try:
        return interval_of(times)
    except ValueError:
        return 0.0
