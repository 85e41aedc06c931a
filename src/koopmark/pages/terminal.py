"""Leaderboards for the terminal, with the numbers of summary.csv."""

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
from koopmark.analysis.tables import ROLES, read_scores
from koopmark.run._overview import METHOD_WIDTH
from koopmark.scoring import FOUND

FOLDED_WIDTH = 16
"""Characters a method's name keeps where the terminal is narrow."""

HIGHER_IS_BETTER = {
    column.key
    for column in (
        columns.DIGITS,
        columns.VERIFIED,
        columns.PRECISION,
        columns.JUDGED,
        columns.RECALL,
    )
}
NEAR_ZERO_IS_BETTER = {columns.RANK.key}


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
        never ended ok is last.

    Raises
    ------
    ConfigError
        Where the run has no such dataset or there is no such score, or a table cannot be read.
    """
    summary = summarise(*read_scores(run_dir))
    names = list(summary["dataset"].unique())
    scores = {column.key: column for column in columns.SUMMARY}
    shown = [_known(dataset, names, f"dataset of {run_dir}")] if dataset else names
    ranking = scores[_known(score, list(scores), "score")] if score else None
    return Group(
        *(_board(name, summary[summary["dataset"] == name], ranking) for name in shown),
        "Medians over the seeds that ended ok, errors at the worst target. Targets: how many were "
        f"found, with both errors at most {FOUND:g}, mean over all seeds.",
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
        table.add_column(_heading(column), justify="right", no_wrap=True)
    for _, row in _in_order(rows, ranking).iterrows():
        table.add_row(
            MISSING if pd.isna(row["place"]) else str(row["place"]),
            escape(row["method"]),
            row["status"].replace("_", " "),
            f"{plain(row['targets_recovered'])}/{plain(row['targets'])}",
            *(column.write(float(row[column.key])) for column in shown),
        )
    return table


def _heading(column: Column) -> str:
    """The title in lines that are no wider than the numbers."""
    return column.title.replace("eigen", "eigen-\n").replace(" ", "\n")


def _in_order(rows: pd.DataFrame, ranking: Column | None) -> pd.DataFrame:
    """Rows by their `place`: that of the summary, or by a score, missing last.

    What does not compete comes first.
    """
    if ranking is None:
        return rows
    values = rows[ranking.key].astype(float)
    if ranking.key in HIGHER_IS_BETTER:
        values = -values
    if ranking.key in NEAR_ZERO_IS_BETTER:
        values = values.abs()
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
