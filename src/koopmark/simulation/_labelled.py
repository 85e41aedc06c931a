"""Trajectories as labelled xarray arrays, and as netCDF files."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from koopmark._errors import ConfigError, suggest
from koopmark.simulation._named import Fields, Names, require
from koopmark.simulation._tables import seconds

if TYPE_CHECKING:
    from koopmark.simulation._trajectories import Trajectories

DIMS = ("trajectory", "time", "channel")


def to_xarray(data: "Trajectories") -> Any:
    """See `Trajectories.to_xarray`."""
    require("to_xarray needs", "xarray")
    import xarray as xr

    variables: dict[str, Any] = {"states": (DIMS, data.states)}
    if data.inputs is not None:
        variables["inputs"] = (("trajectory", "time", "input"), data.inputs)
    coordinates: dict[str, Any] = {}
    if data.times.ndim == 1:
        coordinates["time"] = data.times
    else:
        coordinates["times"] = (("trajectory", "time"), data.times)
    if data.diverged.any():
        coordinates["diverged_at"] = ("trajectory", data.diverged_at)
    return xr.Dataset(variables, coordinates)


def fields(given: Any, names: Names) -> Fields:
    """Arguments for `Trajectories` from a DataArray or Dataset (see `Trajectories.from_xarray`).

    Raises
    ------
    ConfigError
        If a variable or dimension is not there, or there are dimensions of other names.
    TypeError
        If `given` is nothing of xarray's.
    """
    require("from_xarray needs", "xarray")
    import xarray as xr

    if not isinstance(given, xr.DataArray | xr.Dataset):
        raise TypeError(
            f"from_xarray takes a DataArray or Dataset of xarray, got {type(given).__name__}"
        )
    names.refuse("a labelled array, whose dimensions have names", "transpose")
    dims = [
        default if name is None else str(name)
        for name, default in zip((names.trajectory, names.time, names.channels), DIMS, strict=True)
    ]
    trajectory, time, channel = dims
    if time not in given.dims:
        raise ConfigError(
            f"there is no dimension {time!r}: {suggest(time, map(str, given.dims))}the dimensions "
            f"are {_listed(given.dims)}; name that of the times by time="
        )
    inputs = _inputs(given, names)
    states = _states(given, names, inputs, dims)
    arrays = {"states": _ordered(states, (trajectory, time, channel), "states").values}
    made: Fields = {"states": arrays["states"], "dt": names.dt, "inputs": None}
    if inputs is not None:
        inputs = _with_trajectories(inputs, states, trajectory)
        last = [str(dim) for dim in inputs.dims if dim not in (trajectory, time)]
        made["inputs"] = _ordered(inputs, (trajectory, time, *(last or ["input"])), "inputs").values
    # Without a coordinate, xarray would count from 0 on.
    clock = next((given.coords[one] for one in ("times", time) if one in given.coords), None)
    if clock is not None and names.dt is None:
        order = [dim for dim in (trajectory, time) if dim in clock.dims]
        if len(order) < clock.ndim:
            raise ConfigError(f"the times have the dimensions {_listed(clock.dims)}")
        made["times"] = seconds(clock.transpose(*order).values)
    elif names.dt is None:
        raise ConfigError(f"the dimension {time!r} has no coordinate: pass dt=")
    if "diverged_at" in given.coords:
        made["diverged_at"] = given.coords["diverged_at"].values.reshape(-1)
    return made


def _inputs(given: Any, names: Names) -> Any:
    if names.inputs is None:
        variables = getattr(given, "data_vars", {})
        return given["inputs"] if "inputs" in variables and names.states != "inputs" else None
    return _variable(given, names.inputs, "input", "inputs")


def _states(given: Any, names: Names, inputs: Any, dims: Sequence[str]) -> Any:
    if names.states is not None:
        return _variable(given, names.states, dims[2], "states")
    variables = getattr(given, "data_vars", None)
    if variables is None:
        return given
    if "states" in variables:
        return given["states"]
    driving = () if inputs is None else (inputs.name,)
    left = [name for name, one in variables.items() if dims[1] in one.dims and name not in driving]
    if len(left) == 1:
        return given[left[0]]
    raise ConfigError(
        f"which variable holds the states? There are {_listed(variables)}: pass states= with its "
        "name, or a list of names if each is a channel"
    )


def _variable(given: Any, name: str | Sequence[str], dim: str, what: str) -> Any:
    """The variable of this name, or those of these names along a dimension `dim`."""
    variables = getattr(given, "data_vars", {})
    for one in [name] if isinstance(name, str) else name:
        if one not in variables:
            raise ConfigError(
                f"{what}={one!r}: there is no such variable; {suggest(one, map(str, variables))}"
                f"there are {_listed(variables)}"
            )
    if isinstance(name, str):
        return given[name]
    return given[list(name)].to_array(dim)


def _ordered(array: Any, order: Sequence[str], what: str) -> Any:
    """With axes in this order; of those that are not there, one entry."""
    other = [dim for dim in array.dims if dim not in order]
    if other:
        raise ConfigError(
            f"the {what} have the dimensions {_listed(array.dims)}, and {_listed(other)} may be "
            f"anything: name it as one of {_listed(order)}, select one entry of it, or "
            f"stack it into one of them"
        )
    missing = [dim for dim in order if dim not in array.dims]
    return array.expand_dims(missing).transpose(*order)


def _with_trajectories(inputs: Any, states: Any, trajectory: str) -> Any:
    """Inputs that all trajectories share, for each of them."""
    if trajectory in inputs.dims or trajectory not in states.dims:
        return inputs
    return inputs.expand_dims({trajectory: states.sizes[trajectory]})


def _listed(names: Iterable[Hashable]) -> str:
    return ", ".join(repr(name) for name in names) or "none"


def read_netcdf(path: Any, names: Names) -> Fields:
    """Arguments for `Trajectories` from a netCDF file, version 3 or 4."""
    import xarray as xr

    with path.open("rb") as file:
        classic = file.read(3) == b"CDF"
    engine: Any = "scipy" if classic else "h5netcdf"
    with xr.open_dataset(path, engine=engine, decode_timedelta=True) as given:
        return fields(given.load(), names)


def netcdf(data: "Trajectories") -> bytes:
    """Contents of a netCDF 4 file with the Dataset of `to_xarray`."""
    written = to_xarray(data)
    # None: what is missing is NaN, and no value stands for it.
    encoding = {name: {"_FillValue": None} for name in written.variables}
    return bytes(written.to_netcdf(engine="h5netcdf", encoding=encoding))
