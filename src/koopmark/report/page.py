"""From the tables of a run to its page: one HTML file that needs nothing else."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from koopmark.report import columns, shades, views
from koopmark.report.figures import (
    NoiseFamily,
    cost_figure,
    family_summary,
    noise_families,
    noise_figure,
    spectrum,
)
from koopmark.report.figures.style import MethodStyle, label, method_styles
from koopmark.report.numbers import plural
from koopmark.report.sentences import findings
from koopmark.report.summary import controls_first
from koopmark.report.tables import Tables

POINTS_PER_DATASET = 2000
POINTS_IN_ALL = 20_000
"""Recovered eigenvalues drawn: more would make the page slow and large."""

Figures = dict[str, dict[str, go.Figure]]
"""Figures of each group of the page, by the values of the group's selectors."""


@dataclass(frozen=True)
class MethodName:
    """A method's name, and how Plotly has to spell it."""

    text: str
    plotly: str


@dataclass(frozen=True)
class DatasetView:
    """What the page says about one dataset."""

    name: str
    facts: str
    ranking: list[views.MethodRow]
    targets: list[tuple[str, list[views.MethodRow]]]
    caption: str


def run_page(tables: Tables, summary: pd.DataFrame) -> str:
    """The HTML of a run's report."""
    fits, targets = tables.fits, tables.targets
    names = list(fits["dataset"].unique())
    styles = method_styles(controls_first(list(fits["method"].unique())))
    families = noise_families(fits)
    spectra: dict[str, go.Figure] = {}
    datasets = []
    budget = min(POINTS_PER_DATASET, POINTS_IN_ALL // max(len(names), 1))
    for index, name in enumerate(names):
        view, figure = _dataset(name, tables, summary, styles, budget)
        datasets.append(view)
        spectra[str(index)] = figure
    figures: Figures = {
        "spectrum": spectra,
        "noise": _noise_figures(families, tables, styles),
        "cost": {"": cost_figure(summary, styles)},
    }
    return render(
        "report.html.j2",
        figures,
        title=tables.provenance.get("title", "koopmark report"),
        question=tables.provenance.get("question", ""),
        findings=findings(fits, summary),
        columns=columns,
        names=names,
        glance={
            column.key: views.glance_rows(summary, names, column) for column in columns.AT_A_GLANCE
        },
        seeds=plural(fits["seed"].nunique(), "seed"),
        methods=[MethodName(name, label(name)) for name in styles],
        datasets=datasets,
        families=families,
        cost=views.cost_rows(fits, list(styles)),
        failures=views.failure_rows(fits),
        notes=views.note_rows(fits, targets),
        provenance=list(views.flat(tables.provenance)),
    )


def render(template: str, figures: Figures, **context: Any) -> str:
    """A page from a template of this package, with its styles, scripts and figures inlined."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("koopmark.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template(template).render(
        figures=_as_json(figures),
        shades=Markup(shades.css()),
        plotly=Markup(get_plotlyjs()),
        **context,
    )


def breakable(name: str) -> Markup:
    """A name that may be broken after a dot or an underscore and before a bracket."""
    return Markup(re.sub(r"(?<=[._/])|(?=\[)", "<wbr>", str(escape(name))))


def _as_json(figures: Mapping[str, Mapping[str, go.Figure]]) -> Markup:
    """JSON for a script element: without `<`, nothing in it can end the element."""
    groups = (
        f"{json.dumps(group)}: {{"
        + ", ".join(f"{json.dumps(key)}: {figure.to_json()}" for key, figure in members.items())
        + "}"
        for group, members in figures.items()
    )
    text = "{" + ", ".join(groups) + "}"
    return Markup(text.replace("<", "\\u003c"))


def _dataset(
    name: str,
    tables: Tables,
    summary: pd.DataFrame,
    styles: dict[str, MethodStyle],
    budget: int,
) -> tuple[DatasetView, go.Figure]:
    fits, targets, pairs, rows = (
        table[table["dataset"] == name]
        for table in (tables.fits, tables.targets, tables.eigenpairs, summary)
    )
    drawing = spectrum(pairs, targets, styles, budget)
    caption = (
        f"{plural(drawing.recovered, 'eigenvalue')} recovered from {name} over "
        f"{plural(drawing.seeds, 'seed')}; {drawing.drawn:,} drawn, "
        f"{drawing.outside:,} of all lie outside the view"
        + (f" ({drawing.not_finite:,} not finite)" if drawing.not_finite else "")
        + ". Open circles: exact eigenvalues with their multiplicity."
    )
    view = DatasetView(
        name,
        views.dataset_facts(fits, targets),
        views.ranking_rows(rows),
        list(views.target_rows(targets, rows).items()),
        caption,
    )
    return view, drawing.figure


def _noise_figures(
    families: list[NoiseFamily], tables: Tables, styles: dict[str, MethodStyle]
) -> dict[str, go.Figure]:
    drawn = {}
    for index, family in enumerate(families):
        summary = family_summary(family, tables.fits, tables.targets)
        for column in columns.AGAINST_NOISE:
            drawn[f"{index}|{column.key}"] = noise_figure(
                family, summary, column.key, column.title, styles
            )
    return drawn
