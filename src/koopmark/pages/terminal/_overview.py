"""A run on one screen: its answers and the best ten; boards and the grid of all results whole."""

import shlex
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis import columns, numbers
from koopmark.analysis.leaderboard import PRINCIPAL, SPEED, Leaderboard, speeds
from koopmark.analysis.numbers import MISSING, listed, plural
from koopmark.analysis.results import Results, known
from koopmark.analysis.sentences import OURS, left_out, verdict
from koopmark.pages.terminal._layout import Block, Column, Paragraph, Sheet, Table, Wide, wrapped

TOP = 10
"""Methods of a board that are shown unless the whole board is asked for."""

CELL = 11
"""Cells of a word in the grid: what is longer is broken."""

MARKS = {
    "d": "has the library's default options",
    "i": "uses the inputs (other methods are not given them)",
    "k": "is by the authors of koopmark",
    "p": "was fitted to less data than most methods",
    "u": "has an unknown reach, because its dictionary cannot be listed",
}
"""What is said of a method beside its results, in letters."""


def sheet(run: Results, view: Callable[..., Iterator[Block | None]], *choice: Any) -> Sheet:
    """A view of a run, and how to do the fits that it lacks, if any."""
    if run.fits.empty:
        blocks: list[Block | None] = [Paragraph("No fit has a result yet.", f"{run.title}:")]
    else:
        blocks = [*view(run, *choice)]
    return Sheet([*blocks, *([Paragraph(run.unfinished)] if run.unfinished else [])])


def answers(run: Results, brief: bool = False) -> Iterator[Block | None]:
    """The answer card and the best ten."""
    if not brief:
        yield Paragraph(run.extent, f"{run.title}:")
    for answer in run.card:
        yield Paragraph(answer.sentence, answer.question)
    if run.boards:
        name = PRINCIPAL if PRINCIPAL in run.boards else next(iter(run.boards))
        yield from _board(run, name, TOP)


def board(run: Results, typed: str) -> Iterator[Block | None]:
    """One leaderboard whole, and what is not ranked there."""
    if not run.boards:
        raise ConfigError(
            f"{run.folder} has no leaderboard: that needs two methods run on the same data"
        )
    name = known(typed, run.boards, "leaderboard")
    yield Paragraph("", run.title)
    yield from _board(run, name)
    yield Paragraph(verdict(run.boards[name]))
    if left := left_out(run.boards[name]):
        yield Paragraph(left)
    others = [other for other in run.boards if other != name]
    if others:
        yield Paragraph(listed(others, most=8) + ".", "Other boards:")


def _board(run: Results, name: str, most: int | None = None) -> Iterator[Block]:
    board = run.boards[name]
    rows = board.rows.head(most) if most else board.rows
    count = f"{plural(len(rows), 'method')}"
    more = ""
    if len(rows) < len(board.rows):
        count = f"{len(rows)} of {len(board.rows)} methods"
        last = rows["place"].iloc[-1]
        alike = int((board.rows["place"].iloc[len(rows) :] == last).sum())
        verb = "shares" if alike == 1 else "share"
        more = (
            f" {alike} more {'method' if alike == 1 else 'methods'} {verb} place {last}."
            if alike
            else ""
        )
    over = f"{plural(len(board.problems), 'problem')}, {plural(board.seeds, 'seed')}"
    yield Paragraph(f"{count}, {over}.{more}", f"{name}:")
    yield board_table(run, board, rows, whole=most is None)
    yield from legend(rows)
    if len(rows) < len(board.rows):
        short = name.split()[0].lower()
        yield Paragraph(
            shlex.join(["koopmark", "show", str(run.folder), "--board", short]), "All methods:"
        )


def board_table(run: Results, board: Leaderboard, rows: pd.DataFrame, whole: bool) -> Table:
    """Rows of a board; `whole` with all that is known of them."""
    times = fit_times(run, board)
    shared = board.rows["place"].duplicated(keep=False)
    tied = set(board.rows.loc[shared, "place"])
    by_time = board.measure is SPEED
    heads = [Column("place"), Column("method", right=False)]
    shown = [columns.DIGITS, columns.FOUND, columns.REACH]
    if rows["possible"].notna().any():
        shown.insert(1, columns.POSSIBLE)
    if whole:
        shown.append(columns.YIELD)
    time = Column(columns.SECONDS.title)
    scores = [Column(column.title, spare=column is not columns.DIGITS) for column in shown]
    heads += [time, *scores] if by_time else [*scores, time]
    heads += [Column("failed", spare=True)] * whole + [Column("marks", right=False)]
    lines = []
    for _, row in rows.iterrows():
        written = [column.write(row[column.key]) for column in shown]
        seconds = numbers.seconds(times.get(row["method"], np.nan))
        lines.append(
            [
                place(row["place"], tied),
                row["method"],
                *([seconds, *written] if by_time else [*written, seconds]),
                *([str(row["failed"])] * whole),
                " ".join(marks(row)),
            ]
        )
    return Table(heads, lines)


def fit_times(run: Results, board: Leaderboard) -> "pd.Series[float]":
    """Seconds of a fit by method, as the board of cost has them: geometric means over problems."""
    there = run.fits["dataset"].isin(board.datasets) & run.fits["method"].isin(board.rows["method"])
    over_datasets = speeds(run.fits[there], SPEED)
    over_problems = over_datasets.groupby(level=["method", "problem"], sort=False).mean()
    return over_problems.groupby(level="method", sort=False).mean().map(SPEED.in_units)


def place(number: Any, tied: set[int]) -> str:
    """`3`, or `3=` if the place is shared."""
    if pd.isna(number):
        return MISSING
    return f"{number}=" if number in tied else f"{number} "


def marks(row: "pd.Series[Any]") -> list[str]:
    """The letters of `MARKS` that a row of a board, or of the summary, has."""
    true = {
        "d": row["default"],
        "i": row["inputs"],
        "k": row["library"] == OURS,
        "p": row["pairs"] < 1,
        "u": pd.isna(row["reach"]) and row["failed"] < row["fits"],
    }
    return [letter for letter, holds in true.items() if holds]


def legend(rows: pd.DataFrame) -> Iterator[Paragraph]:
    """What the letters in the column of marks mean, of those that are there."""
    there = {letter for _, row in rows.iterrows() for letter in marks(row)}
    said = [f"{letter} {meaning}" for letter, meaning in MARKS.items() if letter in there]
    if said:
        yield Paragraph("; ".join(said) + ".", "Marks:")


def grid(run: Results, typed: str | None = None) -> Iterator[Block | None]:
    """Methods by datasets: digits and the share found, or one score of the summary.

    Methods are in the order of the first board, those that are not ranked below them.
    """
    yield Paragraph("", run.title)
    column = score(typed) if typed else None
    what = column or columns.DIGITS
    yield Paragraph(what.meaning, f"{what.title}:")
    if column is None:
        yield Paragraph(columns.FOUND.meaning, f"{columns.FOUND.title}, in percent:")
    datasets = list(run.summary["dataset"].unique())
    cells = {
        (row["method"], row["dataset"]): _cell(row, column) for _, row in run.summary.iterrows()
    }
    yield None
    yield Wide(
        [Column("method", right=False), *map(Column, datasets)],
        [
            [method, *(cells.get((method, dataset), "") for dataset in datasets)]
            for method in run.order
        ],
    )


def _cell(row: "pd.Series[Any]", column: columns.Column | None) -> str:
    """`6.0  67 %`, `6.0  67 %` above `1 timeout`, or how the fits ended if none has a result."""
    if row["ok"] == 0:
        ended = row["status"]
        written = []
    else:
        ended = row["status"].partition(", ")[2]
        both = f"{columns.DIGITS.write(row['digits'])} {columns.FOUND.write(row['found']):>5}"
        written = [column.write(row[column.key]) if column else both]
    words = wrapped(ended.replace("_", " "), CELL) if ended else []
    return "\n".join([*written, *words])


def score(typed: str) -> columns.Column:
    """The column of the summary of this name, or ConfigError."""
    scores = {column.key: column for column in columns.SUMMARY}
    return scores[known(typed, scores, "score")]
