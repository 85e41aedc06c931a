"""Laws of Trajectories on every shape, the odd ones too: no trajectory, one time, no channel."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from koopmark.simulation import Trajectories


@st.composite
def containers(draw, least=0):
    """Any shape, with gaps, inputs, and times of all or of each."""
    m, t, n = draw(st.integers(least, 4)), draw(st.integers(1, 5)), draw(st.integers(0, 3))
    states = np.arange(float(m * t * n)).reshape(m, t, n)
    if states.size and draw(st.booleans()):
        missing = draw(st.lists(st.booleans(), min_size=m * t, max_size=m * t))
        states[np.reshape(missing, (m, t))] = np.nan
    times = 0.5 * np.arange(t)
    if draw(st.booleans()):
        times = times + 7.0 * np.arange(m)[:, None]
    inputs = draw(st.sampled_from([None, 100.0 + np.arange(float(m * t)).reshape(m, t, 1)]))
    ended = np.where(np.arange(m) % 2 == 1, 9.0, np.nan)
    return Trajectories(states, times, ended, inputs=inputs)


def clocks(data):
    return np.broadcast_to(data.times, data.states.shape[:2])


def same(one, other):
    np.testing.assert_array_equal(one.states, other.states)
    np.testing.assert_array_equal(clocks(one), clocks(other))
    np.testing.assert_array_equal(one.diverged_at, other.diverged_at)
    assert (one.inputs is None) == (other.inputs is None)
    if one.inputs is not None:
        np.testing.assert_array_equal(one.inputs, other.inputs)


@settings(max_examples=25, deadline=None)
@given(containers(), st.slices(4), st.data())
def test_indexing_is_that_of_the_arrays(data, which, draw):
    start = draw.draw(st.integers(0, data.states.shape[1] - 1))
    stop = draw.draw(st.integers(start + 1, data.states.shape[1]))
    part = data[which, start:stop]
    np.testing.assert_array_equal(part.states, data.states[which, start:stop])
    np.testing.assert_array_equal(clocks(part), clocks(data)[which, start:stop])
    same(part, data[np.arange(len(data))[which]][:, start:stop])
    same(data[np.ones(len(data), bool)], data)


@settings(max_examples=25, deadline=None)
@given(containers())
def test_iteration_gives_every_trajectory_once(data):
    assert len(list(data)) == len(data)
    for k, one in enumerate(data):
        same(one, data[[k]])


@settings(max_examples=25, deadline=None)
@given(containers(), st.data())
def test_selected_channels_keep_times_inputs_and_what_diverged(data, draw):
    n = data.states.shape[2]
    chosen = draw.draw(st.lists(st.integers(0, n - 1), unique=True)) if n else []
    part = data.select(np.array(chosen, int))
    np.testing.assert_array_equal(part.states, data.states[:, :, chosen])
    np.testing.assert_array_equal(part.times, data.times)
    np.testing.assert_array_equal(part.diverged_at, data.diverged_at)
    assert part.inputs is data.inputs


@settings(max_examples=25, deadline=None)
@given(containers(least=2), st.integers(0, 99))
def test_a_split_gives_each_trajectory_to_one_part_with_all_that_belongs_to_it(data, seed):
    first, second = data.split(0.5, seed)
    assert len(first) + len(second) == len(data)
    ends = np.concatenate([first.diverged_at, second.diverged_at])
    assert np.sum(np.isnan(ends)) == np.sum(np.isnan(data.diverged_at))
    if data.inputs is not None:
        starts = np.concatenate([first.inputs, second.inputs])[:, 0, 0]
        np.testing.assert_array_equal(np.sort(starts), data.inputs[:, 0, 0])
    same(data.split(0.5, seed)[1], second)


@settings(max_examples=50, deadline=None)
@given(containers())
def test_every_view_of_the_data_has_states_of_n_channels(data):
    n = data.states.shape[2]
    x, y = data.pairs()
    assert x.shape == y.shape == (len(x), n)
    rectangle = data.rectangle()
    assert rectangle.regular
    assert rectangle.states.shape[2] == n
    assert data.longest().states.shape[2] == n
    assert data.snapshots().shape[-1] == n
    parts = [*data.blocks(), *data.records(), *data.segments()]
    assert all(part.states.shape[2] == n and len(part) for part in parts)
    assert "Trajectories M = " in repr(data)
