"""Scores under inputs: exact answers, garbage and games with what inputs add."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from formula_models import FormulaModel

import koopmark
from koopmark.datasets import AnswerKey, load
from koopmark.methods.anchors import ExactModel
from koopmark.models import LinearModel
from koopmark.scoring import evaluate, infer_structure, score
from koopmark.scoring._plane import FLOW, MAP
from koopmark.scoring._residuals import converted
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import Sensors, random_rnn, three_populations

DT = 0.1
SYSTEM = random_rnn(6, 2, inputs=2)
KEY = AnswerKey.of(SYSTEM, 2)
TIMES = DT * np.arange(16)


@cache
def driven(seed=0, count=40):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((count, len(TIMES), 2))
    return simulate(SYSTEM, rng.uniform(-2, 2, (count, 6)), TIMES, inputs=inputs)


def exact(key=KEY):
    return ExactModel(key, key.targets, DT)


@cache
def least_squares(use=True):
    """DMDc: x⁺ = A x + B v + c, and its left eigenvectors; without inputs DMD."""
    train = driven(1)
    (x, y), v = train.pairs(), train.held()
    rows = np.hstack([x, np.ones((len(x), 1)), v if use else v[:, :0]])
    whole = np.linalg.lstsq(rows, np.hstack([y, np.ones((len(x), 1))]), rcond=None)[0]
    mu, vectors = np.linalg.eig(whole[:7])
    return LinearModel(
        lambda x: np.hstack([x, np.ones((len(x), 1))]),
        vectors,
        np.log(mu) / DT,
        DT,
        np.linalg.lstsq(vectors, np.eye(7)[:, :6].astype(complex), rcond=None)[0],
        discrete=mu,
        input_gains=(whole[7:] @ vectors).T if use else None,
    )


def scores_of(model, key=KEY, test=None):
    return evaluate(model, key, driven() if test is None else test, portrayed=False)


def by_label(scores):
    return {row.target: row for row in scores.targets}


def test_the_exact_answer_is_right_in_every_score_under_inputs():
    scores = scores_of(exact())
    assert [row.target for row in scores.targets] == [
        "-1 (x4)",
        "-1 undriven (x2)",
        "-2 (x10)",
        "-2 undriven (x3)",
    ]
    for row in scores.targets:
        assert row.eigenvalue_error < 1e-12
        assert row.eigenfunction_error < 1e-11
        assert row.target_residual < 1e-9
    assert scores.fit.verified == scores.fit.recovered
    assert scores.fit.forecast_error < 1e-9


def test_least_squares_with_inputs_finds_functions_gains_and_both_targets():
    rows = by_label(scores_of(least_squares()))
    for name in ("-1 (x4)", "-1 undriven (x2)"):
        assert rows[name].eigenvalue_error_relative < 1e-8
        assert rows[name].eigenfunction_error < 1e-8
    assert rows["-1 (x4)"].gain_error < 1e-9
    assert np.isnan(rows["-1 undriven (x2)"].gain_error)
    assert "no input reaches" in rows["-1 undriven (x2)"].notes
    assert "not linear" in rows["-2 (x10)"].notes


def test_without_inputs_only_what_they_do_not_reach_is_found():
    rows = by_label(scores_of(least_squares(use=False)))
    assert rows["-1 undriven (x2)"].eigenfunction_error < 1e-8
    assert rows["-1 undriven (x2)"].eigenvalue_error_relative < 1e-8
    assert rows["-1 (x4)"].eigenfunction_error > 1e-2
    assert rows["-1 (x4)"].gain_error == 1.0
    assert "the method gives no gains" in rows["-1 (x4)"].notes


def test_of_gaps_and_trials_the_same_is_found():
    test = driven()
    states = test.states.copy()
    states[np.random.default_rng(3).random(states.shape[:2]) < 0.15] = np.nan
    states[:10, 9:] = np.nan
    data = replace(test, states=states)
    scores = scores_of(exact(), test=data)
    assert max(row.target_residual for row in scores.targets) < 1e-9
    assert scores.fit.verified == scores.fit.recovered
    assert scores.fit.forecast_error < 1e-9
    assert by_label(scores_of(least_squares(), test=data))["-1 (x4)"].gain_error < 1e-9


@dataclass(frozen=True, eq=False)
class Answer(FormulaModel):
    """Eigenpairs and what inputs add to them by formula."""

    linear: np.ndarray | None = None
    response: object = None

    @property
    def gains(self):
        return self.linear

    def forced(self, windows, inputs):
        if self.response is None:
            return super().forced(windows, inputs)
        return self.response(windows[:, -1], inputs)


(ALL, UNDRIVEN) = KEY.targets[:2]
GAINS = ALL.gains(DT)
MU, ONE = np.exp(-DT), np.eye(4)


def of_all(mixing=ONE, gains=GAINS, eigenvalues=-1.0, **but):
    """The four functions at -1 in another basis."""
    return Answer(
        np.full(mixing.shape[1], eigenvalues, complex),
        lambda x: ALL.evaluate(x) @ mixing,
        linear=mixing.T @ gains,
        **but,
    )


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_gains_are_those_of_the_target_in_whatever_basis_functions_come(scale):
    rng = np.random.default_rng(5)
    mixing = scale * (rng.standard_normal((4, 4)) + 1j * rng.standard_normal((4, 4)))
    row = by_label(scores_of(of_all(mixing)))["-1 (x4)"]
    assert row.gain_error < 1e-10
    assert row.eigenfunction_error < 1e-10


def test_gains_of_the_wrong_size_are_wrong_by_that():
    row = by_label(scores_of(of_all(gains=1.5 * GAINS)))["-1 (x4)"]
    assert row.gain_error == pytest.approx(0.5, rel=1e-6)


def test_garbage_has_no_gains_to_speak_of():
    rng = np.random.default_rng(0)
    frequencies = 37.0 * rng.standard_normal((6, 4))
    guess = Answer(
        np.full(4, -1.0 + 0j), lambda x: np.cos(x @ frequencies), linear=rng.standard_normal((4, 2))
    )
    scores = scores_of(guess)
    assert 0.5 < by_label(scores)["-1 (x4)"].gain_error < 2.0
    assert scores.fit.verified == 0
    assert scores.fit.spurious_fraction == 1.0


def test_hundreds_of_functions_with_gains_buy_no_gain():
    rng = np.random.default_rng(0)
    frequencies = rng.standard_normal((6, 150))
    everything = Answer(
        np.full(150, -1.0 + 0j),
        lambda x: np.cos(x @ frequencies),
        linear=rng.standard_normal((150, 2)),
    )
    assert by_label(scores_of(everything))["-1 (x4)"].gain_error > 0.3


def test_a_basis_that_is_nearly_dependent_amplifies_the_errors_of_gains():
    mixing = ONE.copy()
    mixing[0, 1:] = 1e4
    wrong = of_all(mixing)
    wrong = replace(wrong, linear=wrong.linear * (1 + 1e-3 * ONE[:, :2]))
    assert by_label(scores_of(wrong))["-1 (x4)"].gain_error > 0.05


def test_a_basis_of_all_stands_for_the_part_that_no_input_reaches():
    rng = np.random.default_rng(2)
    row = by_label(scores_of(of_all(rng.standard_normal((4, 4)))))["-1 undriven (x2)"]
    assert row.eigenfunction_error < 1e-9
    # Also if the functions are exact only to three digits.
    noise = 1e-4 * rng.standard_normal((6, 4))
    mixing = rng.standard_normal((4, 4))
    near = replace(of_all(mixing), functions=lambda x: ALL.evaluate(x) @ mixing + np.sin(x) @ noise)
    row = by_label(scores_of(near))["-1 undriven (x2)"]
    assert row.eigenfunction_error < 2e-3


def test_functions_that_inputs_reach_do_not_pass_for_those_that_none_reaches():
    reached = np.linalg.svd(GAINS.T)[2][:2].T
    row = by_label(scores_of(of_all(reached)))["-1 undriven (x2)"]
    assert row.eigenfunction_error > 0.99


def field(x, v):
    """x⁺ as a cheater knows it."""
    after = simulate(SYSTEM, x, np.array([0.0, DT]), inputs=np.stack([v, v], axis=1))
    return after.states[:, 1]


CHEATS = {
    "as soon as there are inputs": lambda v: np.any(v != 0, axis=1),
    "always": lambda v: np.ones(len(v)),
    "but for those below a thirtieth": lambda v: np.linalg.norm(v, axis=1) > 0.033,
    "but for small ones": lambda v: np.linalg.norm(v, axis=1) > 1e-8,
    "in full from small ones on": lambda v: np.minimum(1.0, np.linalg.norm(v, axis=1) / 1e-3),
    "by a root of them": lambda v: np.sqrt(np.linalg.norm(v, axis=1)),
}


@pytest.mark.parametrize("how", CHEATS)
def test_a_response_that_holds_what_happens_without_inputs_is_refused(how):
    def functions(x):
        return np.tanh(3.0 * x[:, :3])

    def response(x, v):
        missing = functions(field(x, v)) - MU * functions(x)
        return CHEATS[how](v)[:, None] * missing

    cheat = Answer(np.full(3, -1.0 + 0j), functions, response=response)
    with pytest.raises(ValueError, match="do not vanish with the inputs"):
        scores_of(cheat)


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
@pytest.mark.parametrize("least", [1e-3, 0.033, 0.3])
def test_a_response_that_is_not_finite_where_it_should_vanish_is_refused(nothing, least):
    def functions(x):
        return np.tanh(3.0 * x[:, :3])

    usual = np.linalg.norm(driven().inputs, axis=2).min()

    def response(x, v):
        answer = functions(field(x, v)) - MU * functions(x)
        answer[np.linalg.norm(v, axis=1) < least * usual] = nothing
        return answer

    cheat = Answer(np.full(3, -1.0 + 0j), functions, response=response)
    with pytest.raises(ValueError, match="of the inputs are not finite"):
        scores_of(cheat)


def test_pairs_that_are_not_finite_anyway_are_no_reason_to_refuse_the_others():
    model = of_all(np.hstack([ONE, np.full((4, 1), np.nan)]))
    assert by_label(scores_of(model))["-1 (x4)"].eigenfunction_error < 1e-10


def test_a_response_by_the_square_of_inputs_of_one_size_buys_no_part():
    # v² is 1 throughout, and vanishes with v as a response is to.
    rng = np.random.default_rng(0)
    inputs = rng.choice([-1.0, 1.0], (30, len(TIMES), 2))
    test = simulate(SYSTEM, rng.uniform(-2, 2, (30, 6)), TIMES, inputs=inputs)
    directions = rng.standard_normal((6, 6))

    def functions(x):
        return np.sin(x @ directions)

    def response(x, v):
        return v[:, :1] ** 2 * (functions(field(x, v)) - MU * functions(x))

    cheat = Answer(np.full(6, -1.0 + 0j), functions, response=response)
    key = AnswerKey(tuple(one.as_part() for one in KEY.targets[:2]), 6, inputs=2)
    scores = scores_of(cheat, key, test)
    assert scores.fit.verified == 6
    for row in scores.targets:
        assert row.eigenfunction_error > 0.5
        assert row.functions_found == 0


def test_a_response_that_reads_the_next_window_is_refused():
    def functions(x):
        return np.tanh(3.0 * x[:, :3])

    def response(x, v):
        values = functions(x)
        return np.linalg.norm(v, axis=1)[:, None] * (np.roll(values, -1, axis=0) - MU * values)

    cheat = Answer(np.full(3, -1.0 + 0j), functions, response=response)
    with pytest.raises(ValueError, match="depend on which others are asked for"):
        scores_of(cheat)


def test_responses_that_are_not_linear_are_taken_if_they_vanish():
    # z² with what inputs do to it: 2 μ z b·v + (b·v)².
    z2 = KEY.targets[2]
    model = Answer(
        np.full(10, -2.0 + 0j),
        z2.evaluate,
        response=lambda x, v: z2.advanced(x, v, DT) - z2.advanced(x, None, DT),
    )
    scores = scores_of(model)
    assert by_label(scores)["-2 (x10)"].eigenfunction_error < 1e-10
    assert scores.fit.verified == 10


def test_the_inputs_of_a_test_set_are_asked_for_and_counted():
    test = driven()
    model, bare = least_squares(), replace(test, inputs=None)
    three = replace(test, inputs=np.zeros((*test.inputs.shape[:2], 3)))
    with pytest.raises(ValueError, match="moved by 2 inputs and the test set has none"):
        scores_of(model, test=bare)
    with pytest.raises(ValueError, match="has 3 inputs, the system takes 2"):
        score(model, three)
    other = AnswerKey(KEY.targets, 6)
    with pytest.raises(ValueError, match="was fitted to 2 inputs, the test set has 3"):
        scores_of(model, other, three)
    holes = test.inputs.copy()
    holes[2, 3] = np.nan
    with pytest.raises(ValueError, match="not finite between states"):
        scores_of(model, test=replace(test, inputs=holes))


@pytest.mark.parametrize("own", [0.0999999, 0.0973, 0.2])
def test_what_inputs_do_in_a_model_of_another_interval_is_converted_exactly(own):
    key = AnswerKey.of(SYSTEM)
    scores = scores_of(ExactModel(key, key.targets, own), key)
    assert max(pair.residual for pair in scores.eigenpairs) < 1e-11
    assert scores.fit.verified == scores.fit.recovered
    for row in scores.targets:
        assert max(row.eigenvalue_error, row.eigenfunction_error) < 1e-11
    if own != 0.0999999:
        assert f"sampled every {own} and the test set every 0.1" in scores.fit.notes
        assert "nearly" not in scores.fit.notes


def test_responses_that_are_not_linear_are_converted_nearly():
    scores = scores_of(ExactModel(KEY, KEY.targets, 0.0973))
    assert "nearly where it is not linear" in scores.fit.notes
    assert max(pair.residual for pair in scores.eigenpairs) < 1e-2
    for row in scores.targets:
        assert row.eigenfunction_error < 1e-11


def test_complex_eigenvalues_have_their_responses_converted_too():
    law = np.array([-0.3 + 2j, 0.0, -np.inf])
    steps = converted(np.ones((1, 3)), law, 0.1, 0.2, FLOW)[0]
    # Held for two intervals: once, and once more after it has moved on.
    np.testing.assert_allclose(steps, [1 + np.exp(0.1 * law[0]), 2.0, 1.0], rtol=1e-12)
    of_map = converted(np.ones((1, 2)), np.array([-0.4, 0.0]), 1, 3, MAP)[0]
    np.testing.assert_allclose(of_map, [1 - 0.4 + 0.16, 1.0], rtol=1e-12)


def test_uneven_times_of_training_do_not_cost_the_exact_answer_its_digits():
    data = load("rnn_10_2_inputs", jitter=0.02, max_degree=1)
    key, test = data.key, data.test
    assert data.train.dt != pytest.approx(test.dt, rel=1e-6)
    for row in scores_of(ExactModel(key, key.targets, data.train.dt), key, test).targets:
        assert max(row.eigenvalue_error, row.eigenfunction_error) < 1e-11


def test_forecasts_are_made_under_the_inputs_of_the_test_set():
    with_them = scores_of(least_squares()).fit.forecast_error
    without = scores_of(least_squares(use=False)).fit.forecast_error
    assert with_them < 0.5 * without
    linear = random_rnn(4, 2, inputs=1, activation="identity")
    rng = np.random.default_rng(0)
    data = simulate(
        linear, rng.normal(size=(20, 4)), TIMES, inputs=rng.normal(size=(20, len(TIMES), 1))
    )
    model = koopmark.fit("koopmark.qr_edmd", data, dictionary={"kind": "identity"})
    assert scores_of(model, AnswerKey.of(linear), data).fit.forecast_error < 1e-8


def test_a_driven_model_predicts_at_times_in_any_order():
    model, test = least_squares(), driven()
    later = np.array([0.3, 0.1, 0.2])
    v = test.inputs[:, :3]
    jumbled = model.predict(test.states[:, 0], later, inputs=v[:, [2, 0, 1]])
    sorted_ones = model.predict(test.states[:, 0], np.sort(later), inputs=v)
    np.testing.assert_allclose(jumbled, sorted_ones[:, [2, 0, 1]])
    assert model.predict(test.states[:, 0], np.array([0.15]), inputs=v[:, :1]) is None


def test_score_takes_the_key_of_driven_data_from_them():
    table = score(least_squares(), driven())
    assert list(table["target"]) == ["-1 (x4)", "-1 undriven (x2)"]
    other = random_rnn(6, 2, inputs=2, seed=5)
    with pytest.raises(ValueError, match="another Relaxation than the key"):
        score(least_squares(), driven(), key=other)
    # The same weights and another way in.
    with pytest.raises(ValueError, match="another Relaxation than the key"):
        score(least_squares(), driven(), key=SYSTEM.with_inputs(2.0 * SYSTEM.input_weights))
    with pytest.raises(ValueError, match="with 2 inputs, the key is that of one with 0"):
        score(least_squares(), driven(), key=SYSTEM.with_inputs(None))


def test_autonomous_rows_have_no_gain_error_and_no_word_of_it():
    system = three_populations()
    test = simulate(system, np.random.default_rng(0).normal(size=(20, 3)), TIMES)
    key = AnswerKey.of(system)
    (row,) = evaluate(ExactModel(key, key.targets, DT), key, test).targets
    assert np.isnan(row.gain_error)
    assert "gain" not in row.notes


def test_recorded_inputs_that_the_key_knows_nothing_of_are_no_obstacle():
    system = three_populations()
    test = simulate(system, np.random.default_rng(0).normal(size=(20, 3)), TIMES)
    with_some = Trajectories(test.states, TIMES, inputs=np.ones((20, len(TIMES), 1)))
    key = AnswerKey.of(system)
    (row,) = evaluate(ExactModel(key, key.targets, DT), key, with_some).targets
    assert row.eigenfunction_error < 1e-10


def test_a_rank_is_not_inferred_without_the_inputs_of_a_model():
    model, test = least_squares(), driven()
    assert infer_structure(model, test).rank == 2
    with pytest.raises(ValueError, match="fitted to 2 inputs and the data have none"):
        infer_structure(model, replace(test, inputs=None))
    with pytest.raises(ValueError, match="fitted to 2 inputs, the data have 1"):
        infer_structure(model, replace(test, inputs=test.inputs[:, :, :1]))
    holes = test.inputs.copy()
    holes[2, 3] = np.nan
    with pytest.raises(ValueError, match="not finite between states"):
        infer_structure(model, replace(test, inputs=holes))


def test_a_rank_is_inferred_from_a_model_of_another_interval():
    key = AnswerKey.of(SYSTEM)
    for own in (0.0973, 0.2):
        assert infer_structure(ExactModel(key, key.targets, own), driven()).rank == 2


def test_a_full_rank_of_a_model_without_inputs_may_be_that_of_the_inputs():
    system = random_rnn(4, 2, inputs=2)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((30, len(TIMES), 2))
    data = simulate(system, rng.uniform(-2, 2, (30, 4)), TIMES, inputs=inputs)
    bare = Trajectories(data.states, TIMES)
    model = koopmark.fit("koopmark.qr_edmd", bare, dictionary={"kind": "identity"})
    found = infer_structure(model, data)
    assert found.rank == 4
    assert "or inputs reach every such function" in found.note


def test_through_sensors_that_show_all_it_is_the_inputs_that_leave_no_spectrum():
    sensors = Sensors(np.random.default_rng(0).standard_normal((6, 6)))
    assert "the inputs move the system" in AnswerKey.of(SYSTEM, 1, sensors).no_spectrum
    alone = AnswerKey.of(SYSTEM.with_inputs(None), 1, sensors).no_spectrum
    assert "show a part" not in alone
    some = Sensors(sensors.matrix[:5])
    assert "5 sensors show a part of the 6" in AnswerKey.of(SYSTEM, 1, some).no_spectrum
