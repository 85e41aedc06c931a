"""What the page prints of the leaderboards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from koopmark.report import columns, numbers
from koopmark.report.boards.questions import ERROR, Question
from koopmark.report.boards.verdicts import left_out, verdict
from koopmark.report.columns import Column
from koopmark.report.page.views import Cell, Known, MethodRow, score_cell

ERRORS = Column(
    ERROR,
    "error",
    "The larger of the eigenvalue and the eigenfunction error, at the worst target.",
    shaded=True,
)
COSTS = columns.SECONDS


@dataclass(frozen=True)
class BoardView:
    """A leaderboard: sentences, and a row per method."""

    name: str
    score: Column
    verdict: str
    left_out: str
    rows: tuple[MethodRow, ...]


def board_views(asked: Sequence[Question], known: Known) -> list[BoardView]:
    """The leaderboards in the order of the questions."""
    return [
        _view(question, ERRORS if question.score == ERROR else COSTS, known) for question in asked
    ]


def _view(question: Question, score: Column, known: Known) -> BoardView:
    board = question.board
    rows = tuple(_row(row, score, board.test.blocks, known) for _, row in board.rows.iterrows())
    return BoardView(question.name, score, verdict(board), left_out(board), rows)


def _row(row: "pd.Series[Any]", score: Column, blocks: int, known: Known) -> MethodRow:
    failed, fits = int(row["failed"]), int(row["fits"])
    cells = (
        _count(row["mean_rank"], numbers.plain(row["mean_rank"])),
        _count(row["first"], f"{row['first']}/{blocks}"),
        *(score_cell(score, float(row[name])) for name in ("median", "low", "high")),
        Cell(f"{failed}/{fits}", numbers.exact(failed), "bad" if failed else ""),
    )
    standing = "first" if row["place"] == 1 else _standing(row["like_the_best"])
    library = known.libraries[row["method"]]
    return MethodRow(
        row["method"], "method", cells, library, place=str(row["place"]), status=standing
    )


def _count(value: float, text: str) -> Cell:
    return Cell(text, numbers.exact(value))


def _standing(like_the_best: bool | None) -> str:
    return {None: numbers.MISSING, True: "not told apart", False: "worse"}[like_the_best]
