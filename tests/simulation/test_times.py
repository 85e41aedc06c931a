"""Which times are even: those that are so to the rounding of their own digits, and no others."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from koopmark.simulation import Trajectories
from koopmark.simulation._times import interval_of, times_of

counts = st.integers(3, 200)
steps = st.floats(1e-6, 1e6)
starts = st.floats(-1e6, 1e6)


def dt_of(times):
    times = np.asarray(times)
    return Trajectories(np.zeros((1, len(times), 1)), times).dt


@given(counts, steps, starts)
def test_an_even_grid_in_float64_is_even(count, dt, start):
    assume(abs(start) < 1e9 * dt)
    times = start + dt * np.arange(count)
    assert dt_of(times) == pytest.approx(dt, rel=1e-6)


@given(counts, steps)
def test_times_that_were_summed_step_by_step_are_even(count, dt):
    assert dt_of(np.cumsum(np.full(count, dt))) == pytest.approx(dt, rel=1e-12)


@given(counts, steps, st.floats(-100, 100))
def test_an_even_grid_in_float32_is_even_as_such_and_in_float64(count, dt, offset):
    times = (dt * (offset + np.arange(count))).astype(np.float32)
    assert dt_of(times) == pytest.approx(dt, rel=1e-4)
    assert dt_of(times) == dt_of(times.astype(float))


@given(counts, st.floats(1.0, 10.0), st.integers(-6, 6), st.integers(1, 8), st.floats(-100, 100))
def test_an_even_grid_rounded_to_decimals_is_even(count, mantissa, exponent, digits, offset):
    dt = mantissa * 10.0**exponent
    times = np.round(dt * (offset + np.arange(count)), digits - exponent)
    assert dt_of(times) == pytest.approx(dt, rel=10.0**-digits / (count - 1))


@pytest.mark.parametrize(("dt", "digits"), [(1 / 8, 2), (1 / 16, 3), (1 / 30, 3), (1 / 60, 3)])
def test_times_of_few_digits_are_even_also_where_they_were_ties(dt, digits):
    assert dt_of(np.round(dt * np.arange(121), digits)) == pytest.approx(dt, rel=1e-3)


def test_seconds_since_1970_are_even():
    assert dt_of(1.7e9 + 0.1 * np.arange(3000)) == pytest.approx(0.1, rel=1e-9)
    assert dt_of(1.7e9 + 0.001 * np.arange(3000)) == pytest.approx(0.001, rel=1e-6)


@given(
    st.integers(10, 200),
    steps,
    st.floats(1e-4, 0.4),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["float64", "float32", "decimals"]),
)
def test_jitter_beyond_their_digits_makes_times_uneven(count, dt, size, seed, written):
    jitter = size * dt * np.random.default_rng(seed).uniform(0.5, 1.0, count)
    jitter *= np.random.default_rng(seed).permutation(np.resize([-1.0, 1.0], count))
    times = dt * np.arange(count) + jitter
    if written == "float32":
        assume(size > 1e-2)
        times = times.astype(np.float32)
    if written == "decimals":
        times = np.round(times, int(np.ceil(-np.log10(size * dt))) + 1)
    assume((np.diff(times) > 0).all())
    with pytest.raises(ValueError, match="not evenly spaced"):
        interval_of(times)


@given(st.integers(10, 200), st.floats(1e-4, 0.5), st.integers(0, 10**6))
def test_one_moved_time_makes_times_uneven(count, share, where):
    times = 0.1 * np.arange(count)
    times[1 + where % (count - 2)] += 0.1 * share
    with pytest.raises(ValueError, match="not evenly spaced"):
        interval_of(times)


@pytest.mark.parametrize("share", [0.01, 1e-4])
def test_one_time_moved_by_one_unit_of_its_last_digit_makes_times_uneven(share):
    times = np.round(0.1 * np.arange(30), 1)
    times[7] = np.round(times[7] + 0.1 * share, 6)
    with pytest.raises(ValueError, match="not evenly spaced"):
        interval_of(times)


def test_times_moved_both_ways_by_one_unit_of_their_last_digit_are_uneven():
    times = np.round(0.1 * np.arange(30), 1)
    times[7], times[12] = 0.701, 1.199
    with pytest.raises(ValueError, match="not evenly spaced"):
        interval_of(times)


@pytest.mark.parametrize("gap", [[0.0, 1, 2, 3, 5], [0, 10, 20, 40, 50, 60], [0, 1, 2, 3, 4, 6]])
def test_a_left_out_sample_makes_times_uneven(gap):
    with pytest.raises(ValueError, match="not evenly spaced"):
        interval_of(np.array(gap, dtype=float))


def test_uneven_times_are_told_with_the_jitter_and_the_tolerance():
    times = np.round(0.1 * np.arange(30), 3)
    times[7] += 0.02
    message = (
        "deviate by up to 0.02 from steps of 0.1, 0.2 of a step, and rounding of their digits "
        "explains 0.005"
    )
    with pytest.raises(ValueError, match=message):
        interval_of(times)


@given(st.integers(3, 40), st.floats(0.01, 10), st.integers(0, 2**32 - 1))
def test_no_even_grid_is_nearer_than_the_lowest_strip(count, size, seed):
    from scipy.optimize import linprog

    from koopmark.simulation._times import _lowest_strip

    x, y = np.arange(float(count)), size * np.random.default_rng(seed).uniform(-1, 1, count)
    height, off = _lowest_strip(x, y)
    lines = np.column_stack([np.ones(count), x])
    bounds = np.vstack([np.hstack([s * lines, -np.ones((count, 1))]) for s in (1, -1)])
    least = linprog([0, 0, 1], bounds, np.concatenate([y, -y]), bounds=(None, None)).fun
    assert height == pytest.approx(least, rel=1e-6, abs=1e-9)
    assert off.max() == pytest.approx(height)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0.0, np.nan, 1.0], r"times\[1\] is nan"),
        ([0.0, 1.0, np.inf], r"times\[2\] is inf"),
        ([0.0, 1.0, 1.0], r"times must increase, but times\[2\] = 1 follows times\[1\] = 1"),
        ([2.0, 1.0, 0.0], "times must increase"),
        ([0.0, 1.0j], "times must be real, not complex"),
        ([], r"times must have shape \(T,\) or \(M, T\) with T >= 1"),
        (0.0, r"times must have shape \(T,\)"),
        (np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"), "dates"),
    ],
)
def test_what_are_no_times_is_refused_in_a_sentence(times, message):
    with pytest.raises(ValueError, match=message):
        times_of(times)


def test_a_long_grid_is_looked_at_in_little_time_and_memory():
    times = np.round(np.arange(200_000) / 30, 6)
    assert interval_of(times) == pytest.approx(1 / 30)
