"""An ensemble of trajectories sampled on one time grid."""

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from koopmark._repr import Details, Shown, number
from koopmark.simulation.sparkline import sparkline
from koopmark.systems import System
from koopmark.truth import Eigenspace

DRAWN = 3
"""States that a notebook draws."""


@dataclass(frozen=True, eq=False)
class Trajectories(Shown):
    """M trajectories of N states at the same T times.

    Parameters
    ----------
    states : (M, T, N) array
        States. After the time at which a trajectory diverged its states are NaN.
    times : (T,) array
        Increasing times, in units of the decay time.
    diverged_at : (M,) array
        Time at which each trajectory blew up or met a non-finite value; NaN where it did not.
    system : System, optional
        What generated them. Fitted methods do not look at it, the controls do.
    targets : tuple of Eigenspace
        The eigenspaces a benchmark asks for. Likewise.
    """

    states: NDArray[np.float64]
    times: NDArray[np.float64]
    diverged_at: NDArray[np.float64] = None  # type: ignore[assignment]
    system: System | None = field(default=None, repr=False)
    targets: tuple[Eigenspace, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if self.states.ndim != 3:
            raise ValueError(f"states must have shape (M, T, N), got {self.states.shape}")
        if self.times.shape != self.states.shape[1:2]:
            raise ValueError(
                f"times must have shape ({self.states.shape[1]},), got {self.times.shape}"
            )
        if self.diverged_at is None:
            object.__setattr__(self, "diverged_at", np.full(len(self.states), np.nan))

    @property
    def dt(self) -> float:
        """The sampling interval.

        Raises
        ------
        ValueError
            Where the times are not evenly spaced, or there are fewer than two.
        """
        steps = np.diff(self.times)
        if len(steps) == 0:
            raise ValueError("a single time has no sampling interval")
        if np.ptp(steps) > 1e-9 * abs(steps[0]):
            raise ValueError("the times are not evenly spaced: no single sampling interval exists")
        return float((self.times[-1] - self.times[0]) / len(steps))

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """(M,) True for each trajectory that did not reach the last time."""
        return np.isfinite(self.diverged_at)

    @property
    def status(self) -> list[str]:
        """`ok` or `diverged`, for each trajectory."""
        return ["diverged" if bad else "ok" for bad in self.diverged]

    def pairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Snapshot pairs (X, Y) as rows, (M (T - 1), N) each: never across trajectories."""
        n = self.states.shape[2]
        return self.states[:, :-1].reshape(-1, n), self.states[:, 1:].reshape(-1, n)

    def windows(self, length: int = 1) -> NDArray[np.float64]:
        """Every `length` consecutive states of each trajectory, (M, T - length + 1, length, N).

        A read-only view.

        Raises
        ------
        ValueError
            Where no trajectory is that long.
        """
        if not 1 <= length <= len(self.times):
            raise ValueError(
                f"windows of {length} states from trajectories of {len(self.times)} states"
            )
        return sliding_window_view(self.states, length, axis=1).swapaxes(-1, -2)

    def delayed(self, length: int) -> "Trajectories":
        """The windows of `length` states as states of their own, oldest first: (M, T', length N).

        Their times are those of the last state of each window.
        """
        windows = self.windows(length)
        states = windows.reshape(*windows.shape[:2], -1)
        return Trajectories(states, self.times[length - 1 :])

    def longest(self) -> "Trajectories":
        """The one trajectory that lasts longest; the first of several."""
        lasts = np.where(self.diverged, self.diverged_at, np.inf)
        best = int(np.argmax(lasts))
        return Trajectories(self.states[best : best + 1], self.times)

    def _facts(self) -> list[str]:
        m, t, n = self.states.shape
        facts = [f"M = {m:,}", f"T = {t:,}", f"N = {n:,}"]
        if t:
            facts.append(f"t = {number(self.times[0])} to {number(self.times[-1])}")
        try:
            facts.append(f"Δt = {number(self.dt)}")
        except ValueError:
            facts.append("no single Δt")
        diverged = int(self.diverged.sum())
        return [*facts, f"{diverged:,} diverged"] if diverged else facts

    def _details(self) -> Details:
        if not self.states.size:
            return Details()
        n = min(DRAWN, self.states.shape[2])
        which = "its only state" if self.states.shape[2] == 1 else f"its first {n} states"
        return Details(
            picture=sparkline(self.times, self.states[0, :, :DRAWN]),
            note=f"the first trajectory, {which}",
        )
