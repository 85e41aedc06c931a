"""Runs against each other: comparison, check against a baseline, the history of baselines."""

from koopmark.regression._baseline import promote
from koopmark.regression._changes import changes
from koopmark.regression._check import CheckResult, check
from koopmark.regression._compare import Comparison, Line, compare
from koopmark.regression._markdown import publish
from koopmark.regression._pair import ALONE, COLUMNS, Change, Pair, Row, Was, alone, pair

__all__ = [
    "ALONE",
    "COLUMNS",
    "Change",
    "CheckResult",
    "Comparison",
    "Line",
    "Pair",
    "Row",
    "Was",
    "alone",
    "changes",
    "check",
    "compare",
    "pair",
    "promote",
    "publish",
]
