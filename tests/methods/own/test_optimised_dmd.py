"""Optimised DMD over all trajectories: exact for linear dynamics, unbiased under noise."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import methods
from koopmark.methods import contract
from koopmark.methods.own.optimised_dmd import OptimisedDMD


@pytest.fixture(scope="module")
def spiral():
    return contract.DATA["linear"]()[0]


def exact(data):
    return np.log(np.linalg.eigvals(contract.MATRIX).astype(complex)) / data.dt


def test_many_noisy_trajectories_give_better_eigenvalues_than_one(linear):
    data = linear(contract.MATRIX, np.random.default_rng(0).standard_normal((100, 3)), steps=20)
    noise = np.random.default_rng(0).standard_normal(data.states.shape)
    noisy = replace(data, states=data.states + 0.02 * noise)

    def error(model):
        return max(abs(model.eigenvalues - value).min() for value in exact(data))

    assert 3 * error(OptimisedDMD().fit(noisy)) < error(methods.fit("pydmd.bopdmd", noisy))


def test_a_repeated_eigenvalue_keeps_all_its_modes(linear):
    initial = np.random.default_rng(0).standard_normal((20, 3))
    data = linear(np.diag([0.9, 0.9, 0.6]), initial)
    model = OptimisedDMD(constant=False).fit(data)
    factors = np.sort(np.exp(model.eigenvalues.real * data.dt))
    np.testing.assert_allclose(factors, [0.6, 0.9, 0.9], atol=1e-10)


def test_noise_that_splits_an_eigenvalue_leaves_one_of_its_multiplicity(linear):
    initial = np.random.default_rng(0).standard_normal((50, 3))
    data = linear(np.diag([0.9, 0.9, 0.6]), initial, steps=20)
    noise = 0.01 * np.random.default_rng(1).standard_normal(data.states.shape)
    model = OptimisedDMD(constant=False).fit(replace(data, states=data.states + noise))
    factors = np.sort(np.exp(model.eigenvalues.real * data.dt))
    assert factors[1] == factors[2]
    np.testing.assert_allclose(factors, [0.6, 0.9, 0.9], atol=5e-3)


def test_growing_exponentials_do_not_overflow(linear):
    data = linear(np.diag([3.0, 0.5]), np.random.default_rng(0).standard_normal((10, 2)), steps=200)
    model = OptimisedDMD(constant=False).fit(data)
    np.testing.assert_allclose(np.exp(model.eigenvalues.real.max() * data.dt), 3.0, rtol=1e-8)


def test_an_offset_is_part_of_the_prediction(linear):
    data = linear(np.diag([0.9, 0.5]), np.random.default_rng(0).standard_normal((20, 2)))
    moved = replace(data, states=data.states + np.array([3.0, -2.0]))
    predicted = OptimisedDMD().fit(moved).predict(moved.rolling(1)[:, 0], moved.times[1:6])
    np.testing.assert_allclose(predicted, moved.states[:, 1:6], atol=1e-9)


def test_too_short_trajectories_are_refused(spiral):
    short = replace(spiral, states=spiral.states[:, :4], times=spiral.times[:4])
    with pytest.raises(ValueError, match="4 states in a trajectory: too few for"):
        OptimisedDMD().fit(short)


def test_a_frequency_that_passes_through_zero_on_the_way_ends_no_fit(linear):
    """Nearly all noise: the iteration turns a slow oscillation the other way round."""
    rng = np.random.default_rng(12)
    initial = rng.standard_normal((30, 8))
    matrix = np.diag(np.linspace(0.5, 0.95, 8)) + 0.1 * rng.standard_normal((8, 8))
    clean = linear(matrix, initial, steps=40)
    noise = 0.5 * clean.states.std() * rng.standard_normal(clean.states.shape)
    model = OptimisedDMD(constant=False).fit(replace(clean, states=clean.states + noise))
    conjugates = np.sort_complex(model.eigenvalues.conj())
    np.testing.assert_array_equal(np.sort_complex(model.eigenvalues), conjugates)
