"""Trajectories for a picture are of the dataset's own system, and start as its data do."""

import numpy as np
import pytest

from koopmark import datasets
from koopmark.datasets.preview import preview
from koopmark.simulation import simulate


@pytest.mark.parametrize("name", ["rnn_5_2", "slow_manifold"])
def test_a_preview_follows_the_system_of_its_seed(name):
    recipe = datasets.load_recipe(name)
    states = preview(recipe, 1, 4)
    assert states.shape == (4, len(recipe.sampling.times), recipe.system.size)
    system, times = recipe.system.build(1), recipe.sampling.times
    exact = simulate(system, states[:, 0], times, rtol=1e-11).states
    assert np.abs(states - exact).max() < 1e-4 * np.abs(exact).max()
    assert (states == preview(recipe, 1, 4)).all()


def test_a_preview_of_a_process_is_random_and_repeatable():
    recipe = datasets.load_recipe("ornstein_uhlenbeck")
    states = preview(recipe, 0, 3)
    assert (states == preview(recipe, 0, 3)).all()
    assert np.ptp(states[:, -1], axis=0).min() > 0
