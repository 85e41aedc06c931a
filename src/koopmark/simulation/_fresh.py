"""Fresh trajectories of a system, generated on demand."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from koopmark.simulation._trajectories import Trajectories

BLOCK = 100
"""Number of fresh trajectories in a block."""
Result = TypeVar("Result")


class FreshTrajectories:
    """Fresh trajectories in numbered blocks of BLOCK, simulated on first use.

    A computation uses the first blocks, as many as it needs, so that no result depends on what else
    was computed before.

    Parameters
    ----------
    make : callable
        Maps the number of a block to its BLOCK `Trajectories`. Equal numbers give equal
        trajectories, and different numbers independent ones with the same distribution.

    Attributes
    ----------
    notes : list of str
        Problems with the blocks so far, such as a damaged file; `make` may add to it.
    """

    def __init__(self, make: Callable[[int], Trajectories]) -> None:
        self.notes: list[str] = []
        self._make = make
        self._blocks: dict[int, Trajectories] = {}
        self._results: dict[Hashable, Any] = {}

    def block(self, index: int) -> Trajectories:
        """The finite trajectories of this block, which may be none."""
        if index not in self._blocks:
            made = self._make(index)
            finite = np.isfinite(made.states).all(axis=(1, 2))
            self._blocks[index] = made[finite]
        return self._blocks[index]

    def once(self, key: Hashable, work_out: Callable[[], Result]) -> Result:
        """The result stored under `key`, computed on first use."""
        if key not in self._results:
            self._results[key] = work_out()
        result: Result = self._results[key]
        return result

    @staticmethod
    def expected(given: object, user: str) -> "FreshTrajectories":
        """Return `given` if it is FreshTrajectories; `user` names the caller in the error.

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
