"""How strong the noise is said to be, and what is done about it in a dictionary."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import systems
from koopmark.methods import Identity, Monomials, RandomFourier
from koopmark.methods.own._noise import NoiseVariances, corrected_values, noise_variances


@pytest.fixture(scope="module")
def clean(simulated):
    return simulated(systems.random_rnn(10, 2, seed=0), 100)


def noisy(data, deviations, seed=0):
    noise = np.random.default_rng(seed).standard_normal(data.states.shape)
    return replace(data, states=data.states + np.asarray(deviations) * noise)


@pytest.mark.parametrize("deviation", [1e-6, 1e-3, 0.1, 1.0])
def test_the_variance_of_equal_noise_is_one_number_within_two_percent(clean, deviation):
    found = noise_variances(noisy(clean, deviation))
    assert found.settled
    assert np.ptp(found.variances) == 0.0
    np.testing.assert_allclose(found.variances, deviation**2, rtol=0.02)


def test_coordinates_with_noise_of_their_own_are_told_apart(clean):
    deviations = np.linspace(0.05, 0.5, 10)
    found = noise_variances(noisy(clean, deviations))
    np.testing.assert_allclose(found.variances, deviations**2, rtol=0.2)


def test_without_noise_the_estimate_is_only_a_bound(clean):
    found = noise_variances(clean)
    assert not found.settled
    assert found.variances.max() < 1e-12


def test_coarse_sampling_overestimates_and_never_underestimates(simulated):
    data = simulated(systems.random_rnn(10, 2, seed=0), 100)
    coarse = replace(data, states=data.states[:, ::20], times=data.times[::20])
    assert noise_variances(noisy(coarse, 0.01)).variances.min() > 0.9 * 0.01**2


@pytest.mark.parametrize("degree", [2, 3])
def test_corrected_monomials_are_right_on_average_over_the_noise(degree):
    lift = Monomials(degree).fitted(np.zeros((1, 2)))
    deviations = np.array([0.3, 0.7])
    state = np.array([[0.8, -0.5]])
    # Gauss-Hermite quadrature is exact for these polynomials.
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.outer(weights, weights).ravel() / weights.sum() ** 2
    noise = NoiseVariances(deviations**2, settled=True)
    mean = weight @ corrected_values(lift, state + grid * deviations, noise).values
    np.testing.assert_allclose(mean, lift(state)[0], rtol=1e-12)
    assert abs(weight @ lift(state + grid * deviations) - lift(state)[0]).max() > 0.05


def test_the_covariance_is_that_of_the_noise_in_the_values():
    rng = np.random.default_rng(0)
    states = rng.standard_normal((4000, 2))
    lift = RandomFourier(5, bandwidth=3.0).fitted(states)
    deviations = np.array([0.02, 0.05])
    found = corrected_values(lift, states, NoiseVariances(deviations**2, settled=True)).covariance
    error = lift(states + deviations * rng.standard_normal(states.shape)) - lift(states)
    np.testing.assert_allclose(found, error.T @ error / len(error), atol=0.1 * found.max())
    assert found[0].max() == 0.0


def test_a_linear_dictionary_needs_no_correction():
    states = np.random.default_rng(0).standard_normal((50, 3))
    lift = Identity().fitted(states)
    found = corrected_values(lift, states, NoiseVariances(np.array([1.0, 2.0, 3.0]), settled=True))
    np.testing.assert_array_equal(found.values, lift(states))
    np.testing.assert_array_equal(found.covariance, np.diag([0.0, 1.0, 2.0, 3.0]))


def test_where_the_noise_is_unknown_nothing_is_corrected():
    states = np.random.default_rng(0).standard_normal((50, 2))
    lift = Monomials(2).fitted(states)
    found = corrected_values(lift, states, NoiseVariances(np.array([0.1, 0.1]), settled=False))
    np.testing.assert_array_equal(found.values, lift(states))
    assert found.covariance[1, 1] == pytest.approx(0.1)


@pytest.mark.parametrize("angle", [0.5, 1.7, 2.4, 3.0])
@pytest.mark.parametrize("level", [1e-6, 1e-3, 0.1])
def test_fast_oscillations_are_not_taken_for_noise(angle, level, linear):
    turn = 0.97 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    data = linear(turn, np.random.default_rng(0).standard_normal((100, 2)), steps=40)
    deviations = level * np.array([1.0, 0.3])
    found = noise_variances(noisy(data, deviations))
    np.testing.assert_allclose(np.sqrt(found.variances), deviations, rtol=0.1)


def test_linear_data_without_noise_have_none_to_rounding(linear):
    turn = 0.97 * np.array([[np.cos(2.4), -np.sin(2.4)], [np.sin(2.4), np.cos(2.4)]])
    data = linear(turn, np.random.default_rng(0).standard_normal((100, 2)), steps=40)
    assert np.sqrt(noise_variances(data).variances).max() < 1e-12 * data.states.std()


def test_more_sensors_than_dynamics_leave_the_noise_of_each_as_it_is(linear):
    turn = 0.97 * np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    data = linear(turn, np.random.default_rng(0).standard_normal((100, 2)), steps=40)
    mixed = data.states @ np.random.default_rng(1).standard_normal((2, 5))
    deviations = np.geomspace(1e-3, 0.1, 5)
    found = noise_variances(noisy(replace(data, states=mixed), deviations))
    np.testing.assert_allclose(np.sqrt(found.variances), deviations, rtol=0.1)
