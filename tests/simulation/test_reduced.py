"""Reduced results: r coordinates and the null component, from which the states follow."""

import numpy as np
import pytest

from koopmark.simulation import ReducedTrajectories, null_component, simulate, simulate_reduced
from koopmark.systems import (
    LOG,
    NETWORKS,
    LowRank,
    Relaxation,
    Shift,
    System,
    example,
    random_rnn,
)

TIMES = np.linspace(1.0, 5.0, 21)


def initial_states(system, count=4):
    states = np.random.default_rng(1).standard_normal((count, system.size))
    return np.exp(0.5 * states) if system.zeta is LOG else states


@pytest.mark.parametrize("name", NETWORKS)
def test_expanding_gives_the_states(name):
    system = example(name)
    start = initial_states(system)
    reduced = simulate_reduced(system, start, TIMES)
    assert isinstance(reduced, ReducedTrajectories)
    states = simulate(system, start, TIMES).states
    np.testing.assert_allclose(reduced.expand(), states, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["rnn_tanh", "drift_log", "relaxation_cubic"])
def test_a_part_is_expanded_alone(name):
    system = example(name)
    reduced = simulate_reduced(system, initial_states(system), TIMES)
    whole, units = reduced.expand(), np.array([3, 0])
    part = reduced.expand(trajectories=slice(1, 3), units=units)
    np.testing.assert_allclose(part, whole[1:3][:, :, units], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", NETWORKS)
def test_coordinates_and_null_part_are_those_of_the_states(name):
    system = example(name)
    start = initial_states(system)
    reduced = simulate_reduced(system, start, TIMES)
    y = system.zeta(simulate(system, start, TIMES).states)
    q = system.weights.thin_qr[0]
    assert reduced.coordinates.shape == (4, len(TIMES), system.weights.rank)
    np.testing.assert_allclose(reduced.coordinates, y @ q, atol=1e-11)
    np.testing.assert_allclose(reduced.null, null_component(system, start, 0.0), atol=1e-13)


def test_a_diverged_trajectory_is_nan_after_its_time_and_flagged():
    first = np.array([[1.0], [0.0], [0.0], [0.0]])
    square = Relaxation(LowRank(first, first), Shift(), lambda x, out=None: np.square(x, out=out))
    reduced = simulate_reduced(square, [[2.0, 0, 0, 1], [0.5, 0, 0, 1]], TIMES)
    np.testing.assert_array_equal(reduced.diverged, [True, False])
    assert reduced.diverged_at[0] == pytest.approx(1.0 + np.log(2.0))
    after = reduced.diverged_at[0] < TIMES
    assert np.isnan(reduced.expand()[0, after]).all()
    assert np.isfinite(reduced.expand()[0, ~after]).all()


def test_the_result_is_smaller_than_the_states_by_the_rank_over_the_units():
    system = random_rnn(500, 5)
    start = np.random.default_rng(0).standard_normal((3, 500))
    reduced = simulate_reduced(system, start, TIMES)
    assert reduced.coordinates.size == 3 * len(TIMES) * 5
    assert reduced.system is system


class Still(System):
    size = 2

    def rhs(self, states, out=None):
        return np.multiply(states, 0.0, out=out)

    def eigenspaces(self, max_degree=1):
        return ()


def test_a_system_without_a_reduction_is_refused():
    with pytest.raises(ValueError, match="Still has no reduction"):
        simulate_reduced(Still(), np.ones((1, 2)), TIMES)


def test_a_single_time_is_that_of_the_initial_states():
    system = example("rnn_tanh")
    start = initial_states(system)
    reduced = simulate_reduced(system, start, [1.0])
    np.testing.assert_allclose(reduced.expand()[:, 0], start, atol=1e-14)
    np.testing.assert_array_equal(simulate(system, start, [1.0]).states[:, 0], start)
