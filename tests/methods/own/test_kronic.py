"""KRONIC: sparse eigenfunctions, one by one, that predict what they have not seen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark import Trajectories, methods, score, systems
from koopmark.methods import Monomials
from koopmark.methods.own.kronic import KRONIC, _echelon, split


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


def at(model, rate):
    """Coefficients of the function nearest to a rate, relative to the largest."""
    vector = model.coefficients[:, np.argmin(abs(model.eigenvalues - rate))]
    return (vector / vector[np.argmax(abs(vector))]).real


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_every_exact_eigenpair_comes_back(three, fresh, degree):
    model = KRONIC(Monomials(degree)).fit(three)
    table = score(model, three.system, fresh, max_degree=degree)
    assert table["eigenvalue_error"].max() < 1e-11
    assert table["eigenfunction_error"].max() < 1e-11


def test_functions_are_written_in_as_few_monomials_as_they_need(three):
    model = KRONIC(Monomials(3)).fit(three)
    np.testing.assert_allclose(at(model, 0.0), np.eye(20)[0], atol=1e-12)
    first = at(model, -1.0)
    np.testing.assert_allclose(first[1:4], [1.0, 1 / 3, 1 / 3], atol=1e-12)
    assert np.count_nonzero(first) == 3
    # (3x + y + z)² and its cube, in graded lexicographic order.
    second = at(model, -2.0)
    np.testing.assert_allclose(second[4:10], np.array([9, 6, 6, 1, 2, 1]) / 9, atol=1e-12)
    assert np.count_nonzero(second) == 6
    assert np.count_nonzero(at(model, -3.0)) == 10


def test_a_degenerate_eigenspace_is_spanned_by_sparse_functions(simulated):
    system = systems.random_rnn(10, 2, seed=0)
    model = KRONIC(Monomials(2)).fit(simulated(system, 100))
    table = score(model, system, simulated(system, 40, seed=1), max_degree=2)
    assert table["target_dimension"].tolist() == [8, 36]
    assert table["eigenvalue_error"].max() < 1e-11
    assert table["eigenfunction_error"].max() < 1e-11
    linear = np.count_nonzero(model.coefficients[:, abs(model.eigenvalues + 1) < 1e-6], axis=0)
    # A null vector of rank 2 weights needs 3 of 10 entries, among the 66 functions.
    np.testing.assert_array_equal(linear, 3)


def test_complex_pairs_come_with_their_conjugates(linear):
    data = linear([[0.9, 0.3], [-0.2, 0.7]], np.random.default_rng(0).standard_normal((30, 2)))
    model = KRONIC(Monomials(1, constant=False)).fit(data)
    expected = np.log(np.linalg.eigvals([[0.9, 0.3], [-0.2, 0.7]]).astype(complex)) / data.dt
    np.testing.assert_allclose(np.sort_complex(model.eigenvalues), np.sort_complex(expected))
    assert model.eigenvalues[0] == model.eigenvalues[1].conj()


@pytest.mark.parametrize("noise", [1e-4, 1e-3, 1e-2])
def test_sparse_functions_are_found_in_noise(three, noise):
    noisy = three.states + noise * np.random.default_rng(0).standard_normal(three.states.shape)
    model = KRONIC(Monomials(2)).fit(replace(three, states=noisy))
    assert abs(model.eigenvalues + 1.0).min() < 5 * noise
    assert np.count_nonzero(at(model, -1.0)) == 3


def test_no_function_is_kept_twice(three):
    model = KRONIC(Monomials(5), accuracy=0.3).fit(three)
    assert len(model.eigenvalues) > 10
    near = abs(model.eigenvalues[:, None] - model.eigenvalues) < 1e-6
    np.testing.assert_array_equal(near, np.eye(len(near), dtype=bool))


def test_the_best_is_kept_and_said_to_be_so_where_nothing_predicts(three):
    noise = np.random.default_rng(0).standard_normal(three.states.shape)
    noisy = replace(three, states=three.states + 0.5 * noise)
    model = methods.fit(
        "koopmark.kronic", noisy, dictionary={"kind": "monomials", "constant": False}
    )
    assert model.note.startswith("0 of 9 functions predict what was held out")
    assert "kept is the best" in model.note
    assert 1 <= len(model.eigenvalues) <= 2


def test_residuals_are_those_of_the_training_pairs(three):
    model = KRONIC(Monomials(3)).fit(three)
    training, _ = split(three, 0.2)
    x, y = training.pairs()
    values, ahead = model.eigenfunctions(x[:, None]), model.eigenfunctions(y[:, None])
    factors = np.exp(model.eigenvalues * three.dt)
    direct = np.linalg.norm(ahead - values * factors, axis=0) / np.linalg.norm(values, axis=0)
    np.testing.assert_allclose(model.residuals, direct, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "share", "training", "held"),
    [
        ((100, 5, 1), 0.2, (80, 5, 1), (20, 5, 1)),
        ((3, 5, 1), 0.2, (2, 5, 1), (1, 5, 1)),
        ((2, 5, 1), 0.4, (1, 5, 1), (1, 5, 1)),
        ((1, 50, 1), 0.2, (1, 40, 1), (1, 10, 1)),
    ],
)
def test_what_is_held_out_is_not_trained_on(shape, share, training, held):
    states = np.arange(np.prod(shape), dtype=float).reshape(shape)
    parts = [part.states for part in split(Trajectories(states, dt=0.1), share)]
    assert (parts[0].shape, parts[1].shape) == (training, held)
    assert not set(parts[0].ravel()) & set(parts[1].ravel())


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_an_echelon_basis_spans_the_same_space_and_holds_the_identity(count, seed):
    space = np.random.default_rng(seed).standard_normal((7, count))
    basis = _echelon(space)
    q = np.linalg.qr(space)[0]
    scale = abs(basis).max()
    np.testing.assert_allclose(q @ (q.T @ basis), basis, atol=1e-9 * scale)
    ones = np.sum(np.isclose(abs(basis).sum(axis=1), 1.0) & np.isclose(abs(basis).max(axis=1), 1.0))
    assert ones >= count
