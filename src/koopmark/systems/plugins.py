"""Systems defined outside koopmark: in a module, in a file or behind an entry point."""

import dataclasses
from collections.abc import Callable, Mapping
from inspect import Parameter, getattr_static, signature
from typing import Any

import numpy as np

from koopmark import _plugins
from koopmark._errors import ConfigError, named
from koopmark._keys import generator
from koopmark.systems._base import System

SYSTEM = _plugins.Kind("system", "koopmark.systems", System)
"""How they are loaded."""

RNG = "rng"
"""The parameter of `draw` that a recipe gives no value for: a random generator."""


def load(name: str, as_of: str = "") -> type[System]:
    """Load the system class of this name.

    Parameters and errors are as in `koopmark._plugins.load`. A class that lacks a required part of
    a system raises a ConfigError too.
    """
    kind, digest = _plugins.load(name, SYSTEM, as_of=as_of)
    lacking = _lacking(kind)
    if lacking:
        raise ConfigError(f"system {name!r} {lacking}")
    if _plugins.is_file(name):
        _plugins.travels(kind, name, digest, lambda system: dict(vars(system)), _again)
    return kind


def _lacking(kind: type) -> str:
    """What a class must be mended in before a system is made of it; empty if nothing."""
    if "__dataclass_fields__" not in vars(kind) and vars(kind).get("__annotations__"):
        return "has fields and is no dataclass: write @dataclass(frozen=True) above it"
    abstract = getattr(kind, "__abstractmethods__", ())
    wanted = {
        "size": "`size`, the dimension of its state",
        "rhs": "`rhs(self, states)`, its vector field",
    }
    missing = [wanted.get(name, f"`{name}`") for name in [*wanted, *abstract] if name in abstract]
    fields = {field.name: field.default for field in dataclasses.fields(kind)}
    given = all(name in fields or hasattr(kind, name) for name in ("eigenvalues", "eigenfunctions"))
    if not (given or _overrides(kind, "eigenspaces") or _overrides(kind, "principal")):
        missing.append(
            "`eigenvalues` and `eigenfunctions(self, states)`, what is known of its spectrum, or "
            "`eigenspaces(self, max_degree)`"
        )
    if missing:
        return f"has no {'; no '.join(dict.fromkeys(missing))}"
    for name, default in fields.items():
        if isinstance(default, property):
            return f"has a field `{name}`, which is a property of every system: rename the field"
    draw = getattr_static(kind, "draw", None)
    if draw is not None and not (
        isinstance(draw, classmethod) and RNG in signature(kind.draw).parameters  # type: ignore[attr-defined]
    ):
        return f"has a `draw` that is no classmethod with a parameter `{RNG}`, a random generator"
    return ""


def _overrides(kind: type, name: str) -> bool:
    return getattr_static(kind, name) is not getattr_static(System, name)


def _again(name: str, values: dict[str, Any], digest: str) -> System:
    kind = load(name, digest)
    system: System = object.__new__(kind)
    vars(system).update(values)
    return system


def drawn(kind: type[System]) -> bool:
    """Whether a class draws a new system for each seed, by a classmethod `draw`."""
    return hasattr(kind, "draw")


def parameters(kind: type[System]) -> Mapping[str, Parameter]:
    """Parameters of a system class with their types: those of `draw`, or else its fields.

    Raises
    ------
    ConfigError
        If a type annotation names something that its module does not define.
    """
    make: Callable[..., Any] = kind.draw if drawn(kind) else kind  # type: ignore[attr-defined]
    try:
        taken = signature(make, eval_str=True).parameters
    except Exception as error:  # noqa: BLE001 a type is an expression of foreign code
        raise ConfigError(
            f"{kind.__name__}: the types of its parameters cannot be read: {named(error)}"
        ) from None
    return {name: parameter for name, parameter in taken.items() if name != RNG}


def make(kind: type[System], given: Mapping[str, Any], seed: int) -> System:
    """Make a system of a class from these parameters.

    The generator passed to `draw` depends on the seed and the name of the class only, so other
    parameters get the same random numbers.

    Raises
    ------
    ConfigError
        If the class raises an error, which the message repeats.
    """
    try:
        if drawn(kind):
            rng = generator({"system": kind.__qualname__, "seed": int(seed)}, "draw")
            system = kind.draw(rng=rng, **given)  # type: ignore[attr-defined]
        else:
            system = kind(**given)
        size = system.size if isinstance(system, System) else 0
    except (Exception, SystemExit) as error:  # noqa: BLE001 foreign code may raise anything
        raise ConfigError(f"{kind.__name__} makes no system: {named(error)}") from None
    if not isinstance(system, System):
        raise ConfigError(f"{kind.__name__}.draw made a {type(system).__name__}, not a System")
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise ConfigError(f"{kind.__name__}.size is {size!r}: it must be an integer, 1 or more")
    return system
