"""Every eigenspace of the catalogue: the eigen-relation, the dimension, sampled directions."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark.simulation import simulate
from koopmark.systems import CATALOGUE, SINH, example, random_drift, random_rnn
from koopmark.truth import LatticeEigenspace

DEGREE = 3


def states(system, count=400):
    return np.random.default_rng(0).uniform(0.2, 1.5, size=(count, system.size))


def generator_applied(space, system, x):
    """F·∇φ by the complex-step derivative along F, exact to rounding."""
    step = 1e-30
    if isinstance(space, LatticeEigenspace):
        moved = space.principal.coordinates(x + 1j * step * system.rhs(x))
        return product_rule(space, x, np.imag(moved) / step)
    return np.imag(space.evaluate(x + 1j * step * system.rhs(x))) / step


def product_rule(space, x, velocity):
    """F·∇ of products of complex eigenfunctions, from the velocity of their real coordinates."""
    principal = space.principal
    values = np.hstack([principal(x), np.ones((len(x), 1))])
    slopes = np.hstack([velocity @ principal.vectors, np.zeros((len(x), 1))])
    total = np.zeros((len(x), space.dimension), complex)
    for moving in range(space.factors.shape[1]):
        others = np.delete(space.factors, moving, axis=1)
        total += slopes[:, space.factors[:, moving]] * np.prod(values[:, others], axis=2)
    return total


def all_spaces(system):
    return system.eigenspaces(DEGREE) + system.conserved()


@pytest.mark.parametrize("name", CATALOGUE)
def test_generator_multiplies_every_eigenfunction_by_its_eigenvalue(name):
    system = example(name)
    x = states(system, 100)
    for space in all_spaces(system):
        values = space.evaluate(x)
        error = np.abs(generator_applied(space, system, x) - space.eigenvalue * values)
        # Ratios are large where their denominator nearly vanishes; compare with their own size.
        assert (error.max(axis=1) < 1e-11 * (1.0 + np.abs(values).max(axis=1) ** 2)).all()


@pytest.mark.parametrize("name", CATALOGUE)
def test_claimed_dimension_is_the_rank_of_the_values(name):
    system = example(name)
    x = states(system)
    for space in all_spaces(system):
        values = space.evaluate(x)
        assert values.shape == (len(x), space.dimension)
        scaled = values / np.linalg.norm(values, axis=0)
        assert np.linalg.matrix_rank(scaled, tol=1e-8) == space.dimension


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_target_has_a_trivial_or_repeated_eigenvalue(name):
    eigenvalues = [space.eigenvalue for space in example(name).eigenspaces(DEGREE)]
    assert all(abs(value) > 1e-6 for value in eigenvalues)
    gaps = np.abs(np.subtract.outer(eigenvalues, eigenvalues)) + np.eye(len(eigenvalues))
    assert gaps.min() > 1e-6


@given(st.integers(3, 9), st.integers(1, 3), st.data())
def test_relaxation_multiplicities_are_binomial(n, degree, data):
    rank = data.draw(st.integers(1, n - 1))
    space = random_rnn(n, rank).eigenspaces(degree)[-1]
    assert space.eigenvalue == -degree
    assert space.dimension == comb(n - rank + degree - 1, degree)


def test_sampled_directions_lie_in_the_eigenspace_and_are_independent():
    system = random_rnn(7, 2, seed=4)
    x = states(system)
    for space in system.eigenspaces(DEGREE):
        full = np.linalg.qr(space.evaluate(x))[0]
        count = min(12, space.dimension)
        sampled = space.sample(count, np.random.default_rng(1)).evaluate(x)
        outside = sampled - full @ (full.T @ sampled)
        assert np.linalg.norm(outside) < 1e-10 * np.linalg.norm(sampled)
        assert np.linalg.matrix_rank(sampled / np.linalg.norm(sampled, axis=0), 1e-8) == count


def test_sampling_a_large_space_never_lists_it():
    system = random_rnn(20_000, 5)
    space = system.eigenspaces(2)[-1]
    assert space.dimension == comb(19_995 + 1, 2)
    sampled = space.sample(3, np.random.default_rng(0))
    assert sampled.evaluate(np.ones((2, 20_000))).shape == (2, 3)
    assert sampled.sample(2, np.random.default_rng(0)).dimension == 2


def test_sampling_as_many_as_there_are_gives_the_space_itself():
    for system in (random_rnn(6, 2), random_drift(6, 2, SINH)):
        for space in system.eigenspaces(2) + system.conserved():
            assert (
                space.sample(space.dimension, np.random.default_rng(0)).dimension == space.dimension
            )


def test_products_of_drift_eigenfunctions_with_one_eigenvalue_share_a_space():
    system = random_drift(6, 2, SINH, chosen=2)
    u = system.exponents
    mirrored = u.copy()
    mirrored[:, 1] *= (u[:, 0] @ system.rates) / (u[:, 1] @ system.rates)
    degenerate = type(system)(system.weights, system.zeta, system.coupling, system.rates, mirrored)
    assert [space.dimension for space in degenerate.eigenspaces(2)] == [2, 3]


def test_exponents_that_are_equal_up_to_rounding_are_one_function():
    system = random_drift(6, 2, SINH, chosen=1)
    multiples = type(system)(
        system.weights,
        system.zeta,
        system.coupling,
        system.rates,
        system.exponents * [0.1, 0.2, 0.3],
    )
    x = states(system)
    spaces = multiples.eigenspaces(2)
    assert [space.dimension for space in spaces] == [1] * len(spaces)
    assert len(spaces) == 6
    assert np.linalg.matrix_rank(np.hstack([space.evaluate(x) for space in spaces]), 1e-9) == 6


def test_a_drift_target_is_a_part_wherever_there_are_two_null_vectors():
    system = random_drift(6, 2, SINH, chosen=2)
    x = states(system, 100)
    first, second = system.eigenspaces(1)
    assert [first.whole, second.whole] == [False, False]
    # A power of the second is at the eigenvalue of the first, and not in its span.
    power = first.decay / second.decay
    other = replace(second, exponents=second.exponents * power, decay=first.decay)
    values, known = other.evaluate(x), first.evaluate(x)
    moved = generator_applied(other, system, x)
    np.testing.assert_allclose(moved, first.eigenvalue.real * values, rtol=1e-10)
    assert np.linalg.matrix_rank(np.hstack([values, known]), 1e-6) == 2


def test_a_drift_target_is_whole_where_there_is_one_null_vector():
    """Every exponential of it at this eigenvalue has the same exponent: -a uᵀc fixes a."""
    (space,) = random_drift(6, 5, SINH, chosen=1).eigenspaces(1)
    assert space.whole
    assert "not whole" not in repr(space)


@pytest.mark.parametrize("name", CATALOGUE)
def test_samples_and_constants_of_motion_say_that_they_are_parts(name):
    system = example(name)
    assert not any(space.whole for space in system.conserved())
    for space in system.eigenspaces(DEGREE):
        if space.dimension > 1:
            sample = space.sample(space.dimension - 1, np.random.default_rng(0))
            assert not sample.whole
            assert "not whole" in repr(sample)
        same = space.sample(space.dimension, np.random.default_rng(0))
        assert same.whole == space.whole


ROUGH = {
    "|z₁|": (1, lambda z: np.abs(z[..., 0])),
    "max(z₁, z₂)": (1, lambda z: z[..., :2].max(axis=-1)),
    "|z|": (1, lambda z: np.linalg.norm(z, axis=-1)),
    "z₁³/|z|²": (1, lambda z: z[..., 0] ** 3 / np.sum(z**2, axis=-1)),
    "z₁|z₁|": (2, lambda z: z[..., 0] * np.abs(z[..., 0])),
    "z₁²|z₂|": (3, lambda z: z[..., 0] ** 2 * np.abs(z[..., 1])),
}
"""Positively homogeneous functions, continuous everywhere, by their degree."""


@pytest.mark.parametrize("name", ROUGH)
def test_rough_homogeneous_functions_are_eigenfunctions_outside_of_the_smooth_space(name):
    degree, rough = ROUGH[name]
    system = random_rnn(6, 3, 2.0, seed=1)
    basis = system.weights.null_space.basis
    x0 = np.random.default_rng(0).standard_normal((200, 6))
    along = simulate(system, x0, [0.0, 0.5, 2.0]).states @ basis
    expected = np.exp(-degree * np.array([0.0, 0.5, 2.0])) * rough(along)[:, :1]
    np.testing.assert_allclose(rough(along), expected, atol=1e-10)
    smooth = np.linalg.qr(system.eigenspaces(degree)[-1].evaluate(x0))[0]
    values = rough(x0 @ basis)
    outside = values - smooth @ (smooth.T @ values)
    assert np.linalg.norm(outside) > 0.05 * np.linalg.norm(values)
