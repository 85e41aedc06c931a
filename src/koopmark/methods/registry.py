"""All methods by name: the table that suites and the command line read."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError

from koopmark._config import shortened
from koopmark._errors import ConfigError, suggest
from koopmark.methods import anchors, own, plugins
from koopmark.methods.adapters import deeptime, kooplearn, pydmd, pykoop, pykoopman
from koopmark.methods.method import Method
from koopmark.models import Model
from koopmark.simulation import Trajectories

REGISTRY: dict[str, Method] = {
    **own.METHODS,
    **pydmd.METHODS,
    **pykoopman.METHODS,
    **deeptime.METHODS,
    **kooplearn.METHODS,
    **pykoop.METHODS,
    **anchors.METHODS,
}


def names() -> list[str]:
    """Names of the methods that come with koopmark."""
    return list(REGISTRY)


def offered() -> list[str]:
    """Names of the methods that installed packages offer by an entry point; none is loaded."""
    return sorted(set(plugins.entry_points()) - set(REGISTRY))


def get(name: str, /, **options: Any) -> Method:
    """The method of this name with `options` in place of its defaults.

    Parameters
    ----------
    name : str
        One of `names()` or `offered()`; or, for a `Method` of your own, `package.module:Class`
        or `path/to/file.py:Class`.
    **options
        Fields of the method; nested ones as instances or as mappings, so
        `dictionary={"kind": "monomials", "degree": 3}`.

    Raises
    ------
    ConfigError
        If the name or an option is unknown, or a value is not allowed.
    """
    if not isinstance(name, str):
        raise ConfigError(f"a method is asked for by its name, got {type(name).__name__}")
    default = REGISTRY.get(name)
    if default is None and (":" in name or name in plugins.entry_points()):
        default = plugins.load(name)
    if default is None:
        if name.endswith(".py"):
            raise ConfigError(f"{name} names a file and no method in it: write {name}:Class")
        hint = suggest(name, [*REGISTRY, *offered()])
        raise ConfigError(f"unknown method {name!r}: {hint}`koopmark list methods` shows them all")
    return configured(name, default, options)


def configured(name: str, default: Method, options: Mapping[str, Any]) -> Method:
    """A method with `options` in place of its defaults; raises as `get` does."""
    if not options:
        return default
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
        return _adapter(type(default)).validate_json(written, strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False)
        sentences = dict.fromkeys(_sentence(dict(detail), type(default)) for detail in details)
        raise ConfigError(f"{name}: {'; '.join(sentences)}") from None


def fit(name: str, trajectories: Trajectories, /, **options: Any) -> Model:
    """Fit the method of this name (see `get`) to trajectories (see `Method.fit`)."""
    return get(name, **options).fit(trajectories)


@cache
def _adapter(method: type[Method]) -> TypeAdapter[Any]:
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


def _sentence(detail: dict[str, Any], method: type[Method]) -> str:
    """A mistake that pydantic found, with the key as the user wrote it and what is allowed."""
    option, *inner = [str(part) for part in detail["loc"]] or [""]
    message = detail["msg"].removeprefix("Value error, ")
    choices = get_args(get_type_hints(method).get(option))
    kinds: dict[str, Any] = {c.kind: c for c in choices if hasattr(c, "kind")}
    if detail["type"].startswith("union_tag"):
        given = detail["ctx"].get("tag")
        problem = f"{option}.kind = {given!r}" if given else f"the key '{option}.kind' is missing"
        hint = suggest(str(given), kinds)
        return f"{problem}: {hint}it must be one of {', '.join(map(repr, kinds))}"
    # Pydantic puts the kind itself, or the type it tried, behind the option.
    key = ".".join([option, *inner[1:]])
    if detail["type"] == "unexpected_keyword_argument":
        allowed = [field.name for field in fields(kinds[inner[0]])]
        hint = suggest(inner[-1], allowed)
        return f"unknown key {key!r}: {hint}the keys here are {', '.join(allowed)}"
    if detail["type"] == "value_error":
        return f"{key}: {message}" if key else message
    allowed = message.replace("Input should", "it must")
    if detail["type"] == "literal_error" and isinstance(detail["input"], str):
        allowed = suggest(detail["input"], detail["ctx"]["expected"].split("'")[1::2]) + allowed
    return f"{key} = {shortened(repr(detail['input']))}: {allowed}"
