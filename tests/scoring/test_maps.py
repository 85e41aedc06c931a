"""Scores of maps, in μ of one step: exact answers, garbage and games where λ says nothing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from formula_models import FormulaModel

from koopmark.datasets import AnswerKey
from koopmark.methods.anchors import ExactModel
from koopmark.models import LinearModel, continuous
from koopmark.scoring import digits, evaluate, infer_structure, score
from koopmark.scoring._targets import larger_error
from koopmark.simulation import simulate
from koopmark.systems import leaky_rnn, random_rnn

STEPS = np.arange(13.0)
LEAKS = [0.1, 0.3, 1.0, 1.4]
"""μ = 0.9, 0.7, 0 and -0.4."""


@cache
def map_of(alpha, inputs=0):
    flow = random_rnn(6, 2, inputs=inputs)
    return leaky_rnn(flow.weights, alpha, inputs=flow.input_weights)


@cache
def data_of(alpha, inputs=0, seed=0, count=60, every=1):
    system, rng = map_of(alpha, inputs), np.random.default_rng(seed)
    v = rng.standard_normal((count, len(STEPS), inputs)) if inputs else None
    return simulate(system, rng.uniform(-2, 2, (count, 6)), every * STEPS, inputs=v)


def key_of(alpha, degree=1, inputs=0):
    return AnswerKey.of(map_of(alpha, inputs), degree)


def affine(alpha, train=None, known=True):
    """x⁺ = A x + c by least squares, and its left eigenvectors."""
    x, y = (data_of(alpha, seed=1) if train is None else train).pairs()
    whole = np.linalg.lstsq(lifted(x), lifted(y), rcond=None)[0]
    mu, vectors = np.linalg.eig(whole)
    modes = np.linalg.lstsq(vectors, np.eye(7)[:, :6].astype(complex), rcond=None)[0]
    dt = 1.0 if train is None else train.dt
    rates = continuous(mu, dt)
    return LinearModel(lifted, vectors, rates, dt, modes, discrete=mu if known else None)


def lifted(x):
    return np.hstack([x, np.ones((len(x), 1))])


def scores_of(model, key, test):
    return evaluate(model, key, test, portrayed=False)


def digits_of(row):
    error = larger_error(row.eigenvalue_error_relative, row.eigenfunction_error)
    return float(digits(error, row.rounding))


@pytest.mark.parametrize("alpha", LEAKS)
def test_the_exact_answer_has_all_digits_whatever_the_sign_of_the_multiplier(alpha):
    key = key_of(alpha, 2)
    scores = scores_of(ExactModel(key, key.targets, 1.0), key, data_of(alpha))
    for row in scores.targets:
        assert digits_of(row) == 9.0
        assert row.target_residual < 1e-12
    mu = f"{round(1 - alpha, 12) + 0.0:g}"
    assert scores.targets[0].target == f"{mu} (x4)"
    assert scores.targets[0].target_eigenvalue_re == pytest.approx(1 - alpha, abs=1e-12)
    assert scores.fit.verified == scores.fit.recovered
    assert scores.fit.forecast_error < 1e-12


@pytest.mark.parametrize("alpha", LEAKS)
def test_least_squares_finds_the_multiplier_and_its_functions(alpha):
    scores = scores_of(affine(alpha), key_of(alpha), data_of(alpha))
    (row,) = scores.targets
    assert digits_of(row) == 9.0
    assert row.eigenvalues_found == row.functions_found == 4
    assert (scores.fit.rank_error, scores.fit.null_space_error < 1e-9) == (0.0, True)
    # Its eigenvalues are μ in the table of pairs.
    near = [abs(pair.eigenvalue_re - (1 - alpha)) < 1e-9 for pair in scores.eigenpairs]
    assert sum(near) == 4
    assert "no μ" not in scores.fit.notes


def test_a_multiplier_is_right_where_its_logarithm_is_not():
    model = affine(1.4)
    turned = replace(model, rates=model.rates + 2j * np.pi * np.arange(7) - 30.0)
    (row,) = scores_of(turned, key_of(1.4), data_of(1.4)).targets
    assert digits_of(row) == 9.0


@pytest.mark.parametrize("alpha", [0.3, 1.4])
def test_methods_that_give_rates_alone_are_told_apart(alpha):
    scores = scores_of(affine(alpha, known=False), key_of(alpha), data_of(alpha))
    assert "the method gives λ but no μ" in scores.fit.notes
    assert digits_of(scores.targets[0]) == 9.0


def garbage(eigenvalue, count=8):
    frequencies = 7.0 * np.random.default_rng(0).standard_normal((6, count))
    return FormulaModel(
        np.full(count, continuous(np.array(eigenvalue), 1.0)),
        lambda x: np.cos(x @ frequencies + 1.0),
        dt=1.0,
    )


@pytest.mark.parametrize("label", [0.0, 1e-3, 1e-2])
def test_garbage_does_not_pass_however_small_the_multiplier(label):
    key, test = key_of(0.9, 3), data_of(0.9)
    scores = scores_of(garbage(label), key, test)
    assert [row.target for row in scores.targets] == ["0.1 (x4)", "0.01 (x10)", "0.001 (x20)"]
    assert scores.fit.verified == 0
    assert scores.fit.spurious_fraction == 1.0
    for row in scores.targets:
        assert row.eigenfunction_error > 0.9
        assert row.functions_found == 0
        assert digits_of(row) < 0.1


def test_functions_that_vanish_on_what_attracts_are_not_taken_for_products():
    # Each is gone to a few per cent after a step, as the products are.
    system = map_of(0.9)
    centre = data_of(0.9).states[:, -1].mean(axis=0)
    directions = np.random.default_rng(1).standard_normal((2, 6, 10))
    game = FormulaModel(
        np.full(10, np.log(0.01) + 0j),
        lambda x: ((x - centre) @ directions[0]) * ((x - centre) @ directions[1]),
        dt=1.0,
    )
    row = scores_of(game, AnswerKey.of(system, 2), data_of(0.9)).targets[1]
    assert row.eigenfunction_error > 0.5
    assert row.functions_found == 0


def test_at_zero_the_target_may_be_spread_over_all_that_is_gone_after_a_step():
    # Products of uᵀ(x - θ) with anything are at μ = 0 as well.
    (space,) = key_of(1.0).targets
    mixing = np.random.default_rng(0).standard_normal((16, 16))
    model = FormulaModel(
        np.full(16, -np.inf + 0j),
        lambda x: (
            np.hstack([space.evaluate(x), *(space.evaluate(x) * x[:, [k]] for k in range(3))])
            @ mixing
        ),
        dt=1.0,
    )
    scores = scores_of(model, key_of(1.0), data_of(1.0))
    assert scores.targets[0].target == "0 (x4)"
    assert scores.targets[0].eigenfunction_error < 1e-9
    assert scores.fit.verified == 16


def gone(functions, count):
    return FormulaModel(np.full(count, -np.inf + 0j), functions, dt=1.0)


def test_at_zero_functions_of_the_starts_alone_are_not_found():
    # They are gone after a step, as those of the target are, and are none of it.
    test = data_of(1.0)
    farthest = np.linalg.norm(test.states[:, 1:], axis=2).max()
    directions = np.random.default_rng(0).standard_normal((6, 30))
    model = gone(
        lambda x: np.sin(x @ directions) * (np.linalg.norm(x, axis=1) > farthest)[:, None], 30
    )
    scores = scores_of(model, key_of(1.0), test)
    assert scores.fit.verified == 30
    assert scores.targets[0].eigenfunction_error > 0.3
    assert scores.targets[0].functions_found == 0


def test_at_zero_more_functions_than_trajectories_span_no_target():
    test = data_of(1.0)
    starts = test.states[:, 0]
    rng = np.random.default_rng(0)
    values = rng.standard_normal((60, 200))

    def memory(x):
        apart = np.abs(x[:, None] - starts).max(axis=2)
        return (apart == 0.0) @ values

    row = scores_of(gone(memory, 200), key_of(1.0), test).targets[0]
    assert row.eigenfunction_error > 0.1
    assert "of 200 functions that are gone after a step the 54 that obey best" in row.notes


def test_at_zero_functions_that_no_input_reaches_do_not_stand_for_those_that_inputs_do():
    driven, undriven = key_of(1.0, inputs=2).targets
    model = gone(lambda x: np.hstack([undriven.evaluate(x), undriven.evaluate(x) * x[:, :1]]), 4)
    of_all, of_part = scores_of(model, key_of(1.0, inputs=2), data_of(1.0, inputs=2)).targets
    assert (driven.dimension, undriven.dimension) == (4, 2)
    assert of_all.eigenfunction_error > 0.99
    assert of_part.eigenfunction_error < 1e-9


def test_at_zero_what_is_not_gone_is_not_found():
    scores = scores_of(garbage(0.0), key_of(1.0), data_of(1.0))
    assert scores.targets[0].eigenfunction_error > 0.9
    assert scores.fit.verified == 0


def test_the_constant_of_a_map_is_at_one_and_counts_for_nothing():
    model = FormulaModel(
        np.array([0.0 + 0j, -1.0]),
        lambda x: np.stack([np.ones(len(x)), np.full(len(x), 2.0)], axis=1),
        dt=1.0,
    )
    fit = scores_of(model, key_of(0.3), data_of(0.3)).fit
    assert (fit.recovered, fit.verified) == (2, 0)
    assert np.isnan(fit.spurious_fraction)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 1.4])
def test_a_test_set_of_every_other_step_shows_the_same(alpha):
    scores = scores_of(affine(alpha), key_of(alpha), data_of(alpha, every=2))
    assert digits_of(scores.targets[0]) == 9.0
    assert scores.fit.forecast_error < 2.0


def test_a_model_of_every_other_step_does_not_know_the_sign():
    rows = {
        alpha: scores_of(
            affine(alpha, data_of(alpha, seed=1, every=2)), key_of(alpha), data_of(alpha)
        ).targets[0]
        for alpha in (0.3, 1.4)
    }
    assert digits_of(rows[0.3]) == 9.0
    assert np.isnan(rows[1.4].eigenfunction_error)
    assert "|arg μ| is above π/Δt = 1.571" in rows[1.4].notes
    assert "cannot be told from 0.4" in rows[1.4].notes


def test_data_that_are_not_in_steps_are_refused():
    test = data_of(0.3)
    with pytest.raises(ValueError, match=r"the test set is sampled every 0.1"):
        scores_of(affine(0.3), key_of(0.3), replace(test, times=0.1 * STEPS))
    with pytest.raises(ValueError, match=r"what the model was fitted to is sampled every 0.1"):
        scores_of(replace(affine(0.3), dt=0.1), key_of(0.3), test)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 1.4])
def test_maps_with_inputs_have_gains_too(alpha):
    key, test = key_of(alpha, 1, inputs=2), data_of(alpha, inputs=2)
    scores = scores_of(ExactModel(key, key.targets, 1.0), key, test)
    row = scores.targets[0]
    assert row.gain_error < 1e-12
    assert digits_of(row) == 9.0
    assert scores.fit.forecast_error < 1e-12


@pytest.mark.parametrize("alpha", [1.0, 1.4])
def test_a_linear_model_forecasts_a_map_by_its_multipliers(alpha):
    flow = random_rnn(4, 2, inputs=1)
    system = leaky_rnn(flow.weights, alpha, activation="identity", inputs=flow.input_weights)
    rng = np.random.default_rng(0)
    v = rng.normal(size=(20, 9, 1))
    data = simulate(system, rng.normal(size=(20, 4)), np.arange(9.0), inputs=v)
    x, y = data.pairs()
    one = np.linalg.lstsq(np.hstack([lifted(x), data.held()]), lifted(y), rcond=None)[0]
    mu, vectors = np.linalg.eig(one[:5])
    modes = np.linalg.lstsq(vectors, np.eye(5)[:, :4].astype(complex), rcond=None)[0]
    gains = (one[5:] @ vectors).T
    model = LinearModel(
        lifted, vectors, continuous(mu, 1.0), 1.0, modes, discrete=mu, input_gains=gains
    )
    key = AnswerKey.of(system)
    scores = scores_of(model, key, data)
    assert scores.fit.forecast_error < 1e-10
    assert scores.targets[0].gain_error < 1e-9
    # And without inputs, by powers of what no logarithm holds.
    still = simulate(system, x[:3], np.arange(5.0))
    predicted = model.predict(x[:3], np.arange(1.0, 5.0))
    np.testing.assert_allclose(predicted, still.states[:, 1:], atol=1e-9)


def test_score_tells_maps_from_flows_and_from_other_maps():
    assert list(score(affine(0.3), data_of(0.3))["target"]) == ["0.7 (x4)"]
    with pytest.raises(ValueError, match=r"the data come from a map, the key is that of a flow"):
        score(affine(0.3), data_of(0.3), key=random_rnn(6, 2))
    with pytest.raises(ValueError, match=r"another RelaxationMap than the key: .* next states"):
        score(affine(0.3), data_of(0.3), key=map_of(0.4))


@pytest.mark.parametrize("alpha", [0.02, 0.05, 0.1])
def test_the_states_themselves_say_nothing_of_the_rank_of_a_slow_map(alpha):
    system = leaky_rnn(random_rnn(6, 2).weights, alpha)
    rng = np.random.default_rng(0)
    test = simulate(system, rng.uniform(-2, 2, (30, 6)), np.arange(round(2 / alpha) + 0.0))
    dump = LinearModel(
        lifted,
        np.eye(7),
        continuous(np.full(7, 1 - alpha), 1.0),
        1.0,
        discrete=np.full(7, 1 - alpha),
    )
    key = AnswerKey.of(system)
    assert scores_of(dump, key, test).fit.rank_error > 0
    assert infer_structure(dump, test).rank > 2
    right = scores_of(ExactModel(key, key.targets, 1.0), key, test).fit
    assert (right.rank_error, right.null_space_error < 1e-9) == (0.0, True)
    # And so has what is fitted to data with noise.
    noisy = replace(test, states=test.states + 0.1 * alpha * rng.standard_normal(test.states.shape))
    fitted = affine(alpha, noisy)
    assert scores_of(fitted, key, test).fit.rank_error == 0
    assert infer_structure(fitted, test).rank == 2
