"""A few eigenpairs by shift and invert: the same as those of the full decomposition."""

import numpy as np
import pytest

import koopmark
from koopmark import simulate, systems
from koopmark.methods import Monomials
from koopmark.methods.own._near import eigenpairs_near


def matrix_with(eigenvalues, seed=0):
    rng = np.random.default_rng(seed)
    v = rng.standard_normal((len(eigenvalues),) * 2)
    return v @ np.diag(eigenvalues) @ np.linalg.inv(v)


@pytest.mark.parametrize("value", [0.9, 0.5, 0.0])
def test_pairs_found_are_eigenpairs_the_nearest_among_them(value):
    matrix = np.random.default_rng(1).standard_normal((200, 200)) / np.sqrt(200)
    found, vectors = eigenpairs_near(matrix, np.array([value]), 6)
    full = np.linalg.eigvals(matrix)
    nearest = np.sort(np.abs(full - value))[:6]
    np.testing.assert_allclose(np.sort(np.abs(found - value)), nearest, atol=1e-10)
    assert np.abs(np.subtract.outer(found, full)).min(axis=1).max() < 1e-10
    residual = np.linalg.norm(matrix @ vectors - vectors * found, axis=0)
    assert (residual < 1e-10 * np.linalg.norm(vectors, axis=0)).all()


def test_a_degenerate_eigenspace_comes_back_whole():
    spectrum = np.concatenate([np.full(12, 0.9), np.linspace(-0.5, 0.7, 188)])
    matrix = matrix_with(spectrum)
    found, vectors = eigenpairs_near(matrix, np.array([0.9]), 15)
    close = np.abs(found - 0.9) < 1e-9
    assert close.sum() == 12
    assert np.linalg.matrix_rank(vectors[:, close], tol=1e-6) == 12


def test_more_copies_than_asked_for_give_as_many_as_asked_for():
    matrix = matrix_with(np.concatenate([np.full(30, 0.9), np.linspace(-0.5, 0.7, 170)]))
    found, vectors = eigenpairs_near(matrix, np.array([0.9]), 10)
    np.testing.assert_allclose(found, 0.9, atol=1e-9)
    assert np.linalg.matrix_rank(vectors, tol=1e-6) == 10


def test_the_krylov_space_alone_finds_what_the_full_decomposition_finds(monkeypatch):
    matrix = np.random.default_rng(1).standard_normal((400, 400)) / np.sqrt(400)
    full = np.sort(np.abs(np.linalg.eigvals(matrix) - 0.5))
    monkeypatch.setattr(np.linalg, "eig", limited_to(100, np.linalg.eig))
    few, _ = eigenpairs_near(matrix, np.array([0.5]), 6)
    np.testing.assert_allclose(np.abs(few - 0.5), full[:6], atol=1e-10)


def limited_to(size, eig):
    def small(matrix):
        assert len(matrix) <= size
        return eig(matrix)

    return small


def test_a_pair_between_two_values_is_given_once():
    matrix = matrix_with(np.linspace(0.0, 1.0, 150))
    found, _ = eigenpairs_near(matrix, np.array([0.50, 0.51]), 10)
    gaps = np.abs(np.subtract.outer(found, found)) + np.eye(len(found))
    assert gaps.min() > 1e-3


def test_small_matrices_are_decomposed_in_full_and_cut():
    matrix = matrix_with(np.array([0.9, 0.5, 0.1, -0.3]))
    found, _ = eigenpairs_near(matrix, np.array([0.9, -0.3]), 1)
    np.testing.assert_allclose(np.sort(found.real), [-0.3, 0.9], atol=1e-9)


def test_the_method_finds_the_targets_near_which_it_looks():
    system = systems.random_rnn(10, 2, seed=0)
    rng = np.random.default_rng(0)
    times = np.linspace(0.0, 5.0, 26)
    train, test = (
        simulate(system, 1.5 * rng.standard_normal((count, 10)), times, rtol=1e-11)
        for count in (200, 60)
    )
    options = {"dictionary": Monomials(3), "near": (-1.0, -2.0), "count": 40}
    model = koopmark.fit("koopmark.qr_edmd", train, **options)
    assert len(model.eigenvalues) <= 80
    scores = koopmark.score(model, system, test, max_degree=2)
    assert (scores["eigenvalue_error"] < 1e-9).all()
    assert (scores["eigenfunction_error"] < 1e-8).all()
