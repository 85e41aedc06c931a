"""Methods and draws are chosen by the size of a recording, and what is left out is said."""

import numpy as np
import pandas as pd
import pytest

from koopmark import Trajectories
from koopmark.analysis.recording._intervals import Intervals
from koopmark.analysis.recording._suite import (
    DRAWS,
    FEWEST_DRAWS,
    chosen,
    draws_for,
    suite_text,
)
from koopmark.analysis.recording._tables import METHODS, data_of, methods_of
from koopmark.datasets.measured import Measured
from koopmark.scoring._supported import Windows


def recorded(trials, length, channels):
    """Of no memory: one number, seen as so many."""
    states = np.broadcast_to(np.float64(1.0), (trials, length, channels))
    return Trajectories(states, dt=0.1)


def used(choice):
    return {entry["use"] for entry in choice.entries}


def test_of_small_data_nothing_is_left_out():
    choice = chosen(recorded(40, 40, 12))
    assert not choice.left_out
    assert len(choice.entries) == 13


@pytest.mark.parametrize(
    ("shape", "method", "why"),
    [
        ((1, 1_000_000, 3), "koopmark.optimised_dmd", "a trial of 1,000,000 states"),
        ((1, 1_000_000, 3), "pydmd.subspacedmd", "8,000.0 GB"),
        ((40, 50, 1000), "koopmark.tls_edmd[degree=1]", "a fit to 1,000 channels"),
        ((40, 50, 1000), "deeptime.vamp", "a fit to 1,000 channels"),
        ((40, 50, 1000), "koopmark.qr_edmd[degree=2]", "1,000 channels have 501,501 monomials"),
        ((10, 11, 12), "koopmark.qr_edmd[degree=2]", "455"),
    ],
)
def test_what_is_left_out_has_a_reason(shape, method, why):
    choice = chosen(recorded(*shape))
    assert why in choice.left_out[method]
    assert len(choice.entries) + len(choice.left_out) == 13


@pytest.mark.parametrize("shape", [(1, 1_000_000, 3), (40, 50, 1000)])
def test_large_data_leave_several_methods_and_enough_draws_for_intervals(shape):
    data = recorded(*shape)
    assert {"koopmark.qr_edmd", "kooplearn.ridge", "pydmd.dmd"} <= used(chosen(data))
    assert draws_for(data) == FEWEST_DRAWS
    assert draws_for(recorded(40, 40, 12)) == DRAWS


def test_methods_left_out_are_rows_without_a_fit():
    fits = pd.DataFrame(
        [["a", "lib", "ok", "", 3, 1, 9, 9, "", 0.1, 0.2, 0, "method"]],
        columns=[
            *("method", "library", "status", "reason", "recovered", "verified", "pairs_used"),
            *("pairs", "notes", "fit_seconds", "forecast_error", "seed", "role"),
        ],
    )
    left_out = pd.DataFrame({"method": ["lib.b[degree=2]"], "reason": ["too many"]})
    table = methods_of({"fits": fits}, left_out)
    assert list(table.columns) == METHODS
    assert table[["method", "library", "status", "reason"]].values.tolist() == [
        ["a", "lib", "ok", ""],
        ["lib.b[degree=2]", "lib", "left out", "too many"],
    ]


def test_fewer_draws_than_usual_are_a_row_of_what_was_measured():
    rng = np.random.default_rng(0)
    measured = Measured.of(Trajectories(rng.normal(size=(4, 30, 2)), dt=0.1))
    assert "draws" not in set(data_of(measured, 20, 20)["what"])
    told = data_of(measured, 8, 20).iloc[-1]
    assert (told["what"], told["value"]) == ("draws", "8")
    assert "no intervals" in data_of(measured, 1, 20).iloc[-1]["meaning"]


def test_intervals_of_the_fewest_draws_are_as_often_right():
    rng, trials, within = np.random.default_rng(0), 28, 0
    for _ in range(500):
        found = rng.normal(-1.0, 0.3, trials)
        drawn = found[rng.integers(trials, size=(FEWEST_DRAWS, trials))].mean(axis=1)
        of = Intervals.of(
            np.array([found.mean() + 0j]), list(drawn[:, None] + 0j), trials, horizon=10.0
        )
        within += of.low.real[0] <= -1.0 <= of.high.real[0]
    # Of a nominal 90 %, within three standard errors.
    assert 430 <= within <= 470


def test_a_suite_has_the_limit_of_time(tmp_path):
    text = suite_text(tmp_path / "data.npz", [{"use": "pydmd.dmd"}], 0.3, 8, {}, 20.0)
    assert "[limits]\nseconds = 20\n" in text


def test_states_far_apart_are_paired_without_what_lies_between():
    from koopmark.scoring._plane import FLOW

    class Model:
        window, gains = 2, None

    rng = np.random.default_rng(0)
    states = rng.normal(size=(3, 200, 1))
    states[1, 50] = np.nan
    data = Trajectories(states, dt=1.0)
    lags = Windows.of(data, Model(), FLOW).lags
    rows = data.recorded.windows(2)[:, 0]
    for k, both in lags.items():
        whole = data.recorded.windows(2 + k)
        assert (rows[both] == whole[:, [0, k]].T).all()
    assert max(lags) >= 27
