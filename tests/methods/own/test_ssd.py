"""Symmetric subspace decomposition: all that is invariant in the dictionary, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import score, systems
from koopmark.methods import Monomials, RandomFourier
from koopmark.methods.own._factor import factorise
from koopmark.methods.own.ssd import (
    SSD,
    TunableSSD,
    angles,
    orthonormal,
    reduced,
)
from koopmark.scoring import evaluate


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


@pytest.mark.parametrize(
    ("method", "option"), [(SSD, 1e-7), (TunableSSD, 1e-6), (TunableSSD, 0.05)]
)
@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_the_invariant_subspace_is_that_of_the_exact_eigenfunctions(
    three, fresh, method, option, degree
):
    model = method(Monomials(degree), option).fit(three)
    np.testing.assert_allclose(
        np.sort(model.eigenvalues.real), np.arange(-degree, 1), rtol=0, atol=1e-10
    )
    assert f"dimension {degree + 1} in" in model.note
    table = score(model, three.system, fresh, max_degree=degree)
    assert table["eigenfunction_error"].max() < 1e-10


def test_all_products_of_a_network_are_found_with_their_multiplicity(simulated):
    system = systems.random_rnn(10, 2, seed=0)
    model = SSD(Monomials(2)).fit(simulated(system, 100))
    assert len(model.eigenvalues) == 1 + 8 + 36
    table = score(model, system, simulated(system, 40, seed=1), max_degree=2)
    assert table["eigenvalue_error"].max() < 1e-11
    assert table["eigenfunction_error"].max() < 1e-10


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_a_tuned_subspace_holds_the_exact_eigenfunctions_whatever_else(three, fresh, degree):
    table = score(TunableSSD(Monomials(degree)).fit(three), three.system, fresh, max_degree=degree)
    assert table["eigenvalue_error"].max() < 1e-10
    assert table["eigenfunction_error"].max() < 1e-10


def test_what_vanishes_after_a_step_is_lost(linear):
    data = linear(np.diag([0.0, 0.9]), np.random.default_rng(0).standard_normal((50, 2)), steps=1)
    model = SSD(Monomials(1, constant=False)).fit(data)
    np.testing.assert_allclose(np.exp(model.eigenvalues * data.dt), [0.9], atol=1e-12)


def test_a_linear_system_keeps_every_monomial(linear):
    data = linear([[0.9, 0.3], [-0.2, 0.7]], np.random.default_rng(0).standard_normal((30, 2)))
    assert len(SSD(Monomials(3)).fit(data).eigenvalues) == 10


def test_an_invariant_subspace_takes_as_many_rounds_as_it_needs(linear):
    # x is nilpotent and y = x² + ...: y leaves first, as y⁺ = x³, then what maps to y, and so on.
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 1))
    chain = np.concatenate([x, x**2, np.sin(3 * x)], axis=1)
    ahead = np.concatenate([x**2, np.sin(3 * x), np.cos(5 * x)], axis=1)
    data = linear(np.eye(3), chain, steps=1)
    data = replace(data, states=np.stack([chain, ahead], axis=1))
    model = SSD(Monomials(1)).fit(data)
    np.testing.assert_allclose(model.eigenvalues, [0.0], atol=1e-10)


@pytest.mark.parametrize("epsilon", [0.01, 0.03, 0.07, 0.1, 0.2, 0.5])
@pytest.mark.parametrize("dictionary", [Monomials(5), RandomFourier(40)], ids=lambda d: d.kind)
def test_no_angle_of_a_tuned_subspace_is_above_epsilon(three, dictionary, epsilon):
    factor = factorise(dictionary.fitted(three.states), three.states)
    method = TunableSSD(dictionary, epsilon)
    whole, _ = method.start(factor)
    left = reduced(whole, method)
    now, ahead = whole.now @ left, whole.ahead @ left
    sines, _ = angles(now, orthonormal(ahead)[0])
    assert sines.max() <= epsilon
    np.testing.assert_allclose(now.T @ now, np.eye(left.shape[1]), atol=1e-12)


def test_a_larger_epsilon_keeps_more_functions(three):
    sizes = [
        len(TunableSSD(Monomials(5), epsilon).fit(three).eigenvalues)
        for epsilon in (1e-6, 0.2, 1.0)
    ]
    assert sizes[0] == 6
    assert 6 < sizes[1] < 56
    assert sizes[2] == 56


def test_with_epsilon_one_it_is_edmd(three, ordered):
    from koopmark.methods.own import QREDMD

    first, second = (
        ordered(method.fit(three).eigenvalues)
        for method in (TunableSSD(Monomials(3), 1.0), QREDMD(Monomials(3)))
    )
    np.testing.assert_allclose(first, second, atol=1e-10)


def test_residuals_are_those_of_the_training_pairs(three):
    model = TunableSSD(Monomials(5), 0.2).fit(three)
    x, y = three.pairs()
    values, ahead = model.eigenfunctions(x[:, None]), model.eigenfunctions(y[:, None])
    factors = np.exp(model.eigenvalues * three.dt)
    direct = np.linalg.norm(ahead - values * factors, axis=0) / np.linalg.norm(values, axis=0)
    np.testing.assert_allclose(model.residuals, direct, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("method", [SSD(Monomials(2)), TunableSSD(Monomials(2), 1e-3)])
def test_noise_leaves_nothing_but_the_constant(three, method):
    noise = np.random.default_rng(0).standard_normal(three.states.shape)
    model = method.fit(replace(three, states=three.states + 1e-2 * noise))
    np.testing.assert_allclose(model.eigenvalues, [0.0], atol=1e-12)


def test_a_subspace_of_no_functions_is_a_model_that_is_scored(three, fresh):
    noise = np.random.default_rng(0).standard_normal(three.states.shape)
    noisy = replace(three, states=three.states + 0.1 * noise)
    model = SSD(Monomials(2, constant=False)).fit(noisy)
    scores = evaluate(model, three.system, three.system.eigenspaces(), fresh)
    assert scores.fit.recovered == 0
    assert scores.targets[0].eigenvalue_error == np.inf
    assert scores.targets[0].eigenfunction_error == 1.0
