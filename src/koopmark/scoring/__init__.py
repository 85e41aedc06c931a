"""Scores of fitted models against an answer key, or without one."""

from koopmark.scoring._assess import assess, judged, scatter
from koopmark.scoring._evaluate import (
    CourseScores,
    FitScores,
    ForecastScores,
    PairScores,
    Scores,
    StructureScores,
    VerdictScores,
    evaluate,
    score,
)
from koopmark.scoring._forecasts import PARTS, LeadError, lead_errors, leads_of, scale_of
from koopmark.scoring._oracle_floors import fresh_like
from koopmark.scoring._portraits import MOST_TARGETS, Frame, Portrait
from koopmark.scoring._statistical_floors import StatisticalFloor, statistical_floors
from koopmark.scoring._structure import Structure, infer_structure
from koopmark.scoring._supported import (
    EIGENVALUE_WITHIN,
    FUNCTION_WITHIN,
    NOT_SUPPORTED,
    SUPPORTED,
    UNTOLD,
    residuals,
)
from koopmark.scoring._targets import (
    DIGITS,
    FLOORS,
    FOUND,
    ROUNDING,
    TargetScores,
    digits,
    found,
    labels,
    larger_error,
    rounding,
    tolerance,
)
from koopmark.scoring._truth import Truth, truth_of

__all__ = [
    "DIGITS",
    "EIGENVALUE_WITHIN",
    "FLOORS",
    "FOUND",
    "FUNCTION_WITHIN",
    "MOST_TARGETS",
    "NOT_SUPPORTED",
    "PARTS",
    "ROUNDING",
    "SUPPORTED",
    "UNTOLD",
    "CourseScores",
    "FitScores",
    "ForecastScores",
    "Frame",
    "LeadError",
    "PairScores",
    "Portrait",
    "Scores",
    "StatisticalFloor",
    "Structure",
    "StructureScores",
    "TargetScores",
    "Truth",
    "VerdictScores",
    "assess",
    "digits",
    "evaluate",
    "found",
    "fresh_like",
    "infer_structure",
    "judged",
    "labels",
    "larger_error",
    "lead_errors",
    "leads_of",
    "residuals",
    "rounding",
    "scale_of",
    "scatter",
    "score",
    "statistical_floors",
    "tolerance",
    "truth_of",
]
