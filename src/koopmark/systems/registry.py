"""Factories of systems by the kind that recipes name, and the bounds on their parameters.

Each bound is written once, in the signature of a factory or the fields of a system, as in
`gain: Positive`. Calls with arguments out of bounds raise an error, and recipes take their keys,
types, bounds and defaults from the same signature (`koopmark.systems.sections`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, ParamSpec, TypeVar, get_args

import numpy as np
from annotated_types import BaseMetadata, Ge, Gt, Interval, Le, Lt

from koopmark._arrays import checked
from koopmark._errors import suggest

P = ParamSpec("P")
R = TypeVar("R")

T = TypeVar("T")

Count = Annotated[int, Ge(1)]
Channels = Annotated[int, Ge(0)]
Positive = Annotated[float, Gt(0.0)]
NonNegative = Annotated[float, Ge(0.0)]
Negative = Annotated[float, Lt(0.0)]
Share = Annotated[float, Interval(ge=0.0, le=1.0)]
Correlation = Annotated[float, Interval(ge=-1.0, le=1.0)]


def check_bounds(name: str, value: Any, annotation: Any) -> None:
    """Raise ValueError if a number is infinite or outside the bounds in its annotation.

    Raises
    ------
    ValueError
        If the value is out of bounds; the message says what is allowed.
    """
    bounds = [
        bound
        for entry in get_args(annotation)[1:]
        for bound in (entry if isinstance(entry, Interval) else [entry])
        if isinstance(bound, BaseMetadata)
    ]
    holds, words = [np.isfinite(value)] if bounds else [], []
    for bound in bounds:
        match bound:
            case Gt(low):
                holds.append(value > low)
                words.append(f"above {low:g}" if low else "positive")
            case Ge(low):
                holds.append(value >= low)
                words.append(f"at least {low:g}" if low else "not negative")
            case Lt(high):
                holds.append(value < high)
                words.append(f"below {high:g}" if high else "negative")
            case Le(high):
                holds.append(value <= high)
                words.append(f"at most {high:g}")
    if not all(holds):
        match bounds:
            case [Ge(low), Le(high)]:
                words = [f"between {low:g} and {high:g}"]
        finite = [] if holds[0] else ["finite"]
        raise ValueError(f"{name} {value}: it must be {' and '.join([*words, *finite])}")


def named(what: str, name: str, known: Mapping[str, T]) -> T:
    """Look up a name; the error for an unknown name lists the known ones.

    Raises
    ------
    ValueError
        If the name is unknown; the message lists the known names and suggests the closest.
    """
    if name not in known:
        hint, names = suggest(name, known), ", ".join(known)
        raise ValueError(f"unknown {what} {name!r}: {hint}choose one of {names}")
    return known[name]


def bounded(function: Callable[P, R], check: Callable[..., object] | None = None) -> Callable[P, R]:
    """The same function with its arguments checked against the bounds in its annotations.

    `check`, a function of some of its parameters, raises an error for inconsistent ones.
    """
    taken = signature(function)
    together = signature(check).parameters if check else ()

    @wraps(function)
    def careful(*args: P.args, **options: P.kwargs) -> R:
        try:
            given = taken.bind(*args, **options)
        except TypeError:
            # Python says it better, with the name of the function.
            return function(*args, **options)
        for name, value in given.arguments.items():
            check_bounds(name, value, taken.parameters[name].annotation)
        if check:
            given.apply_defaults()
            check(**{name: given.arguments[name] for name in together})
        return function(*args, **options)

    return checked(careful)


@dataclass(frozen=True)
class Factory:
    """The function that makes the systems of a kind.

    `check`, a cheap function of some of the parameters, raises an error for inconsistent ones.
    With it a recipe is checked without making the system; otherwise the system is made.
    """

    make: Callable[..., Any]
    check: Callable[..., object] | None = None

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters of `make` without `seed`."""
        taken = signature(self.make).parameters
        return {name: parameter for name, parameter in taken.items() if name != "seed"}

    @property
    def seeded(self) -> bool:
        """Whether systems depend on the seed."""
        return "seed" in signature(self.make).parameters


FACTORIES: dict[str, Factory] = {}
"""By the `kind` of a recipe's `[system]`."""


def factory(
    kind: str, check: Callable[..., object] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a class or function that makes the systems of a kind, and enforce its bounds.

    `check` is as in `Factory`, and runs before anything is drawn.
    """

    def register(make: Callable[P, R]) -> Callable[P, R]:
        made = make if isinstance(make, type) else bounded(make, check)
        FACTORIES[kind] = Factory(made, check)
        return made

    return register
