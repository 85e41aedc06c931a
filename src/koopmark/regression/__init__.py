"""A run against a baseline, and the history of baselines."""

from koopmark.regression.baseline import promote
from koopmark.regression.changes import Change, StatusChange
from koopmark.regression.check import CheckResult, check
from koopmark.regression.publish import publish

__all__ = ["Change", "CheckResult", "StatusChange", "check", "promote", "publish"]
