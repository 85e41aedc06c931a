"""Paths of the Ornstein-Uhlenbeck process have its statistics at every time asked for."""

import numpy as np
import pytest

from koopmark.simulation import sample_paths
from koopmark.systems import ornstein_uhlenbeck

SYSTEM = ornstein_uhlenbeck([0.5, 1.3], 0.7)


def test_a_path_of_many_steps_has_the_statistics_of_one_step():
    x0 = np.tile([[1.0, -0.5]], (100_000, 1))
    times = np.array([0.0, 0.1, 0.35, 0.4, 1.0])
    ends = sample_paths(SYSTEM, x0, times, np.random.default_rng(0)).states[:, -1]
    nodes, weights = SYSTEM.quadrature(x0[0], 1.0)
    mean = weights @ nodes
    covariance = (weights * (nodes - mean).T) @ (nodes - mean)
    np.testing.assert_allclose(ends.mean(axis=0), mean, atol=5 * 0.7 / np.sqrt(len(x0)))
    np.testing.assert_allclose(np.cov(ends.T), covariance, rtol=0.03, atol=2e-3)


def test_paths_start_where_they_are_told_and_follow_the_generator():
    x0 = np.random.default_rng(1).normal(size=(3, 2))
    first, again, other = (
        sample_paths(SYSTEM, x0, [0.0, 0.5], np.random.default_rng(seed)) for seed in (2, 2, 3)
    )
    np.testing.assert_array_equal(first.states[:, 0], x0)
    np.testing.assert_array_equal(first.states, again.states)
    assert (first.states[:, 1] != other.states[:, 1]).all()


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="N = 2"):
        sample_paths(SYSTEM, np.ones((1, 3)), [0.0, 1.0], np.random.default_rng(0))
    with pytest.raises(ValueError, match="increase"):
        sample_paths(SYSTEM, np.ones((1, 2)), [1.0, 0.0], np.random.default_rng(0))
