"""Test trajectories in the windows that a model takes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.simulation import Trajectories


@dataclass(frozen=True, eq=False)
class TestSet:
    """Finite test trajectories with their windows of successive states.

    Parameters
    ----------
    data : Trajectories
        Gaps, unequal lengths and uneven times are allowed.
    window : int
        States that an eigenfunction needs, in a row and one sampling interval apart.
    hidden : bool
        Whether what is looked for is a function of the whole state, which the data have beside what
        sensors show of it.
    """

    data: Trajectories
    window: int
    hidden: bool = False
    __test__ = False

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """Indices (P, window) of the states of each window in an array (M T, N) of all."""
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
        """Windows (P, window, N); single states if there is no window."""
        return self.data.windows(1 if self.lacking else self.window)

    @cached_property
    def states(self) -> NDArray[np.float64]:
        """Last state (P, N) of each window."""
        return real(self.windows[:, -1], "states")

    @cached_property
    def inputs(self) -> NDArray[np.float64] | None:
        """Inputs (P, q) held from the last state of each window on; None without inputs."""
        inputs = self.data.inputs
        if inputs is None:
            return None
        rows = self.data.recorded.rows if self.lacking else self.rows[:, -1]
        return real(inputs.reshape(-1, inputs.shape[2])[rows], "inputs")

    @property
    def whole(self) -> NDArray:
        """States (M, T, n) on which targets are defined."""
        if self.hidden and self.data.latent is not None:
            return self.data.latent
        return self.data.states

    @cached_property
    def targeted(self) -> NDArray[np.float64]:
        """States (P, n) for targets at the last state of each window."""
        if not self.hidden:
            return self.states
        rows = self.data.recorded.rows if self.lacking else self.rows[:, -1]
        return real(self.whole.reshape(-1, self.whole.shape[2])[rows], "latent")

    @property
    def whole_pairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Successive states (Q, n) each for targets."""
        if not self.hidden:
            return self.data.pairs()
        rows = self.data.recorded.windows(2)
        before, after = self.whole.reshape(-1, self.whole.shape[2])[rows.T]
        return before, after

    @cached_property
    def trajectories(self) -> int:
        """Number of trajectories with a window."""
        if self.data.regular:
            return len(self.data)
        rows = self.data.recorded.rows if self.lacking else self.rows[:, -1]
        return len(np.unique(rows // self.data.states.shape[1]))

    @cached_property
    def longest(self) -> int:
        """Largest number of successive states."""
        if self.data.regular:
            return self.data.states.shape[1]
        return int(np.diff(self.data.recorded.bounds).max(initial=0))

    @property
    def horizon(self) -> float:
        """Duration of the longest run of successive states."""
        if self.data.regular:
            return float(self.data.times[-1] - self.data.times[0])
        return self.data.dt * (self.longest - 1)

    def along(self, values: NDArray) -> NDArray:
        """Values (P, s) at the windows as (M, T, s) or, for data with gaps, as pairs (Q, 2, s).

        (P, 1, s) if no window follows another.
        """
        if self.data.regular:
            return values.reshape(len(self.data), len(values) // len(self.data), -1)
        rows = self.data.recorded.windows(self.window + 1)
        if self.lacking or not len(rows):
            return values[:, None]
        return values[np.searchsorted(self.rows[:, 0], rows[:, :2])]

    @cached_property
    def before(self) -> NDArray[np.intp]:
        """Index (M, T - 1) or (Q, 1) of the window before each later one, as in `along`."""
        if self.data.regular:
            return np.arange(len(self.windows)).reshape(len(self.data), -1)[:, :-1]
        rows = self.data.recorded.windows(self.window + 1)
        if self.lacking:
            return np.empty((0, 1), np.intp)
        return np.searchsorted(self.rows[:, 0], rows[:, :1])

    @cached_property
    def even(self) -> Trajectories:
        """A regular part of the data, with segments at least as long as a window."""
        return self.data.rectangle(max(self.window, 2))

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Index (m, L) of the window that ends at each state of the regular part; -1 for none."""
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
        """Number of trajectories in the regular part."""
        if self.data.regular:
            return len(self.data)
        rows = self.data.recorded.rectangle(max(self.window, 2))[:, 0]
        return len(np.unique(rows // self.data.states.shape[1]))
