"""Dictionaries: their functions, their order, and the columns that are the state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import PolynomialFeatures

from koopmark.methods import Identity, Monomials, Nystroem, RadialBasis, RandomFourier
from koopmark.methods._sampling import spread
from koopmark.methods.kernels import Gaussian, Polynomial, gram

KINDS = [Identity(), Monomials(3), RandomFourier(7), RadialBasis(7), Nystroem(count=7, state=True)]
STATES = np.random.default_rng(0).standard_normal((40, 3))


def kind(dictionary):
    return dictionary.kind


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_monomials_are_those_of_scikit_learn_in_its_order(degree, inputs, count, seed):
    states = np.random.default_rng(seed).uniform(-3, 3, (count, inputs))
    expected = PolynomialFeatures(degree).fit_transform(states)
    np.testing.assert_allclose(Monomials(degree).fitted(states)(states), expected, rtol=1e-13)


def test_monomials_without_constant_and_state_are_the_rest_of_the_columns():
    whole = Monomials(3).fitted(STATES)(STATES)
    rest = Monomials(3, state=False, constant=False).fitted(STATES)(STATES)
    np.testing.assert_array_equal(rest, whole[:, 4:])


@pytest.mark.parametrize("dictionary", KINDS, ids=kind)
def test_state_columns_hold_the_state(dictionary):
    lift = dictionary.fitted(STATES)
    np.testing.assert_array_equal(lift(STATES)[:, lift.state], STATES)


@pytest.mark.parametrize("dictionary", KINDS, ids=kind)
def test_first_column_is_the_constant_where_there_is_one(dictionary):
    assert (dictionary.fitted(STATES)(STATES)[:, 0] == 1.0).all()


@pytest.mark.parametrize("dictionary", KINDS, ids=kind)
@pytest.mark.parametrize(("state", "constant"), [(True, True), (True, False), (False, True)])
def test_size_is_the_number_of_columns(dictionary, state, constant):
    chosen = type(dictionary)(state=state, constant=constant)
    lift = chosen.fitted(STATES)
    assert lift(STATES).shape == (40, lift.size)
    assert (lift.state is not None) == state


@pytest.mark.parametrize("dictionary", KINDS, ids=kind)
def test_values_written_into_a_block_are_the_values_returned(dictionary):
    lift = dictionary.fitted(STATES)
    block = np.full((40, 2 * lift.size), np.nan, order="F")
    lift(STATES, out=block[:, lift.size :])
    np.testing.assert_array_equal(block[:, lift.size :], lift(STATES))
    assert np.isnan(block[:, : lift.size]).all()


@pytest.mark.parametrize("dictionary", KINDS, ids=kind)
def test_a_row_does_not_depend_on_the_other_rows(dictionary):
    lift = dictionary.fitted(STATES)
    np.testing.assert_allclose(lift(STATES[3:5]), lift(STATES)[3:5], rtol=1e-14, atol=1e-14)


def test_random_fourier_features_approximate_the_gaussian_kernel():
    lift = RandomFourier(20000, bandwidth=0.8, state=False, constant=False).fitted(STATES)
    values = lift(STATES) * np.sqrt(2 / lift.size)
    length = 0.8 * np.sqrt(STATES.var(axis=0).sum())
    squares = ((STATES[:, None] - STATES) ** 2).sum(axis=-1)
    assert abs(values @ values.T - np.exp(-squares / (2 * length**2))).max() < 0.05


def test_radial_basis_functions_peak_at_states_of_the_data():
    values = RadialBasis(7, state=False, constant=False).fitted(STATES)(STATES)
    np.testing.assert_allclose(values.max(axis=0), 1.0)


def test_every_state_is_a_centre_where_there_are_too_few():
    assert RadialBasis(100, state=False, constant=False).fitted(STATES).size == 40


@pytest.mark.parametrize("draw", [RandomFourier, RadialBasis])
def test_random_functions_depend_on_the_seed_alone(draw):
    first, again, other = (draw(7, seed=seed).fitted(STATES)(STATES) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert abs(first - other).max() > 0.01


def test_an_empty_dictionary_is_refused():
    with pytest.raises(ValueError, match="empty dictionary"):
        Identity(state=False, constant=False).fitted(STATES)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Monomials(0), "degree must be at least 1, got 0"),
        (lambda: RandomFourier(0), "count must be at least 1, got 0"),
        (lambda: RadialBasis(0), "count must be at least 1, got 0"),
        (lambda: RandomFourier(bandwidth=0.0), r"bandwidth must be positive, got 0\.0"),
        (lambda: RadialBasis(bandwidth=float("nan")), "bandwidth must be positive, got nan"),
    ],
)
def test_impossible_hyperparameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_states_of_another_dimension_are_refused():
    with pytest.raises(ValueError, match=r"states must have shape \(P, 3\)"):
        Monomials(2).fitted(STATES)(STATES[:, :2])


def test_nystroem_with_all_states_spans_the_kernel_functions_of_the_data():
    states = np.random.default_rng(0).standard_normal((60, 3))
    kernel = Polynomial(degree=2)
    lift = Nystroem(kernel=kernel, count=40, constant=False).fitted(states)
    values, monomials = lift(states), Monomials(2).fitted(states)(states)
    assert values.shape[1] == monomials.shape[1] == 10
    q = np.linalg.qr(monomials)[0]
    np.testing.assert_allclose(values, q @ (q.T @ values), atol=1e-9)


def test_nystroem_features_reproduce_the_kernel_at_the_landmarks():
    states = np.random.default_rng(0).standard_normal((30, 2))
    kernel = Gaussian(bandwidth=0.5)
    values = Nystroem(kernel=kernel, count=30, constant=False).fitted(states)(states)
    np.testing.assert_allclose(values @ values.T, gram(kernel, states, states), atol=1e-9)


def test_radial_basis_functions_are_gaussians_of_the_distance():
    lift = RadialBasis(7, bandwidth=0.7, state=False, constant=False).fitted(STATES + 100.0)
    length = 0.7 * np.sqrt(STATES.var(axis=0).sum())
    squares = ((STATES[:, None] + 100.0 - lift.terms.centres) ** 2).sum(axis=-1)
    expected = np.exp(-squares / (2 * length**2))
    np.testing.assert_allclose(lift(STATES + 100.0), expected, rtol=1e-12)


@pytest.mark.parametrize("dictionary", KINDS, ids=kind)
def test_trajectories_give_the_dictionary_of_their_states(dictionary):
    trajectories = np.random.default_rng(0).standard_normal((5, 8, 3))
    first, second = (
        dictionary.fitted(data) for data in (trajectories, trajectories.reshape(40, 3))
    )
    np.testing.assert_allclose(first(STATES), second(STATES), rtol=1e-13)


def test_the_spread_is_that_of_all_states_in_one_trajectory_or_many():
    states = 5.0 + np.random.default_rng(0).standard_normal((300, 400, 3))
    expected = np.sqrt(states.reshape(-1, 3).var(axis=0).sum())
    for shape in [(300, 400, 3), (1, 120_000, 3), (120_000, 3)]:
        assert spread(states.reshape(shape)) == pytest.approx(expected, rel=1e-12)
