"""Forecasts of held-out data by lead."""

from dataclasses import dataclass

import numpy as np
import pytest

from koopmark.models import Model
from koopmark.scoring._forecasts import (
    LONGEST_LEAD,
    lead_errors,
    leads_of,
    of_model,
    scale_of,
)
from koopmark.simulation import Trajectories


def walk(lengths, seed=0, n=2):
    """Random walks of unit steps: persistence is off by √k after k steps."""
    rng = np.random.default_rng(seed)
    return Trajectories.from_arrays(
        [np.cumsum(rng.standard_normal((one, n)), axis=0) for one in lengths], dt=0.5
    )


def persistence(windows, steps, inputs):
    return np.repeat(windows[:, -1:], len(steps), axis=1)


@pytest.mark.parametrize("lengths", [[4000], [40] * 200, [10, 20, 40] * 100])
def test_persistence_of_a_random_walk_is_off_by_the_root_of_the_lead(lengths):
    found = list(lead_errors(persistence, 1, walk(lengths), np.ones(2)))
    told = [one for one in found if one.forecasts >= 200 and one.steps < 40]
    assert len(told) >= 3
    for one in told:
        assert one.error == pytest.approx(np.sqrt(one.steps), rel=0.2)


def test_a_single_trial_is_forecast_from_many_starts_and_trials_from_each():
    for data, least in ((walk([2000]), 100), (walk([30] * 12), 100)):
        first = next(lead_errors(persistence, 1, data, np.ones(2)))
        assert (first.steps, first.forecasts >= least) == (1, True)
    assert leads_of(walk([5000])).max() == LONGEST_LEAD


def test_no_forecast_crosses_a_gap():
    states = np.arange(40.0)[None, :, None].copy()
    states[0, 20] = np.nan
    found = list(lead_errors(persistence, 3, Trajectories(states, dt=1.0), np.ones(1)))
    assert [one.error for one in found] == pytest.approx([one.steps for one in found])
    assert max(one.steps for one in found) <= 18


@dataclass(frozen=True)
class Driven(Model):
    """x⁺ = 0.9 x + v, told exactly."""

    growth: float = 0.9
    window: int = 1
    dt: float = 0.5
    eigenvalues: np.ndarray = None

    def eigenfunctions(self, windows):
        return windows[:, -1]

    @property
    def gains(self):
        return np.ones((1, 1))

    def predict(self, windows, times, inputs=None):
        state, made = windows[:, -1], []
        for k in range(len(times)):
            state = self.growth * state + (0.0 if inputs is None else inputs[:, k])
            made.append(state)
        return np.stack(made, axis=1)


def test_a_model_with_inputs_is_given_those_from_each_start_on():
    rng = np.random.default_rng(0)
    inputs, states = rng.standard_normal((3, 30, 1)), np.zeros((3, 30, 1))
    for t in range(29):
        states[:, t + 1] = 0.9 * states[:, t] + inputs[:, t]
    data = Trajectories(states, dt=0.5, inputs=inputs)
    found = list(lead_errors(of_model(Driven(), data.dt), 1, data, scale_of(data)))
    assert found[0].forecasts > 3
    assert max(one.error for one in found) < 1e-12


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("growth", [1e40, -1e40, np.nan])
def test_the_error_of_a_forecast_that_blows_up_is_infinite_and_no_other(growth):
    def predict(windows, steps, inputs):
        return windows[:, -1:] * np.power(growth, steps.astype(float))[:, None]

    found = list(lead_errors(predict, 1, walk([50] * 4), np.ones(2)))
    assert not any(np.isnan(one.error) for one in found)
    assert np.isinf(found[-1].error)


def test_a_constant_channel_is_no_unit():
    data = Trajectories(np.stack([np.arange(9.0), np.full(9, 0.1)], axis=1)[None], dt=1.0)
    assert scale_of(data).tolist() == [pytest.approx(np.arange(9.0).std()), 1.0]
