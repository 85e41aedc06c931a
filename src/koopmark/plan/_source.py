"""Digests of the source code that the numbers of a fit depend on."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from koopmark._keys import digest
from koopmark._source import HERE, Root
from koopmark.datasets import Recipe, Recording, source_of
from koopmark.methods import Method

EVERY_FIT = (
    ("koopmark.workers._cell", "run_cell"),
    ("koopmark.plan._cells", "Cell"),
    ("koopmark.plan._cells", "seeded"),
)
"""Code that every fit runs; the rest depends on its method and recipe."""


def source_digest(method: Method) -> str:
    """Digest of the code that fits and scores `method`, without that of the data.

    It covers the code of every fit, the classes of the method and of its options, and the code that
    these use (see `koopmark._source`). Adding another method does not change it.
    """
    return HERE.digest([*EVERY_FIT, *_classes(method)])


def fit_source(method: Method, recipe: Recipe | Recording) -> str:
    """Digest of all code that a fit of `method` on `recipe` runs."""
    return digest([source_of(recipe), source_digest(method)])


def code_of(method: Method, recipe: Recipe | Recording) -> str:
    """Digest of the code of a fit in this process: of koopmark, the method and the system."""
    return code_of_roots(roots_of(method, recipe))


def roots_of(method: Method, recipe: Recipe | Recording) -> frozenset[Root]:
    """What the code of a fit is found from, beside that of koopmark."""
    return frozenset([*_classes(method), *_code(recipe)])


def code_of_roots(roots: frozenset[Root]) -> str:
    """`code_of` for any fit with these roots; foreign files are read again at each call."""
    return digest([HERE.digest_of_package(), HERE.digest_of_others(roots)])


def is_loaded(method: Method, recipe: Recipe | Recording, code: str, source: str) -> bool:
    """Whether this process runs the `code`, or at least the `source`, of another process.

    `code` is quick to compute. The two differ if a file was edited that no fit uses.
    """
    return _loaded(roots_of(method, recipe)) == code or fit_source(method, recipe) == source


def _code(recipe: Recipe | Recording) -> list[Root]:
    """Roots of the code of its system, which may be foreign; a recording has no system."""
    return [] if isinstance(recipe, Recording) else list(recipe.system.code())


@cache
def _loaded(roots: frozenset[Root]) -> str:
    """`code_of` when this process first saw the classes: later edits do not reach it."""
    return code_of_roots(roots)


def _classes(value: Any) -> Iterator[type]:
    """The class of a dataclass, its parents, and the same of its fields' values."""
    yield from type(value).__mro__
    for field in fields(value):
        item = getattr(value, field.name)
        if is_dataclass(item) and not isinstance(item, type):
            yield from _classes(item)
