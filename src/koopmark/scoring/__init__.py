"""From a fitted model and the exact eigenpairs to scores."""

from koopmark.scoring.evaluate import FitScores, PairScores, Scores, evaluate, score
from koopmark.scoring.targets import TargetScores, label

__all__ = ["FitScores", "PairScores", "Scores", "TargetScores", "evaluate", "label", "score"]
