"""When a difference of times is a slowdown, on times that are made up."""

import numpy as np
import pytest

from slowdown import LIMIT, confirmed, markdown, slowdown


def times(factor, noise=0.0, pairs=5, rounds=8, seed=0):
    """Seconds (pairs, rounds, 2, 2) with a disturbance of each pair, of either sign."""
    rng = np.random.default_rng(seed)
    seconds = np.ones((pairs, rounds, 2, 2))
    seconds[:, :, 0, 0] *= factor * np.exp(noise * rng.standard_normal((pairs, 1)))
    return seconds


def test_a_factor_is_found_as_it_is():
    found = slowdown("simulation", times(1.3))
    assert (found.low, found.middle, found.high) == pytest.approx((1.3, 1.3, 1.3))
    assert found.suspect


def test_what_the_machine_does_to_a_process_is_taken_out_by_the_reference():
    seconds = times(1.0)
    # Each process of each pair has a speed of its own.
    seconds *= np.random.default_rng(1).uniform(0.5, 2.0, (5, 1, 2, 1))
    found = slowdown("simulation", seconds)
    assert found.middle == pytest.approx(1.0)
    assert not 0.95 < found.raw < 1.05


def test_a_few_disturbed_rounds_count_for_nothing():
    seconds = times(1.0)
    seconds[:, :3, 0, 0] *= 5.0
    assert slowdown("simulation", seconds).middle == pytest.approx(1.0)


def test_one_pair_that_is_not_slower_acquits():
    seconds = times(1.5)
    seconds[2] = 1.0
    assert not slowdown("simulation", seconds).suspect


@pytest.mark.parametrize("factor", [0.5, 1.0, LIMIT - 0.01])
def test_what_is_within_the_limit_is_no_suspect(factor):
    assert not slowdown("simulation", times(factor)).suspect


def test_the_interval_covers_the_median_as_often_as_it_says():
    inside = [
        (found := slowdown("k", times(1.2, noise=0.1, seed=seed))).low < 1.2 < found.high
        for seed in range(2000)
    ]
    assert np.mean(inside) == pytest.approx(15 / 16, abs=0.02)


def test_pure_noise_alarms_less_than_once_in_a_thousand():
    """Noise of 10 % between pairs, more than twice what was seen; two measurements must agree."""
    alarms = [
        confirmed(
            [slowdown("k", times(1.0, noise=0.1, seed=2 * run))],
            [slowdown("k", times(1.0, noise=0.1, seed=2 * run + 1))],
        )
        for run in range(2000)
    ]
    assert sum(map(bool, alarms)) <= 2


def test_only_what_both_measurements_find_is_confirmed_and_the_worst_comes_first():
    first = [slowdown(name, times(f)) for name, f in (("a", 1.3), ("b", 1.5), ("c", 1.0))]
    second = [slowdown(name, times(f)) for name, f in (("a", 1.3), ("b", 1.5), ("c", 1.4))]
    assert [it.kernel for it in confirmed(first, second)] == ["b", "a"]
    assert confirmed(first, [slowdown("a", times(1.0))]) == []


def test_the_table_has_a_row_for_each_kernel():
    text = markdown([slowdown("simulation", times(1.3))])
    assert "| simulation | 1.3e+03 | 1.300 | 1.300 to 1.300 |" in text
