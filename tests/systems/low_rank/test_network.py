"""Vector fields: each equals the equation written out entry by entry."""

import numpy as np
import pytest

from koopmark import systems
from koopmark.systems import (
    NETWORKS,
    Drift,
    LowRank,
    Relaxation,
    example,
    lotka_volterra,
    random_lotka_volterra,
    random_rnn,
    rnn,
    three_populations,
)


def states(system, count=20, seed=0):
    return np.random.default_rng(seed).uniform(0.2, 1.8, size=(count, system.size))


def written_out(system, x):
    """The vector field of one state, sum by sum from the dense matrix."""
    w, h = system.weights.dense(), system.coupling(x)
    zeta, slope = system.zeta(x), system.zeta.derivative(x)
    result = np.empty_like(x)
    for i in range(system.size):
        linear = -zeta[i] if isinstance(system, Relaxation) else -system.rates[i]
        result[i] = (linear + sum(w[i, j] * h[j] for j in range(system.size))) / slope[i]
    return result


@pytest.mark.parametrize("name", NETWORKS)
def test_vector_field_is_the_equation(name):
    system = example(name)
    x = states(system)
    expected = np.array([written_out(system, state) for state in x])
    np.testing.assert_allclose(system.rhs(x), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_vector_field_writes_into_out_and_takes_any_leading_shape(name):
    system = example(name)
    x = states(system).reshape(4, 5, system.size)
    before = x.copy()
    out = np.empty_like(x)
    assert system.rhs(x, out=out) is out
    np.testing.assert_array_equal(out, system.rhs(x))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(system.rhs(x[1, 2]), out[1, 2], rtol=1e-12)


def test_three_populations_are_those_of_the_source():
    system = three_populations()
    expected = [[-1, 0, -2], [3, 1, 2], [0, -1, 4]]
    np.testing.assert_allclose(system.weights.dense(), expected, atol=1e-14)
    (space,) = system.eigenspaces(1)
    x = states(system)
    ratio = space.evaluate(x)[:, 0] / (x @ [3.0, 1.0, 1.0])
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


def test_rnn_is_minus_x_plus_w_sigma_plus_theta():
    theta = np.array([0.5, -1.0, 2.0])
    system = rnn(three_populations().weights, theta, "tanh")
    x = states(system)
    expected = -x + np.tanh(x) @ system.weights.dense().T + theta
    np.testing.assert_allclose(system.rhs(x), expected, rtol=1e-12, atol=1e-13)


def test_lotka_volterra_is_growth_and_interaction():
    system = random_lotka_volterra(6, 2, seed=3)
    x = states(system)
    expected = x * (-system.rates + x @ system.weights.dense().T)
    np.testing.assert_allclose(system.rhs(x), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("n", "groups"), [(4, 2), (6, 3), (5, 1), (7, 2)])
def test_random_lotka_volterra_has_the_promised_structure(n, groups, seed):
    system = random_lotka_volterra(n, groups, seed)
    u = system.exponents
    assert system.weights.rank == n - groups
    assert (u >= 0).all()
    assert (u == np.round(u)).all()
    np.testing.assert_allclose(system.weights.dense().T @ u, 0.0, atol=1e-12)
    assert (u.T @ system.rates > 0).all()
    # The proof of boundedness needs xᵀWx <= -|Πx|².
    x = np.random.default_rng(seed).standard_normal((100, n))
    off_null = x - (x @ u) / np.sum(u**2, axis=0) @ u.T
    form = np.einsum("pi,ij,pj->p", x, system.weights.dense(), x)
    np.testing.assert_allclose(form, -np.sum(off_null**2, axis=1), atol=1e-10)


def test_same_seed_same_network_other_seed_another():
    first, second, other = (random_rnn(8, 3, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.weights.left, second.weights.left)
    assert np.abs(first.weights.left - other.weights.left).max() > 1e-3


def test_offsets_leave_the_weights_alone():
    plain, offset = random_rnn(8, 3, seed=1), random_rnn(8, 3, seed=1, theta_scale=1.0)
    np.testing.assert_array_equal(plain.weights.left, offset.weights.left)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: random_rnn(3, 3), "rank 3 with n 3"),
        (lambda: random_rnn(3, 0), "rank 0: it must be at least 1"),
        (lambda: random_rnn(3, 2, gain=0.0), "gain 0"),
        (lambda: random_rnn(3, 2, singular_values=[1.0]), "rank 2 needs 2"),
        (lambda: random_rnn(3, 2, singular_values=[1.0, -1.0]), "positive"),
        (lambda: random_rnn(3, 2, activation="step"), "unknown activation"),
        (lambda: rnn(three_populations().weights, [1.0, 2.0]), "theta must have shape"),
        (lambda: rnn(three_populations().weights, np.nan), "theta is nan: not finite"),
        (lambda: random_rnn(3, 2, theta_scale=-1.0), "theta_scale -1"),
        (lambda: LowRank.from_dense(np.ones((3, 3)), tol=2), "tol 2"),
        (lambda: random_lotka_volterra(5, 3), "between 1 and n / 2 = 2"),
        (lambda: example("nothing"), "unknown system 'nothing'"),
    ],
)
def test_impossible_parameters_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_drift_refuses_exponents_that_are_not_left_null_vectors():
    weights = LowRank(np.eye(3)[:, :1], np.ones((3, 1)))
    with pytest.raises(ValueError, match="column 0 is not a left null vector"):
        lotka_volterra(weights, np.ones(3), [[1.0], [0.0], [0.0]])
    with pytest.raises(ValueError, match=r"rates must have shape \(3,\)"):
        Drift(weights, systems.LOG, systems.activation("tanh"), np.ones(2), np.eye(3)[:, 1:])
