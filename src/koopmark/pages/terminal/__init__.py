"""In the terminal: runs and analyses, checks, comparisons, what there is and what it means."""

from pathlib import Path

from koopmark.analysis.recording import Analysis
from koopmark.analysis.results import Results
from koopmark.pages.terminal import _analysis, _cards, _compare, _describe, _overview
from koopmark.pages.terminal._layout import Sheet
from koopmark.pages.terminal._listing import Listing, listing, written
from koopmark.pages.terminal._overview import sheet
from koopmark.regression import CheckResult, Comparison

__all__ = [
    "Listing",
    "answers",
    "board",
    "check",
    "comparison",
    "dataset",
    "description",
    "grid",
    "listing",
    "method",
    "things",
    "written",
]


def answers(run_dir: str | Path, brief: bool = False) -> Sheet:
    """What a run says to the questions that most users have, and its best ten methods.

    Of an analysis: what the data support, and which eigenvalues methods agree on.

    Parameters
    ----------
    run_dir : str or Path
        A run folder, a baseline, or the folder of an analysis.
    brief : bool, default False
        Only what fits on a screen, if possible.

    Raises
    ------
    ConfigError
        If a table or provenance.json is missing or cannot be read.
    """
    if Analysis.is_in(run_dir):
        return _analysis.sheet(Analysis(Path(run_dir)), brief)
    return sheet(Results.read(run_dir), _overview.answers, brief)


def board(run_dir: str | Path, name: str) -> Sheet:
    """A leaderboard with all that is ranked there.

    Raises ConfigError as `answers` does, and if there is no such board.
    """
    return sheet(Results.read(run_dir), _overview.board, name)


def grid(run_dir: str | Path, score: str | None = None) -> Sheet:
    """Methods by datasets: digits and share found, or a score of summary.csv.

    Raises ConfigError as `answers` does, and if there is no such score.
    """
    return sheet(Results.read(run_dir), _overview.grid, score)


def dataset(run_dir: str | Path, name: str, score: str | None = None) -> Sheet:
    """The card of a dataset; with a score of summary.csv all methods, ranked by it.

    Raises ConfigError as `answers` does, and if there is no such dataset or score.
    """
    return sheet(Results.read(run_dir), _cards.dataset, name, score)


def method(run_dir: str | Path, name: str) -> Sheet:
    """The card of a method.

    Raises ConfigError as `answers` does, and if there is no such method.
    """
    return sheet(Results.read(run_dir), _cards.method, name)


def check(result: CheckResult) -> Sheet:
    """What a check found: the verdict, and all that got worse or better."""
    return Sheet([*_compare.check(result)])


def comparison(found: Comparison, most: int | None = None) -> Sheet:
    """Runs side by side, of each table at most so many rows; everything by default."""
    return Sheet([*_compare.comparison(found, most)])


def things(found: Listing) -> Sheet:
    """What there is of a kind, in groups."""
    return Sheet([*found.blocks()])


def description(name: str) -> Sheet:
    """What a method, dataset, suite, system, score, outcome or term is.

    Raises ConfigError if nothing is called so.
    """
    return Sheet([*_describe.described(name)])
