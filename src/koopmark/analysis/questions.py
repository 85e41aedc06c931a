"""What a run can rank its methods by: accuracy without and under noise, data, dimension, cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from koopmark import scoring
from koopmark.analysis.leaderboard import Leaderboard, Measure, leaderboard
from koopmark.analysis.summary import competing, digits_of, problems
from koopmark.analysis.sweeps import Sweep, shared_targets
from koopmark.analysis.tables import KEYS

DATA, DIMENSION, NOISE_FREE, NOISY, COST = (
    "Data efficiency",
    "Dimension",
    "Noise-free accuracy",
    "Accuracy under noise",
    "Cost",
)
AXES: Mapping[str, str] = {"trajectories": DATA, "n": DIMENSION, "rank": DIMENSION}
"""The question of a sweep along an axis; all other datasets are told apart by their noise."""

DIGITS = Measure("digits", lost=0.0, alike=0.5, step=0.1, bounds=(0.0, scoring.DIGITS))
"""Half a digit is a factor of 3 in the error."""

SPEED = Measure("fit_seconds", lost=-np.inf, alike=0.1, step=0.1)
"""Of -log10 of the seconds of a fit, so that means are geometric; 0.1 is a factor of 1.26."""


@dataclass(frozen=True, eq=False)
class Question:
    """A leaderboard and what it is about."""

    name: str
    board: Leaderboard


def questions(fits: pd.DataFrame, targets: pd.DataFrame, swept: Sequence[Sweep]) -> list[Question]:
    """The leaderboards of a run, for the questions that its datasets are about.

    Accuracy is ranked by digits (`scoring.digits`) of the targets; in a sweep, of those that all of
    its levels ask for. A sweep is one problem, all its levels together. Anchors and informed
    methods take no part, and with fewer than two others there is none.
    """
    ours = _with_problems(competing(fits), swept)
    comparable = _comparable(targets, swept)
    digits = comparable.assign(value=digits_of(comparable), part=comparable["target_index"])
    accuracy = ours.merge(digits[[*KEYS, "part", "value"]], on=KEYS, how="left")
    asked = [
        (name, DIGITS, accuracy[accuracy["question"] == name])
        for name in (NOISE_FREE, NOISY, DATA, DIMENSION)
    ]
    seconds = ours["fit_seconds"].where(ours["fit_seconds"] > 0)
    asked.append((COST, SPEED, ours.assign(value=-np.log10(seconds), part=0)))
    boards = [(name, leaderboard(rows, measure)) for name, measure, rows in asked]
    return [Question(name, board) for name, board in boards if board is not None]


def leaderboard_table(asked: Sequence[Question]) -> pd.DataFrame:
    """The leaderboards below one another, with the question and its score in front.

    `value`, `low` and `high` are mean digits, or the geometric mean of the seconds.
    """
    parts = []
    for question in asked:
        board = question.board
        rows = board.rows.drop(columns=["mean", "low", "high"])
        front = pd.DataFrame(
            {
                "question": question.name,
                "score": board.measure.score,
                "problems": len(board.problems),
                "datasets": len(board.datasets),
                "seeds": board.seeds,
            },
            index=rows.index,
        )
        numbers = board.rows[["mean", "low", "high"]].rename(columns={"mean": "value"})
        at = rows.columns.get_loc("fits")
        numbers = numbers.map(board.measure.in_units)
        parts.append(pd.concat([front, rows.iloc[:, :at], numbers, rows.iloc[:, at:]], axis=1))
    return pd.concat(parts, ignore_index=True)


def _with_problems(fits: pd.DataFrame, swept: Sequence[Sweep]) -> pd.DataFrame:
    """A row per fit with the question and the problem that it is about."""
    axis_of = {name: AXES.get(sweep.axis) for sweep in swept for name in sweep.datasets}
    axis = fits["dataset"].map(axis_of)
    by_noise = np.where(fits["noise"] > 0, NOISY, NOISE_FREE)
    return fits.assign(
        problem=problems(fits["dataset"]),
        question=axis.where(axis.notna(), by_noise),
    )


def _comparable(targets: pd.DataFrame, swept: Sequence[Sweep]) -> pd.DataFrame:
    in_sweeps = {name for sweep in swept for name in sweep.datasets}
    outside = targets[~targets["dataset"].isin(in_sweeps)]
    return pd.concat([outside, *(shared_targets(sweep, targets) for sweep in swept)])
