"""From a fitted model and the exact eigenpairs to scores."""

from koopmark.scoring.evaluate import FitScores, PairScores, Scores, evaluate, score
from koopmark.scoring.portrait import Portrait
from koopmark.scoring.structure import Structure, infer_structure
from koopmark.scoring.targets import TargetScores, label, label_of

__all__ = [
    "FitScores",
    "PairScores",
    "Portrait",
    "Scores",
    "Structure",
    "TargetScores",
    "evaluate",
    "infer_structure",
    "label",
    "label_of",
    "score",
]
