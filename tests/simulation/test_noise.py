"""Measurement noise is estimated from the data, and clean smooth data have none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import simulate
from koopmark.simulation import Trajectories, measurement_noise
from koopmark.systems import random_linear, random_rnn

STARTS = np.random.default_rng(5).normal(size=(24, 4))
TIMES = 0.1 * np.arange(31)
CLEAN = simulate(random_rnn(4, 2), STARTS, TIMES)


def noisy(noise, gaps=0.0, data=CLEAN, seed=0):
    """With noise (N, N) in the units of a state, and a share of the states lost."""
    rng = np.random.default_rng(seed)
    states = data.states + rng.normal(size=data.states.shape) @ noise
    states[rng.random(states.shape[:2]) < gaps] = np.nan
    return Trajectories(states, data.times)


@pytest.mark.parametrize("gaps", [0.0, 0.3])
@pytest.mark.parametrize("noise", [1e-4, 0.01, 0.2])
def test_white_noise_is_measured_to_its_error(noise, gaps):
    found = measurement_noise(noisy(noise * np.eye(4), gaps))
    assert found.settled
    assert not found.grows.any()
    assert np.mean(found.deviations**2) == pytest.approx(noise**2, rel=2.5 * found.error)


def test_noise_that_channels_share_is_known_to_be_shared():
    root = 0.01 * np.random.default_rng(1).normal(size=(4, 4))
    found = measurement_noise(noisy(root))
    true = root.T @ root
    np.testing.assert_allclose(
        found.root @ found.root.T, true, atol=4.0 * found.error * np.diag(true).max()
    )


def test_uneven_times_show_the_noise_too():
    times = TIMES + np.r_[0.0, np.random.default_rng(2).uniform(-0.03, 0.03, 30)]
    data = simulate(random_rnn(4, 2), STARTS, times)
    found = measurement_noise(noisy(0.01 * np.eye(4), 0.2, data))
    assert found.settled
    assert np.mean(found.deviations**2) == pytest.approx(1e-4, rel=2.5 * found.error)


@pytest.mark.parametrize("system", [random_rnn(4, 2), random_linear(4, seed=1, pairs=1)])
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_clean_smooth_data_have_no_noise(system, gaps):
    data = simulate(system, STARTS, TIMES)
    found = measurement_noise(noisy(np.zeros((4, 4)), gaps, data))
    assert found.deviations.max() < 1e-6 * data.states.std()


def test_what_is_linear_and_fast_beside_the_sampling_is_not_taken_for_noise():
    data = simulate(random_linear(4, seed=1, pairs=2, frequency=8.0), STARTS, TIMES[::3])
    found = measurement_noise(data)
    assert not found.channels_settled.any()
    assert found.deviations.max() < 1e-6 * data.states.std()


def test_too_few_states_in_a_row_are_refused():
    with pytest.raises(ValueError, match="fewer than 30 recorded states follow another"):
        measurement_noise(CLEAN[:1, :20])


def van_der_pol(stiffness, trials=40, samples=60, dt=0.1, inner=10):
    """States (M, T, 2) by Runge-Kutta steps that are `inner` times shorter than the samples."""

    def rate(x):
        return np.stack([x[:, 1], stiffness * (1.0 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]], axis=1)

    x, h, made = 2.0 * np.random.default_rng(3).normal(size=(trials, 2)), dt / inner, []
    for _ in range(samples):
        made.append(x)
        for _ in range(inner):
            a = rate(x)
            b = rate(x + h / 2 * a)
            c = rate(x + h / 2 * b)
            x = x + h / 6 * (a + 2 * b + 2 * c + rate(x + h * c))
    return Trajectories(np.stack(made, axis=1), dt * np.arange(samples))


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
@pytest.mark.parametrize("stiffness", [1.0, 3.0])
def test_what_is_left_of_fast_parts_of_a_cycle_is_not_settled_as_noise(stiffness, noise):
    clean = van_der_pol(stiffness)
    true = noise * clean.states.std(axis=(0, 1))
    found = measurement_noise(noisy(np.diag(true), data=clean))
    assert (found.deviations > 0.8 * true).all()
    right = abs(found.deviations - true) < 0.2 * true
    assert right[found.channels_settled].all()


def test_noise_of_one_channel_is_settled_though_that_of_another_is_not():
    clean = van_der_pol(3.0)
    true = np.array([0.01, 1e-5]) * clean.states.std(axis=(0, 1))
    found = measurement_noise(noisy(np.diag(true), data=clean))
    np.testing.assert_array_equal(found.channels_settled, [True, False])
    assert found.deviations[0] == pytest.approx(true[0], rel=0.2)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_uneven_noise_in_units_far_apart_is_measured_in_each(gaps):
    units, share = 10.0 ** np.array([-6, -2, 3, 6]), np.array([0.1, 0.001, 0.03, 0.005])
    data = Trajectories(CLEAN.states * units, CLEAN.times)
    true = share * data.states.std(axis=(0, 1))
    found = measurement_noise(noisy(np.diag(true), gaps, data))
    assert found.settled
    np.testing.assert_allclose(found.deviations, true, rtol=0.2)


def test_noise_that_a_rotation_hides_in_a_few_samples_is_found_by_what_surrounds_them():
    """0.8 radians from sample to sample: no difference is free of the rotation by itself."""
    turn = random_linear(2, seed=0, pairs=1, frequency=8.0)
    clean = simulate(turn, STARTS[:, :2], 0.1 * np.arange(41))
    true = 1e-3 * clean.states.std(axis=(0, 1))
    found = measurement_noise(noisy(np.diag(true), data=clean))
    np.testing.assert_allclose(found.deviations, true, rtol=0.2)


def random_walks_home(step, noise, seed, trials=30, samples=200):
    """An Ornstein-Uhlenbeck process of variance 1, every `step` correlation times, and noise."""
    rng, kept = np.random.default_rng(seed), np.exp(-step)
    x, made = rng.normal(size=trials), []
    for _ in range(samples):
        made.append(x)
        x = kept * x + np.sqrt(1.0 - kept**2) * rng.normal(size=trials)
    states = np.stack(made, axis=1)[..., None]
    return Trajectories(states + noise * rng.normal(size=states.shape), dt=step)


@pytest.mark.parametrize("step", [0.01, 0.125, 0.5, 1.0])
@pytest.mark.parametrize("samples", [20, 200])
def test_noise_in_the_dynamics_is_not_settled_as_measurement_noise(step, samples):
    found = measurement_noise(random_walks_home(step, 0.0, 0, 6000 // samples, samples))
    assert found.grows.all()
    assert not found.settled


@given(st.floats(0.01, 1.0), st.floats(0.1, 3.0), st.integers(0, 2**31))
@settings(max_examples=8, deadline=None)
def test_noise_beside_that_in_the_dynamics_is_bounded_and_right_where_it_is_settled(
    step, noise, seed
):
    found = measurement_noise(random_walks_home(step, noise, seed))
    assert found.deviations[0] > 0.9 * noise
    if found.settled:
        assert found.deviations[0] < 1.25 * noise
