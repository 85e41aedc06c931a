"""Residual DMD keeps what obeys the dynamics; pseudospectra say where anything could."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import methods, score, systems
from koopmark.methods import Monomials, RadialBasis
from koopmark.methods.own import factorise, pseudospectrum
from koopmark.methods.own.qr_edmd import ResDMD, eigenpairs


@pytest.fixture(scope="module")
def factor(three):
    return factorise(Monomials(3).fitted(three.states), three.states)


def test_with_a_small_epsilon_only_the_exact_eigenpairs_are_kept(three, simulated):
    model = ResDMD(Monomials(3), epsilon=1e-4).fit(three)
    np.testing.assert_allclose(np.sort(model.eigenvalues.real), [-3, -2, -1, 0], atol=1e-10)
    assert model.note == "4 of 20 pairs have a residual of at most 0.0001"
    table = score(model, three.system, simulated(three.system, 20, seed=9), max_degree=3)
    assert table["eigenvalue_error"].max() < 1e-10
    assert table["eigenfunction_error"].max() < 1e-10


def test_every_pair_below_epsilon_is_kept_and_none_above(three):
    every = methods.fit("koopmark.qr_edmd", three, dictionary=Monomials(3))
    kept = ResDMD(Monomials(3), epsilon=1e-2).fit(three)
    expected = every.residuals <= 1e-2
    assert 4 < expected.sum() < 20
    np.testing.assert_allclose(kept.eigenvalues, every.eigenvalues[expected], atol=1e-12)
    np.testing.assert_allclose(kept.residuals, every.residuals[expected])


def test_degenerate_eigenspaces_keep_their_multiplicity(simulated):
    system = systems.random_rnn(10, 2, seed=0)
    model = ResDMD(Monomials(2), epsilon=1e-8).fit(simulated(system, 100))
    assert len(model.eigenvalues) == 1 + 8 + 36
    table = score(model, system, simulated(system, 40, seed=1), max_degree=2)
    assert table["eigenvalue_error"].max() < 1e-10
    assert table["eigenfunction_error"].max() < 1e-9


def test_the_best_pair_is_kept_and_said_to_be_so_where_none_is_good(three):
    noise = np.random.default_rng(0).standard_normal(three.states.shape)
    model = ResDMD(Monomials(2, constant=False), epsilon=1e-6).fit(
        replace(three, states=three.states + 0.1 * noise)
    )
    assert len(model.eigenvalues) == 1
    assert model.note.startswith("0 of 9 pairs have a residual of at most 1e-06: kept is")
    assert f"{model.residuals[0]:.1e}" in model.note


def test_the_best_of_complex_pairs_is_kept_with_its_conjugate(linear):
    rotation = 0.9 * np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    data = linear(rotation, np.random.default_rng(0).standard_normal((20, 2)))
    noise = np.random.default_rng(1).standard_normal(data.states.shape)
    noisy = replace(data, states=data.states + 0.1 * noise)
    model = ResDMD(Monomials(1, constant=False), epsilon=1e-6).fit(noisy)
    assert len(model.eigenvalues) == 2
    assert model.eigenvalues[0] == model.eigenvalues[1].conj()


def test_the_state_is_read_from_the_kept_functions_in_least_squares(three):
    model = ResDMD(Monomials(3), epsilon=1e-4).fit(three)
    x, _ = three.pairs()
    values = model.eigenfunctions(x[:, None])
    modes = np.linalg.lstsq(values, x.astype(complex), rcond=None)[0]
    predicted = (values[:50] * np.exp(model.eigenvalues * three.dt)) @ modes
    np.testing.assert_allclose(
        model.predict(x[:50, None], [three.dt])[:, 0], predicted.real, atol=1e-9
    )


def test_the_pseudospectrum_vanishes_at_exact_eigenvalues(factor, three):
    exact = np.exp(-three.dt * np.arange(4))
    assert pseudospectrum(factor, exact).max() < 1e-12
    assert pseudospectrum(factor, exact + 0.01).min() > 1e-4


@pytest.mark.parametrize("dictionary", [Monomials(4), RadialBasis(40)], ids=lambda d: d.kind)
def test_the_pseudospectrum_is_below_the_residual_of_every_pair(three, dictionary):
    own = factorise(dictionary.fitted(three.states), three.states)
    pairs = eigenpairs(own, 1e-10)
    assert (pseudospectrum(own, pairs.discrete) <= pairs.residuals + 1e-14).all()


@pytest.mark.parametrize("tolerance", [1e-10, 0.1])
def test_the_pseudospectrum_is_the_smallest_residual_of_any_function(three, tolerance):
    x, y = (Monomials(3).fitted(three.states)(part) for part in three.pairs())
    norms = np.linalg.norm(x, axis=0)
    u, s, vt = np.linalg.svd(x / norms, full_matrices=False)
    kept = s > tolerance * s[0]
    assert (kept.sum() < 20) == (tolerance == 0.1)
    ahead = y / norms @ (vt[kept].T / s[kept])
    grid = np.linspace(0.2, 1.1, 4)[:, None] + 1j * np.linspace(-0.5, 0.5, 3)
    expected = [np.linalg.svd(ahead - z * u[:, kept], compute_uv=False)[-1] for z in grid.ravel()]
    factor = factorise(Monomials(3).fitted(three.states), three.states)
    found = pseudospectrum(factor, grid, tolerance)
    assert found.shape == grid.shape
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-6)


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match="epsilon must be positive, got 0"):
        ResDMD(epsilon=0.0)
