"""Trajectories that blow up say when, and leave the others alone."""

import numpy as np
import pytest

from koopmark.simulation import simulate
from koopmark.systems import LOG, Drift, LowRank, Relaxation, Shift, activation, lotka_volterra, rnn

FIRST_UNIT = np.array([[1.0], [0.0], [0.0], [0.0]])


def square(x, out=None):
    return np.multiply(x, x, out=out)


# ẋ₁ = -x₁ + x₁²: from x₁(0) = 2 the solution ends at t = log 2; below 1 it decays.
FINITE_TIME = Relaxation(LowRank(FIRST_UNIT, FIRST_UNIT), Shift(), square)
TIMES = np.linspace(0.0, 5.0, 51)


@pytest.mark.parametrize("rtol", [1e-6, 1e-9, 1e-11])
def test_blow_up_in_finite_time_is_flagged_at_its_time(rtol):
    simulated = simulate(FINITE_TIME, [[2.0, 0, 0, 1]], TIMES, rtol=rtol)
    assert simulated.status == ["diverged"]
    assert simulated.diverged_at[0] == pytest.approx(np.log(2.0), rel=rtol)


def test_states_are_nan_after_a_divergence_and_right_before_it():
    states = simulate(FINITE_TIME, [[2.0, 0, 0, 1]], TIMES).states[0]
    before = np.log(2.0) > TIMES
    assert np.isnan(states[~before]).all()
    exact = 1.0 / (1.0 - 0.5 * np.exp(TIMES[before]))
    np.testing.assert_allclose(states[before, 0], exact, rtol=1e-7)


def test_one_divergence_does_not_touch_the_others():
    start = np.array([[0.5, 1, 0, 1], [2.0, 0, 0, 1], [-3.0, 2, 1, 0]])
    together = simulate(FINITE_TIME, start, TIMES)
    assert together.status == ["ok", "diverged", "ok"]
    apart = simulate(FINITE_TIME, start[[0, 2]], TIMES)
    np.testing.assert_allclose(together.states[[0, 2]], apart.states, atol=1e-13)


def test_divergence_is_counted_from_the_first_time():
    simulated = simulate(FINITE_TIME, [[2.0, 0, 0, 1]], TIMES + 3.0)
    assert simulated.diverged_at[0] == pytest.approx(3.0 + np.log(2.0))


def test_exponential_growth_out_of_range_is_a_divergence():
    # ẋ₁ = 399 x₁: norms overflow long before t = 3.
    growing = LowRank(400.0 * FIRST_UNIT, FIRST_UNIT)
    simulated = simulate(rnn(growing, activation="identity"), np.eye(4), np.linspace(0, 3, 31))
    assert simulated.status == ["diverged", "ok", "ok", "ok"]
    assert simulated.diverged_at[0] == pytest.approx(150 * np.log(10) / 399, rel=1e-2)
    assert np.isfinite(simulated.states[1:]).all()


def test_growing_species_of_lotka_volterra_diverge_when_the_solution_does():
    # ẋ₁ = x₁ (1 + x₁) ends at t = log((1 + x₁) / x₁).
    interactions = LowRank(FIRST_UNIT, FIRST_UNIT)
    system = lotka_volterra(interactions, [-1.0, 1, 1, 1], np.eye(4)[:, 3:])
    simulated = simulate(system, [[1.0, 1, 1, 1], [0.5, 1, 1, 1]], TIMES)
    np.testing.assert_allclose(simulated.diverged_at, np.log([2.0, 3.0]), rtol=1e-8)


def test_a_trajectory_too_stiff_to_follow_is_given_up_and_the_others_are_not():
    # ẋ₁ = -1e8 x₁: steps stay below 1e-7 long after x₁ is gone.
    stiff = LowRank(-1e8 * FIRST_UNIT, FIRST_UNIT)
    simulated = simulate(rnn(stiff, activation="identity"), np.eye(4)[:2], np.linspace(0, 50, 6))
    assert simulated.status == ["diverged", "ok"]
    assert simulated.diverged_at[0] < 0.1
    np.testing.assert_allclose(simulated.states[1, -1, 1], np.exp(-50.0))


def test_a_state_that_overflows_while_its_coordinates_do_not_is_a_divergence():
    # y₁ = log x₁ grows to 1500 unharmed, but x₁ = e^{y₁} overflows at y₁ = 709.78.
    system = Drift(
        LowRank(FIRST_UNIT, FIRST_UNIT),
        LOG,
        activation("tanh"),
        np.array([-300.0, 1, 1, 1]),
        np.eye(4)[:, 3:],
    )
    simulated = simulate(system, np.ones((1, 4)), TIMES)
    assert simulated.diverged_at[0] == pytest.approx(709.78 / 301, rel=1e-3)
    assert np.isfinite(simulated.states[0, simulated.diverged_at[0] >= TIMES]).all()


def test_a_velocity_that_is_not_finite_at_the_start_diverges_there():
    def pole(x, out=None):
        return np.divide(1.0, x, out=out)

    system = Relaxation(LowRank(FIRST_UNIT, FIRST_UNIT), Shift(), pole)
    simulated = simulate(system, [[0.0, 1, 1, 1], [1.0, 1, 1, 1]], TIMES)
    assert simulated.status == ["diverged", "ok"]
    assert simulated.diverged_at[0] == TIMES[0]
    assert np.isnan(simulated.states[0, 1:]).all()
