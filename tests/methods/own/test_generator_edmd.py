"""The generator itself: exact derivatives, and what differences do to eigenvalues."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koopmark import methods, score, systems
from koopmark.datasets import AnswerKey
from koopmark.methods import Identity, Monomials, Nystroem, RadialBasis, RandomFourier
from koopmark.methods.kernels import Polynomial
from koopmark.methods.own.generator_edmd import (
    STENCILS,
    DifferenceGeneratorEDMD,
    GeneratorEDMD,
    differences,
)

DICTIONARIES = [
    Identity(),
    Monomials(4),
    RandomFourier(20),
    RadialBasis(20),
    Nystroem(count=20),
    Nystroem(Polynomial(3), count=30),
]


@pytest.fixture(scope="module")
def fresh(simulated):
    return simulated(systems.three_populations(), 20, seed=1)


@pytest.mark.parametrize("dictionary", DICTIONARIES, ids=repr)
@pytest.mark.parametrize("at_landmarks", [False, True])
def test_derivatives_of_every_dictionary_are_those_of_its_values(dictionary, at_landmarks):
    rng = np.random.default_rng(0)
    data, directions = rng.standard_normal((2, 40, 3))
    lift = dictionary.fitted(data)
    states = data if at_landmarks else rng.standard_normal((40, 3))
    found = lift.derivative(states, directions)
    step = 1e-3
    numeric = sum(
        weight
        / step
        * (lift(states + k * step * directions) - lift(states - k * step * directions))
        for k, weight in enumerate(STENCILS[6], start=1)
    )
    # Nyström features amplify the rounding of the kernel.
    np.testing.assert_allclose(found, numeric, atol=1e-6 * max(1.0, abs(numeric).max()))


@given(st.integers(0, 2**32 - 1))
def test_derivatives_of_monomials_obey_the_product_rule(seed):
    states, directions = np.random.default_rng(seed).standard_normal((2, 5, 2))
    (x, y), (f, g) = states.T, directions.T
    found = Monomials(2).fitted(states).derivative(states, directions)
    expected = np.stack([0 * x, f, g, 2 * x * f, x * g + y * f, 2 * y * g], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_given_the_vector_field_every_exact_eigenpair_comes_back(three, fresh, degree):
    model = GeneratorEDMD(Monomials(degree)).fit(three, AnswerKey.of(three.system))
    assert model.note.startswith("given the vector field")
    table = score(model, three.system, fresh, max_degree=degree)
    assert table["eigenvalue_error"].max() < 1e-11
    assert table["eigenfunction_error"].max() < 1e-10


def test_states_in_no_order_at_all_are_enough(three, fresh):
    states = np.random.default_rng(0).permutation(three.states.reshape(-1, 3)).reshape(-1, 2, 3)
    data = replace(three, states=states, times=np.array([0.0, 0.1]), diverged_at=None)
    model = GeneratorEDMD(Monomials(3)).fit(data, AnswerKey.of(three.system))
    table = score(model, three.system, fresh, max_degree=3)
    assert table["eigenvalue_error"].max() < 1e-11


@pytest.mark.parametrize("method", [GeneratorEDMD(), DifferenceGeneratorEDMD(order=6)])
def test_degenerate_eigenspaces_keep_their_multiplicity(simulated, method):
    system = systems.random_rnn(10, 2, seed=0)
    model = method.fit_with(simulated(system, 100), AnswerKey.of(system))
    table = score(model, system, simulated(system, 40, seed=1), 2)
    assert table["target_dimension"].tolist() == [8, 36]
    assert table["eigenvalue_error"].max() < 1e-6
    assert table["eigenfunction_error"].max() < 1e-9


@pytest.mark.parametrize(
    "dictionary", [Monomials(2), RandomFourier(20), RadialBasis(20)], ids=lambda d: d.kind
)
def test_residuals_are_those_of_the_generator(three, dictionary):
    model = GeneratorEDMD(dictionary).fit(three, AnswerKey.of(three.system))
    states = three.states.reshape(-1, 3)
    velocity = three.system.rhs(states)
    values = model.eigenfunctions(states[:, None])
    along = model.lift.derivative(states, velocity) @ model.coefficients
    missed = np.linalg.norm(along - values * model.eigenvalues, axis=0)
    direct = missed / np.linalg.norm(values, axis=0)
    np.testing.assert_allclose(model.residuals, direct, rtol=1e-6, atol=1e-11)


@pytest.mark.parametrize("order", [2, 4, 6])
def test_differences_leave_exact_eigenfunctions_and_shift_their_eigenvalues(three, fresh, order):
    model = DifferenceGeneratorEDMD(Monomials(3), order=order).fit(three)
    assert score(model, three.system, fresh, max_degree=3)["eigenfunction_error"].max() < 1e-10
    for rate in (-1.0, -2.0, -3.0):
        shifted = sum(
            2 * weight * np.sinh(k * rate * three.dt) / three.dt
            for k, weight in enumerate(STENCILS[order], start=1)
        )
        assert abs(model.eigenvalues - shifted).min() < 1e-11
        assert abs(shifted - rate) < abs(rate) * (abs(rate) * three.dt) ** order


@pytest.mark.parametrize("order", [2, 4, 6])
def test_differences_of_polynomials_up_to_their_order_are_exact_and_stay_in_a_trajectory(order):
    t = np.linspace(0.0, 2.0, 21)
    states = np.stack([start + t**order for start in (0.0, 10.0)])[:, :, None]
    blocks = list(differences(Identity(constant=False).fitted(states), [states], 0.1, order))
    half = order // 2
    inner = t[half:-half]
    velocity = np.vstack([block[1] for block in blocks])
    np.testing.assert_allclose(velocity[:, 0], np.tile(order * inner ** (order - 1), 2), atol=1e-9)
    values = np.vstack([block[0] for block in blocks])
    np.testing.assert_array_equal(values[:, 0], states[:, half:-half].ravel())


def test_blocks_of_differences_are_cut_without_losing_a_state(monkeypatch):
    states = np.random.default_rng(0).standard_normal((5, 30, 2))
    lift = Monomials(2).fitted(states)
    whole = [np.vstack(part) for part in zip(*differences(lift, [states], 0.1, 4), strict=True)]
    monkeypatch.setattr("koopmark.methods.own.generator_edmd.block_rows", lambda columns: 7)
    cut = [np.vstack(part) for part in zip(*differences(lift, [states], 0.1, 4), strict=True)]
    assert len(cut[0]) == len(whole[0]) == 5 * 26
    for some, every in zip(cut, whole, strict=True):
        np.testing.assert_allclose(np.sort(some, axis=0), np.sort(every, axis=0), atol=1e-12)


def test_without_a_vector_field_the_exact_one_says_what_is_missing(three):
    with pytest.raises(ValueError, match="this answer key has none: take koopmark"):
        methods.fit("koopmark.generator_edmd", three, AnswerKey((), 3))
    with pytest.raises(ValueError, match="these trajectories carry no system"):
        methods.fit("koopmark.generator_edmd", replace(three, system=None))


def test_trajectories_too_short_for_the_stencil_are_refused(three):
    short = replace(three, states=three.states[:, :6], times=three.times[:6])
    with pytest.raises(ValueError, match="order 6 need 7 states in a row"):
        methods.fit("koopmark.generator_edmd_fd6", short)
