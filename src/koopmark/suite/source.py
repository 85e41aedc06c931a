"""Digest of our own source that a fit's numbers depend on."""

import ast
import hashlib
import inspect
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[1]
_ROOMS = ("truth", "systems", "simulation", "datasets", "scoring")
_SHARED = ("_keys.py", "suite/seeds.py", "methods/method.py", "methods/model.py")
_DICTIONARY = "methods/dictionar*"


def source_digest(method: Any) -> str:
    """Digest of the source files on which the scores of `method` depend.

    Those that make and score the data, those every method shares, and the files of the method
    and of what its options hold, with what they import from `koopmark.methods`. The files of
    other methods are not among them: adding one changes no digest.
    """
    return _digest_of(frozenset(_classes(method)))


def package_digest() -> str:
    """Digest of all of our own source."""
    lines = [f"{_shown(path)} {_file_digest(path)}" for path in _PACKAGE.rglob("*.py")]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:12]


@cache
def _digest_of(classes: frozenset[type]) -> str:
    files = set(_common()) | _closure(_files(classes))
    lines = [f"{_shown(path)} {_file_digest(path)}" for path in files]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


@cache
def _common() -> tuple[Path, ...]:
    rooms = (path for room in _ROOMS for path in (_PACKAGE / room).rglob("*.py"))
    shared = (_PACKAGE / name for name in _SHARED)
    dictionaries = (
        path
        for place in _PACKAGE.glob(_DICTIONARY)
        for path in ([place] if place.is_file() else place.rglob("*.py"))
    )
    return (*rooms, *shared, *dictionaries)


def _classes(value: Any) -> Iterator[type]:
    """The class of a dataclass, its parents, and the same of its fields' values."""
    for parent in type(value).__mro__:
        if parent.__module__ not in ("builtins", "abc"):
            yield parent
    for field in fields(value):
        item = getattr(value, field.name)
        if is_dataclass(item):
            yield from _classes(item)


def _files(classes: Iterable[type]) -> Iterator[Path]:
    for one in classes:
        # Classes of the interpreter's own have no file.
        with suppress(TypeError):
            yield Path(inspect.getfile(one))


def _closure(paths: Iterable[Path]) -> set[Path]:
    """`paths`, and what they import from `koopmark.methods`, and so on.

    The tables of contents of `koopmark.methods` (`__init__` and the registry) know every method,
    so they are not followed.
    """
    found: set[Path] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return found


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    if path.suffix != ".py":
        # A compiled module: its bytes are all there is to know.
        return ()
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, path)
            modules |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    places = (_PACKAGE.parent / module.replace(".", "/") for module in modules if _ours(module))
    files = (file for place in places for file in (place.with_suffix(".py"), place / "__init__.py"))
    tables = (_PACKAGE / "methods" / "__init__.py", _PACKAGE / "methods" / "registry.py")
    return tuple(file for file in files if file.is_file() and file not in tables)


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if node.level == 0 or not path.is_relative_to(_PACKAGE):
        return node.module or ""
    package = ".".join(path.parent.relative_to(_PACKAGE.parent).parts)
    return resolve_name("." * node.level + (node.module or ""), package)


def _ours(module: str) -> bool:
    return module.startswith("koopmark.methods.")


def _shown(path: Path) -> str:
    return path.relative_to(_PACKAGE).as_posix() if path.is_relative_to(_PACKAGE) else path.name


@cache
def _file_digest(path: Path) -> str:
    # A checkout on Windows has other line ends, and the same numbers.
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
