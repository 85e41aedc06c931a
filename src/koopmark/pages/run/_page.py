"""From the tables of a run to its page, and to the CSV files that the page links."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from koopmark._files import write_text
from koopmark.analysis import columns
from koopmark.analysis.leaderboard import Leaderboard, leaderboard_table, questions
from koopmark.analysis.numbers import listed
from koopmark.analysis.sentences import above_the_floor, answers, findings, overview
from koopmark.analysis.significance import CONFIDENCE
from koopmark.analysis.summary import competing, roles_of, summarise
from koopmark.analysis.sweeps import Sweep, sweep_summary, sweep_table, sweeps
from koopmark.analysis.tables import Tables, flat, read
from koopmark.pages.history import Trends, trends_beside
from koopmark.pages.run import _views as views
from koopmark.pages.run._data import choices, page_data
from koopmark.pages.web import render
from koopmark.scoring import FOUND


def write(run_dir: Path) -> Path:
    """Write summary.csv and index.html of a run folder from its tables; returns the page's path.

    If the run has sweeps, sweeps.csv has the numbers of their plots, and if methods compete
    leaderboard.csv has those of the leaderboards. The history of a baseline becomes a section
    if it lies in the folder `baseline` beside the run's.

    Raises
    ------
    ConfigError
        If a table or provenance.json is missing or cannot be read.
    """
    tables = read(run_dir)
    fits, targets = tables.fits, tables.targets
    summary = summarise(fits, targets)
    swept = [(sweep, sweep_summary(sweep, fits, targets)) for sweep in sweeps(fits)]
    boards = questions(fits, targets, [sweep for sweep, _ in swept])
    files = {
        "summary": summary,
        **({"sweeps": sweep_table(swept)} if swept else {}),
        **({"leaderboard": leaderboard_table(boards)} if boards else {}),
    }
    for name, table in files.items():
        write_text(run_dir / f"{name}.csv", table.to_csv(index=False))
    page = run_dir / "index.html"
    write_text(page, _html(tables, summary, swept, boards, trends_beside(run_dir, tables)))
    return page


def _html(
    tables: Tables,
    summary: pd.DataFrame,
    swept: list[tuple[Sweep, pd.DataFrame]],
    boards: dict[str, Leaderboard],
    past: Trends | None,
) -> str:
    fits, targets, provenance = tables.fits, tables.targets, tables.provenance
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
        overview=overview(fits, summary, planned if isinstance(planned, int) else 0),
        trends=past,
        answers=[*answers(summary, swept, known.libraries), *above_the_floor(targets, swept)],
        findings=findings(fits, summary),
        columns=columns,
        found=f"{FOUND:g}",
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
