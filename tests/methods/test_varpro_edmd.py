"""Variable projection over whole trajectories: exact without noise, and far ahead with it."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import methods, score, systems
from koopmark.methods import Monomials
from koopmark.methods.reference.trajectory_pencil import TrajectoryPencil
from koopmark.methods.reference.varpro_edmd import VarProEDMD


def with_noise(data, level, seed=0):
    noise = np.random.default_rng(seed).standard_normal(data.states.shape)
    return replace(data, states=data.states + level * data.states.std() * noise)


def test_without_noise_every_multiplicity_comes_back_to_the_last_digits(network, train, test):
    model = VarProEDMD(products=2).fit(train)
    assert len(model.eigenvalues) == 8 + 36
    table = score(model, network, test, max_degree=2)
    assert table["eigenvalue_error"].max() < 1e-12
    assert table["eigenfunction_error"].max() < 1e-12


def test_without_noise_a_nonlinear_dictionary_finds_each_eigenvalue(three, simulated):
    model = VarProEDMD(Monomials(2)).fit(three)
    np.testing.assert_allclose(np.sort(model.eigenvalues.real), [-2.0, -1.0], atol=1e-9)
    table = score(model, three.system, simulated(three.system, 20, seed=9), max_degree=2)
    assert table["eigenfunction_error"].max() < 1e-8


@pytest.mark.parametrize(("level", "eigenvalue"), [(1e-3, 1e-4), (0.1, 5e-3), (0.3, 2e-2)])
def test_under_noise_all_eight_are_found_at_one_eigenvalue(network, train, test, level, eigenvalue):
    model = VarProEDMD().fit(with_noise(train, level))
    row = score(model, network, test).iloc[0]
    assert row["eigenvalue_error"] < eigenvalue
    assert row["eigenfunction_error"] < level


def test_the_error_is_proportional_to_the_noise(network, train, test):
    errors = [
        score(VarProEDMD().fit(with_noise(train, level)), network, test)["eigenfunction_error"][0]
        for level in (1e-6, 1e-4, 1e-2)
    ]
    np.testing.assert_allclose(np.diff(np.log10(errors)), 2.0, atol=0.05)


@pytest.mark.parametrize(
    "other", ["reference.qr_edmd", "reference.tls_edmd", "reference.fb_edmd", "reference.iv_edmd"]
)
def test_it_is_ten_times_ahead_of_what_looks_at_one_step(network, train, test, other):
    data = with_noise(train, 0.1)
    options = {"dictionary": {"kind": "identity"}} if other == "reference.qr_edmd" else {}
    ours = score(VarProEDMD().fit(data), network, test).iloc[0]
    theirs = score(methods.fit(other, data, **options), network, test).iloc[0]
    assert 10 * ours["eigenvalue_error"] < theirs["eigenvalue_error"]
    assert 3 * ours["eigenfunction_error"] < theirs["eigenfunction_error"]


def test_an_oscillation_is_found_under_noise(linear):
    angle, decay = 0.3, 0.97
    turn = decay * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    data = linear(turn, np.random.default_rng(0).standard_normal((100, 2)), steps=40)
    model = VarProEDMD(methods.Identity(constant=False)).fit(with_noise(data, 0.05))
    exact = (np.log(decay) + 1j * angle) / data.dt
    assert abs(model.eigenvalues - exact).min() < 5e-3
    assert abs(model.eigenvalues - exact.conjugate()).min() < 5e-3


def test_noise_that_differs_between_coordinates_is_weighted(network, train, test):
    deviations = np.geomspace(0.01, 0.5, 10)
    noise = np.random.default_rng(0).standard_normal(train.states.shape)
    model = VarProEDMD().fit(replace(train, states=train.states + deviations * noise))
    row = score(model, network, test).iloc[0]
    assert row["eigenvalue_error"] < 5e-3
    assert row["eigenfunction_error"] < 0.1


def test_where_the_dictionary_holds_no_eigenfunction_the_nearest_are_given(simulated):
    system = systems.example("relaxation_sinh")
    data = simulated(system, 100, low=-1.0, high=1.0)
    model = VarProEDMD(Monomials(1)).fit(data)
    assert len(model.eigenvalues) > 0
    assert np.isfinite(model.eigenvalues).all()


def test_products_that_would_be_too_many_are_left_out_and_said(train):
    model = VarProEDMD(products=3, limit=50).fit(train)
    assert len(model.eigenvalues) == 44
    assert model.note == "products of 3 would be more than 50 functions"


def test_eigenvalues_of_products_add(three, simulated):
    model = VarProEDMD(products=3).fit(three)
    np.testing.assert_allclose(sorted(model.eigenvalues.real), [-3, -2, -1], atol=1e-11)
    table = score(model, three.system, simulated(three.system, 20, seed=9), max_degree=3)
    assert table["eigenfunction_error"].max() < 1e-10


def test_too_few_data_are_refused(train):
    few = replace(train, states=train.states[:2, :4], times=train.times[:4], diverged_at=None)
    with pytest.raises(ValueError, match="2 trajectories of 4 states are too few to tell 10"):
        VarProEDMD().fit(few)


@pytest.mark.parametrize("rate", [-0.7 + 0j, -0.7 + 0.4j])
def test_misfits_are_those_of_functions_of_least_deviation(rate):
    """κ against its definition, written out with explicit projectors."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((6, 9, 3))
    values = np.concatenate([np.ones((6, 9, 1)), values], axis=2)
    root = rng.standard_normal((3, 3))
    covariance = np.zeros((4, 4))
    covariance[1:, 1:] = root @ root.T
    times = np.linspace(1.0, 3.0, 9)
    pencil = TrajectoryPencil(values, covariance, times)
    profile = np.exp(rate * times)[:, None]
    projector = np.eye(9) - profile @ profile.conj().T / np.vdot(profile, profile)
    stacked = np.vstack([projector @ trajectory for trajectory in values])
    fitted = pencil.best(rate, 3)
    for misfit, c in zip(fitted.misfits, fitted.coefficients.T, strict=True):
        deviation = np.linalg.norm(stacked @ c) ** 2
        noise = (c.conj() @ covariance @ c).real * 6 * 8
        assert misfit == pytest.approx(deviation / noise, rel=1e-6)
    free = np.linalg.lstsq(stacked[:, :1], stacked[:, 1:], rcond=None)[0]
    outside = stacked[:, 1:] - stacked[:, :1] @ free
    white = np.linalg.inv(np.linalg.cholesky(covariance[1:, 1:])).T
    expected = np.linalg.svd(outside @ white)[1][::-1] ** 2 / 48
    np.testing.assert_allclose(fitted.misfits, expected, rtol=1e-6)
    np.testing.assert_allclose(pencil.misfits(rate, 2), expected[:2], rtol=1e-6)
    np.testing.assert_allclose(pencil.quick(rate, 2).misfits, expected[:2], rtol=1e-6)
