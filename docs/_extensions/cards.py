"""A card for each method in docs/reference/cards, and the directive `datasets`.

A card says what `koopmark.methods.described` knows of a method, its options, and what the committed
baseline run found with it. The pages are written when a build begins.
"""

import re
from dataclasses import MISSING, fields
from io import StringIO
from pathlib import Path
from typing import get_type_hints

from public_api import escaped, homes, modules, write_pages
from rich.console import Console
from schemas import documented, words
from sphinx.util.docutils import SphinxDirective

from koopmark import datasets, methods
from koopmark.analysis.results import Results
from koopmark.pages.terminal import _cards, sheet

DOCS = Path(__file__).parents[1]
FOLDER = DOCS / "reference" / "cards"
BASELINE = DOCS.parent / "reports" / "baseline"
LISTED = DOCS.parent / "datasets" / "README.md"
SAMPLING = {
    "regular": "complete trajectories of equal length at even times",
    "segments": "also trajectories with gaps and of unequal length, at even times",
    "any": "also trajectories with gaps, of unequal length and at uneven times",
}


def pages():
    """The text of each card by the name of its page."""
    results = Results.read(BASELINE)
    home = homes(modules())
    # What a run calls a method begins with its name.
    labels = sorted(set(results.fits["method"]))
    return {
        name: card(name, home, [(it, shown(results, it)) for it in labels if _is_of(it, name)])
        for name in methods.names()
    }


def _is_of(label, name):
    return label == name or label.startswith(f"{name}[")


def shown(results, label):
    """What `koopmark show --method` prints."""
    out = StringIO()
    console = Console(file=out, width=96, highlight=False, no_color=True)
    console.print(sheet(results, _cards.method, label), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def card(name, home, found):
    """The card of a method, in reStructuredText."""
    said, method = methods.described(name), methods.get(name)
    where = home.get(id(type(method)))
    made = (
        f":py:obj:`{type(method).__name__} <{where}>`" if where else f"``{type(method).__name__}``"
    )
    role = {
        "method": "method, ranked in leaderboards",
        "informed": "informed method: it is given the answer key, and is not ranked",
        "anchor": "anchor: it marks an end of the scores, and is not ranked",
    }[said.role]
    facts = {
        "Library": said.library,
        "Class": made,
        "Role": role,
        "Dictionary": "chosen by the user" if said.takes_dictionary else "none, or its own",
        "Inputs": "used" if said.inputs else "ignored",
        "Data": "one trajectory only"
        if said.one_trajectory
        else SAMPLING.get(said.sampling, said.sampling),
        "Library defaults": "these are the defaults of the library"
        if said.library_default
        else (f":doc:`{said.default_name}`" if said.default_name else "not registered"),
        "Papers": "; ".join(_paper(paper) for paper in said.papers) or "none",
    }
    parts = [
        f"{name}\n{'=' * len(name)}",
        escaped(said.summary),
        ".. list-table::\n   :stub-columns: 1\n   :widths: 25 75\n\n"
        + "\n".join(f"   * - {key}\n     - {value}" for key, value in facts.items()),
        "Fit it to trajectories or arrays:",
        f'.. code-block:: python\n\n   model = koopmark.fit("{name}", data)'
        if said.role == "method"
        else "It takes part in runs of suites.",
    ]
    if table := _options(method):
        parts += ["Options\n-------", table]
    if found:
        parts += [
            "In the baseline run\n-------------------",
            "The suite ``smoke`` has six small datasets without noise. "
            "``koopmark show reports/baseline --method NAME`` prints this.",
            *(".. code-block:: text\n\n" + _indented(text) for _, text in found),
        ]
    return "\n\n".join(parts) + "\n"


def _indented(text):
    return "\n".join(f"   {line}".rstrip() for line in text.splitlines())


def _paper(paper):
    text = escaped(paper.text)
    return f"`{paper.text} <{paper.url}>`__" if paper.url else text


def _options(method):
    hints, told = get_type_hints(type(method), include_extras=True), documented(type(method))[1]
    rows = []
    for field in fields(method):
        if not field.init:
            continue
        kind = words(hints[field.name]).replace("`", "``")
        value = _plain(getattr(method, field.name))
        said = " ".join(escaped(told.get(field.name, "")).split())
        rows.append(f"   * - ``{field.name}``\n     - {kind}\n     - ``{value}``\n     - {said}")
    head = "   * - Option\n     - Type\n     - Value\n     - Meaning\n"
    return f".. list-table::\n   :header-rows: 1\n\n{head}" + "\n".join(rows) if rows else ""


def _plain(value):
    """As a suite would have it."""
    if (kind := getattr(type(value), "kind", None)) is not None:
        inner = [
            f"{field.name} = {_plain(getattr(value, field.name))}"
            for field in fields(value)
            if field.name != "kind"
            and getattr(value, field.name) != field.default
            and field.default_factory is MISSING
        ]
        return "{ " + ", ".join([f'kind = "{kind}"', *inner]) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else "none" if value is None else str(value)


class Datasets(SphinxDirective):
    """A table of the datasets that ship, and a section for each as datasets/README.md has it."""

    def run(self):
        self.env.note_dependency(str(LISTED))
        return self.parse_text_to_nodes(listed(), allow_section_headings=True)


def listed():
    """The table and the sections, in Markdown."""
    _, *sections = re.split(r"^## (\S+)\n", LISTED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    told = dict(zip(sections[::2], sections[1::2], strict=True))
    rows, parts = ["| Dataset | Title | Units | Regime |", "|---|---|---|---|"], []
    for name in datasets.names():
        recipe = datasets.load_recipe(name)
        title = recipe.title.replace("|", "\\|")
        link = f"[`{name}`](#dataset-{name})"
        rows.append(f"| {link} | {title} | {recipe.system.size} | {recipe.in_the_long_run} |")
        kind = recipe.system.kind
        more = (
            f"* Kind of system: {{ref}}`{kind} <system-{kind}>`\n"
            f'* Figures: <a href="../catalogue/index.html#{name}">`{name}` in the catalogue</a>'
        )
        parts.append(f"(dataset-{name})=\n### {name}\n\n{told[name].strip()}\n{more}")
    # In Markdown a directive may make sections, and nothing before them.
    heads = ["## All datasets", "\n".join(rows), "## Details of each dataset"]
    return "\n\n".join([*heads, *parts])


def setup(app):
    app.connect("config-inited", lambda *_: write_pages(FOLDER, pages()))
    app.add_directive("datasets", Datasets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
