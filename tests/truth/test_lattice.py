"""Products of given eigenfunctions: gathered by eigenvalue, whole, real where they can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.truth import PrincipalFunctions, conserved_of, lattice, targets_of


def identity(states):
    return states


def principal(matrix):
    return PrincipalFunctions.of_linear(identity, matrix)


def states(p, count=300):
    return np.random.default_rng(0).standard_normal((count, p))


def moved(z, matrix, t):
    from scipy.linalg import expm

    return z @ expm(np.asarray(matrix) * t).T


MATRICES = {
    "distinct": np.diag([-1.0, -0.3]),
    "degenerate": -np.eye(3),
    "resonant": np.diag([-1.0, -2.0]),
    "oscillating": np.array([[-0.2, -2.0], [2.0, -0.2]]),
    "conservative": np.array([[0.0, -1.0], [1.0, 0.0]]),
    "two alike": np.kron(np.eye(2), [[-0.2, -2.0], [2.0, -0.2]]),
    "full": np.random.default_rng(3).standard_normal((4, 4)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_every_product_follows_its_eigenvalue(name):
    matrix = MATRICES[name]
    z = states(len(matrix))
    for space in lattice(principal(matrix), 3):
        expected = np.exp(0.7 * space.eigenvalue) * space.evaluate(z)
        size = np.abs(expected).max()
        assert np.abs(space.evaluate(moved(z, matrix, 0.7)) - expected).max() < 1e-12 * size


@pytest.mark.parametrize("name", MATRICES)
def test_the_spaces_hold_every_polynomial_without_constant_once(name):
    matrix = MATRICES[name]
    spaces = lattice(principal(matrix), 3)
    from math import comb

    p = len(matrix)
    assert sum(space.dimension for space in spaces) == comb(p + 3, 3) - 1
    values = np.hstack([space.evaluate(states(p)) for space in spaces])
    assert np.linalg.matrix_rank(values / np.linalg.norm(values, axis=0), 1e-9) == values.shape[1]


def test_products_with_one_eigenvalue_share_a_space():
    dimensions = {space.eigenvalue: space.dimension for space in lattice(principal(-np.eye(3)), 2)}
    assert dimensions == {-1: 3, -2: 6}
    resonant = {s.eigenvalue: s.dimension for s in lattice(principal(np.diag([-1.0, -2.0])), 2)}
    assert resonant == {-1: 1, -2: 2, -3: 1, -4: 1}


def test_sums_that_differ_by_rounding_alone_are_one_eigenvalue():
    rates = np.diag([-0.1, -0.2, -0.3])
    assert 0.1 + 0.2 != 0.3
    dimensions = [space.dimension for space in lattice(principal(rates), 2)]
    assert sorted(dimensions) == [1, 1, 1, 2, 2, 2]


def test_energy_of_an_oscillation_without_damping_is_conserved_and_no_target():
    functions = principal(MATRICES["conservative"])
    (energy,) = conserved_of(functions)
    z = states(2)
    ratio = energy.evaluate(z)[:, 0] / np.sum(z**2, axis=1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    assert all(space.eigenvalue != 0 for space in targets_of(functions, 4))


def test_real_eigenfunctions_have_real_values_beside_complex_ones():
    mixed = np.zeros((3, 3))
    mixed[0, 0], mixed[1:, 1:] = -1.0, MATRICES["oscillating"]
    kinds = {
        complex(np.round(space.eigenvalue, 6)): np.iscomplexobj(space.evaluate(states(3)))
        for space in lattice(principal(mixed), 1)
    }
    assert kinds == {-1: False, -0.2 + 2j: True, -0.2 - 2j: True}


@given(st.integers(1, 8), st.integers(0, 20))
def test_a_sample_is_a_part_of_the_space(count, seed):
    space = lattice(principal(-np.eye(3)), 3)[2]
    sampled = space.sample(count, np.random.default_rng(seed))
    assert sampled.dimension == min(count, 10)
    z = states(3)
    whole = np.linalg.qr(space.evaluate(z))[0]
    values = sampled.evaluate(z)
    assert np.linalg.norm(values - whole @ (whole.T @ values)) < 1e-10 * np.linalg.norm(values)
    assert np.linalg.matrix_rank(values) == sampled.dimension


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[-1.0, 1.0], [0.0, -1.0]], "matrix is defective"),
        ([[-1.0, 1.0]], "matrix must be square"),
        (np.zeros((0, 0)), "matrix must be square"),
        ([[np.nan]], "not finite"),
    ],
)
def test_a_matrix_without_a_basis_of_eigenvectors_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        principal(matrix)
