"""A few trajectories of a recipe, for a picture."""

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.datasets.dataset import RTOL, _clean_key, _part
from koopmark.datasets.recipe import Recipe
from koopmark.simulation import simulate


def leading_states(recipe: Recipe, seed: int, most: int) -> NDArray[np.float64]:
    """The first test trajectories, (M, T, N) with M at most `most`.

    They are simulated, whatever the cache holds. After a trajectory blew up its states are NaN.
    """
    key, system = _clean_key(recipe, seed), recipe.system.build(seed)
    count = recipe.sampling.test_trajectories
    if system.stochastic:
        # The paths of a process are drawn together.
        return _part(recipe, key, system, "test", count).states[:most]
    rng = generator(key, "initial states, test")
    initial = recipe.initial_states.draw(count, system.size, rng)
    first = system.reachable(initial)[:most]
    return simulate(system, first, recipe.sampling.times, rtol=RTOL).states
