"""Methods that live elsewhere: in an importable module, in a file, behind an entry point.

They are code, and are loaded when they are named, never before.
"""

import copyreg
import hashlib
import sys
from functools import cache
from importlib import import_module, metadata
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import Any

from koopmark._errors import ConfigError
from koopmark.methods.method import Method

GROUP = "koopmark.methods"
"""The group of entry points by which an installed package offers methods."""


@cache
def entry_points() -> dict[str, metadata.EntryPoint]:
    """What installed packages offer, by name; nothing of it is loaded."""
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


def is_file(name: str) -> bool:
    """Whether a method is named by a file, `path/to/file.py:Class`."""
    return name.rpartition(":")[0].endswith(".py")


def short(name: str) -> str:
    """What tables call a method: without the folder, where it is named by a file."""
    path, _, attribute = name.rpartition(":")
    return f"{Path(path).name}:{attribute}" if is_file(name) else name


def absolute(name: str, folder: Path) -> str:
    """The same method wherever the process runs: a file is taken from `folder` if relative."""
    path, _, attribute = name.rpartition(":")
    return f"{(folder / path).absolute()}:{attribute}" if is_file(name) else name


def load(name: str) -> Method:
    """The method of this name, at its defaults.

    Parameters
    ----------
    name : str
        `package.module:Class`, `path/to/file.py:Class`, or the name of an entry point.

    Raises
    ------
    ConfigError
        Where it cannot be loaded, or is not a method.
    """
    if name in entry_points():
        try:
            found = entry_points()[name].load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 foreign code may raise anything
            raise ConfigError(f"method {name!r} cannot be loaded: {_said(error)}") from None
        return _default(name, found)
    where, _, attribute = name.rpartition(":")
    try:
        module = _from_file(Path(where).absolute()) if is_file(name) else import_module(where)
        found = getattr(module, attribute)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 foreign code may raise anything
        raise ConfigError(f"method {name!r} cannot be imported: {_said(error)}") from None
    method = _default(name, found)
    if is_file(name):
        if type(method).library == module.__name__:
            type(method).library = Path(where).name
        # Its module has no name that another process could import: its file and options travel.
        called = absolute(name, Path())
        copyreg.pickle(type(method), lambda it: (_again, (called, it.to_options())))
    return method


@cache
def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    name = f"koopmark_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path}: not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _again(name: str, options: dict[str, Any]) -> Method:
    from koopmark.methods.registry import get

    return get(name, **options)


def _default(name: str, found: Any) -> Method:
    if not (isinstance(found, type) and issubclass(found, Method)):
        raise ConfigError(f"method {name!r} is not a class derived from koopmark.methods.Method")
    if isabstract(found):
        raise ConfigError(f"method {name!r} has no `_fit`")
    try:
        return found()
    except TypeError as error:
        raise ConfigError(f"method {name!r} needs a default for every field: {error}") from None


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
