"""What kooplearn recovers with and without its ridges, and how it is given its pairs."""

import numpy as np
import pytest

from koopmark import methods, score, systems
from koopmark.methods.adapters.kooplearn import lagged

EXACT = [
    ("kooplearn.ridge", {}, 1),
    ("kooplearn.ridge", {"dictionary": {"kind": "monomials", "degree": 3}}, 3),
    ("kooplearn.kernel_ridge", {"max_pairs": 200}, 2),
    (
        "kooplearn.kernel_ridge",
        {"kernel": {"kind": "polynomial", "degree": 3}, "max_pairs": 300},
        3,
    ),
    ("kooplearn.nystroem", {}, 2),
]
WRONG = [
    ("kooplearn.ridge_default", {}, 1e-5, 1e-3),
    ("kooplearn.ridge_reduced_rank", {}, 1e-10, 1e-7),
    ("kooplearn.ridge_randomised", {}, 1e-10, 1e-7),
    ("kooplearn.kernel_ridge_default", {"max_pairs": 300}, 1e-5, 0.5),
    ("kooplearn.kernel_ridge_reduced_rank", {"max_pairs": 300}, 1e-7, 1e-3),
    ("kooplearn.kernel_ridge_randomised", {"max_pairs": 300}, 1e-6, 1e-3),
    ("kooplearn.nystroem_default", {}, 1e-10, 1e-5),
    ("kooplearn.nystroem_reduced_rank", {}, 1e-9, 1e-2),
]


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


@pytest.mark.parametrize(("name", "options", "degree"), EXACT)
def test_exact_eigenpairs_come_back_without_a_ridge(name, options, degree, three, fresh):
    table = score(methods.fit(name, three, **options), three.system, fresh, max_degree=degree)
    assert len(table) == degree
    assert table["eigenvalue_error"].max() < 1e-9
    assert table["eigenfunction_error"].max() < 1e-8


@pytest.mark.parametrize(("name", "options", "at_least", "at_most"), WRONG)
def test_ridges_and_superfluous_components_cost_what_they_cost(
    name, options, at_least, at_most, three, fresh
):
    error = score(methods.fit(name, three, **options), three.system, fresh)["eigenvalue_error"][0]
    assert at_least < error < at_most


def test_reduced_rank_without_a_ridge_is_wrong(three, fresh):
    model = methods.fit("kooplearn.ridge_reduced_rank", three, alpha=0.0)
    assert score(model, three.system, fresh)["eigenvalue_error"][0] > 0.1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("kooplearn.ridge", {}),
        ("kooplearn.kernel_ridge", {"max_pairs": 300}),
        ("kooplearn.nystroem", {"kernel": {"kind": "polynomial", "degree": 1}}),
    ],
)
def test_a_degenerate_eigenspace_keeps_its_multiplicity(name, options, simulated):
    system = systems.random_rnn(10, 2, seed=0)
    train, test = simulated(system, 50), simulated(system, 20, seed=1)
    table = score(methods.fit(name, train, **options), system, test)
    assert table["target_dimension"][0] == 8
    assert table["eigenvalue_error"][0] < 1e-9
    assert table["eigenfunction_error"][0] < 1e-8


@pytest.mark.parametrize(
    ("name", "options"), [("kooplearn.ridge", {}), ("kooplearn.kernel_ridge", {"max_pairs": 300})]
)
def test_an_offset_is_recovered_with_the_constant(name, options, simulated):
    system = systems.random_rnn(5, 2, theta_scale=1.0)
    train, test = simulated(system, 60), simulated(system, 20, seed=1)
    table = score(methods.fit(name, train, **options), system, test)
    assert table["eigenvalue_error"][0] < 1e-9


def test_the_lag_pairs_every_state_with_its_next_one_and_no_other(three):
    states, lag = lagged(three)
    x, y = three.pairs()
    pairs = {tuple(row) for row in np.hstack([x, y])}
    assert {tuple(row) for row in np.hstack([states[:-lag], states[lag:]])} == pairs


@pytest.mark.parametrize(
    ("name", "at_most"), [("kooplearn.kernel_ridge", 0.05), ("kooplearn.nystroem", 0.5)]
)
def test_gaussian_kernels_find_the_eigenvalue_roughly(name, at_most, three, fresh):
    options = {"kernel": {"kind": "gaussian", "bandwidth": 2.0}, "n_components": 60}
    options |= {"max_pairs": 400} if name == "kooplearn.kernel_ridge" else {}
    table = score(methods.fit(name, three, **options), three.system, fresh)
    assert table["eigenvalue_error"][0] < at_most


def test_predictions_are_those_that_kooplearn_gives_for_one_step_more(three):
    from kooplearn.kernel import KernelRidge

    model = methods.fit("kooplearn.kernel_ridge", three, max_pairs=300)
    x, y = methods.get("kooplearn.kernel_ridge", max_pairs=300).pairs(three)
    polynomial = {"kernel": "poly", "degree": 2, "gamma": 1.0, "coef0": 1.0}
    estimator = KernelRidge(
        n_components=10, lag_time=300, reduced_rank=False, alpha=0.0, **polynomial
    ).fit(np.vstack([x, y]))
    start = three.states[:20, 0]
    for steps in (1, 4):
        expected = estimator.predict(start, n_steps=steps + 1)
        predicted = model.predict(start[:, None], [steps * three.dt])[:, 0]
        np.testing.assert_allclose(predicted, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "options"),
    [("kooplearn.kernel_ridge", {"max_pairs": 300}), ("kooplearn.nystroem", {})],
)
def test_which_states_are_used_depends_on_the_seed(name, options, three):
    first, second = (
        methods.fit(name, three, seed=seed, **options).dictionary(three.states[:3, :1])
        for seed in (1, 2)
    )
    assert abs(first - second).max() > 0.1
