"""A few trajectories of a recipe for plots."""

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.datasets.conditions import CONDITIONS
from koopmark.datasets.recipe import Recipe
from koopmark.simulation import sample_paths, simulate

RTOL = 1e-6
"""Relative accuracy: far below the width of a line."""


def preview(recipe: Recipe, seed: int, count: int) -> NDArray[np.float64]:
    """Simulate states (count, T, N) from initial states of the recipe.

    They come from the same system as the dataset of this seed, but are not among its trajectories.
    States after divergence are NaN.
    """
    key, times = {**recipe.depends_on(), "seed": seed}, recipe.sampling.times
    system = recipe.build(seed)
    beside = {name: value for name, value in key.items() if name not in CONDITIONS}
    rng = generator(beside, "initial states, preview")
    initial = system.reachable(recipe.initial_states.draw(count, system.size, rng))
    if system.process is not None:
        noise = generator(key, "noise of the process, preview")
        return sample_paths(system.process, initial, times, noise).states
    inputs = recipe.inputs.draw(system, count, len(times), key, "preview")
    return simulate(system, initial, times, rtol=RTOL, inputs=inputs).states
