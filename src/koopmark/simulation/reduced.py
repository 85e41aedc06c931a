"""An ensemble as its r coordinates and null component: r/N of the size of the states."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation._reduction import Reduction

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReducedTrajectories:
    """M trajectories of a network as the numbers that their states follow from exactly.

    Parameters
    ----------
    coordinates : (M, T, r) array
        a(t) = Qᵀ ζ(x(t)); NaN after the time at which a trajectory diverged.
    null : (M, N) array
        P ζ(x) at the first time, P the projector onto the left null space of the weights.
    times : (T,) array
        Increasing times, in units of the decay time.
    diverged_at : (M,) array
        Time at which the coordinates blew up; NaN where they did not.
    split : Reduction
        The network, as coordinates and null component.
    """

    coordinates: Array
    null: NDArray
    times: NDArray[np.float64]
    diverged_at: NDArray[np.float64]
    split: Reduction = field(repr=False)

    @property
    def system(self) -> object:
        """The network that generated them."""
        return self.split.network

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """(M,) True for each trajectory that did not reach the last time."""
        return np.isfinite(self.diverged_at)

    def expand(
        self,
        trajectories: slice | NDArray = slice(None),
        units: slice | NDArray = slice(None),
    ) -> NDArray:
        """States (m, T, n) of the chosen trajectories and units, all of them by default."""
        coordinates, null = self.coordinates[trajectories], self.null[trajectories]
        count = len(np.arange(self.null.shape[1])[units])
        states = np.empty((*coordinates.shape[:2], count), self.null.dtype)
        elapsed = self.times - self.times[0]
        with np.errstate(over="ignore", invalid="ignore"):
            self.split.expand(coordinates, null, elapsed, states, units)
        return states
