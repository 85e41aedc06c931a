"""What there is to choose from: methods by library, datasets and systems by family, suites."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from koopmark import datasets, methods, plan, systems
from koopmark._plugins import entry_points
from koopmark.analysis.numbers import plural
from koopmark.methods.plugins import METHOD
from koopmark.pages.catalogue import CONDITIONS, group_of, grouped
from koopmark.pages.terminal._layout import Block, Column, Paragraph, Table
from koopmark.systems.plugins import SYSTEM

FROM_PACKAGES = "From installed packages"
NUMBERS = ("N", "datasets", "methods", "seeds")
"""Columns of numbers, which stand on the right."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """Things of one kind in groups; each row has the same keys, `name` first."""

    groups: Sequence[tuple[str, str, Sequence[Row]]]
    """A title, what there is to say of the group, and its rows."""
    shown: Sequence[str]
    """The keys that the terminal shows."""

    def blocks(self) -> Iterator[Block | None]:
        """A table for each group."""
        for number, (title, about, rows) in enumerate(self.groups):
            if number:
                yield None
            if title:
                yield Paragraph(about, f"{title}:")
            columns = [Column(key, right=key in NUMBERS) for key in self.shown]
            yield Table(columns, [[written(row[key]) for key in self.shown] for row in rows])

    def rows(self) -> list[Row]:
        """All rows, with the title of their group."""
        return [row | {"group": title} for title, _, some in self.groups for row in some]


def listing(kind: str) -> Listing:
    """The methods, datasets, suites or systems that there are."""
    return {
        "methods": _methods,
        "datasets": _datasets,
        "suites": _suites,
        "systems": _systems,
    }[kind]()


def written(value: Any) -> str:
    """An option or another value in a few words: a dictionary by its kind and what it is set to."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = str(getattr(value, "kind", type(value).__name__))
        of = [field.name for field in fields(value) if field.name != "kind"]
        said = ", ".join(f"{name}={written(getattr(value, name))}" for name in of)
        return f"{kind}({said})" if said else kind
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(written, value))})"
    if isinstance(value, dict):
        return ", ".join(f"{key}={written(one)}" for key, one in value.items())
    return str(value)


def _methods() -> Listing:
    by_library: dict[str, list[Row]] = {}
    notes: dict[str, str] = {}
    for name in methods.names():
        told, method = methods.described(name), methods.get(name)
        library = "anchors" if told.role == "anchor" else told.library
        missing = methods.availability(method)
        version = methods.library_version(method)
        # A library may be there and something that one of its methods needs may not.
        notes[library] = notes.get(library) or missing or ""
        by_library.setdefault(library, []).append(
            {
                "name": name,
                "what it does": _what(name, told.options),
                "options": told.options,
                "library": told.library,
                "version": version,
                "installed": missing is None,
                "library_default": told.library_default,
                "takes_dictionary": told.takes_dictionary,
            }
        )
    groups = [
        (_called(library, rows), _note(rows, notes[library]), rows)
        for library, rows in by_library.items()
    ]
    if offered := methods.offered():
        points = entry_points(METHOD.group)
        rows = [_foreign(name, points[name].value) for name in offered]
        groups.append((FROM_PACKAGES, plural(len(rows), "method"), rows))
    return Listing(groups, ("name", "what it does"))


def _what(name: str, options: dict[str, Any]) -> str:
    """Its first sentence, and what of its options differs from the defaults of its class."""
    said = methods.about(name).partition("; ")[0].removesuffix(".")
    return f"{said}; {written(options)}" if options else said


def _called(library: str, rows: Sequence[Row]) -> str:
    return (
        library if library in ("anchors", "koopmark") else f"{library} {rows[0]['version']}".strip()
    )


def _note(rows: Sequence[Row], missing: str) -> str:
    counted = plural(len(rows), "method")
    return f"{counted}. {missing}" if missing else counted


def _foreign(name: str, where: str) -> Row:
    keys = ("options", "library", "version", "installed", "library_default", "takes_dictionary")
    row: Row = dict.fromkeys(keys, "")
    return {"name": name, "what it does": where, **row}


def _datasets() -> Listing:
    found = []
    for name in datasets.names():
        recipe = datasets.load_recipe(name)
        system = recipe.build(0)
        under = (system.inputs > 0, recipe.sensors(0) is not None, system.discrete)
        conditions = tuple(word for word, holds in zip(CONDITIONS, under, strict=True) if holds)
        row = {
            "name": name,
            "N": system.size,
            "title": recipe.title,
            "long-run behaviour": recipe.in_the_long_run,
            "inputs, sensors, maps": ", ".join(conditions),
        }
        found.append((group_of(recipe, conditions), row))
    groups = [(group.title, group.meaning, rows) for group, rows in grouped(found)]
    return Listing(groups, ("name", "N", "title", "long-run behaviour"))


def _suites() -> Listing:
    rows = []
    for name in plan.names():
        suite = plan.load_suite(name)
        levels = sum(len(sweep.values) for sweep in suite.sweeps)
        rows.append(
            {
                "name": name,
                "question": suite.question,
                "datasets": len(suite.datasets) + len(suite.recordings) + levels,
                "methods": len(suite.methods),
                "seeds": suite.seeds,
                "budget": f"{suite.budget / 60:.3g} min" if suite.budget else "",
            }
        )
    shown = ("name", "question", "datasets", "methods", "seeds", "budget")
    return Listing([("", "", rows)], shown)


FAMILIES = {
    "low_rank": "Low-rank systems",
    "prescribed": "Systems with chosen eigenfunctions",
    "textbook": "Textbook systems",
}
"""By the package of the class."""


def _systems() -> Listing:
    by_family: dict[str, list[Row]] = {}
    for name in {**systems.CATALOGUE, **systems.INEXACT}:
        system = systems.example(name)
        package = type(system).__module__.split(".")[2]
        by_family.setdefault(FAMILIES.get(package, "Other systems"), []).append(
            {
                "name": name,
                "N": system.size,
                "equation": repr(system).strip("<>").partition(", N = ")[0],
                "exact": name in systems.CATALOGUE,
            }
        )
    groups = [
        (title, f"{plural(len(rows), 'example system')}", rows) for title, rows in by_family.items()
    ]
    points = entry_points(SYSTEM.group)
    if points:
        rows = [
            {"name": name, "N": "", "equation": points[name].value, "exact": ""}
            for name in sorted(points)
        ]
        groups.append((FROM_PACKAGES, plural(len(rows), "system"), rows))
    return Listing(groups, ("name", "N", "equation"))
