"""Simulation under a feedback law, interval by interval, since inputs depend on the states."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation._driven import Feedback, HeldInputs, feedback_of, takes_step_and_states
from koopmark.simulation._ensemble import Ensemble, mapped

Array = NDArray[np.float64]


def fed_back(
    ensemble: Ensemble, x0: Array, law: Feedback, states: NDArray
) -> tuple[Array, NDArray[np.float64]]:
    """Write the states (M, T, N), and return the stopping times and the inputs (M, T, q).

    Coordinates and null component are carried from one interval to the next as they are, so that
    the latter follows its closed form to rounding; so are the lengths of steps.
    """
    takes_step_and_states(law)
    system, count, length = ensemble.system, *states.shape[:2]
    split, following = ensemble.split, np.ones(count, dtype=bool)
    elapsed = np.zeros((count, length))
    elapsed[:, 1:] = ensemble.elapsed
    inputs, stopped = np.zeros((count, length, system.inputs)), np.full(count, np.nan)
    steps = np.zeros(count)
    states[:, 0], states[:, 1:], x = x0, np.nan, x0
    if split is not None:
        a, z = split.split(mapped(split.network.zeta, x0))
    for k in range(length - 1):
        following &= np.isfinite(elapsed[:, k + 1])
        if not following.any():
            break
        inputs[:, k] = feedback_of(law, k, states[:, k], following, system.inputs)
        step = np.where(following, elapsed[:, k + 1] - elapsed[:, k], np.nan)
        times = np.column_stack([np.zeros(count), step])
        law_of_null = None if split is None else split.null.law
        held = HeldInputs.under(law_of_null, inputs[:, k : k + 2], times)
        one = replace(ensemble, elapsed=times[:, 1:], held=held)
        for part in one.parts(count):
            if split is None:
                samples = one.integrate(x[part], part, steps[part])
            else:
                samples = one.from_coordinates(split, a[:, part], z[part], part, steps[part])
                a[:, part] = samples.coordinates[:, 1].T
            stop = one.expand(samples, part, states[part, k + 1 : k + 2])
            stopped[part] = np.fmin(stopped[part], elapsed[part, k] + stop)
        if split is None:
            x = states[:, k + 1]
        else:
            z = split.null_after(z, step, inputs[:, k])
        following &= np.isnan(stopped)
    return stopped, inputs
