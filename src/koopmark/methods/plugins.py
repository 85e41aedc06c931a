"""Methods that live elsewhere: in an importable module, in a file, behind an entry point.

They are code, and are loaded when they are named, never before.
"""

import builtins
import copyreg
import hashlib
import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib import import_module, invalidate_caches, metadata
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from koopmark._errors import ConfigError, named, suggest
from koopmark._source import HERE, folder_of_packages, own_place
from koopmark.methods._method import PLUGIN, Method
from koopmark.methods._options import configured

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


class Edited(ConfigError):
    """A method's file, or what it imports, is no longer what it was."""


def load(name: str, as_of: str = "") -> Method:
    """The method of this name, at its defaults; of a file that was edited, as it is now.

    Parameters
    ----------
    name : str
        `package.module:Class`, `path/to/file.py:Class`, or the name of an entry point.
    as_of : str
        Digest of the file and what it imports when the method was first loaded, in this process
        or in another; "" for whatever they are now.

    Raises
    ------
    ConfigError
        If it cannot be loaded, or is not a method.
    Edited
        If the file is no longer what `as_of` says.
    """
    if name in entry_points():
        try:
            found = entry_points()[name].load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 foreign code may raise anything
            raise ConfigError(f"method {name!r} cannot be loaded: {named(error)}") from None
        return _default(name, found)
    where, _, attribute = name.rpartition(":")
    digest = ""
    try:
        if is_file(name):
            digest, module = _from_file(Path(where).absolute(), as_of)
        else:
            module = import_module(where)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 foreign code may raise anything
        raise ConfigError(f"method {name!r} cannot be imported: {named(error)}") from None
    method = _default(name, _attribute(module, where, attribute))
    if is_file(name):
        # Its module has no name that another process could import: its file and options travel.
        called = absolute(name, Path())
        copyreg.pickle(type(method), lambda it: (_again, (called, it.to_options(), digest)))
    return method


def with_neighbours(path: Path, digest: str) -> tuple[str, dict[str, bytes]]:
    """A method's file and those near it that it imports, as another machine needs them.

    Returns
    -------
    name : str
        Of the file among the others.
    files : dict
        Their contents, by their paths relative to the folder that holds them all.

    Raises
    ------
    Edited
        If they are no longer what `digest` was made of.
    """
    top = folder_of_packages(path)
    near = {file for file in HERE.files_of_others([path]) if file.is_relative_to(top)}
    near |= {folder / "__init__.py" for folder in path.parents if folder.is_relative_to(top)}
    files = {file.relative_to(top).as_posix(): file.read_bytes() for file in near if file.is_file()}
    if HERE.digest_of_others([path]) != digest:
        raise _edited(path)
    return path.relative_to(top).as_posix(), files


_loaded: dict[Path, tuple[str, ModuleType]] = {}
"""Modules of method files, with the digest of all that they were made of."""


def _from_file(path: Path, as_of: str) -> tuple[str, ModuleType]:
    """The module of a method file as it is now, and the digest of it and what it imports.

    It has its own copies of the modules beside it, and of any other that its user may edit: they
    are new where something of them has changed, and nothing else in the process is touched.
    """
    if as_of and path in _loaded and _loaded[path][0] == as_of:
        return _loaded[path]
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    digest = HERE.digest_of_others([path])
    if as_of and digest != as_of:
        raise _edited(path)
    if path in _loaded and _loaded[path][0] == digest:
        return _loaded[path]
    name = f"{PLUGIN}{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    _forget(name)
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    invalidate_caches()
    beside = [str(path.parent)]
    spec = spec_from_file_location(
        name, path, loader=_Loader(name, str(path)), submodule_search_locations=beside
    )
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        _Loader(name, str(path)).exec_module(module)
    except BaseException:
        _forget(name)
        raise
    _loaded[path] = digest, module
    return _loaded[path]


def _forget(name: str) -> None:
    """A method file's module and its copies of others; whoever uses them keeps them."""
    for known in [known for known in sys.modules if known.partition(".")[0] == name]:
        del sys.modules[known]


class _Finder(MetaPathFinder):
    """Finds the copies of modules that a method file has for itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or not fullname.startswith(PLUGIN):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


_FINDER = _Finder()


class _Loader(SourceFileLoader):
    """Loads a file of a method's, whose imports find its own copies first."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 always its own
        # Not from a bytecode file, which looks up to date after two edits in a second.
        return self.source_to_code(self.get_data(self.path), self.path)

    def exec_module(self, module: ModuleType) -> None:
        home = sys.modules[module.__name__.partition(".")[0]]
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": partial(_import, home)}
        super().exec_module(module)


def _import(
    home: ModuleType,
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """What `import` statements do in a method's file and in its own copies of others."""
    own = name if level else _own_name(home, name)
    module = builtins.__import__(own, globals, locals, fromlist or (), level)
    if own != name and not fromlist:
        return sys.modules[own.removesuffix(name) + name.partition(".")[0]]
    return _importlib(home) if module is importlib else module


def _own_name(home: ModuleType, name: str) -> str:
    """What a method's own copy of a module is called; its name, where it has none."""
    place = own_place(name.partition(".")[0], Path(home.__path__[0]))
    if place is None:
        return name
    if str(place) not in home.__path__:
        home.__path__.append(str(place))
    return f"{home.__name__}.{name}"


def _importlib(home: ModuleType) -> ModuleType:
    """`importlib` as a method's file has it: its `import_module` finds its own copies too."""

    def import_module(name: str, package: str | None = None) -> ModuleType:
        return importlib.import_module(
            name if name.startswith(".") else _own_name(home, name), package
        )

    module = ModuleType("importlib")
    vars(module).update(vars(importlib), import_module=import_module)
    return module


def _edited(path: Path) -> Edited:
    return Edited(f"{path}, or what it imports, was edited after it was loaded: load it again")


def _again(name: str, options: dict[str, Any], digest: str) -> Method:
    method: Method = configured(name, load(name, digest), options)
    return method


def _attribute(module: ModuleType, where: str, attribute: str) -> Any:
    if hasattr(module, attribute):
        return getattr(module, attribute)
    here = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Method)
        and value.__module__ == module.__name__
    ]
    found = f"its methods are {', '.join(here)}" if here else "it holds no method"
    raise ConfigError(f"{where} has no class {attribute!r}: {suggest(attribute, here)}{found}")


def _default(name: str, found: Any) -> Method:
    if not (isinstance(found, type) and issubclass(found, Method)):
        raise ConfigError(f"method {name!r} is not a class derived from koopmark.methods.Method")
    if isabstract(found):
        raise ConfigError(f"method {name!r} has no `_fit`")
    try:
        return found()
    except TypeError as error:
        raise ConfigError(f"method {name!r} needs a default for every field: {error}") from None
