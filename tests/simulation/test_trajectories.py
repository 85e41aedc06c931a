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


def test_windows_hold_consecutive_states_in_order():
    windows = TRAJECTORIES.windows(3)
    assert windows.shape == (2, 3, 3, 3)
    np.testing.assert_array_equal(windows[1, 2], STATES[1, 2:5])


def test_flat_windows_are_those_of_one_trajectory_after_another():
    flat = TRAJECTORIES.flat_windows(3)
    assert flat.shape == (6, 3, 3)
    np.testing.assert_array_equal(flat[3 + 2], STATES[1, 2:5])


def test_a_window_longer_than_a_trajectory_is_refused():
    with pytest.raises(ValueError, match="windows of 6 states from trajectories of 5"):
        TRAJECTORIES.windows(6)


def test_sampling_interval_is_the_spacing_of_the_times():
    assert TRAJECTORIES.dt == pytest.approx(0.2)


def test_uneven_times_have_no_sampling_interval():
    with pytest.raises(ValueError, match="not evenly spaced"):
        _ = Trajectories(STATES, np.array([0.0, 1, 2, 3, 5])).dt


def test_shapes_that_disagree_are_refused():
    with pytest.raises(ValueError, match=r"times must have shape \(5,\)"):
        Trajectories(STATES, np.arange(4.0))
    with pytest.raises(ValueError, match=r"states must have shape \(M, T, N\)"):
        Trajectories(STATES[0], np.arange(5.0))


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


def test_one_trajectory_as_a_matrix_is_told_its_shape():
    message = r"got \(5, 3\): write states\[None\] for one trajectory"
    with pytest.raises(ValueError, match=message):
        Trajectories(STATES[0], TRAJECTORIES.times)


def test_trajectories_of_different_lengths_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"parts of different lengths \(4 and 5\) are not"):
        Trajectories([STATES[0], STATES[1, :4]], TRAJECTORIES.times)


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
