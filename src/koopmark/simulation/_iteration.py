"""Iteration of maps for many trajectories at once, each up to its own last time."""

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation._integrator import LARGEST_SIZE
from koopmark.simulation._rhs import RightHandSide, Switches

Array = NDArray[np.float64]


def iterate(
    rhs: RightHandSide,
    start: Array,
    times: Array,
    samples: Array,
    switches: Switches | None = None,
) -> Array:
    """Iterate m trajectories of a map from time 0 and sample them at the given times.

    Parameters
    ----------
    rhs : RightHandSide
        Of these m lanes, from coordinates to the next ones; it forgets lanes as they leave.
    start : (k, m) array
        Coordinates at time 0.
    times : (T,) or (m, T) array
        Whole, positive and increasing numbers of steps after which samples are wanted, of all lanes
        or of each; those of a lane may end early: what follows is NaN.
    samples : (m, T, k) array
        Written; what lies after a divergence, or behind the last time of a lane, is left as it was.
    switches : Switches, optional
        When the inputs of each lane change: the `rhs` itself, under inputs.

    Returns
    -------
    (m,) array
        Last step of each lane whose next state was too large or not finite, NaN for the others.
    """
    times = np.broadcast_to(times, (start.shape[1], times.shape[-1]))
    end, due = np.nanmax(times, axis=1), np.zeros(start.shape[1], dtype=np.intp)
    trajectory, stopped = np.arange(start.shape[1]), np.full(start.shape[1], np.nan)
    a, after, lanes = start, np.empty_like(start), np.arange(start.shape[1])
    for step in range(int(end.max())):
        t = np.full(a.shape[1], float(step))
        if switches is not None:
            arrived = switches.until == t
            if arrived.any():
                switches.switch(arrived, t, a, after)
        a, after = rhs(rhs.clock(t), a, after), a if step else np.empty_like(a)
        # NaN is not below it either.
        diverged = ~(np.einsum("km,km->m", a, a) < LARGEST_SIZE**2)
        stopped[trajectory[diverged]] = step
        sampled = (times[lanes, due] == step + 1) & ~diverged
        samples[trajectory[sampled], due[sampled]] = a.T[sampled]
        running = (end > step + 1) & ~diverged
        due += sampled & running
        stay = np.flatnonzero(running)
        if len(stay) == 0:
            break
        if len(stay) < len(due):
            rhs.keep(stay)
            a = a.take(stay, axis=1)
            after, due, times, end = np.empty_like(a), due[stay], times[stay], end[stay]
            trajectory, lanes = trajectory[stay], np.arange(len(stay))
    return stopped
