"""Networks of given weights, whose rank is found."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark import systems


def weights(n=6, rank=2, seed=0):
    left, right = np.random.default_rng(seed).standard_normal((2, n, rank))
    return left @ right.T


@given(st.integers(2, 12), st.integers(1, 11), st.integers(0, 100))
@settings(max_examples=25)
def test_weights_of_any_form_make_the_same_network(n, rank, seed):
    rank = min(rank, n - 1)
    left, right = np.random.default_rng(seed).standard_normal((2, n, rank))
    dense = left @ right.T
    # Factors of more columns than the rank.
    wide = np.hstack([left, left]), np.hstack([right, -0.5 * right])
    states = np.random.default_rng(seed).standard_normal((5, n))
    forms = (dense, (left, right), (wide[0], 2.0 * wide[1]), scipy.sparse.csr_matrix(dense))
    for form in forms:
        system = systems.from_weights(form, theta=0.3)
        assert system.rank == rank
        expected = -states + np.tanh(states) @ dense.T + 0.3
        np.testing.assert_allclose(system.rhs(states), expected, rtol=1e-9, atol=1e-9)


def test_its_repr_says_where_the_rank_was_cut():
    s = np.array([2.0, 0.5, 1e-7, 1e-9])
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    system = systems.from_weights(q * s, tolerance=1e-5, activation="erf")
    assert repr(system) == (
        "<Relaxation ẋ = -x + W erf(x), N = 4, rank 2 (singular values to 0.25 of the largest, the "
        "next 5e-08, tolerance 1e-05)>"
    )


def test_its_functions_are_left_null_vectors_of_what_was_kept():
    w = weights()
    (space,) = systems.from_weights(w).eigenspaces(1)
    vectors = space.evaluate(np.eye(6))
    assert space.dimension == 4
    np.testing.assert_allclose(w.T @ vectors, 0.0, atol=1e-12)


FULL = np.diag([1.0, 0.9, 1e-3])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            FULL,
            r"full rank 3 .*no exact eigenfunctions; they fall most from 0.9 to 0.001 of the la",
        ),
        (
            FULL,
            r"meant to be of rank 2 are so at a tolerance of 0.03, which makes a system with oth",
        ),
        ([[2.0]], r"full rank 1 .*no exact eigenfunctions$"),
        (np.zeros((3, 3)), "weights are zero"),
        (np.ones((2, 3)), r"weights must be a square matrix, got shape \(2, 3\)"),
        (np.empty((0, 0)), r"weights must be a square matrix, got shape \(0, 0\)"),
        (weights() + 1j, r"weights must be real, not complex"),
        (weights() * np.nan, r"weights\[0, 0\] is nan: not finite"),
        (
            (np.ones((3, 1)), np.ones((4, 1))),
            r"both have shape \(N, k\), for W = L Rᵀ, got \(3, 1\)",
        ),
        ("W", "weights must be numbers, got text"),
        (scipy.sparse.eye(20_001), r"20,001 units are made dense .*: give factors \(L, R\)"),
    ],
)
def test_weights_without_a_rank_are_refused_in_a_sentence(given, message):
    with pytest.raises(ValueError, match=message):
        systems.from_weights(given)


def test_a_network_of_dense_weights_says_who_makes_one():
    with pytest.raises(TypeError, match=r"got ndarray: koopmark.systems.from_weights makes a netw"):
        systems.rnn(weights())
