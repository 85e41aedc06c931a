"""Eigenvalues of high multiplicity keep all their eigenvectors."""

import numpy as np
import pytest

from koopmark.methods.own._linalg import _null_space, eigenbasis, with_independent


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


@pytest.mark.parametrize("power", [-240, 0, 240])
@pytest.mark.parametrize("kind", ["many small singular values", "copies a little apart"])
def test_a_null_space_is_that_of_the_smallest_singular_values(kind, power):
    """Beside the singular vectors themselves, at any scale."""
    if kind == "copies a little apart":
        blocks = np.diag(np.r_[1e-12 * np.arange(6), np.linspace(0.1, 0.9, 34)])
        dimension = 6
    else:
        # The least singular value of the second block is 2e-11, of no eigenvector.
        dimension, blocks = 26, np.zeros((60, 60))
        blocks[26:, 26:] = np.diag(np.full(34, 0.5)) + np.diag(np.ones(33), 1)
    matrix = np.ldexp(rotated(blocks), power)
    size = np.ldexp(1.0, power)
    basis = _null_space(matrix, dimension, 1e-9 * size)
    np.testing.assert_allclose(basis.T @ basis, np.eye(dimension), atol=1e-13)
    singular = np.linalg.svd(matrix)[2][-dimension:].T
    expected = np.linalg.norm(matrix @ singular, axis=0)[::-1]
    found = np.sort(np.linalg.norm(matrix @ basis, axis=0))
    np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-14 * size)


def test_the_null_space_of_nothing_is_all():
    basis = _null_space(np.zeros((4, 4)), 4, 0.0)
    np.testing.assert_array_equal(basis, np.eye(4))
