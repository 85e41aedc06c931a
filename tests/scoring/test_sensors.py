"""Scores of what sensors show, and of a function of the whole state that none of them shows."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from formula_models import FormulaModel

from koopmark.datasets import AnswerKey
from koopmark.methods.anchors import ExactModel
from koopmark.scoring import evaluate, score
from koopmark.simulation import simulate
from koopmark.systems import SINH, NoKey, Sensors, random_drift, random_rnn

DT = 0.1
TIMES = DT * np.arange(16)
SYSTEM = random_rnn(6, 2)
FIVE, TWO = (Sensors.of_units(units, 6) for units in ([0, 1, 2, 4, 5], [0, 3]))


@cache
def whole(count=60):
    rng = np.random.default_rng(0)
    return simulate(SYSTEM, rng.uniform(-2, 2, (count, 6)), TIMES)


def scores_of(model, key, test):
    return evaluate(model, key, test, portrayed=False)


def hidden_key():
    return AnswerKey.of(SYSTEM, 1, TWO)


def test_the_exact_functions_of_sensors_score_as_exact():
    key, test = AnswerKey.of(SYSTEM, 2, FIVE), whole().observed(FIVE)
    scores = scores_of(ExactModel(key, key.targets, DT), key, test)
    assert [row.target for row in scores.targets] == ["-1 (x3)", "-2 (x6)"]
    for row in scores.targets:
        assert row.eigenfunction_error < 1e-10
        assert row.target_residual < 1e-9
    assert scores.fit.rank_error == 0.0


def test_score_takes_the_key_of_the_sensors_that_the_data_come_through():
    key, test = AnswerKey.of(SYSTEM, 1, FIVE), whole().observed(FIVE)
    model = ExactModel(key, key.targets, DT)
    (row,) = score(model, test).to_dict("records")
    assert (row["target"], row["eigenfunction_error"] < 1e-10) == ("-1 (x3)", True)
    others = Sensors.of_units([0, 1, 2, 3, 4], 6)
    with pytest.raises(ValueError, match="what 5 sensors see of it, the key is for 5 sensors, and"):
        score(model, test, key=AnswerKey.of(SYSTEM, 1, others))
    with pytest.raises(ValueError, match="another Relaxation than the key"):
        score(model, test, key=random_rnn(6, 2, seed=3))
    drift = random_drift(4, 2, SINH)
    seen = simulate(drift, 0.1 * np.ones((4, 4)), TIMES).observed(Sensors(np.eye(4)[:2] + 0.1))
    with pytest.raises(NoKey):
        score(model, seen)


def windowed(functions, labels=-1.0, window=1):
    return FormulaModel(
        np.full(functions(whole().observed(TWO).windows(window)[:, -1]).shape[1], labels, complex),
        functions,
        window=window,
        dt=DT,
    )


def test_a_hidden_function_is_scored_on_the_whole_state():
    test = whole().observed(TWO)
    row = scores_of(windowed(lambda s: s), hidden_key(), test).targets[0]
    assert (row.target_dimension, row.scored_dimension) == (1, 1)
    assert row.target_residual < 1e-9
    # Two sensors are something of it, and not it.
    assert 0.05 < row.eigenfunction_error < 0.999


def told(columns, test):
    """A model that was told functions of the whole state, by what the sensors show."""
    values = {tuple(s): v for s, v in zip(test.states.reshape(-1, 2), columns, strict=True)}
    return windowed(lambda s: np.array([values[tuple(one)] for one in s]))


@pytest.mark.parametrize("count", [1, 4])
def test_whoever_finds_hidden_functions_in_any_basis_has_found_the_one(count):
    key, test = hidden_key(), whole().observed(TWO)
    states = test.latent.reshape(-1, 6)
    own = key.targets[0].evaluate(states)
    columns = own
    if count > 1:
        null = SYSTEM.weights.null_space.basis
        columns = states @ null @ np.random.default_rng(1).standard_normal((4, count))
    exact = scores_of(told(columns, test), key, test).targets[0]
    assert exact.eigenfunction_error < 1e-8
    # Up to three digits it is what spans it that counts.
    noise = 1e-3 * np.random.default_rng(2).standard_normal(columns.shape) * own.std()
    near = scores_of(told(columns + noise, test), key, test).targets[0]
    assert near.eigenfunction_error < 1e-2


def test_garbage_finds_no_hidden_function():
    frequencies = 9.0 * np.random.default_rng(0).standard_normal((2, 30))
    scores = scores_of(
        windowed(lambda s: np.cos(s @ frequencies + 1.0)), hidden_key(), whole().observed(TWO)
    )
    assert scores.targets[0].eigenfunction_error > 0.9
    assert scores.fit.verified == 0


def test_a_function_that_knows_the_time_finds_no_hidden_one():
    # e⁻ᵗ times any function of the trajectory obeys -1, and was not learnt.
    test = whole().observed(TWO)
    starts = np.repeat(test.states[:, 0], len(TIMES), axis=0)
    wave = np.cos(starts @ np.random.default_rng(0).standard_normal((2, 3)))
    clock = wave * np.tile(np.exp(-TIMES), len(test))[:, None]
    scores = scores_of(told(clock, test), hidden_key(), test)
    assert scores.fit.verified == 3
    assert scores.targets[0].eigenfunction_error > 0.3


def test_windows_and_gaps_see_the_whole_state_at_their_last_time():
    states = whole().observed(TWO).states.copy()
    states[::3, 7] = np.nan
    test = replace(whole().observed(TWO), states=states)
    row = scores_of(windowed(lambda s: s, window=3), hidden_key(), test).targets[0]
    plain = scores_of(windowed(lambda s: s, window=3), hidden_key(), whole().observed(TWO))
    assert row.target_residual < 1e-9
    assert row.eigenfunction_error == pytest.approx(plain.targets[0].eigenfunction_error, abs=0.1)


def test_without_the_whole_state_only_the_eigenvalue_is_scored():
    test = replace(whole().observed(TWO), latent=None)
    scores = scores_of(windowed(lambda s: s, -1.01), hidden_key(), test)
    (row,) = scores.targets
    assert np.isnan(row.eigenfunction_error)
    assert np.isnan(row.target_residual)
    assert row.eigenvalue_error == pytest.approx(0.01)
    assert "the test set has no `latent`" in row.notes
