"""The `[system]` section of a recipe, for shipped systems and for classes written by users.

The keys for a user's class are the parameters of its `draw`, or else its fields, with their types
and defaults.
"""

from collections.abc import Callable, Sequence
from functools import cache
from inspect import Parameter
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeGuard,
    Union,
    get_args,
    get_origin,
)

import numpy as np
from pydantic import SerializeAsAny, ValidationError, ValidationInfo, WrapValidator, create_model

from koopmark import _plugins
from koopmark._config import FOLDER, mistakes
from koopmark._errors import ConfigError, named
from koopmark.systems import System
from koopmark.systems.plugins import SYSTEM, drawn, load, make, parameters
from koopmark.systems.registry import Factory
from koopmark.systems.sections import SECTIONS, ShippedSystem, SystemSection

Numbers = tuple[float, ...] | tuple[tuple[float, ...], ...]
"""What stands for an array in a recipe."""

PROBES = 3
"""States at which a vector field is tried before anything is simulated."""


class OwnSystem(SystemSection):
    """Makes a system for each seed from a class that is not part of koopmark."""

    made_by: ClassVar[type[System]]
    arrays: ClassVar[frozenset[str]] = frozenset()
    """Keys whose numbers the class takes as an array."""

    @property
    def factory(self) -> Factory:
        return Factory(self.made_by)

    @property
    def drawn_per_seed(self) -> bool:
        return drawn(self.made_by)

    def arguments(self) -> dict[str, Any]:
        # What is not given is for the class.
        given = {name: value for name, value in super().arguments().items() if value is not None}
        return {
            name: np.array(value, dtype=float) if name in self.arrays else value
            for name, value in given.items()
        }

    def build(self, seed: int) -> System:
        return make(self.made_by, self.arguments(), seed)

    def check(self) -> None:
        system = self.build(0)
        states = system.reachable(np.random.default_rng(0).standard_normal((PROBES, system.size)))
        try:
            found = np.shape(system.rhs(states))
            super().check()
        except Exception as error:  # noqa: BLE001 foreign code may raise anything
            raise ConfigError(f"{self.made_by.__name__}: {named(error)}") from None
        if found != states.shape:
            raise ConfigError(
                f"{self.made_by.__name__}.rhs gives shape {found} at states of shape "
                f"{states.shape}: it must take any number of states at once, so x₁ is "
                "states[..., 0] (`koopmark verify` checks all that a system must keep to)"
            )


def own_section(name: str, as_of: str = "") -> type[OwnSystem]:
    """The section type for systems of this class; `as_of` is as in `koopmark._plugins.load`.

    Raises
    ------
    ConfigError
        If there is no such class, or a recipe cannot express its parameters.
    """
    return _section(load(name, as_of), name)


@cache
def _section(kind: type[System], name: str) -> type[OwnSystem]:
    fields: dict[str, Any] = {}
    arrays = set()
    for key, parameter in parameters(kind).items():
        taken = _taken(parameter.annotation)
        required = parameter.default is Parameter.empty
        if taken is None:
            if required:
                raise ConfigError(
                    f"{kind.__name__} needs {key!r}, but a recipe cannot hold its type "
                    f"{parameter.annotation!r}, only numbers, text, and lists and arrays of them: "
                    "give it a default, or the class a `draw` that makes it"
                )
            continue
        if key in SystemSection.model_fields or hasattr(SystemSection, key):
            raise ConfigError(f"{kind.__name__}: a key of a recipe may not be called {key!r}")
        if _holds_array(parameter.annotation):
            arrays.add(key)
        plain = isinstance(parameter.default, int | float | str)
        default = parameter.default if plain else None
        fields[key] = (taken, ...) if required else (taken if plain else taken | None, default)
    section = create_model(kind.__name__, __base__=OwnSystem, __module__=__name__, **fields)
    section.made_by, section.arrays = kind, frozenset(arrays)
    _plugins.travels(section, name, _plugins.digest_of(name), _values, _again)
    return section


def _values(section: OwnSystem) -> dict[str, Any]:
    return {name: getattr(section, name) for name in section.model_fields_set}


def _again(name: str, values: dict[str, Any], digest: str) -> OwnSystem:
    # What is unpacked elsewhere lies elsewhere.
    return own_section(name, digest).model_construct(**{**values, "kind": name})


def _taken(annotation: Any) -> Any:
    """The type of a parameter as a section has it; None for what no recipe can say."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in (int, float, str, bool, NoneType) or origin is Literal:
        return annotation
    if annotation is np.ndarray or origin is np.ndarray:
        return Numbers
    if origin is Annotated:
        taken = _taken(inner[0])
        return None if taken is None else Annotated[(taken, *inner[1:])]
    if origin in (Union, UnionType):
        parts = [part for part in map(_taken, inner) if part is not None]
        return Union[tuple(parts)] if set(parts) - {NoneType} else None  # noqa: UP007
    if origin in (list, tuple, Sequence):
        parts = [part if part is Ellipsis else _taken(part) for part in inner]
        if None in parts:
            return None
        return tuple.__class_getitem__(tuple(parts) if origin is tuple else (parts[0], ...))
    return None


def _holds_array(annotation: Any) -> bool:
    if annotation is np.ndarray or get_origin(annotation) is np.ndarray:
        return True
    return any(_holds_array(inner) for inner in get_args(annotation))


def is_own(kind: object) -> TypeGuard[str]:
    """Whether the `kind` of a section names code outside koopmark; nothing is imported."""
    return (
        isinstance(kind, str)
        and kind not in SECTIONS
        and (kind.endswith(".py") or _plugins.names_code(kind, SYSTEM.group))
    )


def _own_or_shipped(
    data: Any, shipped: Callable[[Any], SystemSection], info: ValidationInfo
) -> SystemSection:
    if isinstance(data, OwnSystem):
        return data
    kind = data.get("kind") if isinstance(data, dict) else None
    if not is_own(kind):
        return shipped(data)
    folder: Path | None = (info.context or {}).get(FOLDER)
    if folder is None:
        raise ConfigError(f"kind = {kind!r} names code, which must not be run here")
    if kind.endswith(".py"):
        raise ConfigError(f"kind = {kind!r} names a file but no class in it: write {kind}:Class")
    name = _plugins.absolute(kind, folder)
    section = own_section(name)
    try:
        return section.model_validate({**data, "kind": name})
    except ValidationError as error:
        raise ConfigError(mistakes(error, section)) from None


if TYPE_CHECKING:
    AnySystem = SystemSection
else:
    AnySystem = Annotated[ShippedSystem, WrapValidator(_own_or_shipped), SerializeAsAny()]
