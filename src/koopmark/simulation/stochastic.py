"""Paths of stochastic systems, drawn from their exact transition densities."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark.simulation._times import times_of
from koopmark.simulation._trajectories import Trajectories
from koopmark.simulation.arguments import initial_states_of
from koopmark.systems.stochastic import StochasticSystem


def sample_paths(
    system: StochasticSystem,
    initial_states: ArrayLike,
    times: ArrayLike,
    rng: np.random.Generator,
) -> Trajectories:
    """One path from each initial state: exact at the times asked for, whatever their spacing.

    Parameters
    ----------
    system : StochasticSystem
    initial_states : (M, N) array_like
        States at the time `times[0]`, real.
    times : (T,) array_like
        Increasing times.
    rng : numpy.random.Generator
        Draws the noise of the process.

    Raises
    ------
    ValueError
        If shapes disagree, a value is complex or not finite, or the times do not increase.
    """
    x0, grid = initial_states_of(initial_states, system.size), times_of(times)
    states: NDArray[np.float64] = np.empty((len(x0), len(grid), system.size))
    states[:, 0] = x0
    for index, dt in enumerate(np.diff(grid)):
        states[:, index + 1] = system.transition(states[:, index], float(dt), rng)
    return Trajectories(states, grid, system=system)
