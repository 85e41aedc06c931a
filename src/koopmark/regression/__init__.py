"""A run against a baseline, and the history of baselines."""

from koopmark.regression._baseline import promote
from koopmark.regression._changes import changes
from koopmark.regression._check import check
from koopmark.regression._verdict import (
    CheckResult,
    ScoreChange,
    StatusChange,
    TargetChange,
    publish,
)

__all__ = [
    "CheckResult",
    "ScoreChange",
    "StatusChange",
    "TargetChange",
    "changes",
    "check",
    "promote",
    "publish",
]
