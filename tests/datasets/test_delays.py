"""Rates of few channels are those of what oscillates in them, and none of what does not."""

import numpy as np
import pytest

from koopmark import Trajectories
from koopmark.datasets import Measured, statements

FREQUENCIES = np.array([0.3, 0.71])


def alone(values):
    return Trajectories(np.asarray(values)[..., None], dt=1.0)


def white(rng):
    return alone(rng.normal(size=(1, 400)))


def walk(rng):
    return alone(rng.normal(size=(1, 400)).cumsum(axis=1))


def walks(rng):
    return alone(rng.normal(size=(20, 80)).cumsum(axis=1))


def decays(rng):
    """Ragged trials of one exponential."""
    lengths = rng.integers(30, 61, size=40)
    runs = [
        rng.normal() * np.exp(-0.05 * np.arange(t)) + 0.05 * rng.normal(size=t) for t in lengths
    ]
    return Trajectories.from_arrays([run[:, None] for run in runs], dt=1.0)


def oscillations(rng, trials=1, length=400, noise=0.3):
    """The sum of two, with phases of their own in each trial."""
    phases = rng.uniform(0.0, 2.0 * np.pi, size=(trials, 1, 2))
    values = np.sin(FREQUENCIES * np.arange(length)[:, None] + phases).sum(axis=2)
    return values + noise * rng.normal(size=values.shape)


@pytest.mark.parametrize("made", [white, walk, walks, decays])
@pytest.mark.parametrize("seed", range(4))
def test_what_does_not_oscillate_has_no_frequency(made, seed):
    found = Measured.of(made(np.random.default_rng(seed)))
    assert found.order == found.signal <= 1
    assert not found.rates.imag.any()


@pytest.mark.parametrize("seed", range(3))
def test_two_oscillations_in_one_channel_are_told_by_their_frequencies(seed):
    found = Measured.of(alone(oscillations(np.random.default_rng(seed))))
    assert (found.signal, found.order) == (1, 4)
    upper = found.rates[found.rates.imag > 0.0]
    errors = found.rate_errors[found.rates.imag > 0.0]
    order = np.argsort(upper.imag)
    assert (np.abs(upper[order] - 1j * FREQUENCIES) < 5.0 * errors[order]).all()
    said = {row.what: row for row in statements(found)}
    assert said["order"].value == "4"
    assert "windows of samples" in said["rates of a linear fit"].meaning


def test_ragged_trials_with_gaps_show_them_too():
    rng = np.random.default_rng(0)
    values = oscillations(rng, trials=40, length=120, noise=0.1)
    for trial in values:
        trial[rng.integers(90, 120) :] = np.nan
        trial[rng.integers(0, 120) :][:3] = np.nan
    found = Measured.of(alone(values))
    assert found.order == 4
    upper = np.sort(found.rates.imag[found.rates.imag > 0.0])
    np.testing.assert_allclose(upper, FREQUENCIES, atol=0.01)


def test_what_is_seen_whole_in_two_channels_has_the_order_of_these():
    t = 0.3 * np.arange(300)
    states = np.column_stack([np.sin(t), np.cos(t)])
    noisy = states + 0.1 * np.random.default_rng(0).normal(size=states.shape)
    found = Measured.of(Trajectories(noisy[None], dt=1.0))
    assert (found.signal, found.order) == (2, 2)
