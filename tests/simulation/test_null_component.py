"""The closed form of what the weights cannot reach."""

import numpy as np
import pytest

from koopmark.simulation import null_component
from koopmark.systems import NETWORKS, Drift, Network, Relaxation, example


@pytest.mark.parametrize("name", NETWORKS)
def test_null_component_obeys_its_equation(name):
    system = example(name)
    x = np.random.default_rng(0).uniform(0.2, 1.8, size=(5, system.size))
    step = 1e-5
    slope = (null_component(system, x, 1 + step) - null_component(system, x, 1 - step)) / (2 * step)
    y = null_component(system, x, 1.0)
    expected = (
        -y
        if isinstance(system, Relaxation)
        else system.weights.null_space.project(-np.broadcast_to(system.rates, x.shape))
    )
    np.testing.assert_allclose(slope, expected, atol=1e-8)


@pytest.mark.parametrize("name", ["rnn_tanh", "drift_log"])
def test_a_time_for_each_state_broadcasts(name):
    system = example(name)
    x = np.random.default_rng(0).uniform(0.2, 1.8, size=(3, system.size))
    times = np.array([0.0, 1.0, 2.0])
    each = [null_component(system, state, t) for state, t in zip(x, times, strict=True)]
    np.testing.assert_allclose(null_component(system, x, times), each, atol=1e-14)


def test_a_network_of_neither_family_has_no_closed_form():
    class Cubic(Network):
        def linear(self, y):
            return -(y**3)

        def eigenspaces(self, max_degree=1):
            return ()

    relaxation = example("rnn_tanh")
    network = Cubic(relaxation.weights, relaxation.zeta, relaxation.coupling)
    with pytest.raises(ValueError, match="Cubic has no closed form"):
        null_component(network, np.ones((1, network.size)), 1.0)
    assert not isinstance(network, Drift)
