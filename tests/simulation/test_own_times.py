"""Trajectories at times of their own: as exact as at shared times, whatever the others' are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.datasets import load_recipe
from koopmark.simulation import (
    Tolerance,
    Trajectories,
    integrate,
    sample_paths,
    simulate,
    simulate_reduced,
)
from koopmark.simulation._reduction import reduction
from koopmark.simulation._rhs import FullRHS
from koopmark.systems import LowRank, Relaxation, Shift, three_populations

NAMES = ["rnn_10_2", "drift_sinh", "relaxation_cubic", "prescribed_fourier", "hopf_focus"]
"""Reduced, with a clock, in full coordinates, integrated in its state, and in closed form."""


def drawn(name, count=6, seed=0):
    """A system, initial states, and uneven times of unequal number from unequal starts."""
    recipe, rng = load_recipe(name), np.random.default_rng(seed)
    system, even = recipe.system.build(0), recipe.sampling.times[:21]
    start = system.reachable(recipe.initial_states.draw(count, system.size, rng))
    times = rng.uniform(-3.0, 3.0, (count, 1)) + np.tile(even, (count, 1))
    times[:, 1:] += rng.uniform(-0.4, 0.4, (count, len(even) - 1)) * recipe.sampling.dt
    for m, length in enumerate(rng.integers(1, len(even) + 1, count)):
        times[m, length:] = np.nan
    return system, start, times


@pytest.mark.parametrize("name", NAMES)
def test_states_at_times_of_their_own_are_those_of_each_trajectory_alone(name):
    system, start, times = drawn(name)
    states = simulate(system, start, times, rtol=1e-11).states
    for m, own in enumerate(times):
        known = np.isfinite(own)
        alone = simulate(system, start[m : m + 1], own[known], rtol=1e-13).states[0]
        assert np.abs(states[m, known] - alone).max() < 1e-9 * np.abs(alone).max()
        assert np.isnan(states[m, ~known]).all()


@given(st.integers(0, 2**31), st.floats(0.1, 4.0))
@settings(max_examples=8, deadline=None)
def test_the_times_of_other_trajectories_change_a_trajectory_by_rounding_only(seed, stretch):
    system, start, times = drawn("rnn_10_2", 4, seed)
    others = times.copy()
    others[1:] = others[1:, :1] + stretch * (others[1:] - others[1:, :1])
    first, second = (
        simulate(system, start, grid, rtol=1e-11).states[0] for grid in (times, others)
    )
    np.testing.assert_allclose(first, second, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_shared_times_given_for_each_trajectory_give_the_same_bits(name):
    system, start, _ = drawn(name)
    grid = np.linspace(0.0, 1.0, 11)
    shared, each = (simulate(system, start, t) for t in (grid, np.tile(grid, (len(start), 1))))
    np.testing.assert_array_equal(shared.states, each.states)
    assert each.times.shape == grid.shape


def test_coordinates_at_times_of_their_own_expand_to_the_states():
    system, start, times = drawn("drift_sinh")
    states = simulate(system, start, times).states
    reduced = simulate_reduced(system, start, times)
    np.testing.assert_allclose(reduced.expand(), states, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(reduced.expand(slice(2, 4)), states[2:4], rtol=1e-12, atol=1e-13)


def test_float32_states_at_times_of_their_own_are_right_to_their_precision():
    system, start, times = drawn("rnn_10_2")
    single = simulate(system, start, times, dtype=np.float32)
    assert single.states.dtype == np.float32
    np.testing.assert_allclose(single.states, simulate(system, start, times).states, atol=1e-4)


def test_a_trajectory_that_blows_up_says_when_by_its_own_clock():
    """ẋ = -x + x²: from 2 the solution ends after log 2."""
    unit = np.array([[1.0], [0.0], [0.0]])
    system = Relaxation(
        LowRank(unit, unit), Shift(), lambda x, out=None: np.multiply(x, x, out=out)
    )
    start = np.array([[0.5, 1.0, 0.0], [2.0, 0.0, 1.0]])
    made = simulate(system, start, [[0.0, 1.0, 2.0], [50.0, 50.5, 51.0]])
    assert made.diverged.tolist() == [False, True]
    assert made.diverged_at[1] == pytest.approx(50.0 + np.log(2.0), rel=1e-8)
    assert np.isnan(made.states[1]).any(axis=1).tolist() == [False, False, True]


def test_paths_of_a_process_with_times_of_their_own_have_its_transition_density():
    system = load_recipe("ornstein_uhlenbeck").system.build(0)
    start, rng = np.tile([[1.0, -2.0]], (2000, 1)), np.random.default_rng(1)
    times = np.tile([0.0, 0.3, 1.0], (2000, 1))
    times[::2, 2] = np.nan
    states = sample_paths(system, start, times, rng).states
    for index, at in enumerate((0.3, 1.0), 1):
        seen = states[np.isfinite(times[:, index]), index]
        mean = system.mean(start[:1], np.array([at]))[0, 0]
        assert np.abs(seen.mean(axis=0) - mean).max() < 5 * seen.std() / np.sqrt(len(seen))
    assert np.isnan(states[::2, 2]).all()


def test_a_path_with_times_of_its_own_does_not_depend_on_the_other_paths():
    system = load_recipe("ornstein_uhlenbeck").system.build(0)
    times = np.array([[0.0, 0.3, 1.0], [0.0, 0.2, np.nan]])
    other = np.array([[0.0, 0.3, 1.0], [0.0, 0.5, 0.9]])
    first, second = (
        sample_paths(system, np.ones((2, 2)), grid, np.random.default_rng(3)).states[0]
        for grid in (times, other)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([[0.0, 1.0]], r"M = 2, the number of initial states, got \(1, 2\)"),
        ([[0.0, 1.0], [np.nan, 1.0]], r"times\[1, 0\] is nan: each trajectory needs a first time"),
        ([[0.0, np.nan, 1.0], [0.0, 1.0, 2.0]], r"times\[0, 1\] is nan"),
        ([[0.0, 1.0], [0.0, 0.0]], r"times must increase, but times\[1, 1\] = 0"),
    ],
)
def test_times_of_their_own_that_no_trajectory_can_have_are_refused(times, said):
    with pytest.raises(ValueError, match=said):
        simulate(three_populations(), np.zeros((2, 3)), times)


def test_a_long_even_trajectory_outweighs_a_few_uneven_steps():
    rng = np.random.default_rng(0)
    grid, uneven = 0.02 * np.arange(60), np.sort(rng.uniform(0.0, 2.0, 90))
    data = Trajectories.from_arrays(
        [rng.normal(size=(len(times), 2)) for times in (uneven, grid)], times=[uneven, grid]
    )
    assert data.dt == pytest.approx(0.02, rel=1e-3)
    assert len(data.pairs()[0]) >= 59


def test_the_next_steps_are_those_of_each_trajectory_alone():
    """Also of lanes that are done long before the others, and wait in the arrays."""
    system = three_populations()
    start = np.random.default_rng(0).standard_normal((3, 40))
    times = np.linspace(0.2, 4.0, 40)[:, None]

    def next_steps(lanes):
        chosen = start[:, lanes].copy()
        steps, samples = np.zeros(len(lanes)), np.empty((len(lanes), 1, 3))
        rhs = FullRHS(reduction(system), len(lanes))
        integrate(rhs, chosen, times[lanes], Tolerance(1e-8), samples, steps=steps)
        return steps

    together = next_steps(np.arange(40))
    alone = np.concatenate([next_steps(np.array([lane])) for lane in range(40)])
    assert (together > 0.0).all()
    np.testing.assert_allclose(together, alone, rtol=1e-3)
