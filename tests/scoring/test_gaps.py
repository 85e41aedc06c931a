"""Test data as people record them: gaps, unequal lengths, uneven times."""

from dataclasses import replace

import numpy as np
import pytest

from koopmark import fit, infer_structure
from koopmark.datasets import AnswerKey
from koopmark.methods.anchors import ExactModel
from koopmark.methods.dictionaries import Identity
from koopmark.models import LinearModel
from koopmark.scoring import evaluate, statistical_floors
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import random_linear, random_rnn, three_populations

SYSTEM = three_populations()
KEY = AnswerKey.of(SYSTEM, 2)
TIMES = np.linspace(0.0, 3.0, 31)
STARTS = np.random.default_rng(0).normal(0.0, 1.5, (24, 3))
WHOLE = simulate(SYSTEM, STARTS, TIMES)


def with_gaps(data=WHOLE, share=0.2, seed=0):
    states = np.where(
        np.random.default_rng(seed).random(data.states.shape[:2])[..., None] < share,
        np.nan,
        data.states,
    )
    return replace(data, states=states)


GAPS = with_gaps()


def test_the_answer_key_scores_as_exact_on_data_with_gaps():
    scores = evaluate(ExactModel(KEY, KEY.targets, 0.1), KEY, GAPS)
    assert len(scores.targets) == 2
    for row in scores.targets:
        assert row.eigenfunction_error < 1e-9
        assert row.eigenvalue_error == 0.0
        assert row.target_residual < 1e-9
    assert scores.fit.verified == scores.fit.recovered
    assert scores.fit.rank_error == 0.0
    assert len(scores.portraits) == 2


def test_a_gap_in_every_trajectory_moves_errors_little_and_floors_not_at_all():
    # A model that errs: DMD in the state, on a nonlinear network.
    model = fit("koopmark.qr_edmd", WHOLE, dictionary=Identity())
    whole, gaps = (evaluate(model, KEY, data) for data in (WHOLE, with_gaps(share=0.1)))
    assert whole.fit.forecast_error > 1e-3
    for score in ("forecast_error", "residual_median"):
        assert getattr(gaps.fit, score) == pytest.approx(getattr(whole.fit, score), rel=0.6)
    for one, other in zip(whole.targets, gaps.targets, strict=True):
        assert other.eigenfunction_error == pytest.approx(one.eigenfunction_error, rel=0.3, abs=0.1)
        assert other.oracle_floor == pytest.approx(one.oracle_floor, rel=0.3, abs=1e-9)


def test_trajectories_cut_at_the_end_score_as_what_is_left_of_them():
    states = WHOLE.states.copy()
    states[:, 20:] = np.nan
    model = fit("koopmark.qr_edmd", WHOLE, dictionary=Identity())
    cut = evaluate(model, KEY, Trajectories(states, TIMES))
    short = evaluate(model, KEY, Trajectories(WHOLE.states[:, :20], TIMES[:20]))
    assert cut.fit.forecast_error == pytest.approx(short.fit.forecast_error, rel=1e-9)
    for one, other in zip(cut.targets, short.targets, strict=True):
        assert one.eigenfunction_error == pytest.approx(other.eigenfunction_error, rel=1e-6)
        assert one.target_residual == pytest.approx(other.target_residual, rel=1e-3)
    for one, other in zip(cut.portraits, short.portraits, strict=True):
        np.testing.assert_allclose(one.recovered, other.recovered, rtol=1e-6, atol=1e-9)


def test_without_a_window_in_a_row_only_eigenvalues_are_scored():
    states = WHOLE.states.copy()
    states[:, 4::5] = np.nan
    rates = np.array([-1.0, -2.0], complex)
    model = LinearModel(lambda rows: rows, np.eye(15)[:, :2], rates, 0.1, window=5)
    scores = evaluate(model, KEY, Trajectories(states, TIMES))
    assert "no 5 states in a row, 4 at most without a gap" in scores.fit.notes
    assert "oracle_floor, forecast_error, portrait: no window" in scores.fit.notes
    assert np.isnan([scores.fit.forecast_error, scores.fit.rank_error]).all()
    assert scores.portraits == ()
    for row in scores.targets:
        assert np.isfinite(row.eigenvalue_error)
        assert np.isnan([row.eigenfunction_error, row.oracle_floor]).all()
    assert all(np.isnan(pair.residual) for pair in scores.eigenpairs)


def test_at_uneven_times_functions_are_scored_everywhere_and_residuals_an_interval_apart():
    times = np.cumsum(np.r_[0.0, 0.05 * 1.1 ** np.arange(20)])
    data = simulate(SYSTEM, STARTS, times)
    scores = evaluate(ExactModel(KEY, KEY.targets, 0.1), KEY, data)
    assert scores.fit.verified == scores.fit.recovered
    assert max(row.eigenfunction_error for row in scores.targets) < 1e-9


def test_structure_is_inferred_from_stretches_and_asks_for_trajectories_not_for_stretches():
    system = random_rnn(5, 2)
    starts = np.random.default_rng(2).uniform(-3.0, 3.0, (20, 5))
    data = simulate(system, starts, np.linspace(0.0, 4.0, 41))
    model = fit("koopmark.qr_edmd", data, dictionary=Identity())
    assert infer_structure(model, with_gaps(data, 0.05)).rank == 2
    # Three trajectories in many pieces show three null vectors, and may hide others.
    with pytest.raises(ValueError, match="3 trajectories show 3 null vectors"):
        infer_structure(model, with_gaps(data[:3], 0.05))


@pytest.mark.parametrize("system", [SYSTEM, random_linear(3, seed=1, pairs=1)])
def test_the_bound_of_data_in_parts_is_that_of_the_whole(system):
    key = AnswerKey.of(system)
    data = simulate(system, STARTS, TIMES)
    whole = statistical_floors(key, data, 0.01, data)
    # The same records, at times that are not said to be even: the other way to the flow.
    shifted = np.tile(TIMES, (24, 1)) + np.arange(24)[:, None]
    apart = statistical_floors(key, Trajectories(data.states, shifted), 0.01, data)
    assert len(whole) > 0
    for one, other in zip(whole, apart, strict=True):
        assert other.eigenvalue == pytest.approx(one.eigenvalue, rel=1e-6)
        assert other.sine == pytest.approx(one.sine, rel=0.05)


@pytest.mark.parametrize("system", [SYSTEM, random_linear(3, seed=1, pairs=1)])
def test_uneven_times_and_gaps_cost_about_what_they_leave_out(system):
    key = AnswerKey.of(system)
    jitter = TIMES + np.r_[0.0, np.random.default_rng(3).uniform(-0.02, 0.02, 30)]
    even, uneven = (simulate(system, STARTS, times) for times in (TIMES, jitter))
    floors = [
        np.array([one.eigenvalue for one in statistical_floors(key, data, 0.01, even)])
        for data in (even, uneven, with_gaps(even, 0.5))
    ]
    np.testing.assert_allclose(floors[1], floors[0], rtol=0.1)
    ratio = floors[2] / floors[0]
    assert (ratio > 1.2).all()
    assert (ratio < 2.0).all()
