"""Data with gaps, unequal trials and uneven times: what follows what."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.simulation import Trajectories


@st.composite
def recordings(draw):
    """Trajectories with states (m, t) in them, gaps, and times of a grid, of each, or jittered."""
    m, t = draw(st.integers(1, 4)), draw(st.integers(2, 9))
    states = np.stack(np.meshgrid(np.arange(m), np.arange(t), indexing="ij"), axis=-1).astype(float)
    missing = draw(st.lists(st.booleans(), min_size=m * t, max_size=m * t))
    states[np.reshape(missing, (m, t))] = np.nan
    kind = draw(st.sampled_from(["grid", "offsets", "jitter"]))
    times = 0.5 * np.arange(t)
    if kind == "offsets":
        times = times + 10.0 * np.arange(m)[:, None]
    if kind == "jitter":
        late = draw(st.lists(st.sampled_from([0.0, 0.001, 0.2]), min_size=t, max_size=t))
        times = times + np.array(late)
    return Trajectories(states, times)


def expected_pairs(data):
    """The pairs found one by one."""
    times = np.broadcast_to(data.times, data.states.shape[:2])
    for states, clock in zip(data.states, times, strict=True):
        kept = ~np.isnan(states).any(axis=1)
        states, clock = states[kept], clock[kept]
        for k in range(len(states) - 1):
            if abs(clock[k + 1] - clock[k] - data.dt) <= 0.01 * data.dt * (1 + 1e-9):
                yield states[k], states[k + 1]


def has_interval(data):
    return data.times.ndim == 1 or data.neighbours > 0


@settings(max_examples=200, deadline=None)
@given(recordings())
def test_pairs_are_recorded_neighbours_one_interval_apart(data):
    try:
        expected = list(expected_pairs(data))
    except ValueError as error:
        assert "no sampling interval" in str(error)  # noqa: PT017
        assert data.neighbours == 0
        return
    x, y = data.pairs()
    assert len(x) == len(expected)
    for found, wanted in zip(zip(x, y, strict=True), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@settings(max_examples=100, deadline=None)
@given(recordings(), st.integers(1, 4))
def test_segments_blocks_and_windows_hold_the_same_states(data, length):
    if not data.neighbours:
        return
    segments = data.segments()
    states = np.concatenate([segment.states[0] for segment in segments])
    assert {tuple(row) for row in states} == {tuple(row) for row in data.snapshots().reshape(-1, 2)}
    for segment in segments:
        assert segment.regular or segment.states.shape[1] == 1 or segment.full
        assert np.all(np.diff(segment.states[0, :, 0]) == 0)
        assert np.all(np.diff(segment.states[0, :, 1]) > 0)
    blocks = data.blocks(least=1)
    assert sum(len(block) for block in blocks) == len(segments)
    whole = [w for segment in segments for w in _windows(segment.states[0], length)]
    if not whole:
        with pytest.raises(ValueError, match="windows of"):
            data.windows(length)
        return
    np.testing.assert_array_equal(data.windows(length), whole)


def _windows(states, length):
    return [states[k : k + length] for k in range(len(states) - length + 1)]


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_records_hold_every_recorded_state_at_its_time(data):
    records = data.records()
    assert all(record.full and record.times.ndim == 1 for record in records)
    count = sum(record.states.shape[0] * record.states.shape[1] for record in records)
    assert count == len(data.snapshots().reshape(-1, 2))
    for record in records:
        for states in record.states:
            own = np.broadcast_to(data.times, data.states.shape[:2])[int(states[0, 0])]
            since = own[states[:, 1].astype(int)]
            lapse = record.times - record.times[0]
            np.testing.assert_allclose(lapse, since - since[0], rtol=0, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(recordings())
def test_a_rectangle_has_more_pairs_than_any_other_cut(data):
    if not data.neighbours:
        return
    lengths = np.array([segment.states.shape[1] for segment in data.segments()])
    best = max((np.sum(lengths >= k) * (k - 1) for k in range(2, 10)), default=0)
    part = data.rectangle()
    assert len(part) * (part.states.shape[1] - 1) == best
    assert part.regular


def test_one_missing_channel_makes_the_state_unrecorded():
    states = np.arange(12.0).reshape(1, 6, 2)
    states[0, 3, 1] = np.nan
    data = Trajectories(states, dt=1.0)
    assert len(data.pairs()[0]) == 3
    assert len(data.select(0).pairs()[0]) == 5


def test_a_gap_is_no_divergence():
    data = Trajectories([[[1.0], [np.nan], [2.0]]], dt=1.0)
    assert data.status == ["ok"]


def test_times_rounded_to_few_decimals_are_those_of_a_grid_with_gaps_too():
    times = np.round(np.arange(60) / 30.0, 3)
    states = np.random.default_rng(0).normal(size=(2, 60, 1))
    states[0, 10:20] = np.nan
    gappy = Trajectories(states, times)
    assert gappy.dt == pytest.approx(1 / 30, rel=1e-3)
    assert len(gappy.pairs()[0]) == 9 + 39 + 59
    each = Trajectories(states, np.stack([times, times + 100.0]))
    assert len(each.pairs()[0]) == 9 + 39 + 59


def test_even_data_are_their_own_block_record_and_snapshots():
    data = Trajectories(np.arange(12.0).reshape(2, 3, 2), dt=1.0)
    assert data.blocks() == [data]
    assert data.records() == [data]
    assert data.rectangle() is data
    assert data.snapshots() is data.states


def test_inputs_stay_with_their_states():
    states = np.arange(10.0).reshape(1, 10, 1)
    inputs = 100.0 + states
    states[0, [3, 6]] = np.nan
    data = Trajectories(states, dt=1.0, inputs=inputs)
    for part in [*data.segments(), *data.blocks(), *data.records(), data.rectangle()]:
        np.testing.assert_array_equal(part.inputs, 100.0 + part.states)


@pytest.mark.parametrize("shape", [(3, 7, 2), (50, 51, 3), (7, 100, 1), (2, 300, 257), (4, 3, 600)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extremes_of_channels_show_every_value_wherever_it_stands(shape, dtype):
    states = np.random.default_rng(0).normal(size=shape).astype(dtype)
    for place in [(0, 0, 0), (-1, -1, -1), (shape[0] // 2, 1, 0)]:
        for value in (np.inf, -np.inf, np.nan):
            changed = states.copy()
            changed[place] = value
            for held in (changed, changed[::-1], np.asfortranarray(changed)):
                low, high = Trajectories(held, dt=1.0).extremes
                assert np.array_equal(low, changed.min(axis=(0, 1)), equal_nan=True)
                assert np.array_equal(high, changed.max(axis=(0, 1)), equal_nan=True)
