"""The Ornstein-Uhlenbeck process: its Hermite eigenfunctions obey their eigenvalues on average."""

import numpy as np
import pytest

from koopmark.simulation import simulate
from koopmark.systems import OrnsteinUhlenbeck, ornstein_uhlenbeck

SYSTEM = ornstein_uhlenbeck([0.5, 1.3], 0.7)


def states(count=40):
    return np.random.default_rng(0).normal(0.0, 1.0, size=(count, 2))


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_the_expectation_of_an_eigenfunction_is_the_function_times_its_multiplier(dt):
    x = states()
    nodes, weights = SYSTEM.quadrature(x, dt)
    for space in SYSTEM.eigenspaces(5):
        expected = np.einsum("q,pqd->pd", weights, space.evaluate(nodes))
        values = np.exp(space.eigenvalue.real * dt) * space.evaluate(x)
        np.testing.assert_allclose(expected, values, atol=1e-10 * np.abs(values).max())


def test_the_generator_has_the_hermite_polynomials_as_eigenfunctions():
    # 𝒦φ = -(Ax)·∇φ + σ²/2 Δφ, with derivatives by central differences.
    x, h = states(), 1e-3
    for space in SYSTEM.eigenspaces(3):
        values = space.evaluate(x)
        applied = np.zeros_like(values)
        for unit, drift in zip(np.eye(2) * h, SYSTEM.rhs(x).T, strict=True):
            up, down = space.evaluate(x + unit), space.evaluate(x - unit)
            applied += drift[:, None] * (up - down) / (2 * h)
            applied += 0.5 * SYSTEM.noise**2 * (up - 2 * values + down) / h**2
        error = np.abs(applied - space.eigenvalue.real * values).max()
        assert error < 1e-5 * np.abs(values).max()


def test_draws_have_the_mean_and_covariance_of_the_transition_density():
    x = np.tile([[1.0, -0.5]], (200_000, 1))
    drawn = SYSTEM.transition(x, 0.4, np.random.default_rng(1))
    nodes, weights = SYSTEM.quadrature(x[0], 0.4)
    mean = weights @ nodes
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=5 * 0.4 / np.sqrt(len(x)))
    np.testing.assert_allclose(SYSTEM.mean(x[:1], np.array([0.4]))[0, 0], mean, atol=1e-13)
    covariance = (weights * (nodes - mean).T) @ (nodes - mean)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, rtol=0.02, atol=1e-3)
    # dΣ/dt = -AΣ - ΣA + σ²: its solution, written out along the axes.
    closed = SYSTEM.spread**2 * (1 - np.exp(-0.8 * SYSTEM.rates))
    np.testing.assert_allclose(covariance, SYSTEM.axes * closed @ SYSTEM.axes.T, atol=1e-12)


def test_eigenvalues_are_the_sums_of_rates_with_their_multiplicities():
    found = {space.eigenvalue.real: space.dimension for space in SYSTEM.eigenspaces(2)}
    assert {round(value, 9) for value in found} == {-0.5, -1.3, -1.0, -1.8, -2.6}
    resonant = OrnsteinUhlenbeck(np.array([0.5, 1.0]), np.eye(2), 1.0)
    dimensions = {round(s.eigenvalue.real, 9): s.dimension for s in resonant.eigenspaces(2)}
    assert dimensions == {-0.5: 1, -1.0: 2, -1.5: 2, -2.0: 3}


def test_sampled_directions_are_some_of_the_functions():
    resonant = OrnsteinUhlenbeck(np.array([0.5, 1.0]), np.eye(2), 1.0)
    space = resonant.eigenspaces(2)[1]
    assert space.sample(1, np.random.default_rng(0)).dimension == 1
    assert space.sample(2, np.random.default_rng(0)) is space


def test_a_process_is_not_simulated_as_if_it_had_no_noise():
    with pytest.raises(ValueError, match=r"stochastic.*sample_paths"):
        simulate(SYSTEM, states(2), np.linspace(0, 1, 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ornstein_uhlenbeck([0.5, -1.0]), "must be positive"),
        (lambda: ornstein_uhlenbeck([0.5, 1.0], 0.0), "must be positive"),
        (lambda: OrnsteinUhlenbeck(np.ones(2), np.ones((2, 2)), 1.0), "orthogonal"),
        (
            lambda: ornstein_uhlenbeck(np.ones(6)).quadrature(np.ones(6), 0.1),
            "6 coordinates has too many nodes",
        ),
    ],
)
def test_impossible_parameters_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
