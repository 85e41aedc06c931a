"""The null space as the eigenfunctions tell it, against its definition written out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from koopmark.scoring.structure import _null_space_error
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
    np.testing.assert_allclose(_null_space_error(system, parts), expected, rtol=1e-6, atol=1e-13)
