"""The data class for trajectories."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import real, stored
from koopmark._keys import generator
from koopmark._repr import Details, ReprMixin, curves, number
from koopmark.simulation._recorded import Indices, Recorded
from koopmark.simulation._shapes import padded, times_given, trajectories_given
from koopmark.simulation._times import interval_of, times_of
from koopmark.systems import Sensors, System

DRAWN = 3
"""States that a notebook draws."""
ROW = 512
"""Numbers that are compared side by side when the extremes of channels are taken."""


@dataclass(frozen=True, eq=False, init=False)
class Trajectories(ReprMixin):
    """M trajectories of N channels, recorded or simulated, possibly with gaps and inputs.

    Parameters
    ----------
    states : (M, T, N) array_like
        States; (T, N) is one trajectory. Values that were not recorded are NaN, and a state with
        a missing channel counts as not recorded. float32 arrays and memory maps of any type are
        kept and read as float64; everything else becomes float64, with masked values as NaN.
        States of a trajectory after the time at which it diverged are NaN.
    times : (T,) or (M, T) array_like
        Increasing times of all trajectories or of each; NaN only where nothing was recorded.
    diverged_at : (M,) array_like
        Time at which each trajectory blew up or reached a non-finite value; NaN if it did not.
    dt : float
        Sampling interval, in place of `times`; times start at 0.
    inputs : (M, T, Q) array_like, optional
        Inputs, each held from its time to the next; (T, Q) for one trajectory.
    system : System, optional
        The system that generated the states; methods do not see it.
    sensors : Sensors, optional
        Sensors through which the state was observed; by default the full state.
    latent : (M, T, n) array, optional
        The full state if sensors show a part of it; methods do not see it.

    Raises
    ------
    ValueError
        If shapes disagree, an array holds anything but real numbers, or the times are not finite
        or do not increase.
    TypeError
        If neither `times` nor `dt` is given, or both are.
    """

    states: NDArray[np.float64]
    times: NDArray[np.float64]
    diverged_at: NDArray[np.float64]
    inputs: NDArray[np.float64] | None
    system: System | None = field(repr=False)
    sensors: Sensors | None = field(repr=False)
    latent: NDArray[np.float64] | None = field(repr=False)

    def __init__(
        self,
        states: ArrayLike,
        times: ArrayLike | None = None,
        diverged_at: ArrayLike | None = None,
        *,
        dt: float | None = None,
        inputs: ArrayLike | None = None,
        system: System | None = None,
        sensors: Sensors | None = None,
        latent: NDArray[np.float64] | None = None,
    ) -> None:
        held = trajectories_given(stored(states, "states"), "states", "N")
        count, length = held.shape[:2]
        grid = times_of(times_given(times, dt, length))
        if grid.shape not in ((length,), (count, length)):
            raise ValueError(
                f"times must have shape ({length},) or ({count}, {length}), got {grid.shape}"
            )
        missing = np.full(count, np.nan)
        ended = missing if diverged_at is None else real(diverged_at, "diverged_at")
        if ended.shape != missing.shape:
            raise ValueError(f"diverged_at must have shape {missing.shape}, got {ended.shape}")
        driven = None
        if inputs is not None:
            driven = trajectories_given(stored(inputs, "inputs"), "inputs", "Q")
            if driven.shape[:2] != (count, length):
                raise ValueError(
                    f"inputs must have shape ({count}, {length}, Q), one value for each state, "
                    f"got {driven.shape}"
                )
        if latent is not None and latent.shape[:2] != (count, length):
            raise ValueError(
                f"latent must have shape ({count}, {length}, n), the whole state at each time, got "
                f"{latent.shape}"
            )
        values = (held, grid, ended, driven, system, sensors, latent)
        for name, value in zip(type(self).__dataclass_fields__, values, strict=True):
            object.__setattr__(self, name, value)
        if grid.ndim == 2:
            unknown = np.isnan(grid) & ~np.isnan(held).any(axis=2)
            if unknown.any():
                m, t = np.argwhere(unknown)[0]
                raise ValueError(f"times[{m}, {t}] is nan, but states[{m}, {t}] was recorded")

    @classmethod
    def from_arrays(
        cls,
        arrays: Iterable[ArrayLike],
        *,
        dt: float | None = None,
        times: ArrayLike | Iterable[ArrayLike] | None = None,
        inputs: Iterable[ArrayLike] | None = None,
    ) -> "Trajectories":
        """Trajectories from arrays of different lengths, such as the trials of an experiment.

        Parameters
        ----------
        arrays : iterable of (Tᵢ, N) array_like
            The states of each trajectory.
        dt : float
            Sampling interval of all of them.
        times : (T,) array_like or iterable of (Tᵢ,) array_like
            In place of `dt`: times of each trajectory, or those of the longest one, at whose first
            times the others are sampled.
        inputs : iterable of (Tᵢ, Q) array_like, optional
            The inputs of each trajectory.

        Raises
        ------
        ValueError, TypeError
            As the class raises them; the message names the array.
        """
        given = [stored(array, f"arrays[{k}]") for k, array in enumerate(arrays)]
        if not given:
            raise ValueError("arrays must hold one trajectory at least, got none")
        longest = max(len(array) if array.ndim else 0 for array in given)
        clock: Any = times
        # Of many times, each would be looked at by itself.
        shared = isinstance(times, np.ndarray) and times.ndim == 1 and times.dtype.kind in "fiu"
        if times is not None and not shared:
            each: list[Any] = list(times)  # type: ignore[arg-type]
            clock = each
            if any(np.ndim(one) for one in each):
                rows = [real(one, f"times[{k}]").reshape(-1, 1) for k, one in enumerate(each)]
                clock = padded(rows, longest, "times", given)[..., 0]
        driven = None
        if inputs is not None:
            parts = [stored(part, f"inputs[{k}]") for k, part in enumerate(inputs)]
            driven = padded(parts, longest, "inputs", given)
        return cls(padded(given, longest, "arrays"), clock, dt=dt, inputs=driven)

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        states: str | Sequence[str] | None = None,
        time: str | None = None,
        trajectory: str | None = None,
        channels: str | Sequence[str] | None = None,
        inputs: str | Sequence[str] | None = None,
        dt: float | None = None,
        transpose: bool = False,
    ) -> "Trajectories":
        """Read trajectories from a file; nothing in the file is executed.

        Files of arrays (.npz, .mat of every version, .h5) hold states (M, T, N), or (T, N), with
        NaN for missing values. Trajectories of different lengths are a cell array, a group, a list
        of names, or concatenated states (P, N) with `offsets` (M + 1,) or `lengths` (M,). Arrays
        named `states`, `times`, `dt`, `inputs` and `diverged_at` are found without options. A .npy
        file has the states only, which stay on disk. Tables (.csv, .tsv, .parquet) have a row for
        each trajectory and time. A .nc file is read as by `from_xarray`.

        Parameters
        ----------
        path : str or path
        states : str or list of str
            Name of the array of states, or names of the arrays of the trajectories.
        time : str
            Name of the array, column or dimension of times.
        trajectory : str
            Name of the column or dimension of trajectories.
        channels : list of str
            Names of the columns of channels, by default all columns without another role. For a
            .nc file: name of the dimension of channels.
        inputs : str or list of str
            Name of the array or columns of inputs; `input0`, `input1`, … are found without it.
        dt : float
            Sampling interval, in place of times.
        transpose : bool
            Whether arrays in the file have the shape channels × times.

        Raises
        ------
        ConfigError
            If the file is missing, damaged, of an unknown format, or has no trajectories. It is a
            ValueError whose message names the file and what is allowed.
        """
        from koopmark.simulation import _files
        from koopmark.simulation._named import Names

        chosen = Names(states, time, trajectory, channels, inputs, dt, transpose)
        fields = _files.read(path, chosen)
        with _files.naming(Path(path)):
            return cls._of(fields)

    def to_file(self, path: str | PathLike[str]) -> None:
        """Write the data without the system to .npz, .csv, .tsv, .parquet, .mat, .h5 or .nc.

        `from_file` reads the same bits; only in text files does float32 become float64. The file is
        written atomically.

        Raises
        ------
        ConfigError
            If the suffix is unknown, the format cannot hold the data or needs a library that is not
            installed, or the file cannot be written.
        """
        from koopmark.simulation import _files

        _files.write(self, path)

    @classmethod
    def from_xarray(
        cls,
        data: Any,
        *,
        states: str | Sequence[str] | None = None,
        time: str = "time",
        trajectory: str = "trajectory",
        channel: str = "channel",
        inputs: str | Sequence[str] | None = None,
        dt: float | None = None,
    ) -> "Trajectories":
        """Trajectories from a labelled DataArray or Dataset of xarray.

        Times are the coordinate `times` over both dimensions, or else the coordinate of the
        dimension `time`. Dates become seconds since the earliest, time differences seconds.

        Parameters
        ----------
        data : xarray.DataArray or xarray.Dataset
            Dimensions may have any order. Without `trajectory` the data are one trajectory, without
            `channel` they have one channel.
        states : str or list of str
            Variable with the states, if a Dataset has several; a list of variables if each is a
            channel.
        time, trajectory, channel : str
            Names of the dimensions.
        inputs : str or list of str
            Variable with the inputs, or a list with one for each; `inputs` is found without it.
        dt : float
            Sampling interval, in place of the coordinate.

        Raises
        ------
        ConfigError
            If a variable, a dimension or the times are missing, or there are other dimensions.
        TypeError
            If `data` is not an xarray object.
        """
        from koopmark.simulation import _labelled
        from koopmark.simulation._named import Names

        names = Names(states, time, trajectory, channel, inputs, dt)
        return cls._of(_labelled.fields(data, names))

    def to_xarray(self) -> Any:
        """An xarray.Dataset with `states` (trajectory, time, channel).

        Inputs are a second variable (trajectory, time, input). The times (T,) are the coordinate of
        `time`; times (M, T) are a coordinate `times` (trajectory, time). `diverged_at` is a
        coordinate of `trajectory` if one diverged. The arrays are not copied.

        Raises
        ------
        ConfigError
            If xarray is not installed.
        """
        from koopmark.simulation import _labelled

        return _labelled.to_xarray(self)

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> "Trajectories":
        """From the arguments of the class, or those of `from_arrays` and `diverged_at`."""
        ended = fields.pop("diverged_at", None)
        made = cls.from_arrays(**fields) if "arrays" in fields else cls(**fields)
        return made if ended is None else replace(made, diverged_at=ended)

    @staticmethod
    def of(
        data: Any,
        user: str,
        *,
        dt: float | None = None,
        times: Any = None,
        inputs: Any = None,
    ) -> "Trajectories":
        """Return `data` as Trajectories; `user` names the calling function in errors.

        Parameters
        ----------
        data : Trajectories, (M, T, N) or (T, N) array_like, list of (Tᵢ, N) array_like, or xarray
            A list has one matrix for each trajectory, of any length. For xarray objects see
            `from_xarray`.
        user : str
            Name of the calling function, for messages.
        dt, times, inputs
            For arrays, as in the class and `from_arrays`.

        Raises
        ------
        TypeError, ValueError
            As these raise them, and if times are given with Trajectories, or neither `times` nor
            `dt` with arrays.
        """
        given = {"dt": dt, "times": times, "inputs": inputs}
        named = [name for name, value in given.items() if value is not None]
        if isinstance(data, Trajectories):
            if named:
                raise TypeError(
                    f"{named[0]} is given beside Trajectories, which have their own: leave it out"
                )
            return data
        if hasattr(data, "dims") and hasattr(data, "coords") and not named:
            return Trajectories.from_xarray(data)
        sequence = isinstance(data, list | tuple)
        held = any(isinstance(part, Trajectories) for part in data) if sequence else False
        if held or isinstance(data, str | bytes | dict) or not hasattr(data, "__len__"):
            return Trajectories.expected(data, user)
        if dt is None and times is None:
            raise TypeError(
                f"{user} takes Trajectories, or an array and when it was recorded, got "
                f"{_shown(data)}: pass dt=, the sampling interval, or make koopmark.Trajectories("
                "states, times)"
            )
        if sequence and data and all(np.ndim(part) == 2 for part in data):
            return Trajectories.from_arrays(data, dt=dt, times=times, inputs=inputs)
        return Trajectories(data, times, dt=dt, inputs=inputs)

    @cached_property
    def recorded(self) -> Recorded:
        """Which states were recorded, and which of them are consecutive."""
        if self.full:
            mask = np.ones(self.states.shape[:2], bool)
        else:
            mask = np.stack([~np.isnan(one).any(axis=1) for one in self.states])
        return Recorded(mask, self.times)

    @cached_property
    def extremes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Smallest and largest value (N,) of each channel, both NaN if a value is missing."""
        # The extremes show every NaN and infinity; a mask would be a copy of an eighth of the data.
        states, n = self.states, self.states.shape[2]
        several = ROW // n if n > 1 and states.flags.c_contiguous else 0
        if several < 2 or states.size < 2 * several * n:
            return states.min(axis=(0, 1)), states.max(axis=(0, 1))
        # NumPy takes minima over many short rows slowly: it is given several states in a row.
        rows = states.reshape(-1, n)
        whole = len(rows) - len(rows) % several
        folded, rest = rows[:whole].reshape(-1, several * n), rows[whole:]
        low, high = folded.min(axis=0).reshape(-1, n), folded.max(axis=0).reshape(-1, n)
        return np.concatenate([low, rest]).min(axis=0), np.concatenate([high, rest]).max(axis=0)

    @cached_property
    def full(self) -> bool:
        """Whether every state was recorded."""
        return not self.states.size or not np.isnan(self.extremes[0]).any()

    @cached_property
    def regular(self) -> bool:
        """Whether every state was recorded, at even times common to all trajectories."""
        if self.times.ndim > 1 or not self.full:
            return False
        try:
            interval_of(self.times)
        except ValueError:
            # A single time: there is nothing uneven about it.
            return len(self.times) == 1
        return True

    @cached_property
    def dt(self) -> float:
        """Sampling interval of even times, or else the most frequent step.

        For even times it is their span divided by the number of steps. Otherwise it is the most
        frequent step between recorded states.

        Raises
        ------
        ValueError
            If no trajectory has two times.
        """
        if self.times.ndim == 1:
            try:
                return interval_of(self.times)
            except ValueError:
                pass
        return self.recorded.dt

    @property
    def neighbours(self) -> int:
        """Number of successive recorded states in a trajectory, at most M (T - 1)."""
        if self.regular:
            return self.states.shape[0] * (self.states.shape[1] - 1)
        return int(self.recorded.follows.sum())

    def without_origin(self) -> "Trajectories":
        """The same data without the generating system and without the hidden state."""
        return replace(self, system=None, sensors=None, latent=None)

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """Whether (M,) each trajectory stopped before the last time."""
        return np.isfinite(self.diverged_at)

    @property
    def status(self) -> list[str]:
        """The word `ok` or `diverged` for each trajectory."""
        return ["diverged" if bad else "ok" for bad in self.diverged]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape (M, T, N): trajectories, times, channels."""
        return self.states.shape

    def __len__(self) -> int:
        return len(self.states)

    def __iter__(self) -> Iterator["Trajectories"]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, index: Any) -> "Trajectories":
        """Some of the trajectories, or some of their times.

        `data[3]` is one trajectory, `data[:5]`, `data[[0, 2]]` and `data[mask]` are several, and
        `data[:, 10:20]` is a part of the times of all.

        Raises
        ------
        IndexError, TypeError
            If there is no such trajectory, or times are not chosen by a slice.
        """
        which, when = (
            index if isinstance(index, tuple) and len(index) == 2 else (index, slice(None))
        )
        # As scikit-learn chooses rows of whatever has a shape.
        when = slice(None) if when is Ellipsis else when
        if isinstance(which, tuple) or not isinstance(when, slice):
            raise TypeError("index trajectories as data[which] or data[which, start:stop]")
        if isinstance(which, Integral) and not isinstance(which, bool):
            if not -len(self) <= (k := int(which)) < len(self):
                raise IndexError(f"trajectory {which} of {len(self)}")
            which = slice(k % len(self), k % len(self) + 1)
        if not isinstance(which, slice):
            which = np.asarray(which)
            if which.dtype == bool and which.shape != (len(self),):
                raise IndexError(f"a mask of trajectories must have shape ({len(self)},)")
        return Trajectories(
            self.states[which][:, when],
            self.times[when] if self.times.ndim == 1 else self.times[which][:, when],
            self.diverged_at[which],
            inputs=None if self.inputs is None else self.inputs[which][:, when],
            system=self.system,
            sensors=self.sensors,
            latent=None if self.latent is None else self.latent[which][:, when],
        )

    def select(self, channels: Any) -> "Trajectories":
        """The data of some channels, chosen by indices, a slice or a mask.

        A state counts as recorded if these channels were. The system is left out, since its states
        have all channels.

        Raises
        ------
        IndexError
            If there is no such channel.
        """
        chosen = channels if isinstance(channels, slice) else np.atleast_1d(np.asarray(channels))
        try:
            states = self.states[:, :, chosen]
        except IndexError:
            raise IndexError(
                f"select takes channels by number, 0 to {self.shape[2] - 1}, a slice or a mask "
                f"({self.shape[2]},), got {channels!r:.80}"
            ) from None
        return replace(self, states=states, system=None, sensors=None, latent=None)

    def observed(self, sensors: Sensors) -> "Trajectories":
        """Sensor values (M, T, p) of these states, with the full state as `latent`.

        Raises
        ------
        TypeError, ValueError
            If `sensors` is not Sensors, or is for another number of units.
        """
        seen = Sensors.expected(sensors, "observed").observe(self.states)
        return replace(self, states=seen, sensors=sensors, latent=self.states)

    def split(self, fraction: float = 0.3, seed: int = 0) -> tuple["Trajectories", "Trajectories"]:
        """Split the trajectories at random into two parts, the second with this share of them.

        For a single trajectory the second part is the last share of its times.

        Raises
        ------
        ValueError
            If one part would be empty.
        """
        if not 0.0 < fraction < 1.0:
            raise ValueError(f"fraction must be above 0 and below 1, got {fraction}")
        of_times = len(self) == 1
        count = len(self.times) if of_times else len(self)
        held = round(fraction * count)
        if not 0 < held < count:
            what = "times" if of_times else "trajectories"
            raise ValueError(f"{fraction:g} of {count} {what} leaves one of two parts empty")
        if of_times:
            return self[:, : count - held], self[:, count - held :]
        order = generator({"seed": seed, "of": count}, "split of trajectories").permutation(count)
        return self[np.sort(order[held:])], self[np.sort(order[:held])]

    def snapshots(self) -> NDArray[np.float64]:
        """Every recorded state: `states` (M, T, N) if none is missing, else rows (P, N)."""
        return self.states if self.full else self._at(self.recorded.rows)

    def pairs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Snapshot pairs (X, Y) as rows (P, N): states recorded one sampling interval apart.

        Always in float64. P is M (T - 1) if nothing is missing. No pair crosses a gap or goes from
        one trajectory to another, and steps may differ from `dt` by 1 %.
        """
        if self.regular:
            m, t, n = self.states.shape
            before, after = real(self.states[:, :-1], "states"), real(self.states[:, 1:], "states")
            return before.reshape(m * (t - 1), n), after.reshape(m * (t - 1), n)
        rows = self.recorded.windows(2)
        return self._at(rows[:, 0]), self._at(rows[:, 1])

    def held(self) -> NDArray[np.float64]:
        """Inputs (P, Q) held during each of the `pairs`; Q may be 0."""
        if self.regular:
            if self.inputs is None:
                return np.zeros((self.neighbours, 0))
            return self.inputs[:, :-1].reshape(-1, self.inputs.shape[2])
        rows = self.recorded.windows(2)[:, 0]
        if self.inputs is None:
            return np.zeros((len(rows), 0))
        length = self.states.shape[1]
        return self.inputs[rows // length, rows % length]

    def segments(self, least: int = 1) -> list["Trajectories"]:
        """The parts of trajectories without gaps, with states one sampling interval apart.

        Each is one trajectory of at least `least` states, with its own times.
        """
        if self.regular:
            return list(self) if self.states.shape[1] >= least else []
        bounds = self.recorded.bounds
        rows = [self.recorded.rows[i:j] for i, j in pairwise(bounds) if j - i >= least]
        return [self._part(one[None]) for one in rows]

    def blocks(self, least: int = 2) -> list["Trajectories"]:
        """The `segments` grouped by length, longest first.

        Each block is regular: nothing is missing, and its times are even and start at 0. Regular
        data are a single block, unchanged.
        """
        if self.regular:
            return [self] if self.states.size and self.states.shape[1] >= least else []
        stretches = self.recorded.stretches(least)
        return [self._part(rows, even=True) for rows in stretches.values()]

    def rectangle(self, least: int = 2) -> "Trajectories":
        """A regular part: segments with at least `least` states, cut to one length.

        The length is the one with the most snapshot pairs. The result may have no trajectory.
        """
        if self.regular:
            return self
        return self._part(self.recorded.rectangle(least), even=True)

    def records(self, least: int = 1) -> list["Trajectories"]:
        """All recorded data, grouped into trajectories with the same times.

        Times count from the first state of each trajectory. Nothing is missing in a record, but
        its times may be uneven; trajectories of fewer than `least` states are left out.
        """
        if self.full and self.times.ndim == 1:
            return [self] if len(self) and self.states.shape[1] >= least else []
        recorded, groups = self.recorded, defaultdict[bytes, list[Indices]](list)
        ends = np.searchsorted(recorded.trajectory, np.arange(len(self) + 1))
        clock = np.broadcast_to(self.times, self.states.shape[:2]).reshape(-1)
        for start, stop in pairwise(ends):
            rows = recorded.rows[start:stop]
            if len(rows) >= max(least, 1):
                groups[(clock[rows] - clock[rows[0]]).tobytes()].append(rows)
        return [
            replace(self._part(np.stack(rows)), times=np.frombuffer(times).copy())
            for times, rows in groups.items()
        ]

    def rolling(self, length: int = 1) -> NDArray[np.float64]:
        """Every `length` successive states of regular data, (M, T - length + 1, length, N).

        A read-only view in the dtype of the states.

        Raises
        ------
        ValueError
            If no trajectory is that long, or the data are not regular: see `blocks`.
        """
        if not 1 <= length <= self.states.shape[1]:
            raise ValueError(
                f"a window has from 1 to {self.states.shape[1]} states, as many as a trajectory "
                f"has, got {length}"
            )
        if not self.regular:
            raise ValueError("states are missing or uneven: take the rolling windows of blocks()")
        return sliding_window_view(self.states, length, axis=1).swapaxes(-1, -2)

    def windows(self, length: int = 1) -> NDArray[np.float64]:
        """Every `length` states one sampling interval apart, (P, length, N), in order.

        No window crosses a gap or goes from one trajectory to another.

        Raises
        ------
        ValueError
            If no segment is that long.
        """
        if self.regular:
            windows = self.rolling(length)
            m, t, *shape = windows.shape
            return windows.reshape(m * t, *shape)
        rows = self.recorded.windows(length) if length >= 1 else np.empty((0, 1), int)
        if not len(rows):
            longest = np.diff(self.recorded.bounds).max(initial=0)
            raise ValueError(
                f"windows of {length} states from segments without a gap of at most {longest}"
            )
        return self._at(rows)

    def delayed(self, length: int) -> "Trajectories":
        """Delay-embedded data: windows of `length` states, oldest first, (M, T', length N).

        Times are those of the last state of each window. For regular data only; in float64.
        """
        windows = real(self.rolling(length), "states")
        m, t, w, n = windows.shape
        states = windows.reshape(m, t, w * n)
        inputs = None if self.inputs is None else self.inputs[:, length - 1 :]
        return Trajectories(states, self.times[length - 1 :], inputs=inputs)

    def longest(self) -> "Trajectories":
        """The longest segment in float64; the first one if several are equally long."""
        if self.regular and len(self):
            best = int(np.argmax(np.where(self.diverged, self.diverged_at, np.inf)))
            one = self[best : best + 1]
            return replace(one, states=real(one.states, "states"), system=None)
        blocks = self.blocks(least=1)
        return blocks[0][0] if blocks else self[:0]

    def _at(self, rows: Indices) -> NDArray[np.float64]:
        """The states at these indices of the M T, (..., N), in float64."""
        length = self.states.shape[1]
        return real(self.states[rows // length, rows % length], "states")

    def _part(self, rows: Indices, even: bool = False) -> "Trajectories":
        """The states (m, L) of these rows: with `even`, at even times, or else at their own."""
        length = self.states.shape[1]
        which = (rows // length, rows % length)
        clock = np.broadcast_to(self.times, self.states.shape[:2])
        inputs = None if self.inputs is None else self.inputs[which]
        latent = None if self.latent is None else self.latent[which]
        # Of single states, or none, there may be no interval, and none is needed.
        dt = self.dt if len(rows) and rows.shape[1] > 1 else 1.0
        times = dt * np.arange(rows.shape[1]) if even else clock[which]
        return Trajectories(
            self._at(rows),
            times,
            inputs=inputs,
            system=self.system,
            sensors=self.sensors,
            latent=latent,
        )

    @staticmethod
    def expected(given: object, user: str) -> "Trajectories":
        """Return `given` if it is Trajectories; `user` names the calling function in the error.

        Raises
        ------
        TypeError
            If it is anything else.
        """
        if isinstance(given, Trajectories):
            return given
        raise TypeError(
            f"{user} takes Trajectories, got {_shown(given)}: wrap states (M, T, N) and times (T,) "
            "as koopmark.Trajectories(states, times)"
        )

    def _facts(self) -> list[str]:
        m, t, n = self.states.shape
        facts = [f"M = {m:,}", f"T = {t:,}", f"N = {n:,}"]
        if self.inputs is not None:
            facts.append(f"Q = {self.inputs.shape[2]:,}")
        if np.isfinite(self.times).any():
            facts.append(f"t = {number(np.nanmin(self.times))} to {number(np.nanmax(self.times))}")
        try:
            facts.append(f"Δt = {number(self.dt)}")
        except ValueError:
            facts.append("no Δt")
        if not self.regular and self.states.size:
            states, steps = len(self.recorded.rows), self.neighbours
            if states < m * t:
                facts.append(f"{states:,} of {m * t:,} states recorded")
            if (even := int(self.recorded.linked.sum())) < steps:
                facts.append(f"{even:,} of {steps:,} steps one Δt long")
        diverged = int(self.diverged.sum())
        return [*facts, f"{diverged:,} diverged"] if diverged else facts

    def _details(self) -> Details:
        if not self.states.size:
            return Details()
        n = min(DRAWN, self.states.shape[2])
        which = "its only channel" if self.states.shape[2] == 1 else f"its first {n} channels"
        times = np.atleast_2d(self.times)[0]
        known = np.isfinite(times)
        return Details(
            picture=curves(times[known], self.states[0, known, :DRAWN]) if known.any() else "",
            note=f"the first trajectory, {which}",
        )


def _shown(data: object) -> str:
    shape = getattr(data, "shape", None)
    return f"{type(data).__name__}{f' of shape {shape}' if shape else ''}"
