"""From a fitted model and the exact eigenpairs to scores."""

from koopmark.scoring.bounds import StatisticalFloor, statistical_floors
from koopmark.scoring.evaluate import FitScores, PairScores, Scores, evaluate, score
from koopmark.scoring.portrait import Portrait
from koopmark.scoring.structure import Structure, infer_structure
from koopmark.scoring.targets import FOUND, TargetScores, found, labels

__all__ = [
    "FOUND",
    "FitScores",
    "PairScores",
    "Portrait",
    "Scores",
    "StatisticalFloor",
    "Structure",
    "TargetScores",
    "evaluate",
    "found",
    "infer_structure",
    "labels",
    "score",
    "statistical_floors",
]
