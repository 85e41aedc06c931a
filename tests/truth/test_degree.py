"""Of how many principal eigenfunctions the functions of a target are products."""

import numpy as np
import pytest

from koopmark import systems
from koopmark.truth import PrincipalFunctions


def degrees(system, max_degree=3):
    return [space.degree for space in system.eigenspaces(max_degree)]


@pytest.mark.parametrize(
    "system",
    [
        systems.random_rnn(5, 2),
        systems.ornstein_uhlenbeck([1.0]),
        systems.random_drift(5, 2, "sinh"),
    ],
)
def test_products_have_the_degree_of_their_factors(system):
    assert degrees(system)[:1] == [1]
    assert max(degrees(system)) == 3


def test_a_resonance_that_holds_a_product_is_not_principal():
    resonant = PrincipalFunctions.of_linear(lambda x: x, np.diag([-1.0, -2.0]))
    found = {space.eigenvalue.real: space.degree for space in resonant.eigenspaces(1)}
    assert found == {-1.0: 1, -2.0: 2}


def test_a_sample_of_a_space_has_the_degree_of_what_it_holds():
    resonant = PrincipalFunctions.of_linear(lambda x: x, np.diag([-1.0, -2.0]))
    space = resonant.eigenspaces(1)[1]
    samples = {space.sample(1, np.random.default_rng(seed)).degree for seed in range(20)}
    assert samples == {1, 2}
    products = systems.random_rnn(8, 2).eigenspaces(2)[1]
    assert products.sample(3, np.random.default_rng(0)).degree == 2
