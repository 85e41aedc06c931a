"""Inner functions: value, derivative, steepness."""

import numpy as np
import pytest

from koopmark.systems import LAYERS, HiddenLayer, InnerMonomials

RNG = np.random.default_rng(0)
FEATURES = {
    **{
        name: HiddenLayer(RNG.standard_normal((7, 4)), RNG.standard_normal(7), name)
        for name in LAYERS
    },
    "quadratic": InnerMonomials(RNG.standard_normal((2, 4)), 2),
    "quintic": InnerMonomials(RNG.standard_normal((3, 4)), 5),
}


@pytest.mark.parametrize("name", FEATURES)
def test_tangent_is_the_derivative_along_a_vector(name):
    features = FEATURES[name]
    x, v = np.random.default_rng(1).standard_normal((2, 5, 3, 4))
    derivative = np.imag(features(x + 1e-30j * v)) / 1e-30
    assert derivative.shape == (5, 3, features.count)
    np.testing.assert_allclose(features.tangent(x, v), derivative, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_no_slope_exceeds_the_steepness_and_some_slope_comes_near(name):
    sigma, steepness = LAYERS[name], LAYERS[name].lipschitz
    slopes = np.abs(sigma.derivative(np.linspace(-5.0, 5.0, 2001)))
    assert slopes.max() <= steepness * (1 + 1e-12)
    assert slopes.max() > 0.999 * steepness


def test_monomials_are_all_products_from_degree_two_on():
    x = np.array([[2.0, 3.0]])
    assert InnerMonomials(np.eye(2), 3)(x).tolist() == [[4.0, 6.0, 9.0, 8.0, 12.0, 18.0, 27.0]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HiddenLayer(np.ones((3, 2)), np.ones(2)), "offsets"),
        (lambda: HiddenLayer(np.full((3, 2), np.nan), np.ones(3)), "not finite"),
        (lambda: HiddenLayer(np.ones((3, 2)), np.ones(3), "relu"), "unknown layer 'relu'"),
        (lambda: InnerMonomials(np.eye(2), 1), "degree 1"),
        (lambda: InnerMonomials(np.ones(2)), "directions must have shape"),
    ],
)
def test_what_is_no_feature_is_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
