"""From the tables of a run to its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import columns
from koopmark.analysis.answers import answers
from koopmark.analysis.noise import above_the_floor
from koopmark.analysis.numbers import listed
from koopmark.analysis.overview import overview
from koopmark.analysis.questions import Question
from koopmark.analysis.sentences import findings
from koopmark.analysis.significance import CONFIDENCE
from koopmark.analysis.summary import competing, roles_of
from koopmark.analysis.sweeps import Sweep
from koopmark.analysis.tables import Tables, flat
from koopmark.pages.history.view import Trends
from koopmark.pages.run import views
from koopmark.pages.run.board_views import board_views
from koopmark.pages.run.data import page_data
from koopmark.pages.run.eigenfunctions import choices, eigenfunctions_data
from koopmark.pages.web.render import render
from koopmark.scoring import FOUND


@dataclass(frozen=True)
class DatasetView:
    """What the page says about one dataset."""

    name: str
    facts: str
    ranking: list[views.MethodRow]
    target_columns: list[columns.Column]
    targets: list[tuple[str, list[views.MethodRow]]]


@dataclass(frozen=True)
class SweepView:
    """What the page says about one sweep: by score, a row per method and a cell per level."""

    name: str
    axis: str
    datasets: tuple[str, ...]
    levels: tuple[str, ...]
    tables: dict[str, list[views.MethodRow]]


def run_page(
    tables: Tables,
    summary: pd.DataFrame,
    swept: list[tuple[Sweep, pd.DataFrame]],
    asked: list[Question],
    past: Trends | None = None,
) -> str:
    """The HTML of a run's report: its sweeps with their summaries, its leaderboards, its past."""
    fits, targets = tables.fits, tables.targets
    names = list(fits["dataset"].unique())
    in_sweeps = {name for sweep, _ in swept for name in sweep.datasets}
    at_a_glance = [name for name in names if name not in in_sweeps]
    methods = list(roles_of(fits))
    known = views.Known.of(fits)
    portraits = eigenfunctions_data(tables.portraits)
    return render(
        "run/page.html.j2",
        {
            **page_data(tables, summary, swept),
            "eigenfunctions": portraits,
            **({"trends": past.data} if past else {}),
        },
        title=tables.provenance.get("title", "koopmark report"),
        question=tables.provenance.get("question", ""),
        overview=overview(fits, summary, _planned(tables.provenance)),
        trends=past,
        answers=[
            *answers(summary, swept, known.libraries),
            *above_the_floor(targets, swept),
        ],
        findings=findings(fits, summary),
        columns=columns,
        found=f"{FOUND:g}",
        boards=board_views(asked, known),
        confidence=f"{100 * CONFIDENCE:g}",
        names=names,
        at_a_glance=at_a_glance,
        glance=_grids(summary, at_a_glance, columns.AT_A_GLANCE, known) if at_a_glance else {},
        axes=listed(list(dict.fromkeys(sweep.axis for sweep, _ in swept)), most=8),
        sweeps=[
            SweepView(
                sweep.name,
                sweep.axis,
                sweep.datasets,
                sweep.texts,
                _grids(rows, list(sweep.datasets), columns.AGAINST_LEVELS, known),
            )
            for sweep, rows in swept
        ],
        medians=f"Medians over {count} seeds"
        if (count := fits["seed"].nunique()) > 1
        else "One seed",
        seed_names=[str(int(seed)) for seed in sorted(fits["seed"].unique()) if np.isfinite(seed)],
        methods=methods,
        eigenfunctions=choices(tables.portraits, portraits, _best_first(summary)),
        datasets=[_dataset(name, tables, summary, known) for name in names],
        cost=views.cost_rows(fits, methods, known),
        failures=views.failure_rows(fits),
        notes=views.note_rows(fits, targets),
        provenance=list(flat(tables.provenance)),
    )


def _planned(provenance: Mapping[str, Any]) -> int:
    """How many fits the run asks for; 0 where its provenance does not say."""
    count = provenance.get("fits")
    return count if isinstance(count, int) else 0


def _best_first(summary: pd.DataFrame) -> list[str]:
    """Methods in the order of the first dataset's ranking, those that do not compete last."""
    ordered = pd.concat([competing(summary), summary])
    return [str(name) for name in ordered["method"].unique()]


def _dataset(name: str, tables: Tables, summary: pd.DataFrame, known: views.Known) -> DatasetView:
    fits, targets, rows = (
        table[table["dataset"] == name] for table in (tables.fits, tables.targets, summary)
    )
    return DatasetView(
        name,
        views.dataset_facts(fits, targets),
        views.ranking_rows(rows, known),
        views.target_columns(targets),
        views.target_rows(targets, rows, known),
    )


def _grids(
    summary: pd.DataFrame,
    datasets: list[str],
    scores: list[columns.Column],
    known: views.Known,
) -> dict[str, list[views.MethodRow]]:
    """By score: a row per method, a cell per dataset."""
    mine = summary[summary["dataset"].isin(datasets)]
    return {column.key: views.glance_rows(mine, datasets, column, known) for column in scores}
