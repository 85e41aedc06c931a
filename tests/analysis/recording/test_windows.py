"""Windows of delays are chosen by the time scale of a recording."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import koopmark
from koopmark import Trajectories
from koopmark.analysis.recording._suite import FEWEST_VALUES, MOST_VALUES, SHORTEST, chosen

DT = 0.1


def windows(data):
    return [
        entry["options"]["delays"]
        for entry in chosen(data).entries
        if "delays" in entry.get("options", {})
    ]


def turning(period, steps, noise=0.05, seed=0):
    times = np.arange(steps) * DT
    noisy = noise * np.random.default_rng(seed).normal(size=steps)
    return Trajectories.from_arrays([(np.cos(2 * np.pi / period * times) + noisy)[:, None]], dt=DT)


def van_der_pol(steps):
    times = np.arange(steps) * DT
    told = solve_ivp(
        lambda t, x: [x[1], (1 - x[0] ** 2) * x[1] - x[0]], (0, times[-1]), [2, 0], t_eval=times
    )
    noisy = told.y[:1] + 0.1 * np.random.default_rng(1).normal(size=steps)
    return Trajectories.from_arrays([noisy.T], dt=DT)


@pytest.mark.parametrize(
    ("data", "frequency"),
    [(turning(6.0, 1200), 2 * np.pi / 6.0), (van_der_pol(1200), 2 * np.pi / 6.6633)],
    ids=["rotation", "van der Pol"],
)
def test_a_method_with_delays_finds_the_frequency_of_one_noisy_channel(data, frequency):
    # 60 and 67 samples a period: a window of 12 of them finds the second 5 % too fast.
    missed = []
    for entry in chosen(data).entries:
        options = entry.get("options", {})
        if "delays" in options:
            values = koopmark.fit(entry["use"], data, **options).eigenvalues
            at = values[np.abs(values - 1j * frequency).argmin()]
            missed.append(abs(at - 1j * frequency) / frequency)
    assert min(missed) < 0.005


def test_windows_are_as_long_as_the_time_scale_asks_for_up_to_a_bound():
    assert windows(turning(1.0, 1200))[0] == FEWEST_VALUES
    fast, slow = windows(turning(4.0, 1200))[0], windows(turning(8.0, 1200))[0]
    assert 1.7 < slow / fast < 2.3
    assert windows(turning(100.0, 4000))[0] == MOST_VALUES


def test_windows_leave_pairs_enough_to_fit_and_fit_into_trials():
    rng = np.random.default_rng(0)
    slow = np.cumsum(rng.normal(size=(50, 15, 1)), axis=1)
    assert windows(Trajectories.from_arrays(list(slow), dt=DT))[0] <= FEWEST_VALUES
    wide = Trajectories.from_arrays([rng.normal(size=(200, 40))], dt=DT)
    assert not windows(wide)
    delays = [
        entry["options"] for entry in chosen(wide).entries if entry["use"] == "pykoop.dmd_delays"
    ]
    assert delays == [{"n_delays_state": SHORTEST - 1}]
