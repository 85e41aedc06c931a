"""Activations and elementwise maps: derivative, inverse, bound and in-place evaluation."""

import mpmath
import numpy as np
import pytest
from scipy import special

from koopmark.systems import ACTIVATIONS, MAPS, Shift, activation
from koopmark.systems._activation import BLOCK, tanh, tanh_by_table

GRID = np.linspace(-6.0, 6.0, 241)
REFERENCE = {
    "tanh": np.tanh,
    "logistic": special.expit,
    "erf": special.erf,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "identity": lambda x: x,
}
ALL_MAPS = [*MAPS.values(), Shift(0.7)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_has_the_value_its_name_promises(name):
    np.testing.assert_allclose(ACTIVATIONS[name](GRID), REFERENCE[name](GRID), atol=1e-14)


@pytest.mark.parametrize("imaginary", [0.0, 1e-20, 0.3, -1.4])
def test_the_tangent_of_complex_numbers_is_that_of_numpy(imaginary):
    z = GRID + 1j * imaginary
    theirs, ours = np.tanh(z), tanh(z)
    np.testing.assert_allclose(ours.real, theirs.real, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(ours.imag, theirs.imag, rtol=1e-10, atol=1e-14 * abs(imaginary))
    np.testing.assert_array_equal(tanh(GRID), np.tanh(GRID))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_writes_into_out_even_over_its_input(name):
    buffer = GRID.copy()
    result = ACTIVATIONS[name](buffer, out=buffer)
    assert result is buffer
    np.testing.assert_array_equal(buffer, ACTIVATIONS[name](GRID))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_derivative_is_the_slope(name):
    away_from_kink = GRID[np.abs(GRID) > 0.01]
    h = 1e-6
    sigma = ACTIVATIONS[name]
    slope = (sigma(away_from_kink + h) - sigma(away_from_kink - h)) / (2 * h)
    np.testing.assert_allclose(sigma.derivative(away_from_kink), slope, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_finite_and_below_its_bound_far_out(name):
    far = np.array([-1e3, -50.0, 50.0, 1e3])
    values = ACTIVATIONS[name](far)
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= ACTIVATIONS[name].bound


def test_unknown_activation_names_the_known_ones():
    with pytest.raises(ValueError, match=r"'sigmoid'.*tanh, logistic"):
        activation("sigmoid")


def domain(zeta):
    return np.linspace(0.05, 4.0, 80) if zeta.name == "log" else np.linspace(-4.0, 4.0, 81)


@pytest.mark.parametrize("zeta", ALL_MAPS, ids=lambda zeta: zeta.name)
def test_inverse_undoes_the_map(zeta):
    x = domain(zeta)
    np.testing.assert_allclose(zeta.inverse(zeta(x)), x, rtol=1e-13, atol=1e-15)
    buffer = zeta(x)
    zeta.inverse(buffer, out=buffer)
    np.testing.assert_allclose(buffer, x, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("zeta", ALL_MAPS, ids=lambda zeta: zeta.name)
def test_derivative_of_the_map_is_its_slope_and_never_zero(zeta):
    x = domain(zeta)
    slope = np.imag(zeta(x + 1e-30j)) / 1e-30
    np.testing.assert_allclose(zeta.derivative(x), slope, rtol=1e-13)
    assert (np.abs(zeta.derivative(x)) > 0).all()


@pytest.fixture(scope="module")
def wide():
    """Numbers of every size at which tanh is neither x nor 1, and somewhat beyond."""
    rng = np.random.default_rng(1)
    return rng.choice([-1.0, 1.0], 3000) * 10.0 ** rng.uniform(-9.0, 1.5, 3000)


def test_tanh_by_table_keeps_all_but_two_bits_at_every_size(wide):
    exact = np.array([float(mpmath.tanh(x)) for x in wide.tolist()])
    assert np.max(np.abs(tanh_by_table(wide) / exact - 1.0)) <= 2.0**-51


def test_tanh_by_table_is_odd_and_at_most_one(wide):
    values = tanh_by_table(wide)
    np.testing.assert_array_equal(tanh_by_table(-wide), -values)
    zeros = np.tile([0.0, -0.0], 500)
    np.testing.assert_array_equal(np.signbit(tanh_by_table(zeros)), np.signbit(zeros))
    assert np.abs(values).max() == 1.0


@pytest.mark.parametrize("extreme", [np.inf, -np.inf, np.nan, 1e12, -1e200, 0.0, 5e-324])
@pytest.mark.filterwarnings("error")
def test_tanh_by_table_takes_every_number(extreme, wide):
    numbers = np.append(wide, extreme)
    np.testing.assert_allclose(tanh_by_table(numbers), np.tanh(numbers), rtol=1e-15)


@pytest.mark.parametrize("layout", ["C", "F", "strided", "in place", "blocks", "float32"])
def test_tanh_by_table_writes_arrays_of_every_layout(layout, wide):
    x = np.resize(wide, (4, 750 if layout != "blocks" else BLOCK))
    x = {"F": np.asfortranarray(x), "strided": x[:, ::2], "float32": x.astype("f4")}.get(layout, x)
    exact = np.tanh(x)
    out = x if layout == "in place" else np.empty_like(x)
    assert tanh_by_table(x, out=out) is out
    np.testing.assert_allclose(out, exact, rtol=1e-15 if layout != "float32" else 1e-6)


def test_tanh_by_table_reads_what_it_has_not_overwritten(wide):
    memory = np.resize(wide, 3 * BLOCK)
    exact = np.tanh(memory[:-5])
    tanh_by_table(memory[:-5], out=memory[5:])
    np.testing.assert_allclose(memory[5:], exact, rtol=1e-15)
