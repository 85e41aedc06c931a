"""What deeptime recovers, and what its kernel EDMD does without regularisation."""

import numpy as np
import pytest

from koopmark import Trajectories, methods, score, systems

CUBIC = {"kind": "monomials", "degree": 3}
EXACT = [
    ("deeptime.dmd", {}, 1),
    ("deeptime.dmd", {"dictionary": CUBIC}, 3),
    ("deeptime.edmd", {}, 2),
    ("deeptime.edmd", {"dictionary": CUBIC}, 3),
    ("deeptime.vamp", {}, 1),
    ("deeptime.vamp", {"dictionary": CUBIC | {"constant": False}}, 3),
]
WITH_CONSTANT = ["deeptime.dmd", "deeptime.edmd", "deeptime.vamp"]


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


@pytest.mark.parametrize(("name", "options", "degree"), EXACT)
def test_exact_eigenpairs_come_back(name, options, degree, three, fresh):
    table = score(methods.fit(name, three, **options), three.system, fresh, max_degree=degree)
    assert len(table) == degree
    assert table["eigenvalue_error"].max() < 1e-9
    assert table["eigenfunction_error"].max() < 1e-8


@pytest.mark.parametrize("name", WITH_CONSTANT)
def test_a_degenerate_eigenspace_keeps_its_multiplicity(name, simulated):
    system = systems.random_rnn(10, 2, seed=0)
    train, test = simulated(system, 50), simulated(system, 20, seed=1)
    table = score(methods.fit(name, train), system, test)
    assert table["target_dimension"][0] == 8
    assert table["eigenvalue_error"][0] < 1e-9
    assert table["eigenfunction_error"][0] < 1e-8


@pytest.mark.parametrize("name", WITH_CONSTANT)
def test_an_offset_is_recovered(name, simulated):
    system = systems.random_rnn(5, 2, theta_scale=1.0)
    train, test = simulated(system, 60), simulated(system, 20, seed=1)
    assert score(methods.fit(name, train), system, test)["eigenvalue_error"][0] < 1e-9


def test_singular_values_and_means_of_vamp_make_the_least_squares_operator(three, ordered):
    vamp, dmd = (methods.fit(f"deeptime.{name}", three) for name in ("vamp", "dmd"))
    np.testing.assert_allclose(ordered(vamp.eigenvalues), ordered(dmd.eigenvalues), atol=1e-9)
    start = three.states[:20, :1]
    times = three.dt * np.arange(1, 6)
    np.testing.assert_allclose(vamp.predict(start, times), dmd.predict(start, times), atol=1e-9)


def test_tica_is_skipped_with_the_reason(three):
    with pytest.raises(methods.Skip, match="reversible"):
        methods.fit("deeptime.tica", three)


def test_a_regularised_kernel_matrix_gives_the_eigenpairs_roughly(three, fresh):
    model = methods.fit("deeptime.kernel_edmd", three, max_pairs=400)
    table = score(model, three.system, fresh, max_degree=2)
    assert table["eigenvalue_error"].max() < 1e-3
    assert table["eigenfunction_error"].max() < 1e-3


def test_without_regularisation_kernel_edmd_is_noise(three, fresh):
    model = methods.fit("deeptime.kernel_edmd_unregularised", three, max_pairs=300)
    assert len(model.eigenvalues) == 300
    assert score(model, three.system, fresh)["eigenfunction_error"][0] > 0.1


@pytest.mark.parametrize("name", ["deeptime.kernel_edmd", "deeptime.kernel_edmd_unregularised"])
def test_which_pairs_are_used_depends_on_the_seed(name, three):
    first, second = (
        methods.fit(name, three, max_pairs=150, seed=seed).dictionary(three.states[:3, :1])
        for seed in (1, 2)
    )
    assert first.shape == (3, 150)
    assert abs(first - second).max() > 0.1


def test_a_rank_is_the_number_of_pairs_recovered(three):
    assert len(methods.fit("deeptime.dmd", three, rank=2).eigenvalues) == 2


def test_a_polynomial_kernel_predicts_what_monomials_do(three):
    x, y = three.pairs()
    data = Trajectories(np.stack([x[::10], y[::10]], axis=1), three.times[:2])
    start = three.states[:20, :1]
    kernel, monomials = (
        methods.fit(name, data).predict(start, data.dt * np.arange(1, 4))
        for name in ("deeptime.kernel_edmd", "deeptime.edmd")
    )
    # Of states up to 3; by rounding it is up to 0.011 on some processors.
    np.testing.assert_allclose(kernel, monomials, atol=5e-2)
