"""Trajectories in files: what is written is read, and what is no recording gets a sentence."""

import io
import re

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from koopmark import Trajectories
from koopmark._errors import ConfigError
from koopmark.simulation import _matlab

SUFFIXES = [".npz", ".csv", ".tsv", ".parquet", ".mat", ".h5", ".nc"]
TEXT = (".csv", ".tsv")
RNG = np.random.default_rng(0)
TRIALS = [RNG.normal(size=(length, 2)) for length in (5, 3, 4)]
STATES = RNG.normal(size=(2, 5, 3))
TIMES = np.linspace(0.0, 0.8, 5)
INPUTS = RNG.normal(size=(2, 5, 1))


@st.composite
def recordings(draw):
    """Data with all that a container can hold: gaps, times of each, inputs, what diverged."""
    m, t, n = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    width = draw(st.sampled_from([32, 64]))
    values = st.floats(width=width, allow_nan=True, allow_infinity=True)
    states = draw(arrays(f"f{width // 8}", (m, t, n), elements=values))
    times = np.sort(draw(arrays(float, (m, t), elements=st.floats(-1e9, 1e9), unique=True)), axis=1)
    if draw(st.booleans()):
        times[np.isnan(states).any(axis=2) & draw(arrays(bool, (m, t)))] = np.nan
    if not np.isnan(times[0]).any() and draw(st.booleans()):
        times = times[0]
    inputs = draw(st.none() | arrays(f"f{width // 8}", (m, t, 2), elements=values))
    ended = draw(st.none() | arrays(float, m, elements=st.floats(0.0, 9.0) | st.just(np.nan)))
    return Trajectories(states, times, ended, inputs=inputs)


def assert_same(read, data, kinds=True):
    for name in ("states", "times", "diverged_at", "inputs"):
        found, wanted = getattr(read, name), getattr(data, name)
        np.testing.assert_array_equal(found, wanted)
        if kinds and wanted is not None:
            assert found.dtype == wanted.dtype
            assert np.array_equal(np.signbit(found), np.signbit(wanted)) or np.isnan(wanted).any()


def saved(folder, suffix, contents):
    """A file of these arrays or, of a table, of these columns."""
    path = folder / f"data{suffix}"
    if suffix == ".npz":
        np.savez(path, **contents)
    elif suffix == ".mat":
        scipy.io.savemat(path, contents)
    elif suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, values in contents.items():
                file[name] = values
    elif suffix == ".csv":
        pd.DataFrame(contents).to_csv(path, index=False)
    elif suffix == ".parquet":
        pd.DataFrame(contents).to_parquet(path)
    return path


def matlab_73(path, contents):
    """As MATLAB saves with -v7.3: axes in reverse, cells as references, structures as groups."""
    with h5py.File(path, "w", userblock_size=512) as file:

        def put(group, name, value):
            if isinstance(value, dict):
                inner = group.create_group(name)
                for key, one in value.items():
                    put(inner, key, one)
            elif isinstance(value, list):
                references = []
                for array in value:
                    at = f"#refs#/{len(file.require_group('#refs#'))}"
                    file[at] = np.asarray(array, float).T
                    references.append(file[at].ref)
                group.create_dataset(name, data=np.array(references, dtype=h5py.ref_dtype)[:, None])
                group[name].attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                group[name] = np.atleast_2d(np.asarray(value, float)).T
                group[name].attrs["MATLAB_class"] = np.bytes_("double")

        for name, value in contents.items():
            put(file, name, value)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return path


def cell(parts):
    held = np.empty((1, len(parts)), dtype=object)
    held[0, :] = [np.asarray(part, float) for part in parts]
    return held


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=recordings())
def test_what_is_written_is_read_bit_by_bit(tmp_path, suffix, data):
    data.to_file(tmp_path / f"data{suffix}")
    read = Trajectories.from_file(tmp_path / f"data{suffix}")
    assert_same(read, data, kinds=suffix not in TEXT)


@settings(max_examples=25, deadline=None)
@given(recordings())
def test_labelled_arrays_hold_all_of_the_data(data):
    assert_same(Trajectories.from_xarray(data.to_xarray()), data)


def test_labelled_arrays_have_dimensions_by_name_and_no_attributes():
    made = Trajectories(STATES, TIMES, inputs=INPUTS).to_xarray()
    assert made["states"].dims == ("trajectory", "time", "channel")
    assert made["inputs"].dims == ("trajectory", "time", "input")
    np.testing.assert_array_equal(made["time"], TIMES)
    assert not made.attrs
    each = Trajectories(STATES, TIMES + np.array([[0.0], [9.0]])).to_xarray()
    assert each["times"].dims == ("trajectory", "time")


def test_dimensions_of_any_order_and_name_are_read():
    array = xr.DataArray(STATES.transpose(2, 1, 0), {"t": TIMES}, ("unit", "t", "trial"))
    data = Trajectories.from_xarray(array, trajectory="trial", time="t", channel="unit")
    assert_same(data, Trajectories(STATES, TIMES))
    one = Trajectories.from_xarray(array[0, :, 0], time="t")
    assert_same(one, Trajectories(STATES[:1, :, :1], TIMES))


def test_variables_are_channels_if_they_are_named_in_a_list():
    given = xr.Dataset({name: ("time", STATES[0, :, k]) for k, name in enumerate("abc")})
    data = Trajectories.from_xarray(given, states=["c", "a"], inputs=["b"], dt=0.2)
    np.testing.assert_array_equal(data.states[0], STATES[0][:, [2, 0]])
    np.testing.assert_array_equal(data.inputs[0], STATES[0][:, [1]])


@pytest.mark.parametrize("kind", ["dates", "differences"])
def test_dates_become_seconds_since_the_first_and_differences_seconds(kind):
    lapse = (np.arange(5) * 200).astype("timedelta64[ms]")
    clock = np.datetime64("2026-01-01", "ms") + lapse if kind == "dates" else lapse
    array = xr.DataArray(STATES, {"time": clock}, ("trajectory", "time", "channel"))
    np.testing.assert_allclose(Trajectories.from_xarray(array).times, TIMES, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (xr.DataArray(STATES, dims=("a", "time", "b")), {}, "'a', 'b' may be anything"),
        (xr.DataArray(STATES, dims=("a", "times", "b")), {}, "did you mean 'times'"),
        (xr.DataArray(STATES[0], dims=("time", "channel")), {}, "has no coordinate: pass dt="),
        (xr.Dataset(dict.fromkeys("ab", ("time", TIMES))), {}, "which variable holds the states"),
        (xr.Dataset({"a": ("time", TIMES)}), {"states": "b"}, "no such variable"),
    ],
)
def test_labelled_arrays_that_are_no_trajectories_get_a_sentence(given, options, message):
    with pytest.raises(ConfigError, match=message):
        Trajectories.from_xarray(given, **options)


def test_what_is_no_labelled_array_is_called_so():
    with pytest.raises(TypeError, match="takes a DataArray or Dataset of xarray, got ndarray"):
        Trajectories.from_xarray(STATES)


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".h5"])
def test_arrays_are_taken_by_their_names(tmp_path, suffix):
    path = saved(tmp_path, suffix, {"states": STATES, "times": TIMES, "other": STATES[0]})
    assert_same(Trajectories.from_file(path), Trajectories(STATES, TIMES))
    path = saved(tmp_path, suffix, {"rates": STATES, "when": TIMES, "drive": INPUTS})
    data = Trajectories.from_file(path, states="rates", time="when", inputs="drive")
    assert_same(data, Trajectories(STATES, TIMES, inputs=INPUTS))


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".h5"])
def test_the_only_array_that_can_be_the_states_is_taken(tmp_path, suffix):
    path = saved(tmp_path, suffix, {"rates": STATES, "t": TIMES})
    assert_same(Trajectories.from_file(path), Trajectories(STATES, TIMES))


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".h5"])
def test_trajectories_end_to_end_are_told_apart_by_offsets_or_lengths(tmp_path, suffix):
    rows = np.concatenate(TRIALS)
    clock = np.concatenate([0.1 * np.arange(len(one)) + 7.0 * k for k, one in enumerate(TRIALS)])
    wanted = Trajectories.from_arrays(TRIALS, times=np.split(clock, [5, 8]), inputs=TRIALS)
    for name, how in (("offsets", [0, 5, 8, 12]), ("lengths", [5, 3, 4])):
        contents = {"states": rows, "times": clock, "inputs": rows, name: np.array(how)}
        data = Trajectories.from_file(saved(tmp_path, suffix, contents))
        assert_same(data, wanted)
        data.to_file(tmp_path / f"again{suffix}")
        assert_same(Trajectories.from_file(tmp_path / f"again{suffix}"), wanted)
    path = saved(tmp_path, suffix, {"states": rows, "dt": 0.1, "offsets": np.array([0, 5, 13])})
    with pytest.raises(ConfigError, match="offsets must say which of the 12 rows"):
        Trajectories.from_file(path)


@pytest.mark.parametrize("version", [5, 7.3])
def test_a_cell_array_holds_trials_of_different_lengths(tmp_path, version):
    clocks = [np.arange(len(one)) / 10 + k for k, one in enumerate(TRIALS)]
    path, wanted = tmp_path / "data.mat", Trajectories.from_arrays(TRIALS, times=clocks)
    if version == 5:
        scipy.io.savemat(path, {"session": {"spikes": cell(TRIALS), "t": cell(clocks)}})
    else:
        matlab_73(path, {"session": {"spikes": TRIALS, "t": [[one] for one in clocks]}})
    data = Trajectories.from_file(path, states="session.spikes", time="session.t")
    assert_same(data, wanted)
    data.to_file(path)
    assert_same(Trajectories.from_file(path), wanted)


@pytest.mark.parametrize("version", [5, 7.3])
def test_channels_by_times_are_turned_if_the_caller_says_so(tmp_path, version):
    turned = [one.T for one in TRIALS]
    path = tmp_path / "data.mat"
    if version == 5:
        scipy.io.savemat(path, {"data": cell(turned), "dt": 0.1})
    else:
        matlab_73(path, {"data": turned, "dt": 0.1})
    data = Trajectories.from_file(path, transpose=True)
    assert_same(data, Trajectories.from_arrays(TRIALS, dt=0.1))
    with pytest.raises(ConfigError, match=r"arrays\[1\] has 3 channels, and arrays\[0\] 5"):
        Trajectories.from_file(path)


def test_arrays_of_version_73_have_the_axes_that_matlab_shows(tmp_path):
    path = matlab_73(tmp_path / "data.mat", {"X": STATES, "t": TIMES})
    assert_same(Trajectories.from_file(path), Trajectories(STATES, TIMES))


def test_structures_of_trials_are_read_by_their_fields(tmp_path):
    trials = np.array([(one,) for one in TRIALS], dtype=[("X", object)])
    scipy.io.savemat(tmp_path / "data.mat", {"trial": trials})
    data = Trajectories.from_file(tmp_path / "data.mat", states="trial.X", dt=0.1)
    assert_same(data, Trajectories.from_arrays(TRIALS, dt=0.1))


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".h5"])
def test_a_list_of_names_is_a_list_of_trajectories(tmp_path, suffix):
    names = ["first", "second", "third"]
    path = saved(tmp_path, suffix, dict(zip(names, TRIALS, strict=True)))
    data = Trajectories.from_file(path, states=names, dt=0.1)
    assert_same(data, Trajectories.from_arrays(TRIALS, dt=0.1))


def test_a_group_of_arrays_holds_the_trajectories_in_the_order_of_their_numbers(tmp_path):
    many = [TRIALS[k % 3] + k for k in range(11)]
    contents = {f"trials/trial{k}": one for k, one in enumerate(many)}
    data = Trajectories.from_file(saved(tmp_path, ".h5", contents), states="trials", dt=0.1)
    assert_same(data, Trajectories.from_arrays(many, dt=0.1))


def test_a_single_array_stays_on_disk(tmp_path):
    np.save(tmp_path / "data.npy", STATES.astype(np.float32))
    data = Trajectories.from_file(tmp_path / "data.npy", dt=0.1)
    assert isinstance(data.states, np.memmap)
    assert data.states.dtype == np.float32


LONG = {
    "Trial": ["b", "a", "b", "a", "b"],
    "Time (s)": [0.0, 0.0, 0.1, 0.1, 0.2],
    "v": [1.0, 2.0, 3.0, 4.0, 5.0],
    "w": [0, 1, 2, 3, 4],
    "current": [9.0, 8.0, 7.0, 6.0, 5.0],
}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_long_table_has_a_trajectory_for_each_value_of_its_column(tmp_path, suffix):
    path = saved(tmp_path, suffix, LONG)
    data = Trajectories.from_file(path, inputs="current")
    assert data.states.shape == (2, 3, 2)
    np.testing.assert_array_equal(data.states[0], [[1, 0], [3, 2], [5, 4]])
    np.testing.assert_array_equal(data.inputs[1, :2], [[8], [6]])
    np.testing.assert_array_equal(data.times, [0.0, 0.1, 0.2])
    assert np.isnan(data.states[1, 2]).all()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_wide_table_is_one_trajectory(tmp_path, suffix):
    path = saved(tmp_path, suffix, {"t": TIMES, "a": STATES[0, :, 0], "b": STATES[0, :, 1]})
    assert_same(Trajectories.from_file(path), Trajectories(STATES[:1, :, :2], TIMES))
    path = saved(tmp_path, suffix, {"a": STATES[0, :, 0], "b": STATES[0, :, 1]})
    assert_same(
        Trajectories.from_file(path, channels=["b"], dt=0.2).select(0),
        Trajectories(STATES[:1, :, 1:2], dt=0.2),
    )


def test_dates_in_a_column_become_seconds(tmp_path):
    dates = pd.date_range("2026-01-01", periods=5, freq="200ms", tz="Europe/Zurich")
    path = saved(tmp_path, ".parquet", {"time": dates, "x": TIMES})
    np.testing.assert_allclose(Trajectories.from_file(path).times, TIMES, rtol=0, atol=1e-15)


def test_semicolons_tabs_and_the_index_of_pandas_are_no_obstacle(tmp_path):
    frame = pd.DataFrame({"time": TIMES, "x": STATES[0, :, 0]})
    for separator in ";\t,":
        frame.to_csv(tmp_path / "data.csv", sep=separator)
        data = Trajectories.from_file(tmp_path / "data.csv")
        assert_same(data, Trajectories(STATES[:1, :, :1], TIMES))


TABLES = {
    "time,x\n0,1\n0.1,abc\n": "row 3, column 'x': 'abc' is no number",
    "time,x\n0,1\n0,2\n": "row 3: time 0 appears twice: sort the rows, or name the column",
    "trial,time,x\n1,0,1\n1,0,2\n": "row 3: time 0 appears twice: times must increase within each",
    "time,x\n0.2,1\n0.1,2\n": "row 3: time 0.1 follows 0.2: sort the rows",
    "x,y\n1,2\n": r"no times: pass dt=, or time= with the name of a column \(x, y\)",
    "time\n1\n2\n": "no column is left for the channels",
    "time,x\n": "the table has no rows",
    "0.1,0.2\n0.3,0.4\n": "first row must name the columns, got the numbers 0.1, 0.2",
    "time,x\n0,1,2\n1,2,3\n": "rows have more fields than its first row has names",
    "time,x\n0,1\n1,2,3\n": "cannot be read as .csv .*Expected 2 fields in line 3, saw 3",
    "trial,time,x\n,0,1\n": "row 2: 'trial', which tells trajectories apart, is empty",
    "trial,run,time,x\n1,1,0,1\n": "may be 'trial' or 'run': choose one by its name",
    "time,x\n,1\n1,2\n": "row 2: the time is missing",
    "time,x\n0,1j\n": "'1j' is no number",
    ",time,x\n3,0,1\n4,1,2\n": "and column 1 has no name",
    "time,x,diverged_at\n0,1,5\n1,2,6\n": "diverged_at must be the same in all rows",
    "": "the file is empty",
}


@pytest.mark.parametrize("text", TABLES, ids=repr)
def test_a_malformed_table_gets_a_sentence(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"^{re.escape(str(path))}: .*{TABLES[text]}"):
        Trajectories.from_file(path)


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".h5"])
@pytest.mark.parametrize(
    ("contents", "options", "message"),
    [
        ({"a": STATES, "b": STATES}, {"dt": 1}, r"which array holds .* a \(2, 5, 3\), b \(2, 5, 3"),
        ({"X": STATES, "data": STATES}, {"dt": 1}, "may be 'X' or 'data': choose one"),
        ({"states": STATES}, {}, "there are no times: pass dt=, or time="),
        (
            {"states": STATES, "dt": 0.1},
            {"dt": 0.5},
            "'dt' in the file has the times: do not pass dt=",
        ),
        ({"states": STATES}, {"time": "tmies", "dt": 1}, "there is no array 'tmies'"),
        ({"states": STATES, "times": TIMES[:3]}, {}, "times must have shape"),
        ({"states": STATES, "times": TIMES[::-1]}, {}, "times must increase"),
        ({"states": STATES + 1j, "dt": 1.0}, {}, "complex"),
        ({"states": STATES, "dt": TIMES}, {}, "dt must be one number"),
        ({"states": STATES, "dt": -1.0}, {}, "dt must be a positive number, got -1.0"),
        ({"states": STATES, "dt": 1.0}, {"channels": ["a"]}, "channels= has no meaning for"),
        ({"states": STATES, "dt": 1.0, "inputs": STATES[:, 1:]}, {}, "inputs must have shape"),
        ({"states": STATES, "dt": 1.0, "diverged_at": TIMES}, {}, "diverged_at must have shape"),
        (
            {"first": TRIALS[0], "second": STATES},
            {"states": ["first", "second"], "dt": 1.0},
            r"arrays\[1\] must have two axes",
        ),
    ],
)
def test_arrays_that_are_no_trajectories_get_a_sentence(
    tmp_path, suffix, contents, options, message
):
    path = saved(tmp_path, suffix, contents)
    with pytest.raises(ConfigError, match=f"^{re.escape(str(path))}: .*{message}"):
        Trajectories.from_file(path, **options)


def test_an_array_of_objects_is_refused_and_never_unpickled(tmp_path):
    held = np.empty(2, dtype=object)
    held[:] = TRIALS[:2]
    path = tmp_path / "data.npz"
    np.savez(path, states=held, dt=0.1)
    with pytest.raises(ConfigError, match="'states' is an array of Python objects"):
        Trajectories.from_file(path)
    np.savez(path, notes=held, states=STATES, dt=0.1)
    assert len(Trajectories.from_file(path)) == 2
    np.save(tmp_path / "data.npy", held)
    with pytest.raises(ConfigError, match=r"cannot be read as \.npy"):
        Trajectories.from_file(tmp_path / "data.npy", dt=0.1)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(keep=st.floats(0, 1), flip=st.integers(1, 255), at=st.floats(0, 1), cut=st.booleans())
def test_a_damaged_file_gets_a_sentence_or_is_read(tmp_path, suffix, keep, flip, at, cut):
    path = tmp_path / f"data{suffix}"
    Trajectories(STATES, TIMES, inputs=INPUTS).to_file(path)
    contents = bytearray(path.read_bytes())
    if cut:
        contents = contents[: int(keep * (len(contents) - 1))]
    else:
        contents[int(at * (len(contents) - 1))] ^= flip
    path.write_bytes(contents)
    try:
        Trajectories.from_file(path)
    except ConfigError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.npz", "no such file"),
        ("data.nzp", r"the suffix '.nzp' is that of no format: did you mean '.npz'\? known are"),
        ("data", "no suffix is that of no format"),
        ("folder.csv", "it is a folder"),
    ],
)
def test_a_file_that_is_none_gets_a_sentence(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match=message):
        Trajectories.from_file(tmp_path / name)


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".mat", ".h5", ".nc"])
def test_a_file_of_another_format_gets_a_sentence(tmp_path, suffix):
    path = tmp_path / f"data{suffix}"
    path.write_text("time,x\n0,1\n1,2\n" * 50)
    with pytest.raises(ConfigError, match=f"cannot be read as {suffix}"):
        Trajectories.from_file(path)


@pytest.mark.parametrize(
    ("suffix", "library"),
    [(".h5", "h5py"), (".parquet", "pyarrow"), (".nc", "h5netcdf"), (".nc", "xarray")],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    tmp_path, monkeypatch, suffix, library
):
    monkeypatch.setitem(__import__("sys").modules, library, None)
    for call in (Trajectories(STATES, TIMES).to_file, Trajectories.from_file):
        with pytest.raises(ConfigError, match=f'needs? {library}.*pip install "{library}>='):
            call(tmp_path / f"data{suffix}")


def test_what_a_format_cannot_hold_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(_matlab, "LARGEST", 10)
    for name, message in (
        ("data.mat", "states has 240 bytes"),
        ("data.npy", "holds one array and no times: write one of .npz, .csv"),
        ("absent/data.npz", "there is no folder"),
    ):
        with pytest.raises(ConfigError, match=message):
            Trajectories(STATES, TIMES).to_file(tmp_path / name)
    with pytest.raises(ConfigError, match=r"cannot hold states of shape \(0, 5, 3\)"):
        Trajectories(STATES[:0], TIMES).to_file(tmp_path / "data.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".h5", ".nc"])
@pytest.mark.parametrize("shape", [(0, 5, 3), (2, 5, 0)])
def test_no_trajectories_and_no_channels_are_kept_too(tmp_path, suffix, shape):
    data = Trajectories(np.zeros(shape), TIMES)
    data.to_file(tmp_path / f"data{suffix}")
    assert_same(Trajectories.from_file(tmp_path / f"data{suffix}"), data)


def test_a_memory_map_of_integers_is_written_as_the_numbers_it_holds(tmp_path):
    np.save(tmp_path / "states.npy", np.arange(30, dtype=np.int16).reshape(2, 5, 3))
    mapped = Trajectories(np.load(tmp_path / "states.npy", mmap_mode="r"), TIMES)
    mapped.to_file(tmp_path / "data.npz")
    read = Trajectories.from_file(tmp_path / "data.npz").states
    np.testing.assert_array_equal(read, np.arange(30.0).reshape(2, 5, 3))


def test_netcdf_of_version_3_is_read(tmp_path):
    buffer = Trajectories(STATES, TIMES).to_xarray().to_netcdf(engine="scipy")
    (tmp_path / "data.nc").write_bytes(io.BytesIO(buffer).getvalue())
    assert_same(Trajectories.from_file(tmp_path / "data.nc"), Trajectories(STATES, TIMES), False)


def test_a_table_with_a_row_per_channel_is_that_with_a_column_per_channel(tmp_path):
    path = tmp_path / "long.csv"
    rows = ["b,right,0.0,2", "b,left,0.1,3", "b,left,0.0,1", "a,left,0.0,5", "a,right,0.0,6"]
    path.write_text("\n".join(["trial,Channel,time (s),value", *rows]) + "\n")
    data = Trajectories.from_file(path)
    np.testing.assert_array_equal(data.states, [[[2, 1], [np.nan, 3]], [[6, 5], [np.nan, np.nan]]])
    np.testing.assert_array_equal(data.times, [0.0, 0.1])
    assert Trajectories.from_file(path, channels=["left"]).states[0, :, 0].tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("0,0.0,left,3", "row 3: channel 'left' appears twice at one time"),
        ("0,0.1,left,x", "row 3, column 'value': 'x' is no number"),
        ("0,,left,3", "row 3: 'time' is empty"),
    ],
)
def test_a_malformed_row_per_channel_gets_a_sentence(tmp_path, row, said):
    path = tmp_path / "long.csv"
    path.write_text(f"trial,time,channel,value\n0,0.0,left,1\n{row}\n")
    with pytest.raises(ConfigError, match=said):
        Trajectories.from_file(path)
