"""The reference of everything public: a page for each package with its functions, and each class.

The pages are written into docs/reference/api as reStructuredText, as docstrings are, when a build
begins; docs/reference/api/index.md is the table of contents. What a package offers is its
`__all__`. What two packages offer is described on one page, that of the package it is at home in.
"""

import importlib
import inspect
import pkgutil
import re
import sys
from inspect import isclass
from pathlib import Path
from types import ModuleType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
from numpy.typing import ArrayLike
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import typing

import koopmark

FOLDER = Path(__file__).parents[1] / "reference" / "api"
INTERNAL = {"koopmark.pages.web", "koopmark.cluster", "koopmark.cli"}
"""Packages for the rest of koopmark alone."""
WITHOUT_LIST = [
    "koopmark.models",
    "koopmark.estimator",
    "koopmark.analysis.results",
    "koopmark.methods.dictionaries",
    "koopmark.methods.kernels",
    *(
        f"koopmark.methods.adapters.{name}"
        for name in ("pydmd", "pykoopman", "deeptime", "kooplearn", "pykoop")
    ),
    "koopmark.methods.anchors",
]
"""Modules that have no `__all__`: they offer the public classes and functions defined in them."""
HIDDEN = "model_config, model_fields, model_computed_fields, model_post_init"


def modules():
    """The public modules by name, and the names that each offers."""
    found = {"koopmark": sorted(koopmark.__all__)}
    for info in pkgutil.walk_packages(koopmark.__path__, "koopmark."):
        if any(part.startswith("_") for part in info.name.split(".")) or info.name in INTERNAL:
            continue
        module = importlib.import_module(info.name)
        if (names := getattr(module, "__all__", None)) is not None:
            found[info.name] = sorted(names)
        elif info.name in WITHOUT_LIST:
            found[info.name] = sorted(
                name
                for name, value in vars(module).items()
                if not name.startswith("_")
                and (inspect.isclass(value) or inspect.isfunction(value))
                and (value.__module__ + ".").startswith(info.name + ".")
            )
    return dict(sorted(found.items()))


def homes(offered):
    """The full name under which each object is described, by its id."""
    known = {}
    # Deepest last: what a package takes from one within it is at home in the package.
    for module in sorted(offered, key=lambda name: (name == "koopmark", name.count("."), name)):
        for name in offered[module]:
            value = getattr(importlib.import_module(module), name)
            if inspect.isclass(value) or inspect.isfunction(value):
                known.setdefault(id(value), f"{module}.{name}")
    return known


def pages():
    """The text of each page by its name."""
    offered = modules()
    home = homes(offered)
    made = {}
    for module, names in offered.items():
        here = importlib.import_module(module)
        rows, children, parts = [], [], []
        # Constants last.
        for name in sorted(names, key=lambda name: (name.isupper(), name)):
            value = getattr(here, name)
            full = f"{module}.{name}"
            if isinstance(value, ModuleType):
                target = value.__name__
                if target in offered:
                    rows.append((f":doc:`{name} <{target}>`", _first(value.__doc__)))
                continue
            if id(value) not in home:
                parts.append(_data(module, name, value))
                rows.append((f":py:data:`{name} <{full}>`", _first(_comment(module, name))))
                continue
            where = home[id(value)]
            rows.append((f":py:obj:`{name} <{where}>`", _first(inspect.getdoc(value))))
            if where != full:
                continue
            if inspect.isclass(value):
                children.append(full)
                made[full] = _class(full, name)
            else:
                parts.append(f".. autofunction:: {name}")
        inner = [other for other in offered if _parent(other, offered) == module != "koopmark"]
        made[module] = _package(module, rows, parts, [*inner, *children])
    return made


def _parent(module, offered):
    """The nearest package around a module that has a page."""
    while module not in ("", "koopmark"):
        module = module.rpartition(".")[0]
        if module in offered:
            break
    return module


def _package(module, rows, described, children):
    parts = [
        f"{module}\n{'=' * len(module)}",
        # The text alone: the classes have pages of their own.
        f".. automodule:: {module}\n   :no-members:",
        f".. currentmodule:: {module}",
    ]
    if rows:
        lines = [f"   * - {name}\n     - {text}" for name, text in rows]
        parts.append(".. list-table::\n   :widths: 30 70\n\n" + "\n".join(lines))
    parts += described
    if children:
        parts.append(".. toctree::\n   :hidden:\n\n" + "\n".join(f"   {it}" for it in children))
    return "\n\n".join(parts) + "\n"


def _class(full, name):
    options = [
        ":members:",
        ":undoc-members:",
        ":show-inheritance:",
        ":member-order: bysource",
        f":exclude-members: {HIDDEN}",
    ]
    head = f"{name}\n{'=' * len(name)}\n\n.. currentmodule:: {full.rpartition('.')[0]}\n\n"
    return head + "\n   ".join([f".. autoclass:: {name}", *options]) + "\n"


def _data(module, name, value):
    """A constant or a table, with the text below its definition."""
    said = _comment(module, name) or ""
    kind = type(value).__name__
    body = "\n".join(f"   {line}" for line in said.splitlines())
    return f".. py:data:: {module}.{name}\n   :type: {kind}\n\n{body}"


def _comment(module, name):
    """The string below a definition, wherever in the package it is."""
    package = importlib.import_module(module)
    inner = getattr(package, "__path__", None)
    names = [module]
    if inner:
        names += [info.name for info in pkgutil.walk_packages(inner, module + ".")]
    for one in names:
        try:
            docs = ModuleAnalyzer.for_module(one).find_attr_docs()
        except PycodeError:
            continue
        if ("", name) in docs:
            return escaped("\n".join(docs["", name]).strip())
    return ""


def _first(text):
    """The first sentence of a docstring."""
    paragraph = " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())
    sentence = re.split(r"(?<=[.])\s+(?=[^\W\d_a-z]|`)", paragraph)[0]
    return escaped(sentence)


def escaped(line):
    """Outside of backticks `|`, `x_` and `*` are what they look like, and no markup."""
    parts = re.split(r"(``.*?``|`[^`]*`)", line)
    for index in range(0, len(parts), 2):
        text = re.sub(r"(?<!\\)\||(?<=\w)_(?!\w)|(?<![\w*\\])\*(?=[\w(])", r"\\\g<0>", parts[index])
        if index and re.match(r"_|\w", text):
            # What is directly behind code: a reference if it is `_`, and else its end is not seen.
            text = f"\\{text}" if text[0] == "_" else f"\\ {text}"
        parts[index] = text
    return "".join(parts)


def _escape(*event):
    """Before numpydoc reads a docstring; literal blocks and doctests stay as they are."""
    lines, literal = event[-1], False
    for index, line in enumerate(lines):
        if line.strip() and not line.startswith(" "):
            literal = False
        if not literal and not line.lstrip().startswith((">>>", "..", ":")):
            # numpydoc escapes the stars of parameters itself.
            lines[index] = line if re.match(r"\s*\*+\w+( :.*)?$", line) else escaped(line)
        if line.rstrip().endswith("::"):
            literal = True


def _plainer(stringify):
    """Types as a reader needs them: without checks of bounds, and arrays by their short name."""

    def stringified(annotation, *args, **options):
        if get_origin(annotation) is Annotated:
            return typing.stringify_annotation(get_args(annotation)[0], *args, **options)
        if get_origin(annotation) is np.ndarray:
            (kind,) = get_args(get_args(annotation)[1]) or (Any,)
            return f"NDArray[{kind.__name__}]" if isclass(kind) else "NDArray"
        if get_origin(annotation) in (Union, UnionType):
            # Of anything that becomes an array NumPy's own name is shorter than its members.
            given, arrays = get_args(annotation), get_args(ArrayLike)
            if set(arrays) <= set(given):
                others = [stringified(it, *args, **options) for it in given if it not in arrays]
                return " | ".join(["ArrayLike", *others])
        return stringify(annotation, *args, **options)

    return stringified


def _without_private(*event):
    """Bases of a class that are no part of the interface are not shown."""
    bases = event[-1]
    shown = [base for base in bases if "._" not in getattr(base, "__module__", "")]
    bases[:] = shown or [object]


def _shorter(*event):
    """Defaults that are made for each instance are dots."""
    *_, signature, returns = event
    return signature and signature.replace("<factory>", "..."), returns


def write_pages(folder, written):
    """Bring a folder to these texts; what has not changed keeps its time, and is not read again."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        path = folder / f"{name}.rst"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.glob("*.rst"):
        if path.stem not in written:
            path.unlink()


def setup(app):
    plainer = _plainer(typing.stringify_annotation)
    for name, module in list(sys.modules.items()):
        if name.startswith(
            ("sphinx.util", "sphinx.ext.autodoc")
        ) and "stringify_annotation" in vars(module):
            module.stringify_annotation = plainer
    app.connect("config-inited", lambda *_: write_pages(FOLDER, pages()))
    app.connect("autodoc-process-docstring", _escape, priority=100)
    app.connect("autodoc-process-signature", _shorter)
    app.connect("autodoc-process-bases", _without_private)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
