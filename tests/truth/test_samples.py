"""Samples of eigenspaces are some of their functions, and what a space says of itself."""

import numpy as np
import pytest

from koopmark.systems import SINH, LinearSystem, random_linear, random_rnn
from koopmark.truth import (
    ApproximateEigenspace,
    ConservedSums,
    ExponentialEigenspace,
    PrincipalFunctions,
)

STATES = np.random.default_rng(1).uniform(-0.5, 0.5, (30, 6))
VECTORS = np.linalg.qr(np.random.default_rng(2).standard_normal((6, 5)))[0]
PRINCIPAL = PrincipalFunctions.of_linear(lambda x: x, np.diag([-1.0] * 5 + [-3.0]))
BOUNDS = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
APPROXIMATE = ApproximateEigenspace(VECTORS, SINH, BOUNDS, whole=False)

LISTED = {
    "approximate": APPROXIMATE,
    "exponential": ExponentialEigenspace(VECTORS, SINH, 0.5, whole=True),
    "conserved": ConservedSums(VECTORS, SINH),
    "lattice": PRINCIPAL.targets(1)[0],
}


@pytest.mark.parametrize("name", LISTED)
def test_a_sample_is_some_of_the_functions_in_their_order_and_a_part(name):
    space = LISTED[name]
    part = space.sample(3, np.random.default_rng(0))
    whole, values = space.evaluate(STATES), part.evaluate(STATES)
    places = [int(np.argmin(abs(whole - column[:, None]).sum(axis=0))) for column in values.T]
    np.testing.assert_array_equal(values, whole[:, places])
    assert part.dimension == 3
    assert places == sorted(set(places))
    assert not part.whole
    assert part.eigenvalue == space.eigenvalue
    others = space.sample(3, np.random.default_rng(5)).evaluate(STATES)
    assert not np.array_equal(others, values)


@pytest.mark.parametrize("name", LISTED)
def test_a_sample_of_all_is_the_space(name):
    space = LISTED[name]
    for count in (space.dimension, space.dimension + 1):
        values = space.sample(count, np.random.default_rng(0)).evaluate(STATES)
        np.testing.assert_array_equal(values, space.evaluate(STATES))


@pytest.mark.parametrize("name", LISTED)
def test_a_part_has_the_same_functions_and_is_not_whole(name):
    part = LISTED[name].as_part()
    assert not part.whole
    assert part.dimension == LISTED[name].dimension
    assert "not whole" in repr(part)


@pytest.mark.parametrize(
    ("space", "facts"),
    [
        (random_rnn(8, 2, seed=0).eigenspaces(2)[0], ["λ = -1", "dimension 6", "uᵀζ(x)"]),
        (random_rnn(8, 2, seed=0).eigenspaces(2)[1], ["λ = -2", "products of 2 functions uᵀζ(x)"]),
        (LISTED["exponential"], ["λ = -0.5", "dimension 5", "exp(uᵀζ(x))"]),
        (LISTED["conserved"], ["λ = 0", "uᵀζ(x) with uᵀc = 0", "not whole"]),
        (LISTED["lattice"], ["λ = -1", "dimension 5", "principal"]),
        (PRINCIPAL.targets(2)[-1], ["λ = -6", "products of at most 6 principal functions"]),
    ],
)
def test_a_space_says_its_eigenvalue_its_dimension_and_what_its_functions_are(space, facts):
    said = repr(space).removesuffix(">").partition(" ")[2].split(", ")
    assert set(facts) <= set(said)
    assert said[0] == facts[0]


def test_constants_of_motion_are_a_part():
    turning = np.array([[0.0, 1.0], [-1.0, 0.0]])
    eigenvalues, left = np.linalg.eig(turning.T)
    (energy,) = LinearSystem(turning, left, eigenvalues).conserved()
    assert energy.eigenvalue == 0
    assert not energy.whole


def test_the_bounds_of_a_sample_are_those_of_its_functions():
    part = APPROXIMATE.sample(2, np.random.default_rng(0))
    whole, values = APPROXIMATE.evaluate(STATES), part.evaluate(STATES)
    places = [int(np.argmin(abs(whole - column[:, None]).sum(axis=0))) for column in values.T]
    np.testing.assert_array_equal(part.generator_bounds, BOUNDS[places])
    assert not part.exact
    assert ApproximateEigenspace(VECTORS, SINH, np.zeros(5)).exact


def test_a_deviation_grows_from_nothing_to_its_bound_in_the_generator():
    np.testing.assert_array_equal(APPROXIMATE.deviation_bounds(0.0), np.zeros(5))
    np.testing.assert_allclose(APPROXIMATE.deviation_bounds(np.log(2.0)), BOUNDS / 2, rtol=1e-14)
    np.testing.assert_allclose(APPROXIMATE.deviation_bounds(100.0), BOUNDS, rtol=1e-14)


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize(
    "system", [random_rnn(6, 2, theta_scale=0.5, seed=0), random_linear(6, seed=0)], ids=repr
)
def test_affine_products_are_the_functions_of_the_space(system, degree):
    space = system.eigenspaces(degree)[-1]
    products = space.affine_products(5)
    factors = (STATES - products.offset) @ products.vectors
    factors = np.column_stack([factors, np.ones(len(STATES))])  # ONE is the last place
    values = np.prod(factors[:, products.factors], axis=-1)
    np.testing.assert_allclose(values, space.evaluate(STATES)[:, :5], atol=1e-12)
    sums = np.append(products.eigenvalues, 0.0)[products.factors].sum(axis=1)
    np.testing.assert_allclose(sums, np.full(len(values.T), space.eigenvalue))


def test_what_is_not_finite_is_named():
    with pytest.raises(ValueError, match="matrix"):
        PrincipalFunctions.of_linear(lambda x: x, np.array([[np.nan]]))
    with pytest.raises((TypeError, ValueError), match="states"):
        PRINCIPAL(np.array([["a"]]))
