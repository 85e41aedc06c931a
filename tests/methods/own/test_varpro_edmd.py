"""Variable projection over whole trajectories: exact without noise, and at the bound with it."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from koopmark import Trajectories, datasets, methods, score, systems
from koopmark.methods import Monomials
from koopmark.methods.own._pencil import TrajectoryPencil
from koopmark.methods.own._records import Record
from koopmark.methods.own.varpro_edmd import VarProEDMD


def _recall():
    """bench/accuracy/recall.py: systems by seed, what is possible on them, and a judge."""
    path = Path(__file__).parents[3] / "bench" / "accuracy" / "recall.py"
    spec = importlib.util.spec_from_file_location("recall", path)
    module = sys.modules["recall"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recall = _recall()


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
    "other", ["koopmark.qr_edmd", "koopmark.tls_edmd", "koopmark.fb_edmd", "koopmark.iv_edmd"]
)
def test_it_is_ten_times_ahead_of_what_looks_at_one_step(network, train, test, other):
    data = with_noise(train, 0.1)
    options = {"dictionary": {"kind": "identity"}} if other == "koopmark.qr_edmd" else {}
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
    # Far above the noise, so that no combination is left out.
    values = 30.0 * rng.standard_normal((6, 9, 3))
    values = np.concatenate([np.ones((6, 9, 1)), values], axis=2)
    root = rng.standard_normal((3, 3))
    covariance = np.zeros((4, 4))
    covariance[1:, 1:] = root @ root.T
    times = np.linspace(1.0, 3.0, 9)
    pencil = TrajectoryPencil([Record(values, times, even=True)], covariance, 0.25)
    profile = np.exp(rate * times)[:, None]
    projector = np.eye(9) - profile @ profile.conj().T / np.vdot(profile, profile)
    stacked = np.vstack([projector @ trajectory for trajectory in values])
    found = pencil.expand(rate)
    for misfit, c in zip(found.misfits, pencil.spelled(found.functions).T, strict=True):
        deviation = np.linalg.norm(stacked @ c) ** 2
        noise = (c.conj() @ covariance @ c).real * 6 * 8
        assert misfit == pytest.approx(deviation / noise, rel=1e-6)
    free = np.linalg.lstsq(stacked[:, :1], stacked[:, 1:], rcond=None)[0]
    outside = stacked[:, 1:] - stacked[:, :1] @ free
    white = np.linalg.inv(np.linalg.cholesky(covariance[1:, 1:])).T
    expected = np.linalg.svd(outside @ white)[1][::-1] ** 2 / 48
    np.testing.assert_allclose(found.misfits, expected, rtol=1e-6)
    assert pencil.misfit(rate) == pytest.approx(expected[0], rel=1e-6)
    own = pencil.misfits_of(np.full(3, rate), found.functions)
    np.testing.assert_allclose(own, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", recall.KINDS)
def test_every_eigenpair_of_a_linear_system_is_recalled_and_nothing_else(kind):
    """To five standard deviations of the Cramér-Rao bound, under noise from none to a tenth."""
    judged = 0
    for seed in range(7000, 7006):
        case = recall.draw(seed, kind)
        wanted = recall.targets(case)
        verdicts, spurious = recall.judge(case, wanted, VarProEDMD().fit(case.data))
        for verdict, target in zip(verdicts, wanted, strict=True):
            assert verdict.recalled or not target.judged, f"{case}: {target.values} {verdict}"
            judged += target.judged
        assert spurious == 0, case
    assert judged >= 8


@pytest.mark.parametrize("seed", [0, 1, 8])
def test_errors_are_those_of_the_bound(seed):
    """A real eigenvalue and a complex pair, over sixty draws of the noise."""
    case = recall.draw(seed)
    case = replace(case, deviations=np.full(len(case.offset), 1e-3 * case.clean.std()))
    wanted = [target for target in recall.targets(case) if target.judged]
    errors = []
    for draw in range(60):
        noise = np.random.default_rng([seed, draw]).standard_normal(case.clean.shape)
        data = replace(case.data, states=case.clean + case.deviations * noise)
        found = VarProEDMD().fit(data).eigenvalues
        errors.append([abs(found - target.values.mean()).min() for target in wanted])
    share = np.sqrt(np.mean(np.square(errors), axis=0)) / [target.deviation for target in wanted]
    # The error of a root mean square over sixty draws is a tenth.
    np.testing.assert_allclose(share, 1.0, atol=0.35)


def test_the_judge_counts_what_is_missing_what_is_off_and_what_is_none():
    case = recall.draw(0, "plain")
    wanted = recall.targets(case)
    model = VarProEDMD().fit(case.data)
    every, none = recall.judge(case, wanted, model)
    assert all(verdict.recalled for verdict in every)
    assert none == 0
    less = replace(model, coefficients=model.coefficients[:, :-1], rates=model.rates[:-1])
    assert not all(verdict.recalled for verdict in recall.judge(case, wanted, less)[0])
    off = replace(model, rates=model.rates + 0.05)
    assert not any(verdict.recalled for verdict in recall.judge(case, wanted, off)[0])
    more = replace(
        model,
        coefficients=np.hstack([model.coefficients, np.ones((len(model.coefficients), 1))]),
        rates=np.append(model.rates, -17.0),
    )
    assert recall.judge(case, wanted, more)[1] == 1


def test_the_note_says_where_the_dictionary_holds_no_eigenfunction(simulated):
    data = simulated(systems.example("relaxation_sinh"), 100, low=-1.0, high=1.0)
    model = VarProEDMD(Monomials(1)).fit(data)
    assert "no function of the dictionary follows an exponential" in model.note


def test_nearly_real_rates_of_products_are_real(three):
    rates = VarProEDMD(Monomials(3), products=2).fit(three).eigenvalues
    assert not rates.imag.any()


def linear_data(generator, count, steps, dt=0.1, seed=0):
    """Trajectories of ẋ = Ax without noise, by the matrix exponential."""
    states = [np.random.default_rng(seed).standard_normal((count, len(generator)))]
    for _ in range(steps - 1):
        states.append(states[-1] @ expm(generator * dt).T)
    return Trajectories(np.stack(states, axis=1), dt * np.arange(steps))


@pytest.mark.parametrize("mixing", ["a sensor twice", "a sum", "square", "more channels"])
@pytest.mark.parametrize("level", [1e-6, 1e-3, 0.05])
def test_noise_that_channels_share_invents_nothing(mixing, level):
    data = linear_data(np.array([[-0.3, 1.0], [-1.0, -0.3]]), 30, 40)
    seen = with_noise(data, level).states
    mixed = {
        "a sensor twice": np.concatenate([seen, seen[..., :1]], axis=2),
        "a sum": np.concatenate([seen, seen.sum(axis=2, keepdims=True)], axis=2),
        "square": seen @ np.array([[1.0, 0.6], [0.8, 1.0]]),
        "more channels": seen @ np.random.default_rng(1).standard_normal((2, 5)),
    }[mixing]
    found = np.sort_complex(VarProEDMD().fit(Trajectories(mixed, data.times)).eigenvalues)
    assert len(found) == 2
    np.testing.assert_allclose(found, [-0.3 - 1j, -0.3 + 1j], atol=max(1e-9, 0.1 * level))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [1, 3])
def test_few_trajectories_without_noise_hold_every_eigenvalue(count, seed):
    rng = np.random.default_rng(seed)
    rates = -rng.uniform(0.05, 2.0, 3)
    basis = rng.standard_normal((3, 3)) + 2.0 * np.eye(3)
    data = linear_data(basis @ np.diag(rates) @ np.linalg.inv(basis), count, 40, seed=seed)
    found = VarProEDMD().fit(data).eigenvalues
    assert len(found) == 3
    assert np.min(abs(found[:, None] - rates), axis=0).max() < 1e-6


@pytest.mark.parametrize("size", [2, 3])
def test_a_jordan_block_without_noise_comes_back_as_its_one_eigenfunction(size):
    generator = -0.5 * np.eye(size) + np.eye(size, k=1)
    model = VarProEDMD().fit(linear_data(generator, 40, 50))
    assert len(model.eigenvalues) == 1
    assert abs(model.eigenvalues[0] + 0.5) < 1e-8


@pytest.mark.parametrize("others", [[-1.0], [-1.0, -0.4]])
def test_a_coordinate_that_stands_still_is_an_eigenfunction_at_zero(others):
    found = VarProEDMD().fit(linear_data(np.diag([0.0, *others]), 30, 40)).eigenvalues
    np.testing.assert_allclose(np.sort(found.real), sorted([0.0, *others]), atol=1e-8)


def test_a_large_dictionary_does_not_displace_what_is_well_determined():
    generator = np.diag([-0.3, -0.4, -0.7, -0.7])
    generator[2, 3], generator[3, 2] = 2.0, -2.0
    data = with_noise(linear_data(generator, 60, 50), 0.01)
    found = VarProEDMD(Monomials(3)).fit(data).eigenvalues
    for exact in (-0.3, -0.4, -0.7 + 2j, -0.7 - 2j):
        assert abs(found - exact).min() < 0.01


@pytest.mark.parametrize("products", [1, 2])
def test_a_function_that_alternates_is_one_real_function_at_its_multiplier(products):
    small = {"trajectories": 20, "test_trajectories": 2, "noise": 0, "max_degree": 1}
    data = datasets.load("leaky_rnn_10_2", alpha=1.3, **small)
    model = methods.fit("koopmark.varpro_edmd", data.train, products=products)
    mu = np.concatenate([np.full(8, -0.3), np.full(36, 0.09)])[: 8 if products == 1 else 44]
    np.testing.assert_allclose(model.multipliers, mu, atol=1e-9)
    np.testing.assert_allclose(np.exp(model.eigenvalues), mu, atol=1e-9)
    now, ahead = (model.eigenfunctions(part[:, None]) for part in data.test.pairs())
    assert abs(now.imag).max() == 0.0
    np.testing.assert_allclose(ahead, mu * now, atol=1e-8 * abs(now).max())
