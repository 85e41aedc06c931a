"""LowRank: what it accepts, what it refuses, and that it is the matrix it stands for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.systems import LowRank, gaussian_weights, weights_with_singular_values


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(2, 12))
    return n, draw(st.integers(1, n - 1))


def random_weights(n: int, rank: int, seed: int = 0) -> LowRank:
    return gaussian_weights(n, rank, 1.5, np.random.default_rng(seed))


@given(sizes(), st.integers(0, 50))
def test_null_vectors_are_annihilated_by_the_transposed_weights(size, seed):
    weights = random_weights(*size, seed)
    basis = weights.null_space.basis
    assert basis.shape == (weights.size, weights.size - weights.rank)
    np.testing.assert_allclose(weights.dense().T @ basis, 0.0, atol=1e-12)
    sampled = weights.null_space.sample(basis.shape[1], np.random.default_rng(seed + 1000))
    np.testing.assert_allclose(weights.dense().T @ sampled, 0.0, atol=1e-12)
    assert np.linalg.matrix_rank(sampled, tol=1e-6) == basis.shape[1]


@given(sizes(), st.integers(0, 50))
def test_applying_the_factors_is_multiplying_by_the_matrix(size, seed):
    weights = random_weights(*size, seed)
    vectors = np.random.default_rng(seed).standard_normal((3, 4, weights.size))
    expected = vectors @ weights.dense().T
    np.testing.assert_allclose(weights.apply(vectors), expected, atol=1e-12)
    weights.apply(vectors, out=vectors)
    np.testing.assert_allclose(vectors, expected, atol=1e-12)


@given(sizes(), st.integers(0, 50))
def test_factoring_a_dense_matrix_gives_it_back_with_its_rank(size, seed):
    weights = random_weights(*size, seed)
    again = LowRank.from_dense(weights.dense(), tol=1e-9)
    assert again.rank == weights.rank
    np.testing.assert_allclose(again.dense(), weights.dense(), atol=1e-12)


def test_from_dense_counts_singular_values_above_the_tolerance():
    matrix = np.diag([1.0, 1e-3, 1e-8, 0.0])
    assert LowRank.from_dense(matrix, tol=1e-10).rank == 3
    assert LowRank.from_dense(matrix, tol=1e-5).rank == 2


def test_prescribed_singular_values_are_those_of_the_matrix():
    weights = weights_with_singular_values(9, [3.0, 1.0, 1e-6], np.random.default_rng(0))
    np.testing.assert_allclose(weights.singular_values, [3.0, 1.0, 1e-6], rtol=1e-9)
    dense = np.linalg.svd(weights.dense(), compute_uv=False)
    np.testing.assert_allclose(dense[:2], [3.0, 1.0], rtol=1e-12)


def test_gain_is_the_spectral_norm_of_gaussian_weights():
    weights = gaussian_weights(50, 4, 2.5, np.random.default_rng(1))
    np.testing.assert_allclose(np.linalg.norm(weights.dense(), 2), 2.5, rtol=1e-12)


ONES = np.ones((4, 1))


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (np.ones((4, 2)), np.eye(4)[:, :2], "left factor has 2 columns but rank 1"),
        (np.eye(4)[:, :2], np.ones((4, 2)), "right factor has 2 columns but rank 1"),
        (np.eye(4), np.eye(4), "rank 4 with n 4: rank must be between 1 and 3"),
        (np.zeros((4, 0)), np.zeros((4, 0)), "rank 0"),
        (ONES, np.ones((5, 1)), "must both have shape"),
        (ONES * np.nan, ONES, "not finite"),
        (ONES * 0.0, ONES, "column 0 of the left factor is zero"),
    ],
)
def test_factors_that_hide_the_rank_are_refused(left, right, message):
    with pytest.raises(ValueError, match=message):
        LowRank(left, right)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), "full rank 3"),
        (np.zeros((3, 3)), "zero"),
        (np.ones((2, 3)), "square"),
        (np.full((2, 2), np.inf), "not finite"),
    ],
)
def test_dense_matrices_without_a_low_rank_are_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        LowRank.from_dense(matrix)


def test_columns_of_very_different_size_are_still_independent():
    factor = np.eye(6)[:, :3] * [1.0, 1e-7, 1e-13]
    assert LowRank(factor, np.eye(6)[:, :3]).rank == 3


def test_a_hundred_thousand_units_need_only_their_factors():
    weights = gaussian_weights(100_000, 10, 1.5, np.random.default_rng(0))
    held = weights.left.nbytes + weights.right.nbytes
    assert held == 2 * 100_000 * 10 * 8
    u = weights.null_space.sample(2, np.random.default_rng(1))
    assert np.abs(u.T @ weights.left).max() < 1e-13
