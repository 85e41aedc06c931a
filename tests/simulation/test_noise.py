"""Measurement noise is estimated from the data, and clean smooth data have none."""

import numpy as np
import pytest

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
    assert not found.settled
    assert found.deviations.max() < 1e-6 * data.states.std()


def test_too_few_states_in_a_row_are_refused():
    with pytest.raises(ValueError, match="fewer than 30 recorded states follow another"):
        measurement_noise(CLEAN[:1, :20])
