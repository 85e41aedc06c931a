"""What the page prints of the leaderboards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis import columns, numbers
from koopmark.analysis.columns import Column
from koopmark.analysis.leaderboard import Leaderboard
from koopmark.analysis.questions import Question
from koopmark.analysis.verdicts import left_out, shown, verdict
from koopmark.pages.run.views import Cell, Known, MethodRow

SCORES = {column.key: column for column in (columns.DIGITS, columns.SECONDS)}

CHANCES = ("better", "alike", "worse")
"""What the first method may be, beside another."""


@dataclass(frozen=True)
class BoardView:
    """A leaderboard: sentences, and a row per method.

    Each optional column is there if it says anything: the interval, and the comparison.
    """

    name: str
    score: Column
    verdict: str
    left_out: str
    digits: bool
    interval: bool
    compared: bool
    rows: tuple[MethodRow, ...]


def board_views(asked: Sequence[Question], known: Known) -> list[BoardView]:
    """The leaderboards in the order of the questions."""
    return [_view(question.name, question.board, known) for question in asked]


def _view(name: str, board: Leaderboard, known: Known) -> BoardView:
    interval = bool(board.rows["low"].notna().any())
    compared = not board.compared.empty
    return BoardView(
        name,
        SCORES[board.measure.score],
        verdict(board),
        left_out(board),
        board.measure.bounds is not None,
        interval,
        compared,
        tuple(_row(row, board, interval, compared, known) for _, row in board.rows.iterrows()),
    )


def _row(
    row: "pd.Series[Any]", board: Leaderboard, interval: bool, compared: bool, known: Known
) -> MethodRow:
    failed, fits = int(row["failed"]), int(row["fits"])
    cells = [_mean(board, row["mean"])]
    if interval:
        cells += [_mean(board, row[end]) for end in ("low", "high")]
    cells.append(Cell(f"{failed}/{fits}", numbers.exact(failed), "bad" if failed else ""))
    if compared:
        cells += [_chance(row[which]) for which in CHANCES]
    library = known.libraries[row["method"]]
    return MethodRow(row["method"], "method", tuple(cells), library, place=str(row["place"]))


def _mean(board: Leaderboard, mean: float) -> Cell:
    if not np.isfinite(mean):
        return Cell(numbers.MISSING, css="missing", note="no result on some problem")
    return Cell(shown(board, mean), numbers.exact(board.measure.in_units(mean)))


def _chance(probability: float) -> Cell:
    if np.isnan(probability):
        return Cell(numbers.MISSING, css="missing", note="not compared")
    return Cell(f"{probability:.2f}", numbers.exact(probability))
