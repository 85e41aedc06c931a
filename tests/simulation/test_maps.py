"""Maps: iterated in r coordinates, the null component in closed form, inputs held over steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.simulation import null_component, simulate, simulate_reduced
from koopmark.systems import (
    CUBIC,
    LOG,
    SINH,
    LowRank,
    RelaxationMap,
    Shift,
    example,
    leaky_rnn,
    random_rnn,
)

MULTIPLIERS = [0.9, 0.3, 0.0, -0.5]
"""1 - α for α = 0.1, 0.7, 1 and 1.5."""


def drawn(zeta, multiplier, n=9, rank=2, seed=0):
    """A driven map, states, unequal times whole steps apart, and inputs."""
    rng = np.random.default_rng(seed)
    left, right = rng.standard_normal((n, rank)), rng.standard_normal((n, rank)) / n
    system = RelaxationMap(
        LowRank(left, right), zeta, example("rnn_tanh").coupling, multiplier=multiplier,
        input_weights=0.5 * rng.standard_normal((n, 2)),
    )  # fmt: skip
    times = 0.3 + np.cumsum(rng.integers(1, 4, (4, 6)), axis=1)
    times[1, 4:], times[2, 1:] = np.nan, np.nan
    return system, rng.uniform(0.3, 1.7, (4, n)), times, rng.standard_normal((4, 6, 2))


def stepped(system, start, times, inputs):
    """One trajectory by a plain loop over the dense equations."""
    weights, states = system.weights.dense(), [start]
    for k, steps in enumerate(np.rint(np.diff(times)).astype(int)):
        x = states[-1]
        for _ in range(steps):
            y = system.multiplier * system.zeta(x) + weights @ np.tanh(x)
            x = system.zeta.inverse(y + system.input_weights @ inputs[k])
        states.append(x)
    return np.array(states)


@pytest.mark.parametrize(
    "zeta", [Shift(np.array(0.2)), SINH, CUBIC], ids=["shift", "sinh", "cubic"]
)
@pytest.mark.parametrize(("n", "rank"), [(9, 2), (5, 3)], ids=["reduced", "full"])
@pytest.mark.parametrize("multiplier", MULTIPLIERS)
def test_states_are_those_of_a_plain_loop(zeta, n, rank, multiplier):
    system, start, times, inputs = drawn(zeta, multiplier, n, rank)
    made = simulate(system, start, times, inputs=inputs)
    for m, own in enumerate(times):
        known = np.isfinite(own)
        exact = stepped(system, start[m], own[known], inputs[m])
        np.testing.assert_allclose(made.states[m, known], exact, rtol=1e-12, atol=1e-12)
        assert np.isnan(made.states[m, ~known]).all()
    assert not made.diverged.any()
    reduced = simulate_reduced(system, start, times, inputs=inputs).expand()
    np.testing.assert_allclose(reduced, made.states, atol=1e-13)
    fed = simulate(system, start, times, inputs=lambda k, _: inputs[:, k])
    np.testing.assert_allclose(fed.states, made.states, atol=1e-12)


@pytest.mark.parametrize("multiplier", MULTIPLIERS)
def test_the_null_component_is_multiplied_and_gains_exactly(multiplier):
    """uᵀy⁺ = μ uᵀy + uᵀB v, every step."""
    system, start, _, _ = drawn(Shift(np.array(0.2)), multiplier)
    inputs, times = np.random.default_rng(1).standard_normal((21, 2)), np.arange(21.0)
    states = simulate(system, start, times, inputs=inputs).states
    u = system.weights.null_space.basis
    z = system.zeta(states) @ u
    after = multiplier * z[:, :-1] + (inputs @ system.input_weights.T @ u)[:-1]
    np.testing.assert_allclose(z[:, 1:], after, atol=1e-14)
    np.testing.assert_allclose(null_component(system, start, times, inputs) @ u, z, atol=1e-13)


@given(steps=st.lists(st.integers(1, 5), min_size=1, max_size=6), seed=st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_an_input_held_over_several_steps_is_that_input_at_each(steps, seed):
    system, start, _, _ = drawn(SINH, -0.5, seed=seed)
    inputs = np.random.default_rng(seed).standard_normal((len(steps) + 1, 2))
    times = np.concatenate([[0], np.cumsum(steps)])
    held = simulate(system, start, times, inputs=inputs).states
    each = np.concatenate([np.repeat(inputs[:-1], steps, axis=0), inputs[-1:]])
    single = simulate(system, start, np.arange(times[-1] + 1.0), inputs=each).states
    np.testing.assert_allclose(held, single[:, times], rtol=1e-12, atol=1e-13)


def test_a_leaky_network_is_the_explicit_step_of_its_equation():
    network = random_rnn(30, 3, theta_scale=0.4)
    system = leaky_rnn(network.weights, 0.2, network.zeta.theta)
    x = np.random.default_rng(0).standard_normal((4, 30))
    after = simulate(system, x, [0.0, 1.0]).states[:, 1]
    np.testing.assert_allclose(after, x + 0.2 * network.rhs(x), atol=1e-14)


def test_without_inputs_a_map_moves_as_under_inputs_of_zero():
    system, start, times, inputs = drawn(CUBIC, 0.3)
    alone = simulate(system, start, times)
    zero = simulate(system, start, times, inputs=0.0 * inputs)
    np.testing.assert_allclose(alone.states, zero.states, rtol=1e-13, atol=1e-14)
    assert not alone.inputs.any()


def test_float32_states_of_a_map_are_right_to_their_precision():
    system, start, times, inputs = drawn(Shift(np.array(0.2)), 0.9)
    single = simulate(system, start, times, inputs=inputs, dtype=np.float32).states
    assert single.dtype == np.float32
    np.testing.assert_allclose(
        single, simulate(system, start, times, inputs=inputs).states, rtol=1e-5, atol=1e-5
    )


def test_a_map_that_leaves_all_bounds_says_after_which_step():
    """x⁺ = x²: from 10 the norm is 10^(2^k), above 1e150 at the eighth step."""
    unit = np.array([[1.0], [0.0], [0.0]])
    square = RelaxationMap(
        LowRank(unit, unit), Shift(), lambda x, out=None: np.multiply(x, x, out=out), multiplier=0.0
    )
    made = simulate(square, [[10.0, 0, 0], [0.5, 0, 0]], 3.0 + np.arange(12.0))
    np.testing.assert_array_equal(made.diverged_at, [10.0, np.nan])
    np.testing.assert_allclose(made.states[0, :8, 0], 10.0**2.0 ** np.arange(8), rtol=1e-12)
    assert np.isnan(made.states[0, 8:]).all()
    assert np.isfinite(made.states[1]).all()


def test_a_null_component_that_grows_is_followed_until_it_overflows():
    unit = np.array([[1.0], [0.0], [0.0]])
    system = RelaxationMap(
        LowRank(unit, unit), Shift(), example("rnn_tanh").coupling, multiplier=-1e30
    )
    made = simulate(system, [[0.0, 1.0, 0.0]], np.arange(13.0))
    np.testing.assert_allclose(made.states[0, :10, 1], (-1e30) ** np.arange(10.0), rtol=1e-12)
    assert made.diverged.all()
    assert np.isnan(made.states[0, -1]).all()


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([0.0, 1.0, 2.5], r"times\[2\] = 2.5 is 2.5 after the first; numpy.arange\(T\) asks"),
        ([[0.0, 1.0, 2.0], [0.5, 1.0, 2.0]], r"times\[1, 1\] = 1 is 0.5 after the first"),
    ],
)
def test_times_between_steps_are_refused(times, said):
    system, start, _, _ = drawn(SINH, 0.3)
    with pytest.raises(ValueError, match=said):
        simulate(system, start[:2], times)


def test_states_outside_the_domain_of_a_map_are_refused():
    system, start, _, _ = drawn(LOG, 0.3)
    start[1, 2] = -1.0
    with pytest.raises(ValueError, match=r"initial_states\[1, 2\] = -1 is outside the domain"):
        simulate(system, start, np.arange(3.0))
