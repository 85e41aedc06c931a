"""float32: half the memory, at an accuracy that it can keep."""

import numpy as np
import pytest

from koopmark.simulation import null_component, simulate, simulate_reduced
from koopmark.systems import LOG, NETWORKS, example, random_rnn

TIMES = np.linspace(0.0, 5.0, 51)
SMOOTH = [name for name in NETWORKS if name != "rnn_relu"]
AMPLIFIES = {"hopfield_sequence": 3.0}
"""An oscillation keeps what rounding adds: by kernel the error is 0.4 to 1 times rtol."""


def initial_states(system, count=4):
    states = np.random.default_rng(1).standard_normal((count, system.size))
    return np.exp(0.5 * states) if system.zeta is LOG else states


def relative_error(states, exact):
    return (np.linalg.norm(states - exact, axis=-1) / np.linalg.norm(exact, axis=-1)).max()


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("name", SMOOTH)
def test_states_are_as_accurate_as_rtol_asks(name, rtol):
    system = example(name)
    start = initial_states(system)
    single = simulate(system, start, TIMES, rtol=rtol, dtype=np.float32).states
    assert single.dtype == np.float32
    exact = simulate(system, start, TIMES, rtol=1e-11).states
    assert relative_error(single, exact) < AMPLIFIES.get(name, 1.0) * rtol


@pytest.mark.parametrize(("n", "rank"), [(100, 5), (2000, 10)])
def test_large_networks_keep_the_tightest_tolerance(n, rank):
    system = random_rnn(n, rank, theta_scale=0.3)
    start = initial_states(system)
    single = simulate(system, start, TIMES, dtype=np.float32).states
    assert relative_error(single, simulate(system, start, TIMES).states) < 1e-5


def test_null_component_keeps_its_closed_form_to_the_rounding_of_float32():
    system = random_rnn(200, 4)
    start = initial_states(system)
    states = simulate(system, start, TIMES, rtol=1e-3, dtype="float32").states.astype(float)
    along = system.weights.null_space.project(system.zeta(states))
    np.testing.assert_allclose(along, null_component(system, start[:, None], TIMES), atol=2e-6)


def test_states_do_not_depend_on_the_batch_beyond_the_rounding_of_float32():
    system = random_rnn(40, 4)
    start = initial_states(system, count=20)
    together = simulate(system, start, TIMES, dtype=np.float32).states
    alone = simulate(system, start[7:8], TIMES, dtype=np.float32).states
    np.testing.assert_allclose(together[7:8], alone, atol=2e-5)


def test_coordinates_of_a_float32_network_are_float64_and_its_null_part_float32():
    system = random_rnn(40, 4)
    reduced = simulate_reduced(system, initial_states(system), TIMES, dtype=np.float32)
    assert reduced.coordinates.dtype == np.float64
    assert reduced.null.dtype == reduced.expand().dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rtol": 1e-6}, "in float32 it must be between 1e-05 and 0.01"),
        ({"dtype": np.float16}, "dtype is float16: it must be float64 or float32"),
        ({"out": np.empty((4, 51, 6))}, r"out must be a float32 array of shape \(4, 51, 6\)"),
    ],
)
def test_what_float32_cannot_give_is_refused(arguments, message):
    system = example("rnn_tanh")
    arguments = {"dtype": np.float32, **arguments}
    with pytest.raises(ValueError, match=message):
        simulate(system, initial_states(system), TIMES, **arguments)
