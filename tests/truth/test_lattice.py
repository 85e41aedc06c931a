"""Products of given eigenfunctions: gathered by eigenvalue, whole, real where they can be."""

from itertools import combinations_with_replacement
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.systems import LinearSystem
from koopmark.truth import (
    PrincipalFunctions,
    products_of,
    too_close,
)
from koopmark.truth._lattice import ONE


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
    for space in principal(matrix).eigenspaces(3):
        expected = np.exp(0.7 * space.eigenvalue) * space.evaluate(z)
        size = np.abs(expected).max()
        assert np.abs(space.evaluate(moved(z, matrix, 0.7)) - expected).max() < 1e-12 * size


@pytest.mark.parametrize("name", MATRICES)
def test_the_spaces_hold_every_polynomial_without_constant_once(name):
    matrix = MATRICES[name]
    spaces = principal(matrix).eigenspaces(3)
    p = len(matrix)
    products = [tuple(row[row != ONE]) for space in spaces for row in space.factors]
    assert len(set(products)) == len(products)
    assert sum(len(product) <= 3 for product in products) == comb(p + 3, 3) - 1
    values = np.hstack([space.evaluate(states(p)) for space in spaces])
    assert np.linalg.matrix_rank(values / np.linalg.norm(values, axis=0), 1e-9) == values.shape[1]


def polynomial_eigenfunctions(matrix, eigenvalue, degree):
    """How many polynomials of up to this degree obey Az·∇p = λp, by linear algebra."""
    n = len(matrix)
    powers = [p for p in np.ndindex(*[degree + 1] * n) if 0 < sum(p) <= degree]
    number = {p: i for i, p in enumerate(powers)}
    generator = np.zeros((len(powers), len(powers)), complex)
    for p in powers:
        for i, j in np.ndindex(n, n):
            if p[i] and matrix[i][j]:
                q = np.array(p)
                q[i] -= 1
                q[j] += 1
                generator[number[tuple(q)], number[p]] += p[i] * matrix[i][j]
    s = np.linalg.svd(generator - eigenvalue * np.eye(len(powers)), compute_uv=False)
    return int(np.sum(s < 1e-8))


QUARTERS = st.integers(1, 8).map(lambda k: -k / 4)


@given(st.lists(QUARTERS, min_size=1, max_size=3), st.integers(1, 2))
@settings(max_examples=60)
def test_every_eigenspace_is_whole_however_its_rates_resonate(rates, max_degree):
    """-1/4, -1/2 and -1: the last has (φ₁)⁴, (φ₁)²φ₂ and (φ₂)² besides, of any max_degree."""
    highest = round(max_degree * min(rates) / max(rates))
    if comb(highest + len(rates), len(rates)) > 300:
        return
    for space in principal(np.diag(rates)).eigenspaces(max_degree):
        assert space.whole
        count = polynomial_eigenfunctions(np.diag(rates), space.eigenvalue, highest)
        assert space.dimension == count


@given(
    st.lists(st.one_of(QUARTERS, st.floats(-2.0, -0.3)), max_size=3),
    st.lists(st.tuples(QUARTERS, st.integers(1, 4).map(lambda k: k / 2)), max_size=2),
    st.integers(1, 3),
)
@settings(max_examples=60)
def test_products_of_one_sum_are_those_that_brute_force_finds(real, pairs, max_degree):
    every = np.array([*real, *(complex(a, s * b) for a, b in pairs for s in (1, -1))], complex)
    if not len(every) or max_degree * every.real.min() / every.real.max() > 12:
        return
    if too_close(every, max_degree) is not None:
        return
    most = int(max_degree * every.real.min() / every.real.max() + 1e-9)
    sums = {}
    for degree in range(1, most + 1):
        for chosen in combinations_with_replacement(range(len(every)), degree):
            value = complex(np.round(every[list(chosen)].sum(), 7)) + 0.0
            sums.setdefault(value, []).append(chosen)
    asked = {value for value, products in sums.items() if len(products[0]) <= max_degree}
    found = products_of(every, max_degree)
    assert {complex(np.round(one.eigenvalue, 7)) + 0.0 for one in found} == asked
    for one in found:
        expected = sums[complex(np.round(one.eigenvalue, 7)) + 0.0]
        assert [tuple(row[row != ONE]) for row in one.factors] == expected
        assert one.whole


def test_products_with_one_eigenvalue_share_a_space():
    dimensions = {
        space.eigenvalue: space.dimension for space in principal(-np.eye(3)).eigenspaces(2)
    }
    assert dimensions == {-1: 3, -2: 6}
    resonant = {s.eigenvalue: s.dimension for s in principal(np.diag([-1.0, -2.0])).eigenspaces(1)}
    assert resonant == {-1: 1, -2: 2}


def test_sums_that_differ_by_rounding_alone_are_one_eigenvalue():
    assert 0.1 + 0.2 != 0.3
    spaces = principal(np.diag([-0.1, -0.2, -0.3])).eigenspaces(1)
    assert [space.dimension for space in spaces] == [1, 2, 3]
    assert too_close([-0.1, -0.2, -0.3], 6) is None


@given(st.floats(2e-9, 9e-7), st.sampled_from([-1, 1]))
def test_a_product_at_nearly_the_eigenvalue_of_a_target_is_told_by_its_factors(off, sign):
    fast = -1.0 + sign * off
    target, factors = too_close([-1 / 3, fast], 1)
    assert target == fast
    assert factors == (-1 / 3, -1 / 3, -1 / 3)
    assert [one.whole for one in products_of([-1 / 3, fast], 1)] == [True, False]
    assert too_close([-1 / 3, -1.0 + sign * (off + 1e-5)], 1) is None


@pytest.mark.parametrize("rates", [[-1.0, 0.5], [-1.0, 0.0], [-1.0, 1j, -1j]])
def test_beside_a_conserved_product_no_space_is_whole(rates):
    found = products_of(rates, 2)
    assert not any(one.whole for one in found)
    assert max(len(row[row != ONE]) for one in found for row in one.factors) == 2


def test_products_that_are_too_many_to_compare_leave_parts_behind():
    found = products_of(-np.linspace(0.3, 1.7, 1000), 1)
    assert len(found) == 1000
    assert not any(one.whole for one in found)
    # Within a factor of two no product reaches a rate.
    assert all(one.whole for one in products_of(-np.linspace(1.0, 1.99, 1000), 1))


def test_energy_of_an_oscillation_without_damping_is_conserved_and_no_target():
    functions = principal(MATRICES["conservative"])
    (energy,) = functions.conserved()
    z = states(2)
    ratio = energy.evaluate(z)[:, 0] / np.sum(z**2, axis=1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    assert not energy.whole
    assert all(space.eigenvalue != 0 for space in functions.targets(4))
    assert not any(space.whole for space in functions.targets(4))


def test_real_eigenfunctions_have_real_values_beside_complex_ones():
    mixed = np.zeros((3, 3))
    mixed[0, 0], mixed[1:, 1:] = -1.0, MATRICES["oscillating"]
    kinds = {
        complex(np.round(space.eigenvalue, 6)): np.iscomplexobj(space.evaluate(states(3)))
        for space in principal(mixed).eigenspaces(1)
    }
    assert kinds == {-1: False, -0.2 + 2j: True, -0.2 - 2j: True}


@given(st.integers(1, 8), st.integers(0, 20))
def test_a_sample_is_a_part_of_the_space(count, seed):
    space = principal(-np.eye(3)).eigenspaces(3)[2]
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


def jordan(*sizes, rate=-1.0, others=()):
    """Blocks of these sizes at one rate beside other rates, and all left eigenvectors."""
    n = sum(sizes) + len(others)
    matrix = np.diag([rate] * sum(sizes) + list(others))
    last = (np.cumsum(sizes) - 1).tolist()
    for row in set(range(sum(sizes))) - set(last):
        matrix[row, row + 1] = 1.0
    kept = [*last, *range(sum(sizes), n)]
    return LinearSystem(matrix, np.eye(n)[:, kept], np.diag(matrix)[kept].astype(complex))


@pytest.mark.parametrize("others", [(), (-0.5,), (-2.0, -0.7)])
def test_beside_one_jordan_block_of_two_the_products_are_all_eigenfunctions(others):
    system = jordan(2, others=others)
    for space in system.eigenspaces(2):
        assert space.whole
        expected = polynomial_eigenfunctions(system.matrix, space.eigenvalue, 6)
        assert space.dimension == expected


@pytest.mark.parametrize("sizes", [(3,), (2, 2)])
def test_larger_jordan_blocks_have_eigenfunctions_that_are_no_products(sizes):
    system = jordan(*sizes)
    square = system.eigenspaces(2)[1]
    assert polynomial_eigenfunctions(system.matrix, -2.0, 2) > square.dimension
    assert not square.whole


def test_a_system_without_one_of_its_eigenvectors_calls_nothing_whole():
    for matrix in (np.diag([-1.0, -2.0]), np.diag([-1.0, -1.0])):
        (space,) = LinearSystem(matrix, np.eye(2)[:, :1], [-1.0]).eigenspaces(1)
        assert not space.whole


def test_what_rounding_leaves_of_a_sum_is_no_eigenvalue():
    rates = np.array([0.1 + 3j, 0.1 - 3j, 0.2 + 1j, 0.2 - 1j, -0.3 + 2j, -0.3 - 2j])
    sums = [found.eigenvalue for found in products_of(rates, 3)]
    assert abs(rates[[0, 2, 4]].sum().real) > 0
    assert all(one.real == 0 or abs(one.real) > 0.05 for one in sums)
    assert all(one.imag == 0 or abs(one.imag) > 0.5 for one in sums)
    assert sum(one.real == 0 for one in sums) > 4
