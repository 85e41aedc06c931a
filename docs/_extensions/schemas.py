"""The directive `schema`: the keys of a section of a recipe or a suite, as its model has them.

`{schema} koopmark.datasets.recipe.Contents` makes a table of keys, types, defaults and meanings,
and one for each section that the model holds, at any depth. `{schema} systems` describes each kind
of system, `{schema} dictionaries` each kind of dictionary. All of it is Markdown, so the directive
stands in a Markdown page.
"""

import inspect
import json
import pkgutil
import re
import tomllib
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Interval, Le, Len, Lt, MaxLen, MinLen
from numpydoc.docscrape import NumpyDocString
from pydantic_core import PydanticUndefined
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

from koopmark._config import Section
from koopmark.methods import dictionaries
from koopmark.systems.registry import FACTORIES
from koopmark.systems.sections import LIMIT, SECTIONS

PLAIN = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "`true` or `false`",
    dict: "table",
    Any: "value",
}
PLURAL = {"whole number": "whole numbers", "number": "numbers", "text": "texts"}
MEANINGS = tomllib.loads((Path(__file__).parent / "meanings.toml").read_text(encoding="utf-8"))
"""Of keys whose names say enough for the code, by model: `systems` for all kinds of systems."""
HEAD = "| Key | Type | Default | Meaning |\n|---|---|---|---|"


class Schema(SphinxDirective):
    """Tables of keys."""

    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        if name == "systems":
            text = systems()
        elif name == "dictionaries":
            text = of_dictionaries()
        else:
            model = pkgutil.resolve_name(name)
            text = with_inner(model)
            self.env.note_dependency(inspect.getsourcefile(model))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def with_inner(model):
    """The table of a section, and a section for each that it holds."""
    # In Markdown a directive may make sections, and nothing before them.
    parts = ["### Top level", table(model)]
    for name, field in model.model_fields.items():
        # Systems have sections of their own: `{schema} systems`.
        for inner in [] if name == "system" else _sections(field.annotation):
            members = [inner, *_deeper(inner)]
            for member in members:
                parts.append(f"### {_title(name, field, member)}")
                parts.append(prose(member))
                parts.append(table(member))
    return "\n\n".join(parts)


def _title(name, field, model):
    kind = get_args(model.model_fields["kind"].annotation) if "kind" in model.model_fields else ()
    # A section with one kind only is one of several.
    if len(kind) == 1:
        return f'`[{name}]` with `kind = "{kind[0]}"`'
    several = get_origin(field.annotation) is tuple
    return f"`[[{name}]]`" if several else f"`[{name}]`"


def _deeper(model):
    for field in model.model_fields.values():
        for inner in _sections(field.annotation):
            yield inner
            yield from _deeper(inner)


def _sections(annotation):
    if inspect.isclass(annotation) and issubclass(annotation, Section):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _sections(argument)]


def prose(model):
    """The docstring of a section."""
    return inspect.cleandoc(model.__doc__ or "")


def table(model):
    """A row for each key."""
    rows = []
    for name, field in model.model_fields.items():
        kind = words(field.annotation, field.metadata)
        inner = _sections(field.annotation)
        known = MEANINGS.get(model.__name__, {}).get(name, "")
        said = meaning(model, name) or known or (_first(prose(inner[0])) if inner else "")
        if name == "system":
            inner, said = [], "What makes the system of each seed."
            kind = "section `[system]`"
        elif inner:
            several = get_origin(field.annotation) is tuple
            kind = f"sections `[[{name}]]`" if several else f"section `[{name}]`"
        default = field.default
        if field.default_factory is not None:
            default = field.default_factory()
        rows.append(_row(name, kind, _default(default), said))
    return "\n".join([HEAD, *rows])


def _row(*cells):
    name, *others = cells
    return " | ".join(["| " + f"`{name}`", *(_cell(text) for text in others)]) + " |"


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def _first(text):
    return re.split(r"(?<=[.])\s", " ".join(text.split("\n\n")[0].split()))[0]


def _default(value):
    if value is PydanticUndefined or value is MISSING or value is inspect.Parameter.empty:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, Section):
        return "its defaults"
    if is_dataclass(value):
        kind = getattr(type(value), "kind", None)
        return f'`{{ kind = "{kind}" }}`' if kind else "its defaults"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


@cache
def _comments(module):
    return ModuleAnalyzer.for_module(module).find_attr_docs()


def meaning(model, name):
    """The string below a field, in the class or one that it inherits from."""
    for one in model.__mro__:
        if not one.__module__.startswith("koopmark"):
            continue
        lines = _comments(one.__module__).get((one.__name__, name))
        if lines:
            return "\n".join(lines)
    return ""


def words(annotation, metadata=()):
    """A type in words: `number, above 0`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return words(inner[0], [*metadata, *inner[1:]])
    if any(getattr(getattr(one, "func", None), "__name__", "") == "_levels" for one in metadata):
        return "number, or list of numbers"
    if origin is Literal:
        text = _either([f"`{json.dumps(value)}`" for value in inner])
    elif origin in (Union, UnionType):
        parts = [words(one) for one in inner if one is not NoneType]
        text = _either(list(dict.fromkeys(parts)))
    elif origin in (tuple, list):
        members = [one for one in inner if one is not Ellipsis]
        if Ellipsis in inner or origin is list:
            one = words(members[0])
            first, comma, rest = one.partition(",")
            text = f"list of {PLURAL.get(first, first)}{comma}{rest}"
        else:
            text = f"[{', '.join(words(one) for one in members)}]"
    elif origin is dict:
        text = "table"
    elif hasattr(annotation, "__supertype__"):
        text = words(annotation.__supertype__)
    else:
        text = PLAIN.get(annotation, getattr(annotation, "__name__", str(annotation)))
    bounds = _bounds(metadata)
    return f"{text}, {bounds}" if bounds and not text.endswith(bounds) else text


def _either(parts):
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def _bounds(metadata):
    """Such as `above 0 and at most 10`; those that only keep numbers finite are left out."""
    low, high, length = "", "", ""
    single = []
    for one in metadata:
        # Bounds of pydantic's own stand in lists of them.
        single += getattr(one, "metadata", None) or [one]
    for one in single:
        if said := getattr(one, "said", None):
            return said.removeprefix("must be ").removeprefix("must ")
        if isinstance(one, Interval):
            parts = [Gt(one.gt), Ge(one.ge), Lt(one.lt), Le(one.le)]
        else:
            parts = [one]
        for part in parts:
            match part:
                case Gt(gt) if gt is not None and gt > -LIMIT:
                    low = f"above {gt:g}"
                case Ge(ge) if ge is not None and ge > -LIMIT:
                    low = f"at least {ge:g}"
                case Lt(lt) if lt is not None and lt < LIMIT:
                    high = f"below {lt:g}"
                case Le(le) if le is not None and le < LIMIT:
                    high = f"at most {le:g}"
                case MinLen(least) if least == 1:
                    length = "not empty"
                case Len(least, most):
                    length = f"{least} to {most} of them" if most else "not empty"
                case MaxLen():
                    pass
    if low.startswith("at least") and high.startswith("at most"):
        low, high = f"{low.removeprefix('at least ')} to {high.removeprefix('at most ')}", ""
    return ", ".join(filter(None, [" and ".join(filter(None, [low, high])), length]))


def systems():
    """A section for each kind of system, with the parameters of its factory."""
    parts = []
    for kind, model in SECTIONS.items():
        factory = FACTORIES[kind]
        said, told = documented(factory.make)
        rows = [
            _row(
                name,
                words(field.annotation, field.metadata),
                _default(field.default),
                MEANINGS["systems"].get(f"{kind}.{name}")
                or told.get(name)
                or meaning(model, name)
                or MEANINGS["systems"].get(name, ""),
            )
            for name, field in model.model_fields.items()
            if name != "kind"
        ]
        drawn = "" if factory.seeded else "The seed changes nothing in the system."
        keys = "\n".join([HEAD, *rows]) if rows else "It has no keys but `kind`."
        parts += [f"(system-{kind})=\n### `{kind}`", said, drawn, keys]
    return "\n\n".join(filter(None, parts))


def documented(make):
    """The text of a docstring before its sections, and what it says of each parameter."""
    docs = [inspect.getdoc(make) or ""]
    if inspect.isclass(make):
        docs += [inspect.cleandoc(one.__doc__ or "") for one in make.__mro__[1:-1]]
    told = {}
    for text in docs:
        for names, _, lines in NumpyDocString(text)["Parameters"]:
            for name in names.split(","):
                told.setdefault(name.strip(), " ".join(lines))
    if inspect.isclass(make):
        for name in inspect.signature(make).parameters:
            if said := meaning(make, name):
                told.setdefault(name, said)
    prose = re.split(r"\n\s*\w[\w ]*\n\s*-{3,}\n", docs[0])[0]
    return prose.strip(), told


def of_dictionaries():
    """A section for each dictionary that a suite can name."""
    parts = []
    for kind in get_args(get_args(dictionaries.AnyDictionary)[0]) or get_args(
        dictionaries.AnyDictionary
    ):
        if not is_dataclass(kind):
            continue
        parts += [f"### `{kind.kind}`", documented(kind)[0], options(kind)]
    return "\n\n".join(parts)


def options(kind):
    """The fields of a dataclass whose instance a table in a file stands for."""
    hints, told = get_type_hints(kind, include_extras=True), documented(kind)[1]
    rows = []
    for field in fields(kind):
        default = field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        said = told.get(field.name) or MEANINGS["dictionaries"].get(field.name, "")
        if field.init and field.name != "kind":
            rows.append(_row(field.name, words(hints[field.name]), _default(default), said))
    return "\n".join([HEAD, *rows])


def setup(app):
    app.add_directive("schema", Schema)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
