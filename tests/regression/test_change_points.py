"""What counts as a new level, on histories that are made up."""

import numpy as np
import pytest

from koopmark.regression.trends import FEWEST, change_points


def found_within_one(rng, count, noise):
    """Whether a step of 0.5, anywhere, is found at most one run off."""
    values = -6.0 + noise * rng.standard_normal(count)
    start = int(rng.integers(1, count))
    values[start:] += 0.5
    return any(abs(found - start) <= 1 for found in change_points(values))


@pytest.mark.slow
@pytest.mark.spread(5)
@pytest.mark.parametrize("count", [4, 6, 12, 30])
@pytest.mark.parametrize("noise", [0.02, 0.1, 0.5])
def test_noise_alone_has_a_change_point_in_fewer_than_one_history_of_twenty(count, noise):
    rng = np.random.default_rng([count, int(100 * noise)])
    alarms = [bool(change_points(noise * rng.standard_normal(count))) for _ in range(300)]
    assert np.mean(alarms) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("count", [12, 30])
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_a_step_of_half_a_decade_is_found_within_one_run(count, noise):
    rng = np.random.default_rng(count)
    found = [found_within_one(rng, count, noise) for _ in range(200)]
    assert np.mean(found) >= (0.95 if noise else 1.0)


@pytest.mark.slow
def test_noise_of_a_tenth_of_a_decade_hides_few_steps_of_half_of_one():
    rng = np.random.default_rng(0)
    assert np.mean([found_within_one(rng, 20, 0.1) for _ in range(200)]) >= 0.85


def test_every_step_is_found_where_it_is():
    values = [-14.0] * 4 + [-6.0] * 3 + [-8.0] * 3
    assert change_points(values) == [4, 7]


def test_the_very_last_run_can_be_a_new_level():
    assert change_points([-6.0] * 6 + [-3.0]) == [6]


def test_what_stays_has_no_change_point():
    assert change_points([-7.0] * 10) == []


def test_small_changes_are_not_reported():
    assert change_points([0.0] * 10 + [0.2] * 10) == []
    assert change_points([0.0] * 10 + [0.2] * 10, least=0.04, spread=0.01) == [10]


def test_few_runs_have_no_levels():
    assert change_points([0.0] * (FEWEST - 2) + [9.0]) == []
    assert change_points([]) == []


@pytest.mark.parametrize(("step", "starts"), [(0.145, []), (0.175, [20]), (0.9, [20])])
def test_a_step_counts_from_what_the_median_of_the_differences_makes_of_the_noise(step, starts):
    # That noise has a deviation of 0.1: the change at 20 of 40 values costs what 0.159 would gain.
    values = 0.1 * np.sqrt(2) / 1.4826 * np.resize([0.0, 1.0], 40)
    values[20:] += step
    assert change_points(values, least=0.1) == starts
