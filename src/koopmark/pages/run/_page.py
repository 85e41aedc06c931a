"""From the tables of a run to its page, and to the CSV files that the page links."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from koopmark._files import write_text
from koopmark.analysis import columns
from koopmark.analysis.conditions import NOT_USED, conditions
from koopmark.analysis.curves import profile_table
from koopmark.analysis.leaderboard import NOISY, PRINCIPAL, leaderboard_table
from koopmark.analysis.measure import MEANINGS, outcome_table
from koopmark.analysis.numbers import listed
from koopmark.analysis.palette import FEW
from koopmark.analysis.results import Results
from koopmark.analysis.sentences import all_driven, along, anchored, misses, use_of_inputs
from koopmark.analysis.significance import CONFIDENCE
from koopmark.analysis.sweeps import sweep_table
from koopmark.analysis.tables import flat
from koopmark.pages.history import Trends, trends_beside
from koopmark.pages.run import _views as views
from koopmark.pages.run._answers import answer_view, ordering
from koopmark.pages.run._data import choices, page_data
from koopmark.pages.web import render


def write_run(run_dir: str | Path) -> Path:
    """Write summary.csv, outcomes.csv and index.html of a run folder; returns the page's path.

    If the run has sweeps, sweeps.csv has the numbers of their plots; if methods compete,
    leaderboard.csv has those of the leaderboards and profiles.csv those of the profiles. The
    history of a baseline becomes a section if it lies in the folder `baseline` beside the run's.

    Raises
    ------
    ConfigError
        If a table or provenance.json is missing or cannot be read.
    """
    run_dir = Path(run_dir)
    run = Results.read(run_dir)
    files = {
        "summary": run.summary,
        "outcomes": outcome_table(run.judged),
        **({"sweeps": sweep_table(run.swept)} if run.swept else {}),
        **({"leaderboard": leaderboard_table(run.boards)} if run.boards else {}),
        **({"profiles": profile_table(run.profiles)} if run.profiles else {}),
    }
    for name, table in files.items():
        write_text(run_dir / f"{name}.csv", table.to_csv(index=False))
    page = run_dir / "index.html"
    write_text(page, _html(run, trends_beside(run)))
    return page


def _html(run: Results, past: Trends | None) -> str:
    fits = run.fits
    names, seeds = list(fits["dataset"].unique()), fits["seed"]
    in_sweeps = {name for sweep in run.families for name in sweep.datasets}
    known, where = views.Known.of(fits), conditions(fits)
    data = page_data(run)
    return render(
        "run/page.html.j2",
        {**data, **({"trends": past.data} if past else {})},
        title=run.provenance.get("title", "koopmark report"),
        question=run.provenance.get("question", ""),
        card=[answer_view(one, run.order, run.boards) for one in run.card],
        ordering=ordering(run),
        extent=run.extent,
        of_inputs=_of_inputs(run),
        unfinished=run.unfinished,
        trends=past,
        more=[text for text in _more(run) if text],
        columns=columns,
        maps=any(one.discrete for one in where.values()),
        not_used=NOT_USED if any(one.inputs for one in where.values()) else "",
        misses=misses(run.judged),
        meanings=MEANINGS,
        missed=views.miss_rows(run.judged, run.order, known),
        boards=[views.board_view(name, board, known) for name, board in run.boards.items()],
        profiles=list(run.profiles),
        profiled=_profiled(run),
        few=FEW,
        confidence=f"{100 * CONFIDENCE:g}",
        names=names,
        at_a_glance=[name for name in names if name not in in_sweeps],
        axes=listed(list(dict.fromkeys(sweep.axis for sweep in run.families)), most=8),
        sweeps=[
            {
                "name": sweep.name,
                "axis": sweep.axis,
                "datasets": sweep.datasets,
                "levels": sweep.texts,
                "tables": views.grids(
                    rows, list(sweep.datasets), columns.AGAINST_LEVELS, run.order, known
                ),
            }
            for sweep, rows in run.swept
        ],
        medians=f"Medians over {count} seeds" if (count := seeds.nunique()) > 1 else "One seed",
        seed_names=[str(int(seed)) for seed in sorted(seeds.unique()) if np.isfinite(seed)],
        methods=run.order,
        eigenfunctions=choices(run.portraits, data["eigenfunctions"], run.order),
        datasets=[{"name": name, "facts": views.dataset_facts(*_of(name, run))} for name in names],
        cost=views.cost_rows(fits, run.order, known),
        failures=views.failure_rows(fits),
        notes=views.note_rows(fits, run.targets),
        provenance=list(flat(run.provenance)),
    )


def _more(run: Results) -> Iterator[str]:
    """What a run says beside its answers; empty where there is nothing to say."""
    yield from (along(*one) for one in run.swept)
    yield anchored(run.summary)


def _of_inputs(run: Results) -> str:
    """What methods make of inputs; empty if it is one of the answers, or no data have any."""
    asked = pd.concat([run.asked[PRINCIPAL], run.asked[NOISY]])
    return "" if all_driven(run.fits) else use_of_inputs(run.fits, asked)


def _of(dataset: str, run: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The fits and the targets of a dataset."""
    fits, targets = run.fits, run.targets
    return fits[fits["dataset"] == dataset], targets[targets["dataset"] == dataset]


def _profiled(run: Results) -> list[str]:
    """The libraries of which some question has profiles, best first."""
    there = {name for drawn in run.profiles.values() for name in drawn.methods}
    libraries = dict(zip(run.fits["method"], run.fits["library"], strict=True))
    return list(dict.fromkeys(libraries[name] for name in run.order if name in there))
