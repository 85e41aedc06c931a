"""Options of methods, dictionaries and kernels: bounds, and how options are read."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError

from koopmark._config import mistakes
from koopmark._errors import ConfigError, suggest


@dataclass(frozen=True)
class Bound:
    """A bound on a number, with the phrase that error messages add to the field's name."""

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
    """A dataclass that checks its numbers against the bounds in the types of its fields.

    NumPy numbers are converted to Python numbers. If a field is one of several kinds of
    dataclasses, such as a dictionary, it may be given by its `kind` or by a mapping that contains
    the `kind`.

    Raises
    ------
    ValueError
        If a number is out of bounds; the message has its name, its bounds and its value.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for field in fields(kind):
            value = getattr(self, field.name)
            plain = _plain(kind, field.name, value)
            if plain is not value:
                object.__setattr__(self, field.name, plain)
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


def _plain(kind: Any, name: str, value: Any) -> Any:
    """The value of a field as the dataclass holds it."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.tolist()
    if isinstance(value, str | Mapping) and (kinds := _kinds(kind, name)):
        given = {"kind": value} if isinstance(value, str) else dict(value)
        chosen = kinds.get(given.pop("kind", None))
        if chosen is None:
            raise ConfigError(_no_kind(name, value, kinds))
        return configured(name, chosen(), given)
    return value


def _no_kind(name: str, value: Any, kinds: Mapping[str, Any]) -> str:
    asked = value if isinstance(value, str) else value.get("kind")
    problem = f"{name} has no kind" if asked is None else f"{name} = {asked!r}"
    hint = "" if asked is None else suggest(asked, kinds)
    return f"{problem}: {hint}it must be one of {', '.join(map(repr, kinds))}"


@cache
def _kinds(holder: Any, name: str) -> Mapping[str, Any]:
    """The dataclasses that a field may hold, by their `kind`; none if it holds something else."""
    try:
        found = _dataclasses(get_type_hints(holder).get(name))
    except NameError:
        # Of foreign code, which may name types that it imports for a type checker alone.
        return {}
    hints = {kind: get_type_hints(kind).get("kind") for kind in found}
    return {str(tag): kind for kind, hint in hints.items() for tag in get_args(hint)}


def _dataclasses(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and is_dataclass(annotation):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _dataclasses(part)]


def _has(kind: Any, names: Iterable[str]) -> bool:
    return set(names) <= {field.name for field in fields(kind)}


def spelled_out(default: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with short forms expanded, for the method `default` and its nested dataclasses.

    The name of a kind of dictionary or kernel is short for the mapping `{"kind": name}`. An option
    of the dictionary or kernel that the method itself does not have is passed on to it: `degree=3`
    becomes `dictionary={"kind": "monomials", "degree": 3}`. So is an option with its path, as in
    scikit-learn's searches: `dictionary__degree=3`.

    Raises
    ------
    ConfigError
        If an option is given twice.
    """
    holder: Any = type(default)
    known = [field.name for field in fields(holder)]
    nested = {name: kinds for name in known if (kinds := _kinds(holder, name))}
    written = {
        name: {"kind": value} if name in nested and isinstance(value, str) else value
        for name, value in options.items()
    }
    inner: dict[str, dict[str, Any]] = {}
    for option in [option for option in written if option not in known]:
        place, _, last = option.partition("__")
        homes = (
            [place]
            if last and place in nested
            else [
                name
                for name, kinds in nested.items()
                if any(_has(kind, [option]) for kind in kinds.values())
            ]
        )
        if homes:
            inner.setdefault(homes[0], {})[last or option] = written.pop(option)
    for place, given in inner.items():
        written[place] = _filled(place, nested[place], getattr(default, place), written, given)
    return written


def _filled(
    name: str,
    kinds: Mapping[str, Any],
    default: Any,
    written: Mapping[str, Any],
    given: dict[str, Any],
) -> dict[str, Any]:
    """The field `name` as a mapping, with the options `given` in it."""
    kind = given.pop("kind", None)
    outside = [option.partition("__")[0] for option in given]
    if name in written:
        base = written[name]
        base = _jsonable(base) if is_dataclass(base) else base
        said = ["kind", *given] if kind is not None else list(given)
        twice = [option for option in said if not isinstance(base, Mapping) or option in base]
        if twice:
            raise ConfigError(
                f"{twice[0]} is given beside {name}, which has it already: give it only once"
            )
    elif kind is None and is_dataclass(default) and _has(default, outside):
        base = _jsonable(default)
    else:
        fitting = [tag for tag, one in kinds.items() if _has(one, outside)]
        if kind is None and len(fitting) != 1:
            others = f"one of {', '.join(map(repr, fitting))}" if fitting else "another one"
            raise ConfigError(
                f"{', '.join(given)}: this {name} is of the kind "
                f"{getattr(default, 'kind', None)!r}, which does not have it: "
                f"say {name}= as well, {others}"
            )
        base = {"kind": kind or fitting[0]}
    kind = base.get("kind")
    chosen = kinds.get(kind) if isinstance(kind, str) else None
    if chosen is None:
        return {**base, **given}
    start = configured(name, chosen(), {key: base[key] for key in base if key != "kind"})
    return {**base, **spelled_out(start, given)}


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
    try:
        options = spelled_out(default, options)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from None
    for option in options:
        if option not in known:
            allowed = f"its options are {', '.join(known)}" if known else "it has no options"
            hint = suggest(option, known)
            raise ConfigError(f"{name} has no option {option!r}: {hint}{allowed}")
    try:
        written = json.dumps(_jsonable({**_fields(default), **options}), allow_nan=False)
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


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _jsonable(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _jsonable(_fields(value))
    if isinstance(value, Mapping):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    # NumPy's numbers and arrays as Python's: np.int64(2) is 2, np.True_ is True.
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
