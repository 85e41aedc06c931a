"""From the tables of a run to pages, a summary, and a verdict against a baseline."""

from pathlib import Path

from koopmark.report.history.page import write_history
from koopmark.report.regression.baseline import promote
from koopmark.report.regression.changes import Change, StatusChange
from koopmark.report.regression.check import CheckResult, check
from koopmark.report.regression.publish import publish
from koopmark.report.write import write

__all__ = [
    "Change",
    "CheckResult",
    "StatusChange",
    "check",
    "example",
    "promote",
    "publish",
    "write",
    "write_history",
]


def example(out_dir: Path) -> Path:
    """Write the three-population example: its pictures as one page, its numbers as CSV.

    Returns the path of the page.
    """
    # Fits and scores are needed here alone.
    from koopmark.report.three_populations.worked_example import example as write_example

    return write_example(out_dir)
