"""The ensemble right-hand sides: the system's vector field, without allocations."""

import tracemalloc

import numpy as np
import pytest

from koopmark.simulation._reduction import reduction
from koopmark.simulation._rhs import FullRHS, ReducedRHS, SystemRHS
from koopmark.systems import NETWORKS, example, random_rnn

LANES = 7


def states_of(system):
    return np.random.default_rng(0).uniform(0.2, 1.8, size=(LANES, system.size))


def velocity_of(rhs, t, a):
    return rhs(rhs.clock(t), a, np.empty_like(a))


def exact_velocity_of_y(system, x):
    return system.rhs(x) * system.zeta.derivative(x)


@pytest.mark.parametrize("name", NETWORKS)
def test_reduced_velocity_is_the_part_of_the_vector_field_along_q(name):
    system = example(name)
    split = reduction(system)
    x = states_of(system)
    a, z = split.split(system.zeta(x))
    velocity = velocity_of(ReducedRHS(split, z.T.copy(), system.size), np.zeros(LANES), a)
    q = system.weights.thin_qr[0]
    np.testing.assert_allclose(velocity.T, exact_velocity_of_y(system, x) @ q, atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_reduced_velocity_is_right_at_each_lanes_own_time(name):
    system = example(name)
    split = reduction(system)
    a, z = split.split(system.zeta(states_of(system)))
    t = np.linspace(0.0, 1.0, LANES)
    velocity = velocity_of(ReducedRHS(split, z.T.copy(), system.size), t, a)
    q, null = system.weights.thin_qr[0], split.null
    y = a.T @ q.T + null.scale(t)[:, None] * z
    if null.velocity is not None:
        y += t[:, None] * null.velocity
    x = system.zeta.inverse(y)
    np.testing.assert_allclose(velocity.T, exact_velocity_of_y(system, x) @ q, atol=1e-11)


@pytest.mark.parametrize("name", NETWORKS)
def test_full_velocity_is_the_vector_field_in_y(name):
    system = example(name)
    x = states_of(system)
    y = np.ascontiguousarray(system.zeta(x).T)
    velocity = velocity_of(FullRHS(reduction(system), LANES), np.zeros(LANES), y)
    np.testing.assert_allclose(velocity.T, exact_velocity_of_y(system, x), atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_velocity_of_the_state_is_the_vector_field(name):
    system = example(name)
    x = states_of(system)
    a = np.ascontiguousarray(x.T)
    velocity = velocity_of(SystemRHS(system, LANES), np.zeros(LANES), a)
    np.testing.assert_allclose(velocity.T, system.rhs(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("block", [1, 7, 16, 50])
def test_velocity_does_not_depend_on_the_blocks_of_neurons(block):
    system = random_rnn(50, 4, theta_scale=0.5)
    split = reduction(system)
    x = states_of(system)
    a, z = split.split(system.zeta(x))
    velocity = velocity_of(ReducedRHS(split, z.T.copy(), block), np.zeros(LANES), a)
    exact = exact_velocity_of_y(system, x) @ system.weights.thin_qr[0]
    np.testing.assert_allclose(velocity.T, exact, atol=1e-13)


@pytest.mark.parametrize("name", ["rnn_tanh", "rnn_logistic", "relaxation_sinh", "lotka_volterra"])
def test_lanes_that_stay_are_not_changed_by_those_that_leave(name):
    system = example(name)
    split = reduction(system)
    a, z = split.split(system.zeta(states_of(system)))
    t, stay = np.linspace(0.0, 1.0, LANES), np.array([0, 3, 6])
    for rhs, start in (
        (ReducedRHS(split, z.T.copy(), system.size), a),
        (FullRHS(reduction(system), LANES), system.zeta(states_of(system)).T.copy()),
    ):
        before = velocity_of(rhs, t, start)
        rhs.keep(stay)
        left = start.take(stay, axis=1)
        after = velocity_of(rhs, t[stay], left)
        np.testing.assert_allclose(after, before[:, stay], atol=1e-13)


def test_an_evaluation_with_out_allocates_nothing_of_the_size_of_the_states():
    system = random_rnn(2000, 5, theta_scale=0.1)
    split = reduction(system)
    start = np.random.default_rng(0).standard_normal((100, system.size))
    a, z = split.split(system.zeta(start))
    rhs, out = ReducedRHS(split, z.T.copy(), 250), np.empty_like(a)
    clock = rhs.clock(np.zeros(100))
    rhs(clock, a, out)
    tracemalloc.start()
    result = rhs(clock, a, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result is out
    # What is left is NumPy's own buffer of fixed size, 64 KiB, for broadcasting.
    assert peak < 80_000 <= start.nbytes / 20


def test_size_of_a_logarithm_counts_errors_of_x_not_of_y():
    system = example("lotka_volterra")
    split = reduction(system)
    x = 50.0 * states_of(system)
    a, z = split.split(system.zeta(x))
    rhs = ReducedRHS(split, z.T.copy(), system.size)
    reduced = rhs.size(rhs.clock(np.zeros(LANES)), a)
    full = FullRHS(reduction(system), LANES).size(np.zeros(LANES), system.zeta(x).T.copy())
    # |δx| / |x| <= |δy| max x / |x|
    allowed = np.linalg.norm(x, axis=1) / x.max(axis=1)
    assert np.all(reduced <= allowed * (1 + 1e-12))
    assert np.all(full <= allowed * (1 + 1e-12))
