"""From the tables of a run to its page, and to the CSV files that the page links."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from koopmark._files import write_text
from koopmark.analysis import columns
from koopmark.analysis.leaderboard import Leaderboard, asked_by, leaderboard_table, questions
from koopmark.analysis.measure import MEANINGS, competing, judge, outcome_table
from koopmark.analysis.numbers import listed
from koopmark.analysis.sentences import Answer, along, anchored, answer_card, extent, misses
from koopmark.analysis.significance import CONFIDENCE
from koopmark.analysis.summary import roles_of, summarise
from koopmark.analysis.sweeps import Sweep, sweep_summary, sweep_table, sweeps
from koopmark.analysis.tables import Tables, flat, read
from koopmark.pages.history import Trends, trends_beside
from koopmark.pages.run import _views as views
from koopmark.pages.run._data import choices, page_data
from koopmark.pages.web import render


def write(run_dir: Path) -> Path:
    """Write summary.csv, outcomes.csv and index.html of a run folder; returns the page's path.

    If the run has sweeps, sweeps.csv has the numbers of their plots, and if methods compete
    leaderboard.csv has those of the leaderboards. The history of a baseline becomes a section
    if it lies in the folder `baseline` beside the run's.

    Raises
    ------
    ConfigError
        If a table or provenance.json is missing or cannot be read.
    """
    tables = read(run_dir)
    results = Results.of(tables)
    files = {
        "summary": results.summary,
        "outcomes": outcome_table(results.judged),
        **({"sweeps": sweep_table(results.swept)} if results.swept else {}),
        **({"leaderboard": leaderboard_table(results.boards)} if results.boards else {}),
    }
    for name, table in files.items():
        write_text(run_dir / f"{name}.csv", table.to_csv(index=False))
    page = run_dir / "index.html"
    past = trends_beside(run_dir, tables, results.judged, results.boards)
    write_text(page, _html(tables, results, past))
    return page


@dataclass(frozen=True, eq=False)
class Results:
    """What the page and the files beside it show, made of the tables."""

    judged: pd.DataFrame
    summary: pd.DataFrame
    swept: list[tuple[Sweep, pd.DataFrame]]
    boards: dict[str, Leaderboard]
    card: list[Answer]

    @classmethod
    def of(cls, tables: Tables) -> "Results":
        """From fits.csv and targets.csv."""
        fits, targets = tables.fits, tables.targets
        judged, families = judge(fits, targets), sweeps(fits)
        boards = questions(judged, fits, targets, families)
        return cls(
            judged,
            summarise(fits, judged),
            [(sweep, sweep_summary(sweep, fits, targets, judged)) for sweep in families],
            boards,
            answer_card(fits, asked_by(judged, targets, families), boards),
        )


def _html(tables: Tables, results: Results, past: Trends | None) -> str:
    fits, targets, provenance = tables.fits, tables.targets, tables.provenance
    summary, swept, boards = results.summary, results.swept, results.boards
    names, methods, seeds = list(fits["dataset"].unique()), list(roles_of(fits)), fits["seed"]
    in_sweeps = {name for sweep, _ in swept for name in sweep.datasets}
    at_a_glance = [name for name in names if name not in in_sweeps]
    known = views.Known.of(fits)
    data = page_data(tables, summary, swept)
    # Methods in the order of the first dataset's ranking, those that do not compete last.
    best_first = list(pd.concat([competing(summary), summary])["method"].unique())
    planned = provenance.get("fits")
    return render(
        "run/page.html.j2",
        {**data, **({"trends": past.data} if past else {})},
        title=provenance.get("title", "koopmark report"),
        question=provenance.get("question", ""),
        card=results.card,
        extent=extent(fits, planned if isinstance(planned, int) else 0),
        trends=past,
        more=[text for text in (*(along(*one) for one in swept), anchored(summary)) if text],
        columns=columns,
        misses=misses(results.judged),
        meanings=MEANINGS,
        missed=views.miss_rows(results.judged, known),
        boards=[views.board_view(name, board, known) for name, board in boards.items()],
        confidence=f"{100 * CONFIDENCE:g}",
        names=names,
        at_a_glance=at_a_glance,
        glance=views.grids(summary, at_a_glance, columns.AT_A_GLANCE, known) if at_a_glance else {},
        axes=listed(list(dict.fromkeys(sweep.axis for sweep, _ in swept)), most=8),
        sweeps=[
            {
                "name": sweep.name,
                "axis": sweep.axis,
                "datasets": sweep.datasets,
                "levels": sweep.texts,
                "tables": views.grids(rows, list(sweep.datasets), columns.AGAINST_LEVELS, known),
            }
            for sweep, rows in swept
        ],
        medians=f"Medians over {count} seeds" if (count := seeds.nunique()) > 1 else "One seed",
        seed_names=[str(int(seed)) for seed in sorted(seeds.unique()) if np.isfinite(seed)],
        methods=methods,
        eigenfunctions=choices(tables.portraits, data["eigenfunctions"], best_first),
        datasets=[_dataset(name, tables, summary, known) for name in names],
        cost=views.cost_rows(fits, methods, known),
        failures=views.failure_rows(fits),
        notes=views.note_rows(fits, targets),
        provenance=list(flat(provenance)),
    )


def _dataset(
    name: str, tables: Tables, summary: pd.DataFrame, known: views.Known
) -> dict[str, Any]:
    """What the page says about one dataset."""
    fits, targets, rows = (
        table[table["dataset"] == name] for table in (tables.fits, tables.targets, summary)
    )
    return {
        "name": name,
        "facts": views.dataset_facts(fits, targets),
        "ranking": views.ranking_rows(rows, known),
        "target_columns": views.target_columns(targets),
        "targets": views.target_rows(targets, rows, known),
    }
