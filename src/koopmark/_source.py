"""Dependencies of a piece of code, found by following what it uses, and their digest.

Within koopmark the unit that is followed is a top-level definition: what its text names is looked
up in its module, and through imports in others, so that a table of contents which re-exports a
name leads to where it is defined and to nothing else. The unit that is hashed is the file.
Annotations compute nothing and are not followed.
"""

import ast
import hashlib
import re
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import find_spec
from pathlib import Path

Root = type | tuple[str, str] | Path
"""A root of dependencies: a class; a module of koopmark and a name in it; a user's file."""

_EVERYTHING, _LOADED = "*", ""
"""In place of a name: all of a module, or what it does when it is imported."""

_Node = tuple[Path, str]
_Binding = tuple[str, str]
"""A module as an import statement names it, and the name imported from it, empty where none."""

_INSTALLED = tuple(
    {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib", "stdlib", "platstdlib")}
)


@dataclass
class Closure:
    """All dependencies of a piece of code."""

    files: set[Path] = field(default_factory=set)
    """Files of koopmark, and files of others that no version tells apart."""
    links: set[str] = field(default_factory=set)
    """Imports that only pass a name on, from files that are not among `files`."""
    distributions: set[str] = field(default_factory=set)
    """Top-level modules of installed distributions, which are known by their versions."""
    nodes: set[_Node] = field(default_factory=set)
    """What was followed."""

    def add(self, other: "Closure") -> None:
        self.files |= other.files
        self.links |= other.links
        self.distributions |= other.distributions
        self.nodes |= other.nodes


@dataclass
class _Uses:
    """What statements name."""

    chains: set[tuple[str, ...]] = field(default_factory=set)
    """Such as `np.linalg.lstsq`, in its parts."""
    imports: dict[str, set[_Binding]] = field(default_factory=dict)
    """What import statements bind, by the name that they give it."""
    whole: set[str] = field(default_factory=set)
    """Modules that are imported by a function's call, or with all their names."""

    def add(self, other: "_Uses") -> None:
        self.chains |= other.chains
        self.whole |= other.whole
        for name, bindings in other.imports.items():
            self.imports.setdefault(name, set()).update(bindings)


@dataclass
class _Outline:
    """A module as its text has it."""

    digest: str
    loads: _Uses = field(default_factory=_Uses)
    """Of import statements."""
    defines: dict[str, _Uses] = field(default_factory=dict)
    effects: _Uses | None = None
    """Of statements that neither import nor define."""

    @property
    def uses(self) -> _Uses:
        """Of all statements."""
        everything = _Uses()
        for uses in (self.loads, *self.defines.values(), self.effects or _Uses()):
            everything.add(uses)
        return everything


class Source:
    """Source code of koopmark as of now, and of other code as it is when read.

    A process computes with what it has imported, whatever becomes of the files: made at the
    import, this is what its results come from. `package` is its folder.
    """

    def __init__(self, package: Path) -> None:
        self._package = package
        self._texts = {path: path.read_bytes() for path in package.rglob("*.py")}
        self._outlines: dict[Path, _Outline] = {}
        self._foreign: dict[Path, tuple[tuple[int, int], _Outline]] = {}
        self._own_steps: dict[_Node, Closure] = {}
        self._own_closures: dict[Root, Closure] = {}
        self._own_lines: dict[Path, str] = {}
        self._package_digest = ""

    def digest_of_package(self) -> str:
        """Digest of all files of koopmark."""
        if not self._package_digest:
            names = {path.relative_to(self._package).as_posix(): path for path in self._texts}
            lines = [f"{name} {_sha(self._texts[path])}" for name, path in names.items()]
            self._package_digest = _sha("\n".join(sorted(lines)).encode())[:12]
        return self._package_digest

    def digest(self, roots: Sequence[Root]) -> str:
        """Digest of everything that `roots` depend on."""
        found = self.closure(roots)
        lines = [*map(self._line, found.files), *found.links, *self.versions(roots)]
        return _sha("\n".join(sorted(lines)).encode())[:16]

    def versions(self, roots: Iterable[Root]) -> list[str]:
        """Versions of the distributions that `roots` use, and of their requirements."""
        names = self.closure(roots).distributions
        return sorted({line for name in names for line in _versions(name)})

    def digest_of_others(self, roots: Iterable[Root]) -> str:
        """Digest of the files that do not belong to koopmark."""
        lines = map(self._line, self.files_of_others(roots))
        return _sha("\n".join(sorted(lines)).encode())[:16]

    def files_of_others(self, roots: Iterable[Root]) -> set[Path]:
        """Files that `roots` depend on and that belong to no installed package."""
        return self.closure(roots).files - self._texts.keys()

    def closure(self, roots: Iterable[Root]) -> Closure:
        """All dependencies of `roots`."""
        whole = Closure()
        for root in roots:
            whole.add(self._closure(root))
        return whole

    def _closure(self, root: Root) -> Closure:
        if root in self._own_closures:
            return self._own_closures[root]
        closure = self._start(root)
        waiting = list(closure.nodes)
        while waiting:
            step = self._step(waiting.pop())
            waiting += step.nodes - closure.nodes
            closure.add(step)
        if closure.files <= self._texts.keys():
            # Nothing in it can change any more.
            self._own_closures[root] = closure
        return closure

    def _start(self, root: Root) -> Closure:
        if isinstance(root, Path):
            return Closure(nodes={(root, _EVERYTHING)})
        if isinstance(root, type):
            root = root.__module__, root.__qualname__.partition(".")[0]
        module, name = root
        top = module.partition(".")[0]
        if top == self._package.name:
            path = self._own(module)
            if path is None:
                raise LookupError(f"{module} is no module of {self._package}")
            return Closure(nodes={(path, name)})
        place = getattr(sys.modules.get(module), "__file__", None)
        if top in sys.stdlib_module_names or place is None:
            # A class that was typed in has no file.
            return Closure()
        if _is_installed(Path(place)):
            return Closure(distributions={top})
        return Closure(nodes={(Path(place), _EVERYTHING)})

    def _step(self, node: _Node) -> Closure:
        """What one node leads to, its file among it if that counts."""
        path, name = node
        if node in self._own_steps:
            return self._own_steps[node]
        outline, ours = self._outline(path), path in self._texts
        if name == _EVERYTHING or not ours:
            uses = outline.uses
        elif name == _LOADED:
            uses = outline.effects or _Uses()
        else:
            uses = outline.defines.get(name, _Uses())
        step = Closure()
        if name != _LOADED or outline.effects is not None:
            step.files.add(path)
        for module in uses.whole:
            self._follow(step, path, module, (_EVERYTHING,))
        for found in uses.imports.values():
            for module, attribute in found:
                self._follow(step, path, module, (attribute,) if attribute else ())
        for head, *rest in uses.chains:
            bindings = uses.imports.get(head, set()) | outline.loads.imports.get(head, set())
            for module, attribute in bindings:
                inner = ((attribute,) if attribute else ()) + tuple(rest)
                # A module at the end of the chain is used as a value: whole.
                self._follow(step, path, module, (*inner, _EVERYTHING))
            if head in outline.defines:
                step.nodes.add((path, head))
            elif not bindings:
                for module in outline.loads.whole:
                    self._follow(step, path, module, (head, *rest, _EVERYTHING), perhaps=True)
        if ours:
            step.nodes.add((path, _LOADED))
            self._own_steps[node] = step
        return step

    def _follow(
        self, step: Closure, path: Path, module: str, names: tuple[str, ...], perhaps: bool = False
    ) -> None:
        """`module.names` as `path` imports it; `names` may go on beyond what a module holds.

        `perhaps` it has no such name.
        """
        if module.startswith("."):
            if path not in self._texts:
                step.nodes |= {(near, _EVERYTHING) for near in _relative(path, module, names)}
                return
            level = len(module) - len(module.lstrip("."))
            above = path.relative_to(self._package.parent).parts[:-level]
            module = ".".join([*above, *filter(None, [module[level:]])])
        top = module.partition(".")[0]
        if top != self._package.name:
            self._follow_other(step, path, top)
            return
        place = self._own(module)
        if place is None:
            return
        # Importing a module imports the packages above it.
        parts = module.split(".")
        loaded = (self._own(".".join(parts[:count])) for count in range(1, len(parts) + 1))
        step.nodes |= {(own, _LOADED) for own in loaded if own is not None}
        if not names:
            return
        head, *rest = names
        outline, inner = self._outline(place), f"{module}.{head}"
        passed_on = outline.loads.imports.get(head, set()) - {(module, head)}
        for origin, attribute in passed_on:
            step.links.add(f"{inner} is {origin}.{attribute}")
            further = ((attribute,) if attribute else ()) + tuple(rest)
            self._follow(step, place, origin, further, perhaps=True)
        if head == _EVERYTHING or head in outline.defines:
            step.nodes.add((place, head))
        elif passed_on:
            return
        elif self._own(inner) is not None:
            self._follow(step, path, inner, tuple(rest))
        elif outline.loads.whole:
            for star in outline.loads.whole:
                self._follow(step, place, star, (head, *rest), perhaps=True)
        elif not (perhaps or head.startswith("__")):
            step.nodes.add((place, _EVERYTHING))

    def _follow_other(self, step: Closure, path: Path, top: str) -> None:
        """A module that is not ours: its files where it is somebody's to edit, or its version."""
        if top in sys.stdlib_module_names or top == "__main__":
            return
        if path not in self._texts:
            for folder in dict.fromkeys([path.parent, folder_of_packages(path)]):
                if files := _files_beside(folder, top):
                    step.nodes |= {(near, _EVERYTHING) for near in files}
                    return
        place = _place(top)
        if place is None:
            step.distributions.add(top)
        else:
            files = _files_of(place, top) or _inside(place / top)
            step.nodes |= {(near, _EVERYTHING) for near in files}

    def _outline(self, path: Path) -> _Outline:
        if path in self._texts:
            if path not in self._outlines:
                self._outlines[path] = _outlined(path, self._texts[path])
            return self._outlines[path]
        status = path.stat()
        mark = (status.st_mtime_ns, status.st_size)
        known = self._foreign.get(path)
        if known is None or known[0] != mark:
            known = self._foreign[path] = (mark, _outlined(path, path.read_bytes()))
        return known[1]

    def _own(self, module: str) -> Path | None:
        """The file of a module of koopmark."""
        place = self._package.parent / module.replace(".", "/")
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if path in self._texts:
                return path
        return None

    def _line(self, path: Path) -> str:
        """A file's name, the same on every machine, and its digest."""
        if path in self._own_lines:
            return self._own_lines[path]
        ours = path in self._texts
        start = self._package if ours else folder_of_packages(path)
        line = f"{path.relative_to(start).as_posix()} {self._outline(path).digest}"
        if ours:
            self._own_lines[path] = line
        return line


def _relative(path: Path, module: str, names: tuple[str, ...]) -> list[Path]:
    """The files of a relative import in a file that is not ours."""
    level = len(module) - len(module.lstrip("."))
    *above, last = [part for part in module[level:].split(".") if part] or [""]
    folder = path.parents[level - 1].joinpath(*above)
    if last:
        return _files_of(folder, last)
    found = [near for name in names for near in _files_of(folder, name)]
    return [*found, *filter(Path.is_file, [folder / "__init__.py"])]


def _sha(text: bytes) -> str:
    # A checkout on Windows has other line ends, and the same numbers.
    return hashlib.sha256(text.replace(b"\r\n", b"\n")).hexdigest()


def _is_installed(path: Path) -> bool:
    return (
        "site-packages" in path.parts
        or "dist-packages" in path.parts
        or any(path.is_relative_to(place) for place in _INSTALLED)
    )


def folder_of_packages(path: Path) -> Path:
    """The folder from which a file would be imported by its full name."""
    folder = path.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


_ENDINGS = (".py", *EXTENSION_SUFFIXES)


def _files_of(folder: Path, top: str) -> list[Path]:
    """The files of the module or package of this name in a folder."""
    if (folder / top / "__init__.py").is_file():
        return _inside(folder / top)
    modules = (folder / f"{top}{ending}" for ending in _ENDINGS)
    return [path for path in modules if path.is_file()][:1]


def _files_beside(folder: Path, top: str) -> list[Path]:
    """The same as a file in that folder imports it; a folder of modules is one if no other is."""
    if found := _files_of(folder, top):
        return found
    spec = _spec(top, tuple(sys.path))
    # A mere folder on the path has no origin.
    return [] if spec is not None and spec.origin is not None else _inside(folder / top)


def _inside(package: Path) -> list[Path]:
    return [path for path in package.rglob("*") if path.name.endswith(_ENDINGS)]


def own_place(top: str, folder: Path) -> Path | None:
    """The folder from which a file in `folder` imports a module that its user edits there.

    None for what is installed, editable or not: a process imports a library once, and an adapter
    beside the source of its library is there to measure what is installed.
    """
    if top in sys.stdlib_module_names or top == __package__ or _about(_normal(top)) is not None:
        return None
    return folder if _files_beside(folder, top) else _place(top)


@cache
def _spec(top: str, path: tuple[str, ...]) -> ModuleSpec | None:  # noqa: ARG001 looked up again then
    try:
        return find_spec(top)
    except (ImportError, ValueError):
        return None


def _place(top: str) -> Path | None:
    """The folder that holds an importable module, None if it is installed or not there."""
    spec = _spec(top, tuple(sys.path))
    if spec is None:
        return None
    if spec.has_location and spec.origin:
        origin = Path(spec.origin)
        folder = origin.parents[1] if spec.submodule_search_locations else origin.parent
    else:
        folder = Path(next(iter(spec.submodule_search_locations or ()), sys.prefix)).parent
    return None if _is_installed(folder) else folder


@cache
def _versions(top: str) -> tuple[str, ...]:
    """Versions of the distribution with this module and of all that it requires in turn."""
    found: dict[str, str] = {}
    waiting = [_distribution(top)]
    while waiting:
        name = waiting.pop()
        about = _about(name) if name else None
        if about is not None and name not in found:
            found[name], required = about
            waiting += required
    return tuple(f"{name} {version}" for name, version in found.items())


@cache
def _about(distribution: str) -> tuple[str, list[str]] | None:
    """Version of a distribution and what it cannot do without; None if it is not installed."""
    try:
        # Parsed once for both, which takes a millisecond.
        about = metadata.distribution(distribution).metadata
    except metadata.PackageNotFoundError:
        return None
    lines = about.get_all("Requires-Dist") or []
    always = (line for line in lines if not re.search(r"extra\s*==", line))
    names = (re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in always)
    return about["Version"], [_normal(name) for name in names]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution(top: str) -> str:
    """The distribution that a module belongs to; empty where there is none."""
    if _about(_normal(top)) is not None:
        return _normal(top)
    for folder in map(Path, sys.path):
        entry = re.compile(rb"^%s(/|\.)" % re.escape(top).encode(), re.MULTILINE)
        for record in folder.glob("*.dist-info/RECORD"):
            if entry.search(record.read_bytes()):
                return _normal(record.parent.name.partition("-")[0])
    return ""


def _outlined(path: Path, text: bytes) -> _Outline:
    outline = _Outline(_sha(text))
    waiting: list[ast.stmt] = []
    # Of a compiled module its bytes are all there is to know; a syntax error is for its import.
    if path.suffix == ".py":
        with suppress(SyntaxError):
            waiting = ast.parse(text).body
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.If | ast.Try):
            waiting += [*statement.body, *statement.orelse]
            if isinstance(statement, ast.Try):
                waiting += statement.finalbody
                waiting += [inner for handler in statement.handlers for inner in handler.body]
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            outline.loads.add(_uses(statement))
        elif names := _defined(statement):
            uses = _uses(statement)
            for name in names:
                outline.defines.setdefault(name, _Uses()).add(uses)
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            outline.effects = outline.effects or _Uses()
            outline.effects.add(_uses(statement))
    return outline


def _defined(statement: ast.stmt) -> list[str]:
    """The names that a statement defines and does nothing else."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    flat = [
        item
        for target in targets
        for item in (target.elts if isinstance(target, ast.Tuple | ast.List) else [target])
    ]
    plain = [item.id for item in flat if isinstance(item, ast.Name)]
    return plain if len(plain) == len(flat) else []


_UNFOLLOWED = frozenset({"annotation", "returns", "type_params", "ctx", "type_comment"})


def _uses(statement: ast.stmt) -> _Uses:
    uses = _Uses()
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if type(node) in (ast.Name, ast.Attribute):
            parts: list[str] = []
            inner: ast.AST = node
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name):
                uses.chains.add((inner.id, *reversed(parts)))
            else:
                waiting.append(inner)
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                bound = alias.name if alias.asname else name
                uses.imports.setdefault(name, set()).add((bound, ""))
                # `import a.b` binds a, and imports a.b.
                uses.imports.setdefault("", set()).add((alias.name, ""))
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                if alias.name == "*":
                    uses.whole.add(module)
                else:
                    name = alias.asname or alias.name
                    uses.imports.setdefault(name, set()).add((module, alias.name))
        elif isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = getattr(node.args[0], "value", None)
            if called in ("import_module", "__import__") and isinstance(first, str):
                uses.whole.add(first)
        for name in node._fields:
            if name not in _UNFOLLOWED:
                value = getattr(node, name, None)
                if isinstance(value, ast.AST):
                    waiting.append(value)
                elif isinstance(value, list):
                    waiting += [item for item in value if isinstance(item, ast.AST)]
    return uses


def file_digest(path: Path) -> str:
    """Digest of a text file, independent of line ends."""
    return _sha(path.read_bytes())


HERE = Source(Path(__file__).parent)
"""The source that this process computes with."""
