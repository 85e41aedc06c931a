"""Random seeds of methods, drawn from what they depend on."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from koopmark._keys import generator

Options = TypeVar("Options")


def seeded(options: Options, given: Mapping[str, Any], depends_on: Any, path: str = "") -> Options:
    """A dataclass with every `seed` field drawn that `given` does not set, nested ones included.

    Parameters
    ----------
    options : dataclass instance
        A method, or a dictionary of one.
    given : mapping
        What the user set, nested as in the suite file.
    depends_on
        What the seeds depend on beside the field's own path, and nothing else: see
        `_keys.generator`. A suite gives the data and their seed, so that a method draws the same
        whatever it is called, and two methods with the same random features share them.
    """
    drawn: dict[str, Any] = {}
    for field in fields(options):  # type: ignore[arg-type]
        value = getattr(options, field.name)
        if field.name == "seed" and "seed" not in given:
            drawn["seed"] = int(generator(depends_on, f"{path}seed").integers(2**31))
        elif is_dataclass(value) and not isinstance(value, type):
            inner = given.get(field.name)
            inner = inner if isinstance(inner, Mapping) else {}
            drawn[field.name] = seeded(value, inner, depends_on, f"{path}{field.name}.")
    return replace(options, **drawn) if drawn else options  # type: ignore[type-var]
