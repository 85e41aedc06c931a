"""The null space as the eigenfunctions tell it, against its definition written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.scoring.structure import _null_space_error, _shared_affine_functions
from koopmark.systems import random_rnn


@given(st.integers(3, 9), st.integers(0, 100), st.floats(-6.0, 0.0), st.data())
def test_null_space_error_is_the_largest_sine_from_the_true_null_space(n, seed, size, data):
    system = random_rnn(n, data.draw(st.integers(1, n - 1)), seed=seed)
    null_space = system.weights.null_space
    found = data.draw(st.integers(null_space.dimension, n))
    rng = np.random.default_rng(seed + 1)
    parts = np.hstack([null_space.basis, rng.standard_normal((n, found - null_space.dimension))])
    parts = np.linalg.qr(parts + 10.0**size * rng.standard_normal(parts.shape))[0]
    outside = null_space.basis - parts @ (parts.T @ null_space.basis)
    expected = np.linalg.norm(outside, 2)
    complement = np.linalg.qr(parts, mode="complete")[0][:, found:]
    constraints = np.block(
        [[np.ones((1, 1)), rng.standard_normal((1, n))], [np.zeros((n - found, 1)), complement.T]]
    )
    mixed = np.linalg.qr(rng.standard_normal((len(constraints),) * 2))[0] @ constraints
    error = _null_space_error(system, mixed)
    np.testing.assert_allclose(error, expected, rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize("mixed", [False, True])
def test_affine_functions_in_a_span_are_counted_and_told_by_their_coefficients(mixed):
    rng = np.random.default_rng(0)
    affine = np.hstack([np.ones((200, 1)), rng.standard_normal((200, 5)) * [1, 10, 1, 0.1, 1]])
    coefficients = rng.standard_normal((6, 3))
    recovered = np.hstack([affine @ coefficients, rng.standard_normal((200, 4))])
    if mixed:
        recovered = recovered @ (rng.standard_normal((7, 7)) + 1j * rng.standard_normal((7, 7)))
    found, constraints = _shared_affine_functions(affine, recovered)
    assert found == 3
    assert constraints.shape == (3, 6)
    assert np.linalg.norm(constraints @ coefficients) < 1e-10 * np.linalg.norm(constraints)


def test_affine_functions_that_the_points_do_not_tell_apart_are_not_counted():
    rng = np.random.default_rng(0)
    affine = np.hstack([np.ones((200, 1)), rng.standard_normal((200, 3))])
    affine = np.hstack([affine, affine[:, 1:2] - affine[:, 2:3]])
    found, constraints = _shared_affine_functions(affine, affine[:, 1:3])
    assert found == 2
    assert constraints.shape == (3, 5)
