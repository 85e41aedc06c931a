"""Eigenvalues of high multiplicity keep all their eigenvectors."""

import numpy as np
import pytest

from koopmark.methods.own._linalg import eigenbasis, with_independent


def rotated(blocks, seed=0):
    size = len(blocks)
    root = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]
    return root @ blocks @ root.T


def check(matrix, values, vectors):
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-11)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), 1.0)


@pytest.mark.parametrize("spread", [0.0, 1e-9])
def test_five_hundred_copies_are_independent_even_where_lapack_s_are_not(spread):
    rng = np.random.default_rng(0)
    blocks = np.diag(np.r_[np.full(500, 0.9), 0.5, 0.3])
    blocks[:500, 500:] = rng.standard_normal((500, 2))
    matrix = rotated(blocks)
    values, vectors = np.linalg.eig(matrix)
    # How dependent they are depends on the build of LAPACK: here it is by so much.
    copies = abs(values - 0.9) < 1e-6
    kept = np.flatnonzero(copies)[0]
    bent = vectors[:, [kept]] + spread * vectors[:, copies]
    vectors[:, copies] = bent / np.linalg.norm(bent, axis=0)
    found, basis = with_independent(matrix, values, vectors)
    check(matrix, found, basis)
    assert np.linalg.svd(basis)[1][-1] > 1e-3
    np.testing.assert_allclose(np.sort(found.real), np.sort(np.diag(blocks)), atol=1e-12)


def test_complex_pairs_of_high_multiplicity_stay_pairs():
    turn = np.array([[0.6, -0.7], [0.7, 0.6]])
    blocks = np.kron(np.eye(200), turn)
    values, vectors = eigenbasis(rotated(blocks))
    check(rotated(blocks), values, vectors)
    assert np.linalg.svd(vectors)[1][-1] > 1e-6
    np.testing.assert_allclose(abs(values.imag), 0.7, atol=1e-12)
    assert np.sum(values.imag > 0) == 200


def test_an_eigenvalue_that_lacks_eigenvectors_is_left_to_lapack():
    matrix = np.array([[0.5, 1.0], [0.0, 0.5]])
    values, vectors = eigenbasis(matrix)
    np.testing.assert_array_equal(vectors, np.linalg.eig(matrix)[1])
    np.testing.assert_array_equal(values, np.linalg.eig(matrix)[0])


@pytest.mark.parametrize("size", [1, 5, 40])
def test_distinct_eigenvalues_are_those_of_lapack(size):
    matrix = np.random.default_rng(0).standard_normal((size, size))
    values, vectors = eigenbasis(matrix)
    expected = np.linalg.eig(matrix)
    np.testing.assert_array_equal(values, expected[0])
    np.testing.assert_array_equal(vectors, expected[1])
