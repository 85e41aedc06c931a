"""Remainders beyond the tangent: all digits, for every activation and every size of step."""

import mpmath
import numpy as np
import pytest

from koopmark.spectrum.taylor import (
    NotAnalytic,
    coefficients_along,
    coefficients_by_unit,
    remainder_by_unit,
)
from koopmark.systems import ACTIVATIONS, CUBIC, LOG, SINH

IN_HIGH_PRECISION = {
    "tanh": mpmath.tanh,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "erf": mpmath.erf,
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "relu": lambda x: x if x > 0 else mpmath.mpf(0),
    "identity": lambda x: x,
}
POINTS = np.array([-4.0, -1.3, -0.5, -1e-3, 1e-9, 0.4, 1.1, 2.5, 6.0])
STEPS = np.array([-3.0, -0.6, -0.499, -0.1, -1e-3, -1e-6, -1e-12, 1e-9, 1e-4, 0.05, 0.3, 0.51, 2.0])


def exact_remainder(function, a, delta):
    with mpmath.workdps(60):
        a, delta = mpmath.mpf(float(a)), mpmath.mpf(float(delta))
        if function is IN_HIGH_PRECISION["relu"]:
            slope = mpmath.mpf(int(a > 0))
        else:
            slope = mpmath.diff(function, a, h=mpmath.mpf(10) ** -25)
        return float(function(a + delta) - function(a) - slope * delta)


def test_every_activation_of_the_catalogue_has_a_remainder():
    assert set(ACTIVATIONS) == set(IN_HIGH_PRECISION)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_remainder_keeps_its_digits(name):
    a, delta = np.meshgrid(POINTS, STEPS, indexing="ij")
    found = ACTIVATIONS[name].remainder(a, delta)
    exact = np.vectorize(lambda p, d: exact_remainder(IN_HIGH_PRECISION[name], p, d))(a, delta)
    # Where the second derivative nearly vanishes the terms of second and third order may cancel.
    slope = ACTIVATIONS[name].derivative(a)
    size = np.abs(exact) + 1e-2 * slope * np.abs(delta) ** 3
    # Large steps are plain differences, good to the rounding of the activation's own values.
    rounding = np.where(np.abs(delta) >= 0.05, 3e-16 * np.maximum(np.abs(a + delta), 1.0), 0.0)
    assert (np.abs(found - exact) <= 2e-12 * size + rounding).all()


@pytest.mark.parametrize("zeta", [SINH, CUBIC, LOG], ids=lambda zeta: zeta.name)
def test_remainder_of_an_inverse_map_from_its_taylor_series_keeps_its_digits(zeta):
    inverse = {
        "sinh": mpmath.asinh,
        "log": mpmath.exp,
        "cubic": lambda y: (
            2 / mpmath.sqrt(3) * mpmath.sinh(mpmath.asinh(3 * mpmath.sqrt(3) / 2 * y) / 3)
        ),
    }[zeta.name]
    centre = np.array([-1.5, -0.3, 0.2, 0.9])
    scaled, radius = coefficients_by_unit(zeta.inverse, centre, zeta.name)
    for share in (0.5, -0.1, 1e-4, 1e-8):
        delta = share * radius
        found = remainder_by_unit(scaled, radius, delta)
        exact = [exact_remainder(inverse, c, d) for c, d in zip(centre, delta, strict=True)]
        np.testing.assert_allclose(found, exact, rtol=1e-11)


def test_series_along_a_direction_agrees_with_a_coupling_that_mixes_units():
    def product(x):
        return np.tanh(x * np.roll(x, -1, axis=-1))

    rng = np.random.default_rng(0)
    centre, direction = rng.normal(size=(2, 5))
    scaled, rho = coefficients_along(product, centre, direction[None], "product")
    s = 0.4 * rho
    series = np.einsum("k,kn->n", (s / rho) ** np.arange(len(scaled)), scaled[:, 0])
    np.testing.assert_allclose(series, product(centre + s * direction), atol=1e-14)


@pytest.mark.parametrize("function", [np.abs, ACTIVATIONS["softplus"].value])
def test_a_function_that_is_not_analytic_is_refused(function):
    with pytest.raises(NotAnalytic, match="this function"):
        coefficients_by_unit(function, np.array([0.0, 1e-3]), "this function")
