"""A recipe with some of its keys changed: what sweeps are made of."""

from collections.abc import Mapping
from typing import Any

from koopmark._config import parse
from koopmark._errors import ConfigError, suggest
from koopmark.datasets.recipe import Contents, Recipe

NUMBERS = ("system", "initial_states", "sampling", "truth", "max_degree")
"""The parts of a recipe that its numbers depend on."""


def varied(recipe: Recipe, changes: Mapping[str, Any], name: str, source: str) -> Recipe:
    """The recipe under another name, with other values at dotted keys.

    Parameters
    ----------
    recipe : Recipe
    changes : mapping
        New values by dotted key, such as `{"sampling.noise": 0.1}`; validated as a file's are.
    name : str
        What the new recipe is called.
    source : str
        Names the origin of the changes in errors.

    Raises
    ------
    ConfigError
        Where a key does not exist, changes no number, or may not have this value.
    """
    # Another system may do other things in the long run.
    contents = recipe.model_dump(mode="json", exclude={"name", "regime"}, exclude_unset=True)
    for key, value in changes.items():
        _put(contents, key, value, source)
    return Recipe.model_construct(name=name, **dict(parse(contents, Contents, source)))


def _put(contents: dict[str, Any], key: str, value: Any, source: str) -> None:
    *path, last = key.split(".")
    first = key.partition(".")[0]
    if first not in NUMBERS:
        raise ConfigError(
            f"{source}: the key {key!r} is not one that numbers depend on: "
            f"{suggest(first, NUMBERS)}those are in {', '.join(NUMBERS[:-1])}, and {NUMBERS[-1]}"
        )
    section = contents
    for depth, part in enumerate(path, 1):
        section = section.setdefault(part, {})
        if not isinstance(section, dict):
            whole = ".".join(path[:depth])
            raise ConfigError(f"{source}: unknown key {key!r}: {whole} holds a value and no keys")
    if isinstance(section.get(last), dict):
        inner = ", ".join(f"{key}.{name}" for name in section[last])
        raise ConfigError(f"{source}: {key!r} is a section: name a key in it, such as {inner}")
    section[last] = value
