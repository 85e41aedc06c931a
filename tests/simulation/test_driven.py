"""Networks under held inputs: states, null component, switches, feedback, and what is refused."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from koopmark.simulation import null_component, simulate, simulate_reduced
from koopmark.systems import LowRank, Relaxation, Shift, example, random_rnn

FAMILIES = [
    "rnn_tanh", "relaxation_sinh", "relaxation_cubic", "relaxation_neighbour_coupled",
    "drift_sinh", "drift_log", "karate_club",
]  # fmt: skip
"""ζ a shift, sinh, a cubic, h that mixes units, drift with sinh and log, and N <= 2r."""
TIMES = np.linspace(0.0, 2.0, 9)


def drawn(name, count=3, seed=0):
    """A driven network, initial states, uneven times of unequal number, and inputs."""
    rng, network = np.random.default_rng(seed), example(name)
    system = network.with_inputs(0.3 * rng.standard_normal((network.size, 2)))
    start = rng.uniform(0.3, 1.7, (count, system.size))
    times = np.cumsum(rng.uniform(0.02, 0.5, (count, 7)), axis=1)
    times[1, 5:] = np.nan
    inputs = rng.standard_normal((count, 7, 2))
    inputs[0, 3] = inputs[0, 2]
    return system, start, times, inputs


def restarted(system, start, times, inputs):
    """One trajectory by SciPy's DOP853 in all coordinates, anew at every switch."""
    states = [start]
    for k, span in enumerate(pairwise(times)):
        solution = solve_ivp(
            lambda _t, x, v=inputs[k]: system.driven(x, v), span, states[-1],
            method="DOP853", rtol=1e-12, atol=1e-13,
        )  # fmt: skip
        states.append(solution.y[:, -1])
    return np.array(states)


@pytest.mark.parametrize("name", FAMILIES)
def test_states_are_those_of_another_integrator_restarted_at_every_switch(name):
    system, start, times, inputs = drawn(name)
    made = simulate(system, start, times, inputs=inputs, rtol=1e-11)
    for m, own in enumerate(times):
        known = np.isfinite(own)
        exact = restarted(system, start[m], own[known], inputs[m])
        assert np.abs(made.states[m, known] - exact).max() < 1e-9 * np.abs(exact).max()
        assert np.isnan(made.states[m, ~known]).all()
    np.testing.assert_array_equal(made.inputs, inputs)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_null_component_is_exact_however_coarse_the_steps(name):
    system, start, times, inputs = drawn(name)
    states = simulate(system, start, times, inputs=inputs, rtol=1e-2).states
    along = system.weights.null_space.project(system.zeta(states))
    exact = null_component(system, start, times, inputs)
    assert np.nanmax(np.abs(along - exact)) < 1e-14 * max(1.0, np.nanmax(np.abs(exact))) * 10


@pytest.mark.parametrize("name", ["rnn_tanh", "drift_log"])
def test_the_null_component_is_the_gain_formula_applied_interval_by_interval(name):
    """uᵀy⁺ = e^{-Δt} uᵀy + (1 - e^{-Δt}) uᵀB v, or uᵀy + Δt (uᵀB v - uᵀc)."""
    system, start, times, inputs = drawn(name)
    y = system.zeta(start) @ system.weights.null_space.basis
    drive = system.input_weights.T @ system.weights.null_space.basis
    decays = isinstance(system, Relaxation)
    rates = 0.0 if decays else system.rates @ system.weights.null_space.basis
    exact = null_component(system, start, times, inputs) @ system.weights.null_space.basis
    for k, dt in enumerate(np.diff(times).T[:, :, None]):
        reached = inputs[:, k] @ drive
        y = np.exp(-dt) * y + (1 - np.exp(-dt)) * reached if decays else y + dt * (reached - rates)
        np.testing.assert_allclose(exact[:, k + 1], y, atol=1e-13)


@given(seed=st.integers(0, 2**31), share=st.floats(-3.0, 3.0))
@settings(max_examples=10, deadline=None)
def test_the_null_component_is_affine_in_the_inputs(seed, share):
    system, start, times, first = drawn("relaxation_sinh", seed=seed)
    second = np.random.default_rng(seed).standard_normal(first.shape)

    def response(inputs):
        return null_component(system, start, times, inputs) - null_component(
            system, start, times, 0.0 * inputs
        )

    together = response(first + share * second)
    np.testing.assert_allclose(together, response(first) + share * response(second), atol=1e-13)


@given(seed=st.integers(0, 2**31), interval=st.integers(0, 6), at=st.floats(0.1, 0.9))
@settings(max_examples=8, deadline=None)
def test_a_hold_cut_in_two_equal_ones_changes_nothing(seed, interval, at):
    system, start, _, _ = drawn("rnn_tanh")
    inputs = np.random.default_rng(seed).standard_normal((8, 2))
    times = TIMES[:8]
    whole = simulate(system, start, times, inputs=inputs, rtol=1e-11).states
    middle = times[interval] + at * (times[1] - times[0])
    cut = simulate(
        system, start, np.insert(times, interval + 1, middle),
        inputs=np.insert(inputs, interval + 1, inputs[interval], axis=0), rtol=1e-11,
    )  # fmt: skip
    np.testing.assert_allclose(np.delete(cut.states, interval + 1, axis=1), whole, atol=1e-10)


@given(shift=st.floats(-50.0, 50.0))
@settings(max_examples=6, deadline=None)
def test_the_time_at_which_it_starts_does_not_matter(shift):
    system, start, times, inputs = drawn("drift_sinh")
    here, there = (simulate(system, start, t, inputs=inputs).states for t in (times, times + shift))
    np.testing.assert_allclose(there, here, atol=1e-11)


@pytest.mark.parametrize("name", FAMILIES)
def test_inputs_of_zero_give_the_states_of_the_autonomous_network(name):
    system, start, times, inputs = drawn(name)
    alone = simulate(system.with_inputs(None), start, times)
    zero = simulate(system, start, times, inputs=0.0 * inputs)
    np.testing.assert_allclose(zero.states, alone.states, rtol=1e-12, atol=1e-14)
    # None are not carried along as zeros: same path, same bits.
    np.testing.assert_array_equal(simulate(system, start, times).states, alone.states)
    assert alone.inputs is None
    assert not simulate(system, start, times).inputs.any()


def test_a_switch_costs_no_evaluation_and_no_lane_waits_for_another():
    """12 evaluations of h a step, and 2 to begin with, whatever switches when."""
    seen = []

    def counting(x, out=None):
        seen.append(x.shape[-1])
        return np.tanh(x, out=out)

    network = random_rnn(40, 3, 0.5)
    coupling = replace(network.coupling, value=counting)
    system = replace(network.with_inputs(np.ones((40, 1))), coupling=coupling)
    start, times = np.ones((2, 40)), np.arange(0.0, 1.01, 0.05)
    own = np.stack([times, np.sqrt(times)])
    inputs = 0.1 * np.cos(np.arange(len(times)))[:, None]

    def steps(lanes):
        seen.clear()
        simulate(system, start[lanes], own[lanes], inputs=inputs, rtol=1e-6)
        assert (len(seen) - 2) % 12 == 0
        return (len(seen) - 2) // 12

    first, second = steps([0]), steps([1])
    assert 20 <= first <= 23
    assert steps([0, 1]) == max(first, second)


@pytest.mark.parametrize("name", ["rnn_tanh", "relaxation_cubic", "drift_log", "karate_club"])
def test_a_feedback_law_gives_the_states_of_the_inputs_that_it_gave(name):
    system, start, times, dither = drawn(name)
    asked = []

    def law(k, states):
        asked.append(k)
        return -0.1 * states[:, :2] + 0.1 * dither[:, k]

    fed = simulate(system, start, times, inputs=law, rtol=1e-11)
    assert asked == list(range(6))
    np.testing.assert_allclose(
        fed.inputs[:, 1], -0.1 * fed.states[:, 1, :2] + 0.1 * dither[:, 1], atol=1e-15
    )
    open_loop = simulate(system, start, times, inputs=fed.inputs, rtol=1e-11)
    np.testing.assert_allclose(fed.states, open_loop.states, rtol=1e-9, atol=1e-10)
    known = np.where(np.isfinite(fed.inputs), fed.inputs, 0.0)
    exact = null_component(system, start, times, known)
    along = system.weights.null_space.project(system.zeta(fed.states))
    assert np.nanmax(np.abs(along - exact)) < 1e-13


@pytest.mark.parametrize("name", ["rnn_tanh", "drift_log", "relaxation_cubic", "karate_club"])
def test_coordinates_and_inputs_expand_to_the_states(name):
    system, start, times, inputs = drawn(name)
    states = simulate(system, start, times, inputs=inputs).states
    reduced = simulate_reduced(system, start, times, inputs=inputs)
    np.testing.assert_allclose(reduced.expand(), states, rtol=1e-12, atol=1e-13)
    part = reduced.expand(slice(1, 3), np.array([2, 0]))
    np.testing.assert_allclose(part, states[1:3][:, :, [2, 0]], rtol=1e-12, atol=1e-13)


def test_float32_states_are_right_to_their_precision_and_written_where_asked():
    system, start, times, inputs = drawn("rnn_tanh")
    out = np.empty((3, 7, system.size), np.float32)
    made = simulate(system, start, times, inputs=inputs, dtype=np.float32, out=out)
    assert made.states.base is out or made.states is out
    exact = simulate(system, start, times, inputs=inputs).states
    np.testing.assert_allclose(out, exact, atol=1e-4)


def test_what_else_is_in_the_batch_changes_a_trajectory_by_rounding_only():
    system, start, times, inputs = drawn("rnn_tanh")
    together = simulate(system, start, times, inputs=inputs).states[2]
    alone = simulate(system, start[2:], times[2:], inputs=inputs[2:]).states[0]
    np.testing.assert_allclose(together, alone, rtol=1e-11, atol=1e-13)


def test_a_trajectory_that_inputs_blow_up_is_nan_from_then_on():
    """ẋ = -x + x² + v from 0: v = 4 carries it past 1 and to infinity, v = 0.1 does not."""
    unit = np.array([[1.0], [0.0], [0.0]])
    square = Relaxation(
        LowRank(unit, unit), Shift(), lambda x, out=None: np.multiply(x, x, out=out)
    ).with_inputs(unit)
    inputs = np.array([[[0.1]] * 9, [[0.1]] * 4 + [[4.0]] * 5])
    for given_as in (inputs, lambda k, states: inputs[:, k]):
        made = simulate(square, np.zeros((2, 3)), TIMES, inputs=given_as)
        assert made.diverged.tolist() == [False, True]
        assert 1.0 < made.diverged_at[1] < 2.0
        assert np.isnan(made.states[1, made.diverged_at[1] < TIMES]).all()
        assert np.isfinite(made.states[1, made.diverged_at[1] > TIMES]).all()


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (np.zeros((8, 2)), r"inputs must have shape \(9, 2\) or \(3, 9, 2\), .* got \(8, 2\)"),
        (np.zeros((9, 1)), r"a value of each of 2 inputs at each of 9 times, got \(9, 1\)"),
        (np.zeros((2, 9, 2)), r"got \(2, 9, 2\)"),
        (np.full((9, 2), np.nan), r"inputs\[0, 0\] is nan: each must be finite up to the last"),
        (lambda k, x: np.zeros((3, 1)), r"must return inputs of shape \(3, 2\).*\(3, 1\) in inter"),
        (lambda k, x: np.full((3, 2), np.inf), "returned inf for input 0 of trajectory 0 in inter"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit_are_refused(inputs, said):
    system, start, _, _ = drawn("rnn_tanh")
    with pytest.raises(ValueError, match=said):
        simulate(system, start, TIMES, inputs=inputs)


def test_inputs_behind_the_last_time_may_be_missing():
    system, start, times, inputs = drawn("rnn_tanh")
    missing = inputs.copy()
    missing[:, -1], missing[1, 4:] = np.nan, np.nan
    some, all_given = (simulate(system, start, times, inputs=v).states for v in (missing, inputs))
    np.testing.assert_array_equal(some, all_given)


def test_a_single_time_has_no_interval_and_asks_no_law():
    system, start, _, _ = drawn("rnn_tanh")
    for given_as in (np.ones((1, 2)), lambda k, states: 1 / 0):
        made = simulate(system, start, [1.0], inputs=given_as)
        np.testing.assert_array_equal(made.states[:, 0], start)
    reduced = simulate_reduced(system, start, [1.0], inputs=np.ones((1, 2)))
    np.testing.assert_allclose(reduced.expand()[:, 0], start, atol=1e-14)


def test_an_interval_as_short_as_rounding_is_no_divergence():
    system, start, _, _ = drawn("rnn_tanh")
    times, inputs = (
        np.array([0.0, 1.0, 1.0 + 1e-15, 2.0]),
        np.array([[1.0, 0], [-1, 0], [2, 0], [0, 0]]),
    )
    made = simulate(system, start, times, inputs=inputs)
    assert not made.diverged.any()
    without = simulate(system, start, times[[0, 1, 3]], inputs=inputs[[0, 2, 3]])
    np.testing.assert_allclose(made.states[:, 3], without.states[:, 2], rtol=1e-9)


def test_inputs_of_a_system_without_any_are_refused():
    system, start, _, _ = drawn("rnn_tanh")
    for law in (np.zeros((9, 2)), lambda k, x: np.zeros((3, 2))):
        with pytest.raises(ValueError, match="takes no inputs: with_inputs"):
            simulate(system.with_inputs(None), start, TIMES, inputs=law)


def test_a_feedback_law_without_states_to_look_at_is_refused():
    system, start, _, _ = drawn("rnn_tanh")
    with pytest.raises(TypeError, match=r"needs the states: use koopmark\.simulate"):
        simulate_reduced(system, start, TIMES, inputs=lambda k, x: np.zeros((3, 2)))


def test_a_feedback_law_cannot_change_the_states():
    system, start, _, _ = drawn("rnn_tanh")

    def law(k, states):
        states[:] = 0.0
        return np.zeros((3, 2))

    with pytest.raises(ValueError, match="read-only"):
        simulate(system, start, TIMES, inputs=law)
