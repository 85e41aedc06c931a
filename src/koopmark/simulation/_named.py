"""Find out which named arrays in a file are the states, the times and the inputs."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark._errors import ConfigError, suggest

SHOWN = 8
"""Names of arrays or columns that a message lists."""
STATES = ("states", "X", "data")
TIMES = ("times", "time", "t")
"""Names that are found without options: the first one, or else the only one of the others."""

INSTALL = {
    "h5netcdf": 'pip install "h5netcdf>=1.3"',
    "h5py": 'pip install "h5py>=3.10"',
    "pyarrow": 'pip install "pyarrow>=17"',
    "xarray": 'pip install "xarray>=2024.7"',
}
"""How to get what one format alone needs: the extra `data` of the package."""


Fields = dict[str, Any]
"""Arguments of Trajectories, or of Trajectories.from_arrays if `arrays` is among them."""


@dataclass(frozen=True)
class Names:
    """Names of arrays that the user gave for a file (see `Trajectories.from_file`)."""

    states: str | Sequence[str] | None = None
    time: str | None = None
    trajectory: str | None = None
    channels: str | Sequence[str] | None = None
    inputs: str | Sequence[str] | None = None
    dt: float | None = None
    transpose: bool = False

    def refuse(self, kind: str, *options: str) -> None:
        """Raise ConfigError if one of these options is given for a `kind` of file without it."""
        for option in options:
            if getattr(self, option) not in (None, False):
                raise ConfigError(f"{option}= has no meaning for {kind}")


@dataclass(frozen=True)
class Entry:
    """An array of a file, or a list of arrays for trajectories of different lengths.

    Parameters
    ----------
    shape : tuple of int or None
        None for several arrays.
    load : function
        Returns the array, or a list of arrays.
    note : str
        What it is, for messages.
    """

    shape: tuple[int, ...] | None
    load: Callable[[], Any]
    note: str = ""

    @property
    def holds_states(self) -> bool:
        """Whether it can hold states: at least two axes with more than one entry."""
        return self.shape is None or (len(self.shape) > 1 and sum(k > 1 for k in self.shape) > 1)

    def __str__(self) -> str:
        return self.note or str(self.shape)


Entries = Mapping[str, Entry]


def numbers(array: NDArray) -> Entry | None:
    """The entry of a numeric array; None if it holds no numbers."""
    return Entry(array.shape, lambda: array) if array.dtype.kind in "biufc" else None


def several(parts: Sequence[Any]) -> Entry:
    """The entry of a list of arrays, one for each trajectory."""
    return Entry(None, lambda: [np.asarray(part) for part in parts], f"{len(parts)} arrays")


def taken(known: Iterable[str], names: Sequence[str], what: str) -> str | None:
    """The first known name among `names`, or the only other name.

    Raises ConfigError if several of the others are.
    """
    found = [name for name in names if name in set(known)]
    if not found or found[0] == names[0] or len(found) == 1:
        return found[0] if found else None
    raise ConfigError(
        f"{what} may be {' or '.join(map(repr, found))}: choose one by its name, or call it "
        f"{names[0]!r}"
    )


def listed(entries: Mapping[str, object]) -> str:
    """Names with their shapes for a message, shortened if there are many."""
    shown = [f"{name} {entry}".rstrip() for name, entry in list(entries.items())[:SHOWN]]
    more = len(entries) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "") if shown else "none"


def fields(entries: Entries, names: Names) -> Fields:
    """Arguments for `Trajectories` from the arrays of a file.

    Raises
    ------
    ConfigError
        If a name is not there, the states are not told apart, or there are neither times nor an
        interval.
    """
    names.refuse("a file of arrays, which names channels nowhere", "trajectory", "channels")
    states = names.states if names.states is not None else _states(entries, names)
    held: Any = (
        _load(entries, states)
        if isinstance(states, str)
        else [_load(entries, one) for one in states]
    )
    inputs = names.inputs
    if inputs is None and "inputs" in entries and states != "inputs":
        inputs = "inputs"
    if inputs is not None and not isinstance(inputs, str):
        driven: Any = [_load(entries, one) for one in inputs]
    else:
        driven = None if inputs is None else _load(entries, inputs)
    times = _times(entries, names)
    if not isinstance(held, list) and held.ndim == 2:
        bounds = _bounds(entries, len(held))
        if bounds is not None:
            rows = len(held)
            held = np.split(held, bounds)
            driven = driven if driven is None else np.split(driven, bounds)
            if isinstance(times, np.ndarray) and times.size == rows:
                times = np.split(times.reshape(-1), bounds)
    if names.transpose:
        held, driven = _turned(held), _turned(driven)
    made: Fields = {"inputs": driven}
    made |= _clock(times, held, names, entries)
    if "diverged_at" in entries:
        made["diverged_at"] = np.ravel(_load(entries, "diverged_at"))
    return made | {"arrays" if isinstance(held, list) else "states": held}


def _states(entries: Entries, names: Names) -> str:
    found = taken(entries, STATES, "the states")
    if found is not None:
        return found
    others = {names.time, names.inputs if isinstance(names.inputs, str) else None, "inputs"}
    others |= {*TIMES, "diverged_at", "dt", "offsets", "lengths"}
    left = [name for name, one in entries.items() if one.holds_states and name not in others]
    if len(left) == 1:
        return left[0]
    example = left[0] if left else "name"
    raise ConfigError(
        f"which array holds the states? There are: {listed(entries)}. Pass states={example!r}, or "
        f"a list with the name of each trajectory; {', '.join(map(repr, STATES))} are taken by "
        "themselves"
    )


def _times(entries: Entries, names: Names) -> Any:
    """The times, (T,), (M, T) or a list of those of each; None if there are none."""
    name = names.time or taken(entries, TIMES, "the times")
    times = None if name is None else _load(entries, name)
    if names.dt is not None and (times is not None or "dt" in entries):
        # One of the two would be wrong.
        raise ConfigError(f"{name or 'dt'!r} in the file has the times: do not pass dt= as well")
    return times


def _clock(times: Any, held: Any, names: Names, entries: Entries) -> Fields:
    if isinstance(times, list):
        if not isinstance(held, list):
            raise ConfigError("the times are several arrays, and the states are one")
        return {"times": [np.ravel(one) for one in times], "dt": names.dt}
    if times is not None:
        length = max(map(len, held), default=0) if isinstance(held, list) else held.shape[-2]
        each = not isinstance(held, list) and times.shape == held.shape[:-1]
        # MATLAB has no vectors: times are a row or a column.
        flat = times.reshape(-1) if times.size == length and not each else times
        return {"times": flat, "dt": names.dt}
    if names.dt is not None:
        return {"dt": names.dt}
    if "dt" not in entries:
        raise ConfigError(
            f"there are no times: pass dt=, or time= with the name of the array that holds them "
            f"({listed(entries)}); {', '.join(map(repr, TIMES))} and 'dt' are found without it"
        )
    interval = real(_load(entries, "dt"), "dt")
    if interval.size != 1:
        raise ConfigError(f"dt must be one number, got an array of shape {interval.shape}")
    return {"dt": float(interval.reshape(()))}


def _bounds(entries: Entries, rows: int) -> NDArray | None:
    """Rows at which the trajectories after the first begin, if the file has them."""
    name = next((name for name in ("offsets", "lengths") if name in entries), None)
    if name is None:
        return None
    given = real(_load(entries, name), name).reshape(-1)
    offsets = given if name == "offsets" else np.cumsum([0, *given])
    whole = len(offsets) > 1 and offsets[0] == 0 and offsets[-1] == rows
    if not whole or (np.diff(offsets) < 0).any() or (offsets % 1).any():
        raise ConfigError(
            f"{name} must say which of the {rows} rows of the states belong to each trajectory: "
            + ("0, …, increasing" if name == "offsets" else "whole numbers with the sum")
            + f" {'to ' if name == 'offsets' else ''}{rows}"
        )
    return offsets[1:-1].astype(int)


def _turned(held: Any) -> Any:
    """Channels × times as times × channels."""
    if isinstance(held, list):
        return [_turned(one) for one in held]
    return held if held is None or held.ndim < 2 else held.swapaxes(-1, -2)


def _load(entries: Entries, name: str) -> Any:
    if name not in entries:
        raise ConfigError(
            f"there is no array {name!r}: {suggest(name, entries)}there are: {listed(entries)}"
        )
    return entries[name].load()


def require(needed: str, *libraries: str) -> None:
    """Raise ConfigError with the install command if one of these libraries is missing."""
    for name in libraries:
        try:
            import_module(name)
        except ImportError:
            raise ConfigError(f"{needed} {name}, which is not installed: {INSTALL[name]}") from None


def natural(name: str) -> list[Any]:
    """Sort key by which trial2 comes before trial10."""
    return [(0, int(k), "") if k.isdigit() else (1, 0, k) for k in re.split(r"(\d+)", name)]
