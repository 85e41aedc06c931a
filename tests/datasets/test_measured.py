"""What is measured of a recording is what it was made with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark._config import parse
from koopmark.datasets import Measured
from koopmark.datasets.trials_section import TrialsSection
from koopmark.simulation import Trajectories

DT = 0.1
TURN = np.exp(-0.3 * DT) * np.array(
    [[np.cos(1.2 * DT), np.sin(1.2 * DT)], [-np.sin(1.2 * DT), np.cos(1.2 * DT)]]
)


def ragged(seed=0, channels=12, noise=0.02, trials=40):
    """Trials of a linear system with rates -0.3 ± 1.2i and -0.8, and white noise."""
    rng = np.random.default_rng(seed)
    step = np.zeros((3, 3))
    step[:2, :2], step[2, 2] = TURN, np.exp(-0.8 * DT)
    seen, arrays = rng.normal(size=(3, channels)), []
    for _ in range(trials):
        x, states = rng.normal(size=3), []
        for _ in range(rng.integers(25, 50)):
            states.append(x @ seen)
            x = x @ step
        arrays.append(np.array(states) + noise * rng.normal(size=(len(states), channels)))
    return Trajectories.from_arrays(arrays, dt=DT)


@pytest.mark.parametrize("seed", range(3))
def test_the_rank_above_noise_of_ragged_trials_is_that_of_the_system(seed):
    found = Measured.of(ragged(seed))
    assert (found.rank, found.signal) == (12, 3)


def test_rates_of_a_linear_fit_are_those_of_the_system():
    found = Measured.of(ragged())
    np.testing.assert_allclose(
        found.rates[:2], [-0.3 + 1.2j, -0.3 - 1.2j], atol=4 * found.rate_errors[0]
    )
    assert found.rates[2] == pytest.approx(-0.8, abs=4 * found.rate_errors[2])


@given(
    st.floats(0.0, 0.4), st.floats(2.0, 8.0), st.floats(0.0, 0.1), st.floats(0.3, 1.0),
    st.floats(0.0, 0.25), st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_what_is_missing_and_uneven_is_measured(gaps, gap, missing, shortest, jitter, seed):
    keys = {"gaps": gaps, "gap": gap, "missing": missing, "shortest": shortest, "jitter": jitter}
    section = parse(keys, TrialsSection, "here")
    rng, key, even = np.random.default_rng(seed), {"seed": seed}, DT * np.arange(201)
    there = section.recorded((40, 201, 5), key)
    states = np.where(there, rng.normal(size=there.shape), np.nan)
    found = Measured.of(Trajectories(states, section.times(even, 40, key)))
    assert found.gaps_drawn == pytest.approx(gaps, abs=0.01)
    assert found.missing == pytest.approx(missing, abs=0.003)
    assert found.jitter == pytest.approx(jitter, rel=0.1, abs=1e-3)
    assert found.dt == pytest.approx(DT, rel=1e-3)
