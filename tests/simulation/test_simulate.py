"""Simulated ensembles: accuracy, exactness, independence of the batch, and errors in sentences."""

import tracemalloc
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from koopmark.simulation import Trajectories, null_component, simulate
from koopmark.systems import (
    LOG,
    NETWORKS,
    SINH,
    Drift,
    Relaxation,
    System,
    activation,
    example,
    random_relaxation,
    random_rnn,
    three_populations,
)

TIMES = np.linspace(0.0, 5.0, 51)
SMOOTH = [name for name in NETWORKS if name != "rnn_relu"]
REDUCED = random_rnn(12, 3, 1.5, theta_scale=0.4)


def initial_states(system, count=3, seed=1):
    states = np.random.default_rng(seed).standard_normal((count, system.size))
    return np.exp(0.5 * states) if system.zeta is LOG else states


@cache
def reference(name):
    """SciPy's DOP853 at 1e-13 on the full vector field, one trajectory at a time."""
    system = example(name)
    return np.stack(
        [
            solve_ivp(
                lambda _, state: system.rhs(state),
                (TIMES[0], TIMES[-1]),
                start,
                t_eval=TIMES,
                method="DOP853",
                rtol=1e-13,
                atol=1e-15,
            ).y.T
            for start in initial_states(system)
        ]
    )


def relative_error(states, exact):
    return (np.linalg.norm(states - exact, axis=-1) / np.linalg.norm(exact, axis=-1)).max()


@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-9, 1e-11])
@pytest.mark.parametrize("name", SMOOTH)
def test_states_are_as_accurate_as_rtol_asks(name, rtol):
    system = example(name)
    simulated = simulate(system, initial_states(system), TIMES, rtol=rtol)
    assert relative_error(simulated.states, reference(name)) < rtol


@pytest.mark.parametrize("rtol", [1e-6, 1e-9, 1e-11])
def test_kinks_of_relu_cost_no_more_than_a_few_times_rtol(rtol):
    system = example("rnn_relu")
    simulated = simulate(system, initial_states(system), TIMES, rtol=rtol)
    assert relative_error(simulated.states, reference("rnn_relu")) < 5 * rtol


@pytest.mark.parametrize("name", NETWORKS)
def test_every_eigenfunction_follows_its_eigenvalue_along_the_flow(name):
    system = example(name)
    start = initial_states(system)
    simulated = simulate(system, start, TIMES)
    for space in system.eigenspaces(2):
        growth = np.exp(space.eigenvalue * TIMES)[:, None]
        initial = space.evaluate(start)[:, None]
        error = np.abs(space.evaluate(simulated.states) / growth - initial)
        assert np.all(error <= 1e-9 * np.abs(initial).max(axis=-1, keepdims=True))


@pytest.mark.parametrize("name", [name for name in NETWORKS if example(name).conserved()])
def test_conserved_quantities_stay_constant(name):
    system = example(name)
    start = initial_states(system, count=40)
    for space in system.conserved():
        initial = space.evaluate(start)
        # Ratios are singular where their denominator vanishes: there all of them are large.
        regular = np.abs(initial).max(axis=-1) < 10.0
        assert regular.sum() >= 5
        along = space.evaluate(simulate(system, start[regular], TIMES).states)
        np.testing.assert_allclose(
            along, np.broadcast_to(initial[regular, None], along.shape), atol=1e-9
        )


@pytest.mark.parametrize("rtol", [1e-3, 1e-9])
@pytest.mark.parametrize("name", NETWORKS)
def test_null_component_is_exact_to_rounding_whatever_rtol(name, rtol):
    system = example(name)
    start = initial_states(system)
    simulated = simulate(system, start, TIMES, rtol=rtol)
    along = system.weights.null_space.project(system.zeta(simulated.states))
    exact = null_component(system, start[:, None], TIMES)
    size = np.abs(system.zeta(simulated.states)).max(axis=-1, keepdims=True)
    assert np.all(np.abs(along - exact) <= 1e-13 * np.maximum(size, 1.0))


@pytest.mark.parametrize("system", [REDUCED, three_populations(), random_relaxation(9, 2, SINH)])
def test_a_trajectory_does_not_depend_on_the_others_in_its_batch(system):
    start = initial_states(system, count=30)
    batch = simulate(system, start, TIMES).states
    for index in (0, 13, 29):
        alone = simulate(system, start[index : index + 1], TIMES).states[0]
        np.testing.assert_allclose(batch[index], alone, rtol=0, atol=1e-12)


@given(st.lists(st.floats(1e-3, 6.0), min_size=1, max_size=12, unique=True))
@settings(max_examples=25, deadline=None)
def test_states_do_not_depend_on_the_grid_they_are_asked_on(offsets):
    grid = np.concatenate([[0.0], np.unique(np.round(offsets, 6))])
    start = initial_states(REDUCED, count=4)
    fine = simulate(REDUCED, start, np.union1d(grid, np.linspace(0, 6, 7)), rtol=1e-10)
    coarse = simulate(REDUCED, start, grid, rtol=1e-10)
    same = fine.states[:, np.isin(fine.times, grid)]
    assert relative_error(coarse.states, same) < 2e-10


def test_times_far_closer_than_a_step_and_far_wider_are_both_met():
    grid = np.concatenate([[0.0], np.geomspace(1e-9, 30.0, 200)])
    start = initial_states(REDUCED)
    states = simulate(REDUCED, start, grid, rtol=1e-10).states
    for index in (1, 60, 140, 200):
        alone = simulate(REDUCED, start, grid[[0, index]], rtol=1e-12).states[:, 1]
        assert relative_error(states[:, index], alone) < 1e-10


def test_the_clock_starts_at_the_first_time():
    start = initial_states(REDUCED)
    early = simulate(REDUCED, start, TIMES)
    late = simulate(REDUCED, start, TIMES + 7.0)
    np.testing.assert_array_equal(late.states[:, 0], start)
    np.testing.assert_allclose(late.states, early.states, atol=1e-12)


def test_semigroup_going_on_from_the_middle_gives_the_same_end():
    start = initial_states(REDUCED)
    whole = simulate(REDUCED, start, [0.0, 2.0, 5.0], rtol=1e-11).states
    second = simulate(REDUCED, whole[:, 1], [2.0, 5.0], rtol=1e-11).states
    assert relative_error(second[:, 1], whole[:, 2]) < 2e-11


def test_a_single_time_gives_back_the_initial_states():
    start = initial_states(REDUCED)
    np.testing.assert_array_equal(simulate(REDUCED, start, [3.0]).states[:, 0], start)


def test_states_are_written_into_out():
    start = initial_states(REDUCED)
    out = np.empty((3, len(TIMES), REDUCED.size))
    simulated = simulate(REDUCED, start, TIMES, out=out)
    assert simulated.states is out
    np.testing.assert_array_equal(out, simulate(REDUCED, start, TIMES).states)


def test_result_carries_its_system_and_says_ok():
    simulated = simulate(REDUCED, initial_states(REDUCED), TIMES)
    assert isinstance(simulated, Trajectories)
    assert simulated.system is REDUCED
    assert simulated.status == ["ok"] * 3


def test_initial_states_are_left_alone():
    start = initial_states(REDUCED)
    before = start.copy()
    simulate(REDUCED, start, TIMES)
    np.testing.assert_array_equal(start, before)


def test_absolute_tolerance_saves_work_where_states_are_small():
    system = random_rnn(12, 3, 0.5)
    start = 1e-6 * initial_states(system)
    loose = simulate(system, start, TIMES, rtol=1e-11, atol=1e-9).states
    exact = simulate(system, start, TIMES, rtol=1e-12).states
    error = np.linalg.norm(loose - exact, axis=-1).max()
    assert 1e-15 < error < 1e-9


@dataclass(frozen=True, eq=False)
class Rotation(System):
    """ẋ = [[0, -2], [2, 0]] x, a system that is not a network."""

    @property
    def size(self):
        return 2

    def rhs(self, states, out=None):
        out = np.empty_like(states) if out is None else out
        out[..., 0], out[..., 1] = -2.0 * states[..., 1], 2.0 * states[..., 0]
        return out

    def eigenspaces(self, max_degree=1):
        return ()


def test_a_system_that_is_no_network_is_integrated_in_its_full_state():
    start = np.array([[1.0, 0.0], [0.3, -2.0]])
    simulated = simulate(Rotation(), start, TIMES, rtol=1e-10)
    z = (start @ [1, 1j])[:, None] * np.exp(2j * TIMES)
    assert relative_error(simulated.states, np.stack([z.real, z.imag], axis=-1)) < 1e-9


def test_both_ways_of_integrating_a_network_agree():
    # N <= 2r integrates all of y; two units on their own make it N > 2r, the coordinates a.
    start = initial_states(three_populations())
    full = simulate(three_populations(), start, TIMES, rtol=1e-11).states
    wide = np.hstack([start, np.ones((3, 2))])
    factors = three_populations().weights
    padded = [np.vstack([factor, np.zeros((2, 2))]) for factor in (factors.left, factors.right)]
    network = Relaxation(type(factors)(*padded), three_populations().zeta, activation("tanh"))
    reduced = simulate(network, wide, TIMES, rtol=1e-11).states
    assert relative_error(reduced[..., :3], full) < 2e-11


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"initial_states": np.ones(12)}, r"shape \(M, N\) with N = 12, got \(12,\)"),
        ({"initial_states": np.ones((2, 5))}, r"with N = 12, got \(2, 5\)"),
        ({"initial_states": np.full((2, 12), np.nan)}, r"initial_states\[0, 0\] is nan"),
        ({"times": [[0.0, 1.0]]}, r"times must have shape \(T,\)"),
        ({"times": []}, r"T >= 1"),
        ({"times": [0.0, np.inf]}, "not finite"),
        ({"times": [0.0, 2.0, 1.0]}, r"times\[2\] = 1 follows times\[1\] = 2"),
        ({"times": [0.0, 0.0]}, "must increase"),
        ({"rtol": 0.0}, "between 1e-13 and 0.01"),
        ({"rtol": np.nan}, "between 1e-13 and 0.01"),
        ({"rtol": 0.5}, "between 1e-13 and 0.01"),
        ({"atol": -1.0}, "atol is -1"),
        ({"out": np.empty((2, 3, 12))}, r"shape \(2, 2, 12\), got float64 \(2, 3, 12\)"),
        ({"out": np.empty((2, 2, 12), dtype=np.float32)}, "got float32"),
    ],
)
def test_wrong_arguments_are_named_with_what_would_be_right(arguments, message):
    arguments = {"initial_states": np.ones((2, 12)), "times": [0.0, 1.0], **arguments}
    with pytest.raises(ValueError, match=message):
        simulate(REDUCED, **arguments)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_state_outside_the_domain_of_zeta_is_refused(value):
    system = example("lotka_volterra")
    start = np.ones((2, 4))
    start[1, 2] = value
    with pytest.raises(ValueError, match=r"initial_states\[1, 2\] = .* outside the domain of ζ"):
        simulate(system, start, [0.0, 1.0])


def test_drift_family_moves_its_null_component_at_a_constant_velocity():
    system = example("drift_sinh")
    assert isinstance(system, Drift)
    start = initial_states(system)
    states = simulate(system, start, [0.0, 1.0, 3.0]).states
    null = system.weights.null_space.project(system.zeta(states))
    np.testing.assert_allclose(null[:, 2] - null[:, 1], 2 * (null[:, 1] - null[:, 0]), atol=1e-11)


def test_states_stream_to_a_memory_map_without_a_temporary_of_their_size(tmp_path):
    system = random_rnn(4000, 10)
    start = np.random.default_rng(0).standard_normal((60, system.size))
    grid = np.linspace(0.0, 1.0, 26)
    out = np.memmap(tmp_path / "states", dtype=float, mode="w+", shape=(60, 26, system.size))
    tracemalloc.start()
    simulate(system, start, grid, rtol=1e-6, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < out.nbytes / 2
    np.testing.assert_array_equal(out[:, 0], start)
    exact = null_component(system, start, 1.0)
    np.testing.assert_allclose(system.weights.null_space.project(out[:, -1]), exact, atol=1e-13)


@pytest.mark.slow
def test_a_hundred_thousand_neurons_run_in_memory_of_the_order_of_their_states():
    system = random_rnn(100_000, 10)
    start = np.random.default_rng(0).standard_normal((10, system.size))
    times = np.linspace(0.0, 5.0, 20)
    tracemalloc.start()
    states = simulate(system, start, times, rtol=1e-8).states
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.4 * states.nbytes
    u = system.weights.null_space.sample(3, np.random.default_rng(1))
    constant = np.stack([trajectory @ u for trajectory in states]) * np.exp(times)[:, None]
    np.testing.assert_allclose(constant, constant[:, :1] + np.zeros_like(constant), atol=1e-9)


@pytest.mark.parametrize("size", [1.0, 1e-150, 1e-300])
def test_states_may_vanish_where_the_caller_raises_floating_point_errors(size):
    initial = size * np.random.default_rng(0).standard_normal((300, REDUCED.size))
    expected = simulate(REDUCED, initial, TIMES).states
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(simulate(REDUCED, initial, TIMES).states, expected)
