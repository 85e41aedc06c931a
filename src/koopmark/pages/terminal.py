"""A run in the terminal: all of it in one table, and leaderboards for each dataset."""

import re
from pathlib import Path

import pandas as pd
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from koopmark._errors import ConfigError, suggest
from koopmark.analysis import columns
from koopmark.analysis.columns import Column
from koopmark.analysis.numbers import MISSING, listed, plain
from koopmark.analysis.summary import summarise
from koopmark.analysis.tables import ROLES, read_provenance, read_scores, unfinished
from koopmark.run import LEGEND, grid
from koopmark.scoring import FOUND

METHOD_WIDTH, DATASET_WIDTH = 44, 12
"""Most characters of a column; what is longer is folded."""

FOLDED_WIDTH = 16
"""Characters a method's name keeps where the terminal is narrow."""


def overview(folder: Path, width: int) -> Group:
    """Methods by datasets: how well the worst eigenspace came back, how many did, what failed.

    As many datasets stand side by side as `width` characters hold; the others follow below.
    """
    cells = grid(folder)
    datasets = list(cells.columns)
    longest = min(METHOD_WIDTH, max(len(name) for name in ["method", *cells.index]))
    fitting = max(1, (width - longest) // (DATASET_WIDTH + 2))
    blocks = []
    for first in range(0, len(datasets), fitting):
        table = Table(box=None)
        table.add_column("method", overflow="fold", width=longest)
        for name in datasets[first : first + fitting]:
            heading = escape("\n".join(_lines(name, DATASET_WIDTH)))
            table.add_column(heading, justify="right", overflow="fold", width=DATASET_WIDTH)
        for method, row in cells[datasets[first : first + fitting]].iterrows():
            table.add_row(escape(str(method)), *row)
        blocks.append(table)
    return Group(LEGEND, *blocks)


def _lines(name: str, width: int) -> list[str]:
    """A name in lines of at most `width` characters, broken after `_`, `/` and `,`."""
    lines = [""]
    for part in re.findall(r"[^_/,]*[_/,]+|[^_/,]+", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return lines


def leaderboards(run_dir: Path, dataset: str | None = None, score: str | None = None) -> Group:
    """A table of methods, best first, for one dataset or for each one of a run.

    Parameters
    ----------
    run_dir : Path
        A run folder, or a baseline.
    dataset : str, optional
        The dataset to show; all of them by default.
    score : str, optional
        A score of summary.csv, the only one shown and the one that ranks. By default fits that
        ended ok, targets recovered and digits rank, in this order. Either way what
        never ended ok is last. If fits of the run have no result, the last line says how many.

    Raises
    ------
    ConfigError
        Where the run has no such dataset or there is no such score, or a file cannot be read.
    """
    fits, targets = read_scores(run_dir)
    summary = summarise(fits, targets)
    names = list(summary["dataset"].unique())
    scores = {column.key: column for column in columns.SUMMARY}
    shown = [_known(dataset, names, f"dataset of {run_dir}")] if dataset else names
    ranking = scores[_known(score, list(scores), "score")] if score else None
    left = unfinished(run_dir, len(fits), read_provenance(run_dir))
    return Group(
        *(_board(name, summary[summary["dataset"] == name], ranking) for name in shown),
        "Medians over the seeds that ended ok, errors at the worst target. Targets: how many were "
        f"found, with both errors at most {FOUND:g}, mean over all seeds.",
        *([escape(left)] if left else []),
    )


def _board(name: str, rows: pd.DataFrame, ranking: Column | None) -> Table:
    table = Table(
        title=escape(name), title_justify="left", box=None, title_style="bold", padding=(0, 1, 0, 0)
    )
    table.add_column("rank", justify="right")
    longest = min(METHOD_WIDTH, int(rows["method"].str.len().max()))
    table.add_column(
        "method", overflow="fold", min_width=min(longest, FOLDED_WIDTH), max_width=longest
    )
    table.add_column("status", overflow="fold")
    table.add_column("targets", justify="right")
    shown = [ranking] if ranking else columns.IN_TERMINAL
    for column in shown:
        # In lines that are no wider than the numbers.
        heading = column.title.replace("eigen", "eigen-\n").replace(" ", "\n")
        table.add_column(heading, justify="right", no_wrap=True)
    for _, row in _in_order(rows, ranking).iterrows():
        table.add_row(
            MISSING if pd.isna(row["place"]) else str(row["place"]),
            escape(row["method"]),
            row["status"].replace("_", " "),
            f"{plain(row['targets_recovered'])}/{plain(row['targets'])}",
            *(column.write(float(row[column.key])) for column in shown),
        )
    return table


def _in_order(rows: pd.DataFrame, ranking: Column | None) -> pd.DataFrame:
    """Rows by their `place`: that of the summary, or by a score, missing last.

    What does not compete comes first.
    """
    if ranking is None:
        return rows
    values = rows[ranking.key].astype(float)
    values = {"low": values, "high": -values, "zero": values.abs()}[ranking.best]
    values = values.where(rows["role"] == "method")
    places = values.rank(method="min").astype("Int64")
    order = pd.DataFrame({"role": rows["role"].map(ROLES.index), "place": places})
    order = order.sort_values(["role", "place"], kind="stable", na_position="last")
    return rows.assign(place=places).loc[order.index]


def _known(name: str, names: list[str], what: str) -> str:
    if name not in names:
        raise ConfigError(
            f"unknown {what}: {name!r}: {suggest(name, names)}there are {listed(names, most=20)}"
        )
    return name
