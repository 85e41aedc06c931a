"""What PyKoopman recovers with each of its observables and regressors."""

import os

import numpy as np
import pytest

from koopmark import methods, score, systems

EXACT = [
    ("pykoopman.edmd_rbf", {}, 1),
    ("pykoopman.edmd_rbf", {"count": 10, "bandwidth": 0.5, "seed": 3}, 1),
    ("pykoopman.edmd_rff", {}, 1),
    ("pykoopman.edmd_custom", {}, 2),
    ("pykoopman.edmd_custom", {"functions": ["sin", "tanh"]}, 1),
    ("pykoopman.edmd_time_delay", {}, 1),
    ("pykoopman.edmd_time_delay", {"n_delays": 1}, 1),
    ("pykoopman.edmd_time_delay", {"n_delays": 1, "delay": 2}, 1),
]
WRONG = [
    ("pykoopman.continuous", {}, 0.5, 2.0),
    ("pykoopman.edmd_rff", {"state": False}, 1e-6, 1.0),
    ("pykoopman.kdmd_default", {"max_pairs": 300}, 1e-7, 1.0),
    ("pykoopman.nndmd", {"max_epochs": 1}, 1e-6, 50.0),
    ("pykoopman.havok", {}, 1e-3, 5.0),
]
NETWORKS = [("pykoopman.nndmd", {"max_epochs": 1}), ("pykoopman.nndmd_default", {"max_epochs": 1})]


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


@pytest.mark.parametrize(("name", "options", "degree"), EXACT)
def test_the_state_among_the_observables_makes_it_exact(name, options, degree, three, fresh):
    table = score(methods.fit(name, three, **options), three.system, fresh, max_degree=degree)
    assert len(table) == degree
    assert table["eigenvalue_error"].max() < 1e-9
    assert table["eigenfunction_error"].max() < 1e-8


@pytest.mark.parametrize(("name", "options", "at_least", "at_most"), WRONG)
def test_what_the_library_gets_wrong_is_reported_as_wrong(
    name, options, at_least, at_most, three, fresh
):
    error = score(methods.fit(name, three, **options), three.system, fresh)["eigenvalue_error"][0]
    assert at_least < error < at_most


@pytest.mark.parametrize("name", ["edmd_rbf", "edmd_rff", "edmd_custom"])
def test_a_degenerate_eigenspace_keeps_its_multiplicity(name, simulated):
    system = systems.random_rnn(10, 2, seed=0)
    train, test = simulated(system, 50), simulated(system, 20, seed=1)
    table = score(methods.fit(f"pykoopman.{name}", train), system, test)
    assert table["target_dimension"][0] == 8
    assert table["eigenvalue_error"][0] < 1e-9
    assert table["eigenfunction_error"][0] < 1e-8


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("edmd_polynomial", True),
        ("edmd_identity", False),
        ("edmd_rbf", False),
        ("edmd_rff", False),
        ("edmd_custom", False),
    ],
)
def test_an_offset_needs_a_constant_which_polynomials_alone_have(name, exact, simulated):
    system = systems.random_rnn(5, 2, theta_scale=1.0)
    train, test = simulated(system, 60), simulated(system, 20, seed=1)
    table = score(methods.fit(f"pykoopman.{name}", train), system, test)
    assert (table["eigenvalue_error"][0] < 1e-9) == exact


def test_the_default_kernel_finds_an_eigenvalue_and_no_eigenfunction(three, fresh):
    model = methods.fit("pykoopman.kdmd_default", three, max_pairs=400)
    table = score(model, three.system, fresh)
    assert table["eigenvalue_error"][0] < 0.1
    assert table["eigenfunction_error"][0] > 0.1


def test_the_continuous_class_fits_what_the_discrete_one_fits(three):
    first, second = (methods.fit(f"pykoopman.{name}", three) for name in ("continuous", "default"))
    np.testing.assert_array_equal(first.eigenvalues, second.eigenvalues)


@pytest.mark.parametrize("name", ["pykoopman.edmd_time_delay", "pykoopman.havok"])
def test_delays_look_at_one_trajectory_and_say_so(name, three):
    model = methods.fit(name, three)
    assert model.note.startswith("fitted to one trajectory, the longest of 100: 51 states")
    alone = methods.fit(name, three.longest())
    np.testing.assert_array_equal(model.eigenvalues, alone.eigenvalues)


def test_a_window_of_delays_has_one_value_and_it_is_that_of_its_states(three):
    model = methods.fit("pykoopman.edmd_time_delay", three)
    assert model.window == 3
    windows = three.rolling(3)[:5].reshape(-1, 3, 3)
    values = model.eigenfunctions(windows)
    alone = np.concatenate([model.eigenfunctions(window[None]) for window in windows])
    np.testing.assert_allclose(values, alone, atol=1e-10 * abs(values).max())
    listed = model.dictionary(windows)
    np.testing.assert_array_equal(listed, windows[:, ::-1].reshape(-1, 9))


@pytest.mark.parametrize("name", ["edmd_rbf", "edmd_rff", "kdmd_default"])
def test_what_is_drawn_depends_on_the_seed(name, three):
    options = {"max_pairs": 100} if name == "kdmd_default" else {}
    first, second = (
        methods.fit(f"pykoopman.{name}", three, seed=seed, **options) for seed in (1, 2)
    )
    start = three.states[:3, :1]
    assert abs(first.eigenfunctions(start) - second.eigenfunctions(start)).max() > 1e-3


@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_training_leaves_no_files_and_says_nothing(
    name, options, fresh, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    methods.get(name).prepare()
    capfd.readouterr()
    methods.fit(name, fresh, **options)
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_training_depends_on_the_seed_and_leaves_the_threads_alone(name, options, fresh):
    import torch

    before = torch.get_num_threads()
    first, second = (methods.fit(name, fresh, seed=seed, **options) for seed in (1, 2))
    assert abs(first.eigenvalues - second.eigenvalues).max() > 1e-3
    assert torch.get_num_threads() == before


def test_a_linear_network_finds_the_linear_operator_roughly(fresh):
    model = methods.fit(
        "pykoopman.nndmd", fresh, hidden=(), latent=3, activation="linear", max_epochs=5
    )
    assert len(model.eigenvalues) == 3
    assert np.isfinite(model.predict(fresh.states[:5, :1], fresh.times[1:4])).all()
