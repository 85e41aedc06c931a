"""QR-EDMD: exact eigenpairs on noise-free data, and residuals that tell which."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

import koopmark
from koopmark import score, simulate, systems
from koopmark.methods import Identity, Monomials, RadialBasis, RandomFourier
from koopmark.methods.own._factor import factorise
from koopmark.methods.own.qr_edmd import QREDMD, eigenpairs


@pytest.mark.parametrize("trajectories", [100, 200])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_every_exact_eigenpair_of_the_three_populations_comes_back(simulated, degree, trajectories):
    system = systems.three_populations()
    model = QREDMD(Monomials(degree)).fit(simulated(system, trajectories, seed=degree))
    table = score(model, system, simulated(system, 20, seed=99), max_degree=degree)
    assert len(table) == degree
    assert table["eigenvalue_error"].max() < 1e-9
    assert table["eigenfunction_error"].max() < 1e-8


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
def test_the_residual_alone_tells_exact_pairs_from_the_rest(simulated, degree):
    model = QREDMD(Monomials(degree)).fit(simulated(systems.three_populations(), 100, seed=4))
    exact, rest = model.residuals[: degree + 1], model.residuals[degree + 1 :]
    np.testing.assert_allclose(
        np.sort(model.eigenvalues[: degree + 1].real), np.arange(-degree, 1), atol=1e-9
    )
    assert exact.max() < 1e-11
    assert rest.min() > 1e-5


def test_degenerate_eigenspaces_of_a_network_keep_their_multiplicity(simulated):
    system = systems.random_rnn(10, 2, seed=0)
    model = QREDMD(Monomials(2)).fit(simulated(system, 100))
    table = score(model, system, simulated(system, 40, seed=1), max_degree=2)
    assert table["target_dimension"].tolist() == [8, 36]
    assert table["eigenvalue_error"].max() < 1e-8
    assert table["eigenfunction_error"].max() < 1e-8


def test_an_offset_needs_the_constant(simulated):
    system = systems.random_rnn(5, 2, theta_scale=1.0)
    train, test = simulated(system, 60), simulated(system, 20, seed=1)
    errors = [
        score(QREDMD(Identity(constant=constant)).fit(train), system, test)["eigenvalue_error"][0]
        for constant in (True, False)
    ]
    assert errors[0] < 1e-9
    assert errors[1] > 1e-3


def test_monomial_eigenfunctions_of_lotka_volterra_come_back(simulated):
    system = systems.random_lotka_volterra(4, 2)
    train, test = (simulated(system, 100, seed=s, low=0.2, high=1.5) for s in (0, 1))
    table = score(QREDMD(Monomials(3)).fit(train), system, test)
    assert len(table) == 2
    assert table["eigenvalue_error"].max() < 1e-8
    assert table["eigenfunction_error"].max() < 1e-8


@pytest.mark.parametrize(
    "dictionary", [Monomials(2), RandomFourier(30), RadialBasis(30)], ids=lambda d: d.kind
)
def test_residuals_are_those_of_the_training_pairs(three, dictionary):
    model = QREDMD(dictionary).fit(three)
    x, y = three.pairs()
    values, ahead = model.eigenfunctions(x[:, None]), model.eigenfunctions(y[:, None])
    factors = np.exp(model.eigenvalues * three.dt)
    direct = np.linalg.norm(ahead - values * factors, axis=0) / np.linalg.norm(values, axis=0)
    np.testing.assert_allclose(model.residuals, direct, rtol=1e-6, atol=1e-12)


def test_eigenpairs_are_the_same_whether_the_factor_is_inverted_or_decomposed(three):
    factor = factorise(Monomials(2).fitted(three.states), three.states)
    scaled = factor.xx / np.linalg.norm(factor.xx, axis=0)
    spectrum = np.linalg.svd(scaled, compute_uv=False)
    # Just too small to cut anything, and too large for the condition estimate to say so.
    decomposed = eigenpairs(factor, 0.9 * spectrum[-1] / spectrum[0], slice(1, 4))
    inverted = eigenpairs(factor, 1e-10, slice(1, 4))
    assert len(inverted.discrete) == len(decomposed.discrete) == factor.size
    first, second = (
        np.stack([pairs.discrete, pairs.residuals])[:, np.argsort(pairs.discrete.real)]
        for pairs in (inverted, decomposed)
    )
    np.testing.assert_allclose(first, second, atol=1e-11)
    readout = inverted.coefficients @ inverted.modes
    np.testing.assert_allclose(readout, decomposed.coefficients @ decomposed.modes, atol=1e-10)


def test_digits_that_the_normal_equations_lose_are_kept():
    system = systems.random_rnn(10, 2, 1.5)
    initial = 2.0 + 0.2 * np.random.default_rng(0).standard_normal((400, 10))
    data = simulate(system, initial, np.linspace(0.0, 5.0, 51), rtol=1e-11)
    lift = Monomials(3).fitted(data.states)
    x, y = (lift(states) for states in data.pairs())
    normal = np.log(np.linalg.eigvals(np.linalg.solve(x.T @ x, x.T @ y)).astype(complex)) / data.dt
    ours = QREDMD(Monomials(3)).fit(data).eigenvalues
    errors = [np.sort(np.abs(eigenvalues + 1.0))[7] for eigenvalues in (ours, normal)]
    assert errors[0] < 1e-11
    assert errors[1] > 1e-9


def test_eigenfunctions_have_unit_norm_on_the_training_states(three):
    values = QREDMD(Monomials(3)).fit(three).eigenfunctions(three.pairs()[0][:, None])
    np.testing.assert_allclose(np.linalg.norm(values, axis=0), 1.0, rtol=1e-9)


def test_rescaled_states_give_the_same_eigenvalues(three, ordered):
    scaled = replace(three, states=three.states * [1e-3, 1.0, 1e3])
    first, second = (QREDMD(Monomials(2)).fit(data).eigenvalues for data in (three, scaled))
    np.testing.assert_allclose(ordered(first), ordered(second), atol=1e-9)


def test_directions_that_the_data_do_not_show_are_dropped(simulated):
    # 12 trajectories span 12 of the 36 products of two null coordinates.
    system = systems.random_rnn(10, 2, seed=0)
    model = QREDMD(Monomials(2)).fit(simulated(system, 12))
    assert len(model.eigenvalues) < Monomials(2).fitted(np.zeros((1, 10))).size
    assert np.isfinite(model.eigenvalues).all()


def test_a_linear_system_is_predicted_exactly(linear):
    matrix = np.array([[0.9, 0.3], [-0.3, 0.8]])
    data = linear(matrix, np.random.default_rng(0).standard_normal((20, 2)))
    predicted = QREDMD(Identity()).fit(data).predict(data.rolling(1)[:, 0], data.times[1:])
    np.testing.assert_allclose(predicted, data.states[:, 1:], atol=1e-12)


def test_nothing_is_predicted_where_the_state_is_not_in_the_dictionary(three):
    model = QREDMD(RandomFourier(20, state=False)).fit(three)
    assert model.predict(three.rolling(1)[:, 0], three.times[1:4]) is None


def test_one_step_prediction_is_the_least_squares_prediction(three):
    model = QREDMD(Monomials(2)).fit(three)
    x, y = three.pairs()
    lift = Monomials(2).fitted(x)
    operator = np.linalg.lstsq(lift(x), lift(y), rcond=None)[0]
    predicted = model.predict(x[:50, None], [three.dt])[:, 0]
    np.testing.assert_allclose(predicted, (lift(x[:50]) @ operator)[:, lift.state], atol=1e-9)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_pairs():
    peaks = []
    for count in (50, 200):
        states = np.random.default_rng(0).standard_normal((count, 101, 5))
        lift = RandomFourier(494).fitted(states.reshape(-1, 5))
        tracemalloc.start()
        factorise(lift, states)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("state", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize(
    "kind", ["identity", "monomials", "random_fourier", "radial_basis", "nystroem"]
)
def test_every_dictionary_fits_with_and_without_state_and_constant(kind, state, constant):
    if kind == "identity" and not (state or constant):
        return
    system = systems.three_populations()
    initial = np.random.default_rng(0).uniform(-3, 3, (20, 3))
    data = simulate(system, initial, np.linspace(0, 2, 21), rtol=1e-9)
    options = {"kind": kind, "state": state, "constant": constant}
    model = koopmark.fit("koopmark.qr_edmd", data, dictionary=options)
    assert len(model.eigenvalues) == model.eigenfunctions(data.rolling(1)[0]).shape[1] > 0
    assert (model.predict(data.rolling(1)[0], data.times[1:3]) is not None) == state
