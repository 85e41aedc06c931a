"""Ensembles as snapshot pairs and windows."""

import numpy as np
import pytest

from koopmark.simulation import Trajectories

STATES = np.arange(2 * 5 * 3, dtype=float).reshape(2, 5, 3)
TRAJECTORIES = Trajectories(STATES, np.linspace(0.0, 0.8, 5))


def test_pairs_never_cross_from_one_trajectory_to_the_next():
    x, y = TRAJECTORIES.pairs()
    assert x.shape == y.shape == (8, 3)
    np.testing.assert_array_equal(y - x, 3.0)


def test_rolling_windows_hold_consecutive_states_in_order():
    windows = TRAJECTORIES.rolling(3)
    assert windows.shape == (2, 3, 3, 3)
    np.testing.assert_array_equal(windows[1, 2], STATES[1, 2:5])


def test_windows_are_those_of_one_trajectory_after_another():
    flat = TRAJECTORIES.windows(3)
    assert flat.shape == (6, 3, 3)
    np.testing.assert_array_equal(flat[3 + 2], STATES[1, 2:5])


def test_a_window_longer_than_a_trajectory_is_refused():
    with pytest.raises(ValueError, match=r"a window has from 1 to 5 states, .*, got 6"):
        TRAJECTORIES.windows(6)


def test_sampling_interval_is_the_spacing_of_the_times():
    assert TRAJECTORIES.dt == pytest.approx(0.2)


def test_the_sampling_interval_of_uneven_times_is_the_most_frequent_step():
    assert Trajectories(STATES, [0.0, 1, 2, 3, 5]).dt == 1.0


def test_shapes_that_disagree_are_refused():
    with pytest.raises(ValueError, match=r"times must have shape \(5,\) or \(2, 5\), got \(4,\)"):
        Trajectories(STATES, np.arange(4.0))
    with pytest.raises(ValueError, match=r"states must have shape \(M, T, N\), or"):
        Trajectories(STATES[0, 0], np.arange(5.0))
    with pytest.raises(ValueError, match=r"inputs must have shape \(2, 5, Q\)"):
        Trajectories(STATES, dt=1.0, inputs=STATES[:, 1:])


def test_status_names_the_trajectories_that_diverged():
    trajectories = Trajectories(STATES, TRAJECTORIES.times, np.array([np.nan, 0.3]))
    assert trajectories.status == ["ok", "diverged"]
    np.testing.assert_array_equal(trajectories.diverged, [False, True])


def test_lists_series_and_masked_arrays_are_trajectories():
    import pandas as pd

    lists = Trajectories(STATES.tolist(), TRAJECTORIES.times.tolist())
    series = Trajectories(STATES, pd.Series(TRAJECTORIES.times))
    for made in (lists, series):
        np.testing.assert_array_equal(made.pairs(), TRAJECTORIES.pairs())
        assert made.dt == TRAJECTORIES.dt
    masked = Trajectories(np.ma.masked_equal(STATES, 7.0), TRAJECTORIES.times)
    np.testing.assert_array_equal(np.isnan(masked.states), STATES == 7.0)


def test_a_matrix_is_one_trajectory():
    one = Trajectories(STATES[0], TRAJECTORIES.times, inputs=STATES[0, :, :1])
    assert one.states.shape == (1, 5, 3)
    assert one.inputs.shape == (1, 5, 1)


def test_an_interval_stands_for_times_from_zero_on():
    np.testing.assert_array_equal(Trajectories(STATES, dt=0.5).times, [0.0, 0.5, 1.0, 1.5, 2.0])
    with pytest.raises(TypeError, match="pass times, "):
        Trajectories(STATES)
    with pytest.raises(TypeError, match="times or dt, not both"):
        Trajectories(STATES, TRAJECTORIES.times, dt=0.5)
    with pytest.raises(ValueError, match="dt must be a positive number, got -1"):
        Trajectories(STATES, dt=-1)


def test_an_array_of_parts_of_different_lengths_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"\(4 and 5\) are not; Trajectories.from_arrays takes"):
        Trajectories([STATES[0], STATES[1, :4]], TRAJECTORIES.times)


def test_trials_of_different_lengths_are_padded_with_what_was_not_recorded():
    data = Trajectories.from_arrays(
        [STATES[0], STATES[1, :3]], dt=0.1, inputs=[[[1]] * 5, [[2]] * 3]
    )
    assert data.states.shape == (2, 5, 3)
    assert np.isnan(data.states[1, 3:]).all()
    assert data.inputs.shape == (2, 5, 1)
    own = Trajectories.from_arrays([STATES[0], STATES[1, :3]], times=[np.arange(5), [0, 1, 2]])
    for made in (data, own):
        x, y = made.pairs()
        np.testing.assert_array_equal(x, [*STATES[0, :4], *STATES[1, :2]])
        np.testing.assert_array_equal(y, [*STATES[0, 1:], *STATES[1, 1:3]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], {"dt": 1.0}), "one trajectory at least"),
        (([np.ones((3, 2)), np.ones((3, 1))], {"dt": 1.0}), r"arrays\[1\] has 1 channels"),
        (([np.ones(3)], {"dt": 1.0}), r"arrays\[0\] must have two axes"),
        (([np.ones((3, 2))], {"times": [[0, 1]]}), r"times\[0\] has 2 entries for 3 states"),
        (([np.ones((3, 2))] * 2, {"times": [[0, 1, 2]]}), "times must hold one array for each"),
        (([np.ones((3, 2))], {"dt": 1.0, "inputs": [[[1.0]]]}), r"inputs\[0\] has 1 entries"),
        (([np.ones((2, 2))], {"times": [[0, 0]]}), r"times\[0, 1\] = 0 follows|must increase"),
    ],
)
def test_lists_of_arrays_that_do_not_fit_are_named(arguments, message):
    arrays, options = arguments
    with pytest.raises(ValueError, match=message):
        Trajectories.from_arrays(arrays, **options)


def test_a_time_is_missing_only_where_no_state_is():
    states = STATES.copy()
    states[1, 4] = np.nan
    times = np.array([TRAJECTORIES.times, [0.0, 0.2, 0.4, 0.6, np.nan]])
    assert len(Trajectories(states, times).pairs()[0]) == 7
    with pytest.raises(ValueError, match=r"times\[1, 4\] is nan, but states\[1, 4\] was recorded"):
        Trajectories(STATES, times)


def test_indexing_gives_trajectories():
    data = Trajectories(STATES, TRAJECTORIES.times, [np.nan, 0.3], inputs=STATES[..., :1])
    assert len(data) == 2
    assert [one.states.shape for one in data] == [(1, 5, 3)] * 2
    np.testing.assert_array_equal(data[-1].states, STATES[1:])
    np.testing.assert_array_equal(data[[1, 0]].diverged, [True, False])
    np.testing.assert_array_equal(data[np.array([False, True])].inputs, STATES[1:, :, :1])
    part = data[:, 1:3]
    np.testing.assert_array_equal(part.states, STATES[:, 1:3])
    np.testing.assert_array_equal(part.times, TRAJECTORIES.times[1:3])
    with pytest.raises(IndexError, match="trajectory 2 of 2"):
        data[2]
    with pytest.raises(TypeError, match=r"data\[which, start:stop\]"):
        data[0, 1]


def test_channels_are_selected_by_number_slice_or_mask():
    for channels in ([0, 2], slice(0, 3, 2), np.array([True, False, True])):
        np.testing.assert_array_equal(TRAJECTORIES.select(channels).states, STATES[..., [0, 2]])
    np.testing.assert_array_equal(TRAJECTORIES.select(1).states, STATES[..., 1:2])


def test_a_split_gives_every_trajectory_to_one_part():
    data = Trajectories(np.arange(40.0).reshape(10, 2, 2), dt=1.0)
    first, second = data.split(0.3, seed=4)
    assert (len(first), len(second)) == (7, 3)
    both = np.concatenate([first.states, second.states])
    np.testing.assert_array_equal(both[np.argsort(both[:, 0, 0])], data.states)
    first, second = data[:1].split(0.5)
    np.testing.assert_array_equal([first.states[0, 0], second.states[0, 0]], data.states[0])
    with pytest.raises(ValueError, match="leaves one of two parts empty"):
        data.split(0.01)


def test_stored_data_stay_what_they_are_and_are_read_in_float64(tmp_path):
    single = STATES.astype(np.float32)
    np.save(tmp_path / "states.npy", STATES.astype(np.int16))
    mapped = np.load(tmp_path / "states.npy", mmap_mode="r")
    for stored in (single, mapped):
        made = Trajectories(stored, TRAJECTORIES.times)
        assert made.states is stored
        for read in (*made.pairs(), made.delayed(2).states, made.longest().states):
            assert read.dtype == np.float64
            assert type(read) is np.ndarray or isinstance(read, np.memmap)


def test_times_are_copied():
    times = TRAJECTORIES.times.copy()
    made = Trajectories(STATES, times)
    times[2] = 9.0
    assert made.dt == TRAJECTORIES.dt


@pytest.mark.parametrize("channels", [["left"], [3], -4, 1.0, [True, False]])
def test_a_channel_that_there_is_not_gets_a_sentence(channels):
    with pytest.raises(IndexError, match="channels by number, 0 to 2, a slice or a mask"):
        TRAJECTORIES.select(channels)
