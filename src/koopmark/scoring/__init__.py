"""From a fitted model and the exact eigenpairs to scores."""

from koopmark.scoring._evaluate import FitScores, PairScores, Scores, evaluate, score
from koopmark.scoring._portraits import Portrait
from koopmark.scoring._statistical_floors import StatisticalFloor, statistical_floors
from koopmark.scoring._structure import Structure, infer_structure
from koopmark.scoring._targets import (
    DIGITS,
    FOUND,
    ROUNDING,
    TargetScores,
    digits,
    found,
    labels,
    larger_error,
    rounding,
)

__all__ = [
    "DIGITS",
    "FOUND",
    "ROUNDING",
    "FitScores",
    "PairScores",
    "Portrait",
    "Scores",
    "StatisticalFloor",
    "Structure",
    "TargetScores",
    "digits",
    "evaluate",
    "found",
    "infer_structure",
    "labels",
    "larger_error",
    "rounding",
    "score",
    "statistical_floors",
]
