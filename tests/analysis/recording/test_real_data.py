"""Recordings that nobody made for koopmark: what is known of them, and what is said of them."""

import numpy as np
import pandas as pd
import pytest

import koopmark
from koopmark import Trajectories
from koopmark.analysis.recording._clusters import cluster
from koopmark.models import LinearModel
from koopmark.scoring import assess, leads_of, residuals

DT = 0.1


def turning(count, lengths):
    """Trials of a decaying rotation in two channels, with noise."""
    rng = np.random.default_rng(0)
    step = np.exp(-0.03) * np.array([[np.cos(0.2), np.sin(0.2)], [-np.sin(0.2), np.cos(0.2)]])
    trials = []
    for _, length in zip(range(count), lengths, strict=True):
        states = [rng.normal(size=2)]
        while len(states) < length:
            states.append(states[-1] @ step)
        trials.append(np.array(states) + 0.01 * rng.normal(size=(length, 2)))
    return trials


def test_trials_of_one_length_are_assessed_as_ragged_ones_are():
    data = Trajectories.from_arrays(turning(6, [40] * 6), dt=DT)
    states = np.concatenate([data.states, np.full((6, 1, 2), np.nan)], axis=1)
    ragged = Trajectories(states, dt=DT)
    model = koopmark.fit("koopmark.qr_edmd", data)
    one, other = (assess(model, held, held) for held in (data, ragged))
    assert [f.steps for f in one.forecasts] == [f.steps for f in other.forecasts]
    for mine, same in zip(one.forecasts, other.forecasts, strict=True):
        assert mine.error == pytest.approx(same.error)


def test_how_far_off_a_hopeless_pair_is_has_no_thirty_digits():
    # e^{λt} is 1e-43 at the longest lag: relative to it everything is infinitely wrong.
    rng = np.random.default_rng(0)
    data = Trajectories(np.cumsum(rng.normal(size=(200, 1)), axis=0), dt=1.0)
    model = LinearModel(lambda states: states, np.eye(1), np.array([-2.0 + 0j]), 1.0)
    (row,) = residuals(model, data).to_dict("records")
    assert row["verdict"] == "not supported"
    assert "above 1,000 %" in row["reason"]


def a_pair(method, value, verdict, half=0.05):
    """A row of the table of pairs, with an interval of this half width around its eigenvalue."""
    bounds = {"low_re": value.real - half, "high_re": value.real + half}
    bounds |= {"low_im": value.imag - half, "high_im": value.imag + half}
    values = {"eigenvalue_re": value.real, "eigenvalue_im": value.imag, "eigenvalue_bound": 0.01}
    return {"method": method, "verdict": verdict, **values, **bounds}


def test_a_rate_that_methods_share_is_a_cluster_though_held_out_data_refuse_it():
    # The annual cycle in the record of Mauna Loa, which weather disturbs.
    refused = [a_pair(f"m{k}", 0.01 * k + 6.28j, "not supported") for k in range(3)]
    held = [a_pair(f"m{k}", -0.5 + 0.01 * k, "supported", half=0.01) for k in range(2)]
    lone = [a_pair("m4", -3.0 + 9.0j, "not supported")]
    pairs = pd.DataFrame([*refused, *lone, *held])
    table, names = cluster(pairs, horizon=20.0, of=5)
    assert table[["name", "methods", "supported"]].to_numpy().tolist() == [["A", 2, 2], ["B", 3, 0]]
    assert list(names) == ["B", "B", "B", "", "A", "A"]


def test_one_estimate_under_two_names_is_no_agreement():
    value = -1.7 + 19.4j
    twice = [a_pair(name, value * (1 + 1e-13 * k), "cannot be told") for k, name in enumerate("ab")]
    assert cluster(pd.DataFrame(twice), horizon=20.0, of=5)[0].empty
    apart = [*twice, a_pair("c", value + 0.01, "cannot be told")]
    (row,) = cluster(pd.DataFrame(apart), horizon=20.0, of=5)[0].to_dict("records")
    assert row["methods"] == 3


def test_a_single_trial_is_forecast_from_many_of_its_states():
    rng = np.random.default_rng(0)
    walk = Trajectories(np.cumsum(rng.normal(size=(400, 1)), axis=0), dt=1.0)
    model = koopmark.fit("koopmark.qr_edmd", walk)
    made = {one.steps: one for one in assess(model, walk).forecasts}
    assert min(one.forecasts for one in made.values()) >= 50
    assert max(made) == 399 // 3
    # A step of the walk is all that a forecast of one step misses.
    assert made[1].error == pytest.approx(1.0 / walk.states.std(), rel=0.3)


def test_many_trials_are_forecast_to_the_end_of_those_that_last():
    data = Trajectories.from_arrays([np.ones((length, 1)) for length in (9, 9, 9, 30)], dt=1.0)
    assert leads_of(data).max() == 29 // 3
    assert leads_of(data[:3]).max() == 8
