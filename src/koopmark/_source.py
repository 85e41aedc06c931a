"""What a piece of code depends on, found by following what it uses; and the digest of that.

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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import find_spec
from pathlib import Path

Root = type | tuple[str, str] | Path
"""Where following starts: a class; a module of koopmark and a name in it; somebody's file."""

_EVERYTHING, _LOADED = "*", ""
"""In place of a name: all of a module, or what it does when it is imported."""

_Node = tuple[Path, str]
_Binding = tuple[str, str]
"""A module as an import statement names it, and the name imported from it, empty where none."""

_INSTALLED = tuple(
    {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib", "stdlib", "platstdlib")}
)


@dataclass(frozen=True)
class Closure:
    """All that code depends on."""

    files: frozenset[Path] = frozenset()
    """Files of koopmark, and files of others that no version tells apart."""
    links: frozenset[str] = frozenset()
    """Imports that only pass a name on, from files that are not among `files`."""
    distributions: frozenset[str] = frozenset()
    """Top-level modules of installed distributions, which are known by their versions."""


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
    imports: dict[str, set[_Binding]] = field(default_factory=dict)
    defines: dict[str, _Uses] = field(default_factory=dict)
    effects: _Uses | None = None
    """Of statements that neither import nor define."""
    stars: set[str] = field(default_factory=set)

    @property
    def uses(self) -> _Uses:
        """Of all statements."""
        everything = _Uses(imports={name: set(found) for name, found in self.imports.items()})
        everything.whole |= self.stars
        for uses in (*self.defines.values(), self.effects or _Uses()):
            everything.add(uses)
        return everything


class Source:
    """The source of koopmark as it was when this was made; that of others as it is.

    A process computes with what it has imported, whatever becomes of the files: made at the
    import, this is what its results come from.

    Parameters
    ----------
    package : Path
        The folder of the package.
    """

    def __init__(self, package: Path) -> None:
        self._package = package
        self._texts = {path: path.read_bytes() for path in package.rglob("*.py")}
        self._outlines: dict[Path, _Outline] = {}
        self._foreign: dict[Path, tuple[tuple[int, int], _Outline]] = {}
        self._own_steps: dict[_Node, tuple[bool, Closure, frozenset[_Node]]] = {}
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
        """Digest of all that `roots` depend on."""
        found = self.closure(roots)
        lines = [*map(self._line, found.files)]
        lines += [*found.links, *self.versions(roots)]
        return _sha("\n".join(sorted(lines)).encode())[:16]

    def versions(self, roots: Iterable[Root]) -> list[str]:
        """Versions of the installed distributions that `roots` use, and of what these require."""
        names = self.closure(roots).distributions
        return sorted({line for name in names for line in _versions(name)})

    def digest_of_others(self, roots: Iterable[Root]) -> str:
        """Digest of the files that are not koopmark's."""
        lines = map(self._line, self.files_of_others(roots))
        return _sha("\n".join(sorted(lines)).encode())[:16]

    def files_of_others(self, roots: Iterable[Root]) -> frozenset[Path]:
        """Files on which `roots` depend and which are neither koopmark's nor installed."""
        return self.closure(roots).files - self._texts.keys()

    def closure(self, roots: Iterable[Root]) -> Closure:
        """All that `roots` depend on."""
        each = [self._closure(root) for root in roots]
        return Closure(
            frozenset().union(*(one.files for one in each)),
            frozenset().union(*(one.links for one in each)),
            frozenset().union(*(one.distributions for one in each)),
        )

    def _closure(self, root: Root) -> Closure:
        if root in self._own_closures:
            return self._own_closures[root]
        files: set[Path] = set()
        links: set[str] = set()
        waiting, distributions = self._start(root)
        seen = set(waiting)
        while waiting:
            node = waiting.pop()
            hashed, found, following = self._step(node)
            if hashed:
                files.add(node[0])
            links |= found.links
            distributions |= found.distributions
            waiting += following - seen
            seen |= following
        closure = Closure(frozenset(files), frozenset(links), frozenset(distributions))
        if files <= self._texts.keys():
            # Nothing in it can change any more.
            self._own_closures[root] = closure
        return closure

    def _start(self, root: Root) -> tuple[list[_Node], set[str]]:
        if isinstance(root, Path):
            return [(root, _EVERYTHING)], set()
        if isinstance(root, tuple):
            module, name = root
        else:
            module, name = root.__module__, root.__qualname__.partition(".")[0]
        top = module.partition(".")[0]
        if top == self._package.name:
            path = self._own(module)
            if path is None:
                raise LookupError(f"{module} is no module of {self._package}")
            return [(path, name)], set()
        if top in sys.stdlib_module_names:
            return [], set()
        place = getattr(sys.modules.get(module), "__file__", None)
        if place is None:
            # A class that was typed in has no file.
            return [], set()
        path = Path(place)
        return ([], {top}) if _is_installed(path) else ([(path, _EVERYTHING)], set())

    def _step(self, node: _Node) -> tuple[bool, Closure, frozenset[_Node]]:
        """Whether the node's file is hashed, what it names elsewhere, and where that leads."""
        path, _ = node
        if path not in self._texts:
            return _Step(self, path).of(_EVERYTHING)
        if node not in self._own_steps:
            self._own_steps[node] = _Step(self, path).of(node[1])
        return self._own_steps[node]

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

    def _name(self, path: Path) -> str:
        """The dotted name of a file of koopmark."""
        parts = path.with_suffix("").relative_to(self._package.parent).parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _line(self, path: Path) -> str:
        """A file's name, the same on every machine, and its digest."""
        line = self._own_lines.get(path)
        if line is None:
            ours = path in self._texts
            start = self._package if ours else folder_of_packages(path)
            line = f"{path.relative_to(start).as_posix()} {self._outline(path).digest}"
            if ours:
                self._own_lines[path] = line
        return line


class _Step:
    """What one node leads to."""

    def __init__(self, source: Source, path: Path) -> None:
        self._source, self._path = source, path
        self._outline = source._outline(path)
        self._is_ours = path in source._texts
        self._nodes: set[_Node] = set()
        self._links: set[str] = set()
        self._distributions: set[str] = set()

    def of(self, name: str) -> tuple[bool, Closure, frozenset[_Node]]:
        outline = self._outline
        hashed = True
        if name == _LOADED:
            hashed = outline.effects is not None
            uses = outline.effects or _Uses()
        elif name == _EVERYTHING:
            uses = outline.uses
        else:
            uses = outline.defines.get(name, _Uses())
        self._follow_uses(uses)
        if self._is_ours:
            self._nodes.add((self._path, _LOADED))
        found = Closure(links=frozenset(self._links), distributions=frozenset(self._distributions))
        return hashed, found, frozenset(self._nodes)

    def _follow_uses(self, uses: _Uses) -> None:
        for module in uses.whole:
            self._follow(module, (_EVERYTHING,))
        for found in uses.imports.values():
            for module, attribute in found:
                self._follow(module, (attribute,) if attribute else ())
        for head, *rest in uses.chains:
            bindings = uses.imports.get(head, set()) | self._outline.imports.get(head, set())
            for module, attribute in bindings:
                inner = ((attribute,) if attribute else ()) + tuple(rest)
                # A module at the end of the chain is used as a value: whole.
                self._follow(module, (*inner, _EVERYTHING))
            if head in self._outline.defines:
                self._nodes.add((self._path, head))
            elif not bindings:
                for module in self._outline.stars:
                    self._follow(module, (head, *rest, _EVERYTHING), perhaps=True)

    def _follow(self, module: str, names: tuple[str, ...], perhaps: bool = False) -> None:
        """`module.names`, where `names` may go on beyond what a module holds.

        `perhaps` it has no such name.
        """
        if module.startswith("."):
            if not self._is_ours:
                self._follow_beside(module, names)
                return
            package = self._source._name(self._path)
            if self._path.name != "__init__.py":
                package = package.rpartition(".")[0]
            level = len(module) - len(module.lstrip("."))
            above = package.split(".")
            above = above[: len(above) - level + 1]
            module = ".".join([*above, *filter(None, [module[level:]])])
        top = module.partition(".")[0]
        if top != self._source._package.name:
            self._follow_other(top)
            return
        path = self._source._own(module)
        if path is None:
            return
        for parent in _parents(module):
            own = self._source._own(parent)
            if own is not None:
                self._nodes.add((own, _LOADED))
        if not names:
            return
        head, *rest = names
        outline = self._source._outline(path)
        inner = f"{module}.{head}"
        found = False
        for origin, attribute in outline.imports.get(head, set()):
            if (origin, attribute) != (module, head):
                found = True
                self._links.add(f"{inner} is {origin}.{attribute}")
                self._from(path)._follow_into(self, origin, attribute, tuple(rest))
        if head == _EVERYTHING or head in outline.defines:
            self._nodes.add((path, head))
        elif not found and self._source._own(inner) is not None:
            self._follow(inner, tuple(rest))
        elif not found and outline.stars:
            for star in outline.stars:
                self._from(path)._follow_into(self, star, head, tuple(rest))
        elif not (found or perhaps or head.startswith("__")):
            self._nodes.add((path, _EVERYTHING))

    def _from(self, path: Path) -> "_Step":
        """The same from another module, from which relative imports count."""
        return self if path == self._path else _Step(self._source, path)

    def _follow_into(
        self, asker: "_Step", module: str, attribute: str, rest: tuple[str, ...]
    ) -> None:
        names = ((attribute,) if attribute else ()) + rest
        self._follow(module, names, perhaps=True)
        if asker is not self:
            asker._nodes |= self._nodes
            asker._links |= self._links
            asker._distributions |= self._distributions

    def _follow_other(self, top: str) -> None:
        """A module that is not ours: its files where it is somebody's to edit, or its version."""
        if top in sys.stdlib_module_names or top == "__main__":
            return
        folders = dict.fromkeys([self._path.parent, folder_of_packages(self._path)])
        for folder in () if self._is_ours else folders:
            if files := _files_beside(folder, top):
                self._nodes |= {(path, _EVERYTHING) for path in files}
                return
        place = _place(top, tuple(sys.path))
        if place is None:
            self._distributions.add(top)
        else:
            files = _files_of(place, top) or _inside(place / top)
            self._nodes |= {(path, _EVERYTHING) for path in files}

    def _follow_beside(self, module: str, names: tuple[str, ...]) -> None:
        """A relative import in a file that is not ours."""
        level = len(module) - len(module.lstrip("."))
        folder = self._path.parent
        for _ in range(level - 1):
            folder = folder.parent
        *above, last = [part for part in module[level:].split(".") if part] or [""]
        folder = folder.joinpath(*above)
        found = _files_of(folder, last) if last else []
        for name in names if not last else ():
            found += _files_of(folder, name)
        if not last and (folder / "__init__.py").is_file():
            found.append(folder / "__init__.py")
        self._nodes |= {(path, _EVERYTHING) for path in found}


def _parents(module: str) -> Iterator[str]:
    """The packages above a module, and itself: importing it imports them."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])


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
    """The folder from which a file would be imported under its full name."""
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
    found = _files_of(folder, top)
    return found or ([] if _is_importable(top, tuple(sys.path)) else _inside(folder / top))


def _inside(package: Path) -> list[Path]:
    return [path for path in package.rglob("*") if path.name.endswith(_ENDINGS)]


def own_place(top: str, folder: Path) -> Path | None:
    """The folder from which a file in `folder` imports this module, if its user edits it there.

    None for what is installed, editable or not: a process imports a library once, and an adapter
    beside the source of its library is there to measure what is installed.
    """
    if top in sys.stdlib_module_names or top == __package__ or _about(_normal(top)) is not None:
        return None
    return folder if _files_beside(folder, top) else _place(top, tuple(sys.path))


@cache
def _spec(top: str, path: tuple[str, ...]) -> ModuleSpec | None:  # noqa: ARG001 looked up again then
    try:
        return find_spec(top)
    except (ImportError, ValueError):
        return None


def _is_importable(top: str, path: tuple[str, ...]) -> bool:
    """Whether a module is found on the path; a mere folder of that name is not."""
    spec = _spec(top, path)
    return spec is not None and spec.origin is not None


def _place(top: str, path: tuple[str, ...]) -> Path | None:
    """The folder that holds an importable module, None if it is installed or not there."""
    spec = _spec(top, path)
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
    if path.suffix != ".py":
        # A compiled module: its bytes are all there is to know.
        return outline
    try:
        tree = ast.parse(text)
    except SyntaxError:
        # Importing it says what is wrong.
        return outline
    _collect(tree.body, outline)
    return outline


def _collect(statements: Iterable[ast.stmt], outline: _Outline) -> None:
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            uses = _uses(statement)
            outline.stars |= uses.whole
            for name, bindings in uses.imports.items():
                outline.imports.setdefault(name, set()).update(bindings)
        elif isinstance(statement, ast.If | ast.Try):
            blocks = [statement.body, statement.orelse]
            if isinstance(statement, ast.Try):
                blocks += [statement.finalbody, *(each.body for each in statement.handlers)]
            for block in blocks:
                _collect(block, outline)
        elif names := _defined(statement):
            uses = _uses(statement)
            for name in names:
                outline.defines.setdefault(name, _Uses()).add(uses)
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            outline.effects = outline.effects or _Uses()
            outline.effects.add(_uses(statement))


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
        kind = type(node)
        if kind is ast.Name:
            uses.chains.add((node.id,))  # type: ignore[attr-defined]
            continue
        if kind is ast.Attribute:
            parts: list[str] = []
            inner: ast.AST = node
            while type(inner) is ast.Attribute:
                parts.append(inner.attr)
                inner = inner.value
            if type(inner) is ast.Name:
                uses.chains.add((inner.id, *reversed(parts)))
            else:
                waiting.append(inner)
            continue
        if kind is ast.Constant:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                bound = alias.name if alias.asname else name
                uses.imports.setdefault(name, set()).add((bound, ""))
                # `import a.b` binds a, and imports a.b.
                uses.imports.setdefault("", set()).add((alias.name, ""))
            continue
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                if alias.name == "*":
                    uses.whole.add(module)
                else:
                    name = alias.asname or alias.name
                    uses.imports.setdefault(name, set()).add((module, alias.name))
            continue
        if isinstance(node, ast.Call):
            _note_import(node, uses)
        for name in node._fields:
            if name in _UNFOLLOWED:
                continue
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                waiting.append(value)
            elif isinstance(value, list):
                waiting += [item for item in value if isinstance(item, ast.AST)]
    return uses


def _note_import(call: ast.Call, uses: _Uses) -> None:
    """`import_module("name")` and `__import__("name")`."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in ("import_module", "__import__") and call.args:
        module = call.args[0]
        if isinstance(module, ast.Constant) and isinstance(module.value, str):
            uses.whole.add(module.value)


def file_digest(path: Path) -> str:
    """Digest of a file of text, whatever its line ends."""
    return _sha(path.read_bytes())


HERE = Source(Path(__file__).parent)
"""The source that this process computes with."""
