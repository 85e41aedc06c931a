"""A run against a baseline, and the history of baselines."""

from koopmark.regression._baseline import promote
from koopmark.regression._check import check
from koopmark.regression._verdict import CheckResult, ScoreChange, StatusChange, publish

__all__ = ["CheckResult", "ScoreChange", "StatusChange", "check", "promote", "publish"]
