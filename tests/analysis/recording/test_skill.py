"""Forecasts beside what needs no model."""

import numpy as np
import pandas as pd
from scipy.linalg import expm

from koopmark import Trajectories
from koopmark.analysis.recording._skill import linear_predictor, skill_of

DT = 0.1
A = np.array([[-0.3, 1.2, 0.0], [-1.2, -0.3, 0.0], [0.0, 0.0, -0.8]])


def trials(seed, count, inputs=False, noise=0.0):
    """Ragged trials of a linear system, driven by two white inputs if asked."""
    rng, step = np.random.default_rng(seed), expm(A * DT)
    gains = np.array([[1.0, 0.0], [0.0, 0.5], [0.3, 0.3]])
    states, held = [], []
    for _ in range(count):
        length = int(rng.integers(15, 30))
        u = rng.normal(size=(length, 2)) if inputs else np.zeros((length, 2))
        x = [rng.normal(size=3) + 1.0]
        for k in range(length - 1):
            x.append(step @ x[-1] + gains @ u[k])
        states.append(np.array(x) + noise * rng.normal(size=(length, 3)))
        held.append(u)
    return Trajectories.from_arrays(states, dt=DT, inputs=held if inputs else None)


def rows(method, steps, errors):
    leads = DT * np.array(steps)
    return pd.DataFrame(
        {"method": method, "steps": steps, "lead": leads, "error": errors, "forecasts": 9}
    )


def test_the_linear_predictor_is_exact_for_a_linear_system_at_every_lead():
    train, held_out = trials(0, 8), trials(1, 4)
    table = skill_of(rows("m", [1, 4, 9], 0.1), {"m": 1}, train, held_out)
    errors = table.pivot_table(index="method", columns="steps", values="error")
    assert (errors.loc["linear"] < 1e-12).all()
    assert (errors.loc[["persistence", "mean"]] > 0.01).all(axis=None)


def test_inputs_held_in_between_belong_to_the_linear_predictor():
    train = trials(0, 30, inputs=True)
    x, u = train[3].states[0], train[3].inputs[0]
    coefficients = linear_predictor(train, 3)
    predicted = np.concatenate([[1.0], x[2], u[2:5].ravel()]) @ coefficients
    np.testing.assert_allclose(predicted, x[5], atol=1e-10)
    held_out = trials(1, 4, inputs=True)
    table = skill_of(rows("m", [3], 0.1), {"m": 1}, train, held_out)
    assert table.loc[table["method"] == "linear", "error"].item() < 1e-10


def test_inputs_that_there_are_too_few_data_for_are_left_out():
    assert len(linear_predictor(trials(0, 2, inputs=True), 6)) == 1 + 3


def test_skill_is_against_the_best_baseline_from_the_same_starts():
    train, held_out = trials(0, 8, noise=0.1), trials(1, 4, noise=0.1)
    own = skill_of(rows("m", [2, 5], 0.1), {"m": 1}, train, held_out)
    best = own[own["method"] != "m"].groupby("steps")["error"].min()
    assert own.loc[own["error"].isin(best), "skill"].eq(0.0).all()
    expected = 1.0 - (0.1 / best.to_numpy()) ** 2
    np.testing.assert_allclose(own.loc[own["method"] == "m", "skill"], expected)
    # A method that takes four states starts three later, where these trials have decayed.
    later = skill_of(rows("m", [2, 5], 0.1), {"m": 4}, train, held_out)
    assert (later["skill"].to_numpy()[-2:] != own["skill"].to_numpy()[-2:]).all()


def test_forecasts_within_one_trial_are_not_independent():
    train, held_out = trials(0, 8), trials(1, 4)
    many = rows("m", [2], 0.1).assign(forecasts=80)
    table = skill_of(many, {"m": 1}, train, held_out)
    assert table["independent"].eq(4).all()
    assert table.loc[table["method"] == "mean", "forecasts"].item() > 40
    single = skill_of(many, {"m": 1}, train, held_out[:1])
    assert single["independent"].eq(int(held_out[:1].recorded.mask.sum() - 1) // 2).all()
