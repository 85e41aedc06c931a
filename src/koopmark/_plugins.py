"""Methods and systems defined outside koopmark: in a file, a module or an entry point.

It is loaded when it is named, never before.
"""

import builtins
import copyreg
import hashlib
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module, invalidate_caches, metadata
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from koopmark._errors import ConfigError, named, suggest
from koopmark._source import HERE, folder_of_packages, own_place

PLUGIN = "koopmark_plugin_"
"""What names of modules begin with that are loaded from a file of somebody's."""


@dataclass(frozen=True)
class Kind:
    """A kind of class that users can write: a `noun` for messages, and its base class.

    `group` names the entry points by which an installed package offers some.
    """

    noun: str
    group: str
    base: type


@cache
def entry_points(group: str) -> dict[str, metadata.EntryPoint]:
    """Entry points of installed packages by name; nothing is imported."""
    return {point.name: point for point in metadata.entry_points(group=group)}


def names_code(name: str, group: str) -> bool:
    """Whether a name refers to code outside koopmark."""
    return ":" in name or name in entry_points(group)


def foreign(name: str, group: str, folder: Path) -> str:
    """The source of a name's code, to tell users what would run; nothing is imported.

    Such as `/path/to/file.py:Class`, or for what an installed package offers `module:Class (name)`.
    """
    if ":" in name:
        return absolute(name, folder)
    return f"{entry_points(group)[name].value} ({name})"


def is_file(name: str) -> bool:
    """Whether a name refers to a class in a file, `path/to/file.py:Class`."""
    return name.rpartition(":")[0].endswith(".py")


def short(name: str) -> str:
    """The name of a class in tables: without the folder of its file."""
    path, _, attribute = name.rpartition(":")
    return f"{Path(path).name}:{attribute}" if is_file(name) else name


def absolute(name: str, folder: Path) -> str:
    """The name with an absolute path, so that it works in any process."""
    path, _, attribute = name.rpartition(":")
    return f"{(folder / path).absolute()}:{attribute}" if is_file(name) else name


class Edited(ConfigError):
    """A file of code, or a file that it imports, has changed."""


def load(name: str, *kinds: Kind, as_of: str = "") -> tuple[type, str]:
    """Load the class of this name, which must be one of the `kinds`; edited files are reloaded.

    Parameters
    ----------
    name : str
        `package.module:Class`, `path/to/file.py:Class`, or the name of an entry point.
    *kinds : Kind
    as_of : str
        Digest of the file and what it imports when the class was first loaded, in this process
        or in another; "" for whatever they are now.

    Returns
    -------
    found : type
    digest : str
        That of the file and what it imports now; "" if it is not from a file.

    Raises
    ------
    ConfigError
        If it cannot be loaded, or is nothing of the kind.
    Edited
        If the file is no longer what `as_of` says.
    """
    called = f"{' or '.join(kind.noun for kind in kinds)} {name!r}"
    offered = [kind.group for kind in kinds if name in entry_points(kind.group)]
    where, _, attribute = name.rpartition(":")
    digest = ""
    try:
        if offered:
            found = entry_points(offered[0])[name].load()
        elif is_file(name):
            digest, module = _from_file(Path(where).absolute(), as_of)
            found = _attribute(module, where, attribute, kinds)
        else:
            found = _attribute(import_module(where), where, attribute, kinds)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 foreign code may raise anything
        did = "loaded" if offered else "imported"
        raise ConfigError(f"{called} cannot be {did}: {named(error)}") from None
    if not (isinstance(found, type) and issubclass(found, tuple(kind.base for kind in kinds))):
        # As users import it: the module that defines it is none of theirs.
        bases = (f"{kind.group}.{kind.base.__name__}" for kind in kinds)
        raise ConfigError(f"{called} is not a class derived from {' or '.join(bases)}")
    return found, digest


def digest_of(name: str) -> str:
    """Digest of the file from which a class of this name was loaded; "" if from none."""
    known = _loaded.get(Path(name.rpartition(":")[0]).absolute()) if is_file(name) else None
    return "" if known is None else known[0]


Again = Callable[[str, dict[str, Any], str], Any]
"""An object once more, in another process: from the name of its class, its values and a digest."""


def travels(
    made: type, name: str, digest: str, values: Callable[[Any], dict[str, Any]], again: Again
) -> None:
    """Let objects of a class be pickled although other processes cannot import the class.

    In its place the `name` of what it comes from travels, with the `values` of the object, of
    which `again` makes it there.
    """
    called = absolute(name, Path())
    copyreg.pickle(made, lambda it: (again, (called, values(it), digest)))


def with_neighbours(path: Path, digest: str) -> tuple[str, dict[str, bytes]]:
    """A file of code with the local files that it imports, for another machine.

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
"""Modules of such files, with the digest of all that they were made of."""


def _from_file(path: Path, as_of: str) -> tuple[str, ModuleType]:
    """The module of a file as it is now, and the digest of it and what it imports.

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
    """The module of a file and its copies of others; whoever uses them keeps them."""
    for known in [known for known in sys.modules if known.partition(".")[0] == name]:
        del sys.modules[known]


class _Finder(MetaPathFinder):
    """Finds the copies of modules that such a file has for itself."""

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
    """Loads a file whose imports find its own copies first."""

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
    """What `import` statements do in such a file and in its own copies of others."""
    own = name if level else _own_name(home, name)
    module = builtins.__import__(own, globals, locals, fromlist or (), level)
    if own != name and not fromlist:
        return sys.modules[own.removesuffix(name) + name.partition(".")[0]]
    return _importlib(home) if module is importlib else module


def _own_name(home: ModuleType, name: str) -> str:
    """What a file's own copy of a module is called; its name, where it has none."""
    place = own_place(name.partition(".")[0], Path(home.__path__[0]))
    if place is None:
        return name
    if str(place) not in home.__path__:
        home.__path__.append(str(place))
    return f"{home.__name__}.{name}"


def _importlib(home: ModuleType) -> ModuleType:
    """`importlib` as such a file has it: its `import_module` finds its own copies too."""

    def import_module(name: str, package: str | None = None) -> ModuleType:
        return importlib.import_module(
            name if name.startswith(".") else _own_name(home, name), package
        )

    module = ModuleType("importlib")
    vars(module).update(vars(importlib), import_module=import_module)
    return module


def _edited(path: Path) -> Edited:
    return Edited(f"{path}, or what it imports, was edited after it was loaded: load it again")


def _attribute(module: ModuleType, where: str, attribute: str, kinds: Sequence[Kind]) -> Any:
    if hasattr(module, attribute):
        return getattr(module, attribute)
    here = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, tuple(kind.base for kind in kinds))
        and value.__module__ == module.__name__
    ]
    nouns = [kind.noun for kind in kinds]
    plural = " and ".join(f"{noun}s" for noun in nouns)
    found = f"its {plural} are {', '.join(here)}" if here else f"it holds no {' or '.join(nouns)}"
    raise ConfigError(f"{where} has no class {attribute!r}: {suggest(attribute, here)}{found}")
