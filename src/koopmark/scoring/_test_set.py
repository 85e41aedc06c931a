"""Test trajectories as a model sees them: in windows, whatever was recorded of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.simulation import Trajectories


@dataclass(frozen=True, eq=False)
class TestSet:
    """Finite test trajectories, and their windows of so many states.

    Parameters
    ----------
    data : Trajectories
        Gaps, unequal lengths and uneven times are allowed.
    window : int
        States that an eigenfunction needs, in a row and one sampling interval apart.
    """

    data: Trajectories
    window: int
    __test__ = False

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """(P, window) states of each window, in an array (M T, N) of all."""
        return self.data.recorded.windows(self.window)

    @property
    def lacking(self) -> str:
        """Why there is no window; empty if there is one."""
        if self.data.regular or len(self.rows):
            return ""
        return (
            f"the test set has no {self.window} states in a row, {self.longest} at most without "
            "a gap"
        )

    @cached_property
    def windows(self) -> NDArray[np.float64]:
        """(P, window, N); single states if there is no window."""
        return self.data.windows(1 if self.lacking else self.window)

    @cached_property
    def states(self) -> NDArray[np.float64]:
        """(P, N) the last state of each window."""
        return real(self.windows[:, -1], "states")

    @cached_property
    def trajectories(self) -> int:
        """How many trajectories have a window."""
        if self.data.regular:
            return len(self.data)
        rows = self.data.recorded.rows if self.lacking else self.rows[:, -1]
        return len(np.unique(rows // self.data.states.shape[1]))

    @cached_property
    def longest(self) -> int:
        """How many states there are in a row, at most."""
        if self.data.regular:
            return self.data.states.shape[1]
        return int(np.diff(self.data.recorded.bounds).max(initial=0))

    @property
    def horizon(self) -> float:
        """Duration of that."""
        if self.data.regular:
            return float(self.data.times[-1] - self.data.times[0])
        return self.data.dt * (self.longest - 1)

    def along(self, values: NDArray) -> NDArray:
        """Values (P, s) at the windows as (M, T, s) or, of data with gaps, as pairs (Q, 2, s).

        (P, 1, s) if no window follows another.
        """
        if self.data.regular:
            return values.reshape(len(self.data), len(values) // len(self.data), -1)
        rows = self.data.recorded.windows(self.window + 1)
        if self.lacking or not len(rows):
            return values[:, None]
        return values[np.searchsorted(self.rows[:, 0], rows[:, :2])]

    @cached_property
    def even(self) -> Trajectories:
        """A regular part, of stretches as long as a window or longer: all of regular data."""
        return self.data.rectangle(max(self.window, 2))

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """(m, L) window at each state of the regular part, by its last state; -1 for none."""
        count, length = self.even.states.shape[:2]
        none = np.full((count, self.window - 1), -1)
        if self.data.regular:
            number = np.arange(count * (length - self.window + 1)).reshape(count, -1)
        else:
            rows = self.data.recorded.rectangle(max(self.window, 2))[:, self.window - 1 :]
            number = np.searchsorted(self.rows[:, -1], rows)
        return np.hstack([none, number])

    @cached_property
    def origins(self) -> int:
        """How many trajectories the regular part is of."""
        if self.data.regular:
            return len(self.data)
        rows = self.data.recorded.rectangle(max(self.window, 2))[:, 0]
        return len(np.unique(rows // self.data.states.shape[1]))
