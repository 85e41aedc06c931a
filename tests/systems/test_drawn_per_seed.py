"""A recipe says whether another seed makes another system, and that is so."""

import numpy as np
import pytest

from koopmark import datasets


@pytest.mark.parametrize("name", datasets.names())
def test_a_recipe_knows_whether_its_system_is_drawn_anew_for_each_seed(name):
    section = datasets.load_recipe(name).system
    first, second = section.build(0), section.build(1)
    states = np.random.default_rng(0).uniform(0.2, 0.9, (3, first.size))
    same = first.size == second.size and np.array_equal(first.rhs(states), second.rhs(states))
    assert section.drawn_per_seed is not same
