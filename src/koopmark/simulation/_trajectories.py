"""Trajectories sampled on one time grid, and as many fresh ones as are asked for."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from koopmark._arrays import real, stored
from koopmark._repr import Details, ReprMixin, curves, number
from koopmark.simulation._times import interval_of, times_of
from koopmark.systems import System

DRAWN = 3
"""States that a notebook draws."""
BLOCK = 100
"""Fresh trajectories are made so many at a time."""
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Trajectories(ReprMixin):
    """M trajectories of N states at the same T times.

    Parameters
    ----------
    states : (M, T, N) array_like
        States, NaN where they are missing. float32 arrays and memory maps of any type are kept as
        they are and read in float64; everything else becomes float64, and what is masked NaN.
        After the time at which a trajectory diverged its states are NaN.
    times : (T,) array_like
        Increasing times, in units of the decay time.
    diverged_at : (M,) array_like
        Time at which each trajectory blew up or met a non-finite value; NaN where it did not.
    system : System, optional
        What generated them; no method is given it.

    Raises
    ------
    ValueError
        If shapes disagree, an array holds anything but real numbers, or the times are not finite
        or do not increase.
    """

    states: NDArray[np.float64]
    times: NDArray[np.float64]
    diverged_at: NDArray[np.float64] = None  # type: ignore[assignment]
    system: System | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        states = stored(self.states, "states")
        if states.ndim != 3:
            one = ": write states[None] for one trajectory" if states.ndim == 2 else ""
            raise ValueError(f"states must have shape (M, T, N), got {states.shape}{one}")
        times = times_of(self.times)
        if times.shape != states.shape[1:2]:
            raise ValueError(f"times must have shape ({states.shape[1]},), got {times.shape}")
        missing = np.full(len(states), np.nan)
        ended = missing if self.diverged_at is None else real(self.diverged_at, "diverged_at")
        if ended.shape != missing.shape:
            raise ValueError(f"diverged_at must have shape {missing.shape}, got {ended.shape}")
        for name, value in (("states", states), ("times", times), ("diverged_at", ended)):
            object.__setattr__(self, name, value)

    @cached_property
    def dt(self) -> float:
        """The sampling interval: the span of the times over the number of steps.

        Raises
        ------
        ValueError
            If the times are not even to the rounding of their own digits, or fewer than two.
        """
        return interval_of(self.times)

    def without_origin(self) -> "Trajectories":
        """The same data without the system that they came from."""
        return Trajectories(self.states, self.times, self.diverged_at)

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """(M,) True for each trajectory that did not reach the last time."""
        return np.isfinite(self.diverged_at)

    @property
    def status(self) -> list[str]:
        """`ok` or `diverged`, for each trajectory."""
        return ["diverged" if bad else "ok" for bad in self.diverged]

    def pairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Snapshot pairs (X, Y) as rows, (M (T - 1), N) each: never across trajectories.

        In float64, whatever the states are stored in.
        """
        n = self.states.shape[2]
        before, after = self.states[:, :-1], self.states[:, 1:]
        return real(before, "states").reshape(-1, n), real(after, "states").reshape(-1, n)

    def windows(self, length: int = 1) -> NDArray[np.float64]:
        """Every `length` consecutive states of each trajectory, (M, T - length + 1, length, N).

        A read-only view, of the type that the states are stored in.

        Raises
        ------
        ValueError
            If no trajectory is that long.
        """
        if not 1 <= length <= len(self.times):
            raise ValueError(
                f"windows of {length} states from trajectories of {len(self.times)} states"
            )
        return sliding_window_view(self.states, length, axis=1).swapaxes(-1, -2)

    def flat_windows(self, length: int = 1) -> NDArray[np.float64]:
        """The `windows`, one trajectory after another: (P, length, N). Raises as that does."""
        windows = self.windows(length)
        return windows.reshape(-1, *windows.shape[2:])

    def delayed(self, length: int) -> "Trajectories":
        """The windows of `length` states as states of their own, oldest first: (M, T', length N).

        Their times are those of the last state of each window. In float64.
        """
        windows = real(self.windows(length), "states")
        states = windows.reshape(*windows.shape[:2], -1)
        return Trajectories(states, self.times[length - 1 :])

    def longest(self) -> "Trajectories":
        """The one trajectory that lasts longest, in float64; the first of several."""
        lasts = np.where(self.diverged, self.diverged_at, np.inf)
        best = int(np.argmax(lasts))
        return Trajectories(real(self.states[best : best + 1], "states"), self.times)

    @staticmethod
    def expected(given: object, user: str) -> "Trajectories":
        """`given`, if it is Trajectories, for a function that says who it is in the message.

        Raises
        ------
        TypeError
            If it is anything else.
        """
        if isinstance(given, Trajectories):
            return given
        shape = getattr(given, "shape", None)
        got = f"{type(given).__name__}{f' of shape {shape}' if shape else ''}"
        raise TypeError(
            f"{user} takes Trajectories, got {got}: wrap states (M, T, N) and times (T,) as "
            "koopmark.Trajectories(states, times)"
        )

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
            picture=curves(self.times, self.states[0, :, :DRAWN]),
            note=f"the first trajectory, {which}",
        )


class FreshTrajectories:
    """Trajectories in blocks of BLOCK, numbered from 0 and made when they are first asked for.

    What needs few of them takes the first blocks, and what needs many takes those and more: no
    result depends on what else was asked for, or in which order.

    Parameters
    ----------
    make : callable
        From the number of a block to its `Trajectories`, BLOCK of them. Equal numbers give equal
        trajectories, and different ones trajectories that are independent, from the same law.

    Attributes
    ----------
    notes : list of str
        What was wrong with the blocks made so far, such as a damaged file: `make` may add to it.
    """

    def __init__(self, make: Callable[[int], Trajectories]) -> None:
        self.notes: list[str] = []
        self._make = make
        self._blocks: dict[int, Trajectories] = {}
        self._results: dict[Hashable, Any] = {}

    def block(self, index: int) -> Trajectories:
        """The trajectories of this block that are finite; there may be none."""
        if index not in self._blocks:
            made = self._make(index)
            finite = np.isfinite(made.states).all(axis=(1, 2))
            self._blocks[index] = Trajectories(made.states[finite], made.times)
        return self._blocks[index]

    def once(self, key: Hashable, work_out: Callable[[], Result]) -> Result:
        """The result stored under `key`, computed on first use."""
        if key not in self._results:
            self._results[key] = work_out()
        result: Result = self._results[key]
        return result

    @staticmethod
    def expected(given: object, user: str) -> "FreshTrajectories":
        """`given`, if it is FreshTrajectories, for a function that says who it is in the message.

        Raises
        ------
        TypeError
            If it is anything else.
        """
        if isinstance(given, FreshTrajectories):
            return given
        raise TypeError(
            f"{user} takes FreshTrajectories, got {type(given).__name__}: wrap a function that "
            "makes a block of trajectories as koopmark.simulation.FreshTrajectories(function)"
        )
