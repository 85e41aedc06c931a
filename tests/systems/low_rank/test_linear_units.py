"""Units with linear dynamics inside: every mode that the weights do not reach, and no other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark import simulate
from koopmark.systems import (
    SINH,
    LinearUnits,
    LowRank,
    activation,
    adapting,
    gaussian_weights,
    inertial,
    linear_units,
    random_adapting,
    random_inertial,
    random_rnn,
)


def weights(n=5, rank=2, seed=0):
    return gaussian_weights(n, rank, 1.5, np.random.default_rng(seed))


def dense(system):
    """A of ẏ = Ay + W h(x)."""
    return system.linear(np.eye(system.size)).T


def states(system, count=40, seed=0):
    return np.random.default_rng(seed).standard_normal((count, system.size))


def unreached(system):
    """N less the dimension of the span of W, AW, A²W, ..., by brute force."""
    blocks = [system.weights.left]
    for _ in range(system.size - 1):
        blocks.append(dense(system) @ blocks[-1])
    krylov = np.hstack([block / np.linalg.norm(block) for block in blocks])
    return system.size - np.linalg.matrix_rank(krylov, 1e-9)


KINDS = {
    "inertial": random_inertial(5, 2),
    "adapting": random_adapting(5, 2),
    "rates of two kinds": linear_units(
        weights(7), np.array([-1.0, -1.0, -1.0, -1.0, -0.4, -0.4, -0.4])[:, None, None], [1.0]
    ),
    "a mode without entry": linear_units(weights(4), np.diag([-1.0, -0.3]), [1.0, 0.0]),
    "three variables": linear_units(
        weights(4), [[-1.0, 0.5, 0.0], [0.3, -0.6, 1.0], [0.0, -1.0, -0.6]], [0.0, 0.2, 1.0], 0.3
    ),
    "two kinds that share a rate": linear_units(
        weights(6),
        np.stack([np.diag([-1.0, -0.5])] * 3 + [np.array([[-1.0, 2.0], [0.0, -0.2]])] * 3),
        [1.0, 0.5],
    ),
    "inputs that arrive late": linear_units(
        weights(5),
        [[-1.0, 0.0, 0.0], [2.0, -2.0, 0.0], [0.0, 3.0, -3.0]],
        [1.0, 0.0, 0.0],
        output=2,
    ),
    "through sinh": LinearUnits(
        LowRank(np.vstack([np.zeros((4, 1)), np.ones((4, 1))]), np.eye(8)[:, :1]),
        SINH,
        activation("tanh"),
        np.broadcast_to([[0.0, 1.0], [-4.0, -0.5]], (4, 2, 2)),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_eigenfunction_obeys_its_equation_at_every_state(name):
    system = KINDS[name]
    functions, x = system.principal, states(system)
    velocity = np.imag(system.zeta(x + 1e-30j * system.rhs(x))) / 1e-30 @ functions.vectors
    wanted = functions(x) * functions.eigenvalues
    assert np.abs(velocity - wanted).max() < 1e-12 * (1 + np.abs(wanted).max())


@pytest.mark.parametrize("name", KINDS)
def test_there_are_as_many_as_dimensions_that_no_input_reaches(name):
    system = KINDS[name]
    vectors = system.principal.vectors
    assert np.linalg.matrix_rank(vectors, 1e-9) == vectors.shape[1] == unreached(system)


@given(st.integers(3, 7), st.integers(1, 2), st.integers(1, 3), st.integers(0, 500))
def test_random_units_have_the_modes_of_a_unit_for_each_null_vector(n, rank, k, seed):
    rng = np.random.default_rng(seed)
    unit = rng.standard_normal((k, k)) - np.eye(k)
    system = linear_units(weights(n, rank, seed), unit, rng.standard_normal(k))
    expected = np.repeat(np.linalg.eigvals(unit), n - rank)
    found = system.principal.eigenvalues
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-10)


def test_inertial_units_are_the_equation_of_second_order():
    w = weights()
    system = inertial(w, 0.4, 2.0)
    x = states(system)
    q, p = x[:, :5], x[:, 5:]
    expected = np.hstack([p, -0.4 * p - 4.0 * q + np.tanh(q) @ w.dense().T])
    np.testing.assert_allclose(system.rhs(x), expected, rtol=1e-12, atol=1e-13)


def test_adapting_units_are_the_equations_with_a_second_variable():
    w = weights()
    system = adapting(w, 2.0, 3.0)
    x = states(system)
    v, a = x[:, :5], x[:, 5:]
    expected = np.hstack([-v - 2.0 * a + np.tanh(v) @ w.dense().T, (v - a) / 3.0])
    np.testing.assert_allclose(system.rhs(x), expected, rtol=1e-12, atol=1e-13)


def test_units_of_a_chain_see_the_end_of_each_other():
    w = weights()
    system = linear_units(w, [[-1.0, 0.0], [2.0, -2.0]], [1.0, 0.0], output=1)
    x = states(system)
    first, last = x[:, :5], x[:, 5:]
    expected = np.hstack([-first + np.tanh(last) @ w.dense().T, 2.0 * (first - last)])
    np.testing.assert_allclose(system.rhs(x), expected, rtol=1e-12, atol=1e-13)


def test_the_eigenfunctions_of_inertial_units_are_those_of_the_proof():
    """φ = uᵀ(q̇ + μq) at λ = μ - γ with λ² + γλ + ω² = 0, for every left null vector u."""
    system = inertial(weights(), 0.4, 2.0)
    x = states(system)
    u = weights().null_space.basis
    for space in system.eigenspaces(1):
        value = space.eigenvalue
        assert abs(value**2 + 0.4 * value + 4.0) < 1e-12
        written = (x[:, 5:] + (value + 0.4) * x[:, :5]) @ u
        basis = np.linalg.qr(space.evaluate(x))[0]
        outside = written - basis @ (basis.conj().T @ written)
        assert np.linalg.norm(outside) < 1e-12 * np.linalg.norm(written)


def test_overdamped_units_have_two_real_rates():
    spaces = inertial(weights(), 5.0, 2.0).eigenspaces(1)
    assert sorted(space.eigenvalue.real for space in spaces) == pytest.approx([-4.0, -1.0])
    assert all(not np.iscomplexobj(space.evaluate(np.ones((1, 10)))) for space in spaces)


def test_one_variable_at_rate_one_is_the_recurrent_network():
    network = random_rnn(6, 2, theta_scale=0.5)
    theta = network.zeta.theta
    system = linear_units(network.weights, [[-1.0]], [1.0], theta)
    x = states(system)
    np.testing.assert_allclose(system.rhs(x), network.rhs(x), rtol=1e-12, atol=1e-13)
    (space,), (known,) = system.eigenspaces(1), network.eigenspaces(1)
    assert (space.eigenvalue, space.dimension) == (known.eigenvalue, known.dimension)
    basis = np.linalg.qr(known.evaluate(x))[0]
    values = space.evaluate(x)
    assert np.linalg.norm(values - basis @ (basis.T @ values)) < 1e-12 * np.linalg.norm(values)


def test_stable_units_stay_bounded_from_afar():
    system = random_inertial(5, 2, gain=20.0)
    start = 100.0 * states(system, 10)
    along = simulate(system, start, np.linspace(0.0, 80.0, 41), rtol=1e-8)
    assert not along.diverged.any()
    # Beyond its transient, |x| is at most that of a linear unit under inputs of size ‖W‖√n.
    assert np.abs(along.states[:, -1]).max() < 20.0 * np.sqrt(5) / (0.2 * 2.0)


def test_undamped_units_conserve_products():
    system = linear_units(weights(), [[0.0, 1.0], [-4.0, 0.0]], [0.0, 1.0])
    (energies,) = system.conserved()
    assert energies.dimension == 9
    along = simulate(system, states(system, 5), np.linspace(0.0, 10.0, 11), rtol=1e-12)
    values = energies.evaluate(along.states)
    assert np.abs(values - values[:, :1]).max() < 1e-9 * np.abs(values).max()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: inertial(weights(), 4.0, 2.0), "defective.*critical damping"),
        (lambda: inertial(weights(), -1.0, 2.0), "must be positive"),
        (lambda: adapting(weights(), 1.0, 0.0), "time 0"),
        (lambda: linear_units(weights(), np.eye(2), [1.0]), r"entry must have shape \(2,\)"),
        (lambda: linear_units(weights(), -np.eye(2), [1.0, 0.0], output=2), "output 2.*0 to 1"),
        (lambda: linear_units(weights(), np.full((1, 1), np.nan), [1.0]), "not finite"),
        (
            lambda: LinearUnits(weights(), SINH, activation("tanh"), np.ones((2, 2, 2))),
            "2 units of 2 variables make 4, the weights are of 5",
        ),
        (
            lambda: LinearUnits(weights(), SINH, activation("tanh"), np.ones((5, 1))),
            r"units must have shape \(n, k, k\)",
        ),
    ],
)
def test_impossible_units_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_weights_that_reach_every_mode_leave_no_eigenfunction():
    """Five kinds of units, each kind one unit, and rank 2: every mode is driven."""
    rng = np.random.default_rng(4)
    weights = LowRank(rng.normal(size=(5, 2)), rng.normal(size=(5, 2)))
    units = [[[0.0, 1.0], [-(1.0 + k), -0.3 * (k + 1)]] for k in range(5)]
    system = linear_units(weights, units, [0.0, 1.0])
    assert [system.eigenspaces(1), system.eigenspaces(3), system.conserved()] == [(), (), ()]
