"""What a run can rank its methods by: accuracy without and under noise, data, dimension, cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from koopmark.report.boards.leaderboard import Leaderboard, leaderboard
from koopmark.report.ranking import EXACT, LOST, larger
from koopmark.report.summary import competing, worst_targets
from koopmark.report.sweeps import Sweep, shared_targets
from koopmark.report.tables import KEYS

DATA, DIMENSION, NOISE_FREE, NOISY, COST = (
    "Data efficiency",
    "Dimension",
    "Noise-free accuracy",
    "Accuracy under noise",
    "Cost",
)
AXES: Mapping[str, str] = {"trajectories": DATA, "n": DIMENSION, "rank": DIMENSION}
"""The question of a sweep along an axis; all other datasets are told apart by their noise."""

ERROR = "error"
SECONDS = "fit_seconds"


@dataclass(frozen=True, eq=False)
class Question:
    """A leaderboard, what it is about, and the score that ranks."""

    name: str
    score: str
    board: Leaderboard


def questions(fits: pd.DataFrame, targets: pd.DataFrame, swept: Sequence[Sweep]) -> list[Question]:
    """The leaderboards of a run, for the questions that its datasets are about.

    The score of accuracy is the larger of the eigenvalue and the eigenfunction error at the worst
    target; in a sweep, of the targets that all of its levels ask for. Errors that are rounding are
    alike, and so are errors above LOST, where nothing was found. Controls and
    informed methods take no part, and with fewer than two others there is none.
    """
    results = _results(fits, targets, swept)
    asked = [
        (name, ERROR, (EXACT, LOST), results[results["question"] == name])
        for name in (NOISE_FREE, NOISY, DATA, DIMENSION)
    ]
    # Of what was run everywhere, not of the parts.
    asked.append((COST, SECONDS, (0.0, np.inf), results))
    return [
        Question(name, score, leaderboard(rows.assign(score=rows[score]), alike))
        for name, score, alike, rows in asked
        if rows["method"].nunique() > 1 and _any_score(rows, score)
    ]


def _any_score(rows: pd.DataFrame, score: str) -> bool:
    return bool(rows.loc[rows["status"] == "ok", score].notna().any())


def leaderboard_table(asked: Sequence[Question]) -> pd.DataFrame:
    """The leaderboards below one another, with the question, its score and its test in front."""
    parts = []
    for question in asked:
        rows, test = question.board.rows, question.board.test
        front = pd.DataFrame(
            {
                "question": question.name,
                "score": question.score,
                "datasets": len(question.board.datasets),
                "seeds": question.board.seeds,
                "blocks": test.blocks,
                "test": test.name,
                "p": test.p,
                "critical_difference": test.critical_difference,
            },
            index=rows.index,
        )
        parts.append(pd.concat([front, rows], axis=1))
    return pd.concat(parts, ignore_index=True)


def _results(fits: pd.DataFrame, targets: pd.DataFrame, swept: Sequence[Sweep]) -> pd.DataFrame:
    """A row per fit of the competing methods, with its question, problem and scores."""
    worst = worst_targets(_comparable(targets, swept))
    error = worst.assign(error=larger(worst))[[*KEYS, ERROR]]
    rows = competing(fits)[[*KEYS, "status", SECONDS, "noise"]].merge(error, on=KEYS, how="left")
    sweep_of = {name: sweep for sweep in swept for name in sweep.datasets}
    axis = rows["dataset"].map({name: AXES.get(s.axis) for name, s in sweep_of.items()})
    by_noise = np.where(rows["noise"] > 0, NOISY, NOISE_FREE)
    return rows.assign(
        problem=rows["dataset"].map(lambda name: sweep_of[name].name if name in sweep_of else name),
        question=axis.where(axis.notna(), by_noise),
    )


def _comparable(targets: pd.DataFrame, swept: Sequence[Sweep]) -> pd.DataFrame:
    in_sweeps = {name for sweep in swept for name in sweep.datasets}
    outside = targets[~targets["dataset"].isin(in_sweeps)]
    return pd.concat([outside, *(shared_targets(sweep, targets) for sweep in swept)])
