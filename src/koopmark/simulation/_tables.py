"""Trajectories as tables with a row per trajectory and time and a column per channel."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark._errors import ConfigError, suggest
from koopmark.simulation._named import Fields, Names, listed, taken

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from koopmark.simulation._trajectories import Trajectories

TIME = ("time", "times", "t")
TRAJECTORY = ("trajectory", "trial", "traj", "episode", "run")
"""Names of columns that are found without options, in any case and with or without units."""
LONG = ("channel", "value")
"""Columns of a table that has a row for each channel at each time, beside these two."""
INPUT = re.compile(r"input\d*")
UNIT = re.compile(r"\s*[(\[][^)\]]*[)\]]$")


def read_csv(path: Path) -> "DataFrame":
    """Read a text table with one row of names, separated by commas, semicolons or tabs."""
    import pandas as pd

    with path.open(encoding="utf-8-sig") as file:
        header, first = file.readline(), file.readline()
    separator = max(",;\t", key=header.count)
    if first.count(separator) > header.count(separator) and '"' not in first:
        # pandas would take the first fields for row labels.
        raise ConfigError("its rows have more fields than its first row has names")
    frame = pd.read_csv(
        path,
        sep=separator,
        skipinitialspace=True,
        encoding="utf-8-sig",
        # In a table of one column an empty line is a missing number.
        skip_blank_lines=separator in header,
    )
    if all(_is_number(name) for name in frame.columns):
        raise ConfigError(
            f"its first row must name the columns, got the numbers {', '.join(frame.columns[:3])}"
        )
    unnamed = [str(name) for name in frame.columns if str(name).startswith("Unnamed: ")]
    for name in unnamed:
        # What pandas writes as its index is no channel.
        if not np.array_equal(frame[name].to_numpy(), np.arange(len(frame))):
            at = [*frame.columns].index(name)
            raise ConfigError(
                f"the first line must name every column, and column {at + 1} has no name; the "
                "other lines must hold numbers, one line per trajectory and time"
            )
    return frame.drop(columns=unnamed)


def fields(frame: "DataFrame", names: Names, first_row: int) -> Fields:
    """Arguments for `Trajectories` from a table.

    Raises
    ------
    ConfigError
        If a column is not there or holds anything but numbers, or times are missing, stand twice
        or do not increase in a trajectory.
    """
    import pandas as pd

    names.refuse("a table, whose columns are named by channels=", "states", "transpose")
    frame = frame.rename(columns=str)
    if not len(frame):
        raise ConfigError("the table has no rows")
    bare = {UNIT.sub("", name).strip().casefold(): name for name in reversed(list(frame.columns))}
    time = _column(frame, names.time, "time")
    if time is None and (found := taken(bare, TIME, "the times")) is not None:
        time = bare[found]
    which = _column(frame, names.trajectory, "trajectory")
    if which is None and (found := taken(bare, TRAJECTORY, "the trajectories")) is not None:
        which = bare[found]
    long = [bare[name] for name in LONG if name in bare]
    keys = [name for name in (which, time) if name is not None]
    if time is not None and len(long) == 2 and not set(frame.columns) - {*keys, *long}:
        frame = _widened(frame, keys, long[0], long[1], first_row)
    inputs = _columns(frame, names.inputs, "inputs")
    channels = _columns(frame, names.channels, "channels")
    used = {time, which, *(channels or ())}
    if inputs is None:
        inputs = [n for n in frame.columns if INPUT.fullmatch(n) and n not in used]
    used |= {*inputs, "diverged_at"}
    if channels is None:
        channels = [name for name in frame.columns if name not in used]
    if not channels:
        raise ConfigError(f"no column is left for the channels: {listed(_kinds(frame))}")
    if time is None and names.dt is None:
        raise ConfigError(
            f"there are no times: pass dt=, or time= with the name of a column "
            f"({', '.join(frame.columns)}); {', '.join(map(repr, TIME))} are found without it"
        )
    if time is not None and names.dt is not None:
        raise ConfigError(f"column {time!r} has the times: do not pass dt= as well")
    number = _Numbers(first_row)
    states = np.column_stack([number(frame[name], name) for name in channels])
    driven = np.column_stack([number(frame[n], n) for n in inputs]) if inputs else None
    codes = np.zeros(len(frame), int)
    if which is not None:
        codes, _ = pd.factorize(frame[which])
        if (codes < 0).any():
            row = int(np.argmax(codes < 0)) + first_row
            raise ConfigError(f"row {row}: {which!r}, which tells trajectories apart, is empty")
    order = np.argsort(codes, kind="stable")
    bounds = np.flatnonzero(np.diff(codes[order])) + 1
    rows = np.split(order, bounds)
    made: Fields = {"arrays": [states[one] for one in rows], "dt": names.dt}
    if driven is not None:
        made["inputs"] = [driven[one] for one in rows]
    if time is not None:
        clock = number.times(frame[time], time)
        missing = np.isnan(states).any(axis=1)
        for one in rows:
            _check_times(clock, one, missing, first_row, which)
        made["times"] = _shared([clock[one] for one in rows])
    if "diverged_at" in frame.columns and "diverged_at" not in channels:
        ended = number(frame["diverged_at"], "diverged_at")
        made["diverged_at"] = np.array([_one_of(ended[one], first_row, one) for one in rows])
    return made


def _widened(
    frame: "DataFrame", keys: list[str], channel: str, value: str, first_row: int
) -> "DataFrame":
    """A row per trajectory and time of a table with a row per channel as well."""
    for name in (*keys, channel):
        if (missing := frame[name].isna().to_numpy()).any():
            raise ConfigError(f"row {int(np.argmax(missing)) + first_row}: {name!r} is empty")
    if (twice := frame.duplicated([*keys, channel]).to_numpy()).any():
        row = int(np.argmax(twice))
        raise ConfigError(
            f"row {row + first_row}: channel {frame[channel].iloc[row]!r} appears twice at one time"
        )
    numbers = frame.assign(**{value: _Numbers(first_row)(frame[value], value)})
    wide = numbers.pivot(index=keys, columns=channel, values=value)[frame[channel].unique()]
    wide = wide.rename(columns=str).reset_index()
    if len(keys) == 1:
        return wide
    # In the order of the table, as trajectories of other tables are.
    place = {name: k for k, name in enumerate(frame[keys[0]].unique())}
    return wide.sort_values(keys[0], key=lambda names: names.map(place), kind="stable")


def _check_times(
    clock: NDArray, rows: NDArray, missing: NDArray, first_row: int, which: str | None
) -> None:
    unknown = np.isnan(clock[rows]) & ~missing[rows]
    if unknown.any():
        raise ConfigError(f"row {rows[unknown][0] + first_row}: the time is missing")
    known = rows[~np.isnan(clock[rows])]
    wrong = np.flatnonzero(np.diff(clock[known]) <= 0.0)
    if not len(wrong):
        return
    before, after = known[wrong[0]], known[wrong[0] + 1]
    if clock[before] == clock[after]:
        how = f"time {clock[after]:.12g} appears twice"
    else:
        how = f"time {clock[after]:.12g} follows {clock[before]:.12g}"
    if which is None:
        cure = "sort the rows, or name the column that tells trajectories apart by trajectory="
    else:
        cure = f"times must increase within each {which!r}"
    raise ConfigError(f"row {after + first_row}: {how}: {cure}")


def _shared(clocks: list[NDArray]) -> Any:
    """The times of the longest if all others follow them from the first on, or those of each."""
    longest = max(clocks, key=len)
    whole = not np.isnan(longest).any()
    if whole and all(np.array_equal(one, longest[: len(one)]) for one in clocks):
        return longest
    return clocks


def _one_of(ended: NDArray, first_row: int, rows: NDArray) -> float:
    if not (np.isnan(ended).all() or (ended == ended[0]).all()):
        raise ConfigError(
            f"row {rows[0] + first_row}: diverged_at must be the same in all rows of a trajectory"
        )
    return float(ended[0])


class _Numbers:
    """Columns as arrays of numbers, or a sentence that says where they are none."""

    def __init__(self, first_row: int) -> None:
        self.first_row = first_row

    def __call__(self, column: "Series[Any]", name: str) -> NDArray:
        import pandas as pd

        if not pd.api.types.is_numeric_dtype(column.dtype):
            column = column.astype(object)
            text = column.map(
                lambda value: isinstance(value, str | bytes) and not _is_number(value)
            )
            if text.any():
                row = int(np.argmax(text.to_numpy()))
                raise ConfigError(
                    f"row {row + self.first_row}, column {name!r}: {column.iloc[row]!r} is no "
                    "number; name the columns to read by channels="
                )
            column = column.map(lambda value: float(value) if isinstance(value, str) else value)
        elif column.dtype == np.float32:
            return column.to_numpy()
        return real(column, f"column {name!r}")

    def times(self, column: "Series[Any]", name: str) -> NDArray:
        import pandas as pd

        kind = getattr(column.dtype, "kind", "O")
        if kind == "M":
            return seconds(pd.to_datetime(column, utc=True).dt.tz_localize(None).to_numpy())
        return seconds(column.to_numpy()) if kind == "m" else self(column, name)


def seconds(times: NDArray) -> NDArray:
    """Dates as seconds since the earliest, time differences as seconds, missing values as NaN."""
    if times.dtype.kind == "M":
        known = times[~np.isnat(times)]
        times = times - known.min() if known.size else times - times
    return times / np.timedelta64(1, "s") if times.dtype.kind == "m" else times


def table(data: "Trajectories", single: bool) -> "DataFrame":
    """The data as a table: trajectory (if several), time, x0, …, input0, …, diverged_at.

    Every state has a row, those that were not recorded too. float32 stays only if `single`.

    Raises
    ------
    ConfigError
        If there is nothing that could be in a row.
    """
    import pandas as pd

    if not data.states.size:
        raise ConfigError(
            f"a table cannot hold states of shape {data.states.shape}: write .npz or .h5"
        )
    m, t, n = data.states.shape
    kept = data.states.dtype == np.float32 and single
    states = np.asarray(data.states) if kept else real(data.states, "states")
    columns: dict[str, NDArray] = {"trajectory": np.repeat(np.arange(m), t)} if m > 1 else {}
    columns["time"] = np.broadcast_to(data.times, (m, t)).reshape(-1)
    columns |= {f"x{k}": states[:, :, k].reshape(-1) for k in range(n)}
    if data.inputs is not None:
        kept = data.inputs.dtype == np.float32 and single
        driven = np.asarray(data.inputs) if kept else real(data.inputs, "inputs")
        columns |= {f"input{k}": driven[:, :, k].reshape(-1) for k in range(driven.shape[2])}
    if data.diverged.any():
        columns["diverged_at"] = np.repeat(data.diverged_at, t)
    return pd.DataFrame(columns)


def _column(frame: "DataFrame", name: object, what: str) -> str | None:
    if name is None:
        return None
    if name not in frame.columns:
        raise ConfigError(
            f"{what}={name!r}: there is no such column; {suggest(name, frame.columns)}"
            f"there are: {listed(_kinds(frame))}"
        )
    return str(name)


def _columns(frame: "DataFrame", names: str | Sequence[str] | None, what: str) -> list[str] | None:
    if names is None:
        return None
    return [str(_column(frame, n, what)) for n in ([names] if isinstance(names, str) else names)]


def _kinds(frame: "DataFrame") -> dict[str, str]:
    return dict.fromkeys(frame.columns, "")


def _is_number(name: object) -> bool:
    try:
        float(str(name))
    except ValueError:
        return False
    return True
