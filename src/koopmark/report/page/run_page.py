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

from koopmark.report import columns
from koopmark.report.answers import answers
from koopmark.report.boards.questions import Question
from koopmark.report.numbers import listed, plural
from koopmark.report.page import shades, views
from koopmark.report.page.board_views import board_views
from koopmark.report.page.figures import cost_figure, spectrum, sweep_figure
from koopmark.report.page.figures.style import MethodStyle, label, method_styles
from koopmark.report.sentences import findings
from koopmark.report.summary import controls_first
from koopmark.report.sweeps import Sweep
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


@dataclass(frozen=True)
class SweepView:
    """What the page says about one sweep: by score, a row per method and a cell per level."""

    name: str
    axis: str
    levels: tuple[str, ...]
    tables: dict[str, list[views.MethodRow]]


def run_page(
    tables: Tables,
    summary: pd.DataFrame,
    swept: list[tuple[Sweep, pd.DataFrame]],
    asked: list[Question],
) -> str:
    """The HTML of a run's report: its sweeps with their summaries, its leaderboards."""
    fits, targets = tables.fits, tables.targets
    names = list(fits["dataset"].unique())
    in_sweeps = {name for sweep, _ in swept for name in sweep.datasets}
    at_a_glance = [name for name in names if name not in in_sweeps]
    styles = method_styles(controls_first(list(fits["method"].unique())))
    libraries = dict(zip(fits["method"], fits["library"], strict=True))
    spectra: dict[str, go.Figure] = {}
    datasets = []
    budget = min(POINTS_PER_DATASET, POINTS_IN_ALL // max(len(names), 1))
    for index, name in enumerate(names):
        view, figure = _dataset(name, tables, summary, styles, budget)
        datasets.append(view)
        spectra[str(index)] = figure
    figures: Figures = {
        "spectrum": spectra,
        "sweeps": {
            f"{index}|{column.key}": sweep_figure(sweep, rows, column, styles)
            for index, (sweep, rows) in enumerate(swept)
            for column in columns.AGAINST_LEVELS
        },
        "cost": {"": cost_figure(summary, styles)},
    }
    return render(
        "report.html.j2",
        figures,
        title=tables.provenance.get("title", "koopmark report"),
        question=tables.provenance.get("question", ""),
        answers=answers(summary, swept, libraries),
        findings=findings(fits, summary),
        columns=columns,
        boards=board_views(asked),
        names=names,
        at_a_glance=at_a_glance,
        glance=_grids(summary, at_a_glance, columns.AT_A_GLANCE) if at_a_glance else {},
        axes=listed(list(dict.fromkeys(sweep.axis for sweep, _ in swept)), most=8),
        sweeps=[
            SweepView(
                sweep.name,
                sweep.axis,
                sweep.texts,
                _grids(rows, list(sweep.datasets), columns.AGAINST_LEVELS),
            )
            for sweep, rows in swept
        ],
        seeds=plural(fits["seed"].nunique(), "seed"),
        methods=[MethodName(name, label(name)) for name in styles],
        datasets=datasets,
        cost=views.cost_rows(fits, list(styles)),
        failures=views.failure_rows(fits),
        notes=views.note_rows(fits, targets),
        provenance=list(views.flat(tables.provenance)),
    )


def render(template: str, figures: Figures, **context: Any) -> str:
    """A page from a template of this package, with its styles, scripts and figures inlined."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("koopmark.report.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    environment.filters["whole_numbers"] = whole_numbers
    return environment.get_template(template).render(
        figures=_as_json(figures),
        shades=Markup(shades.css()),
        plotly=Markup(get_plotlyjs()),
        **context,
    )


def breakable(name: str) -> Markup:
    """A name that may be broken after a dot or an underscore and before a bracket."""
    return Markup(re.sub(r"(?<=[._/])|(?=\[)", "<wbr>", str(escape(name))))


def whole_numbers(sentence: str) -> Markup:
    """A sentence whose numbers stay on one line: browsers break 1e-06 after the hyphen."""
    unbroken = r'<span class="whole">\g<0></span>'
    return Markup(re.sub(r"\b\d[\d.]*e-\d+", unbroken, str(escape(sentence))))


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


def _grids(
    summary: pd.DataFrame, datasets: list[str], scores: list[columns.Column]
) -> dict[str, list[views.MethodRow]]:
    """By score: a row per method, a cell per dataset."""
    mine = summary[summary["dataset"].isin(datasets)]
    return {column.key: views.glance_rows(mine, datasets, column) for column in scores}
