"""Options of methods, dictionaries and kernels: their bounds, and how they are read."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, get_args

import numpy as np
from pydantic import TypeAdapter, ValidationError

from koopmark._config import mistakes
from koopmark._errors import ConfigError, suggest


@dataclass(frozen=True)
class Bound:
    """What a number keeps to, and how that is said behind the name of its field."""

    said: str
    holds: Callable[[Any], bool]


Count = Annotated[int, Bound("must be at least 1", lambda value: value >= 1)]
CountOrAll = Annotated[
    int, Bound("must be at least 1, or -1 for all", lambda value: value >= 1 or value == -1)
]
NotNegative = Annotated[float, Bound("must not be negative", lambda value: value >= 0)]
Positive = Annotated[float, Bound("must be positive", lambda value: value > 0)]
Tolerance = Annotated[float, Bound("must be at least 0 and below 1", lambda value: 0 <= value < 1)]
Share = Annotated[float, Bound("must be above 0 and below 1", lambda value: 0 < value < 1)]


class Bounded:
    """A dataclass whose numbers keep to the bounds in the types of their fields.

    Raises
    ------
    ValueError
        If one does not: its name, what it must be and what it is.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for name, bound in _bounds(kind):
            value = getattr(self, name)
            if value is not None and not bound.holds(value):
                raise ValueError(f"{name} {bound.said}, got {value}")


@cache
def _bounds(kind: Any) -> list[tuple[str, Bound]]:
    return [
        (field.name, bound)
        for field in fields(kind)
        for part in (field.type, *get_args(field.type))
        for bound in getattr(part, "__metadata__", ())
        if isinstance(bound, Bound)
    ]


def configured(name: str, default: Any, options: Mapping[str, Any]) -> Any:
    """A method with `options` in place of its defaults.

    Raises
    ------
    ConfigError
        If an option is unknown, or a value is not allowed.
    """
    if not options:
        return default
    kind: Any = type(default)
    known = [field.name for field in fields(default)]
    for option in options:
        if option not in known:
            allowed = f"its options are {', '.join(known)}" if known else "it has no options"
            hint = suggest(option, known)
            raise ConfigError(f"{name} has no option {option!r}: {hint}{allowed}")
    try:
        written = json.dumps({**default.to_options(), **_jsonable(options)}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name}: an option is not a plain value ({error})") from None
    try:
        return _adapter(kind).validate_json(written, strict=True)
    except ValidationError as error:
        raise ConfigError(f"{name}: {mistakes(error, kind)}") from None


@cache
def _adapter(method: type) -> TypeAdapter[Any]:
    """Making one takes longer than all else that a worker does to open a cell."""
    return TypeAdapter(method)


def _jsonable(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    # NumPy's numbers and arrays as Python's: np.int64(2) is 2, np.True_ is True.
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
