"""What a leaderboard says, in sentences: who is first, and what is known about other problems."""

import numpy as np
import pandas as pd

from koopmark.analysis.leaderboard import Leaderboard
from koopmark.analysis.numbers import listed, plain, plural, seconds
from koopmark.analysis.sentences._naming import named
from koopmark.analysis.significance import CLAIM, fewest_compared

SPEEDS = ("faster than", "as fast as", "slower than")


def verdict(board: Leaderboard) -> str:
    """Who is first, and than which methods it is better, as good, or not known to be either.

    The interval of the first is not put into words: the best of many is first by luck as well, and
    the interval, which is right for a method chosen beforehand, then holds its mean too rarely.
    """
    best, count = board.best, len(board.problems)
    alone, digits = len(best) == 1, board.measure.bounds is not None
    mean, where = float(best["mean"].iloc[0]), plural(count, "problem")
    if not np.isfinite(mean):
        every = "the only problem" if count == 1 else f"all {where}"
        return f"No method has a result on {every}."
    if digits and mean < board.measure.step / 2:
        return f"No method has a correct digit on average over {where}."
    if digits:
        first = "is first" if alone else "share the first place"
        result = f"with {written(board, mean)} correct digits on average over {where}"
    else:
        first = "is the fastest" if alone else "are the fastest"
        about = "" if alone else "about "
        result = f"with {about}{written(board, mean)} per fit (geometric mean over {where})"
    said = [f"{_names(best, most=4)} {first} {result}."]
    fewest = fewest_compared(len(board.rows))
    if count < fewest:
        said.append(
            f"{where} {'is' if count == 1 else 'are'} too few to say which method is "
            f"{'better' if digits else 'faster'} in general: at least {fewest} are needed."
        )
    elif not board.compared.empty:
        said.append(_compared(board))
    return " ".join(said)


def written(board: Leaderboard, mean: float) -> str:
    """A mean of the board as it is written: digits, or seconds."""
    value = board.measure.in_units(mean)
    return f"{value:.1f}" if board.measure.bounds else seconds(value)


def _compared(board: Leaderboard) -> str:
    """The claims about the first method and the best of each other library."""
    rows, first = board.compared, board.rows["method"].iloc[0]
    digits = board.measure.bounds is not None
    words = ("better than", "as good as", "worse than") if digits else SPEEDS
    kinds = dict(zip(("better", "alike", "worse"), words, strict=True))
    alike = board.measure.alike
    margin = f"{plain(alike)} digits" if digits else f"a factor of {plain(10.0**alike)}"
    margins = dict.fromkeys(kinds, "") | {"alike": f" (within {margin})"}
    claims = [
        f"{how} {_names(rows[rows[kind] >= CLAIM])}{margins[kind]}"
        for kind, how in kinds.items()
        if (rows[kind] >= CLAIM).any()
    ]
    unknown = rows[(rows[list(kinds)] < CLAIM).all(axis=1)]
    few = f"{plural(len(board.problems), 'problem')} are too few to separate"
    if not claims:
        return f"{few} {first} from {_names(unknown)} (the best of each other library)."
    said = (
        f"On a typical problem, and compared with the best method of each other library, {first} "
        f"is {listed(claims)}."
    )
    return f"{said} {few} it from {_names(unknown)}." if len(unknown) else said


def versus(row: "pd.Series[float]") -> tuple[str, float]:
    """How a method compares with the first of its board, and the least probability of that.

    `worse`, `as good` or `better`, or `undecided` if no claim is likely enough; empty, and NaN, if
    the two were not compared.

    Parameters
    ----------
    row : Series
        Of `Leaderboard.rows`.
    """
    # That the first is better is said of the method as worse.
    words = {"better": "worse", "alike": "as good", "worse": "better"}
    chances = row[list(words)].astype(float)
    if chances.isna().any():
        return "", np.nan
    likeliest = str(chances.idxmax())
    least = float(chances[likeliest])
    return (words[likeliest] if least >= CLAIM else "undecided"), least


def _names(rows: pd.DataFrame, most: int = 8) -> str:
    return named(rows["method"], dict(zip(rows["method"], rows["library"], strict=True)), most)


def left_out(board: Leaderboard) -> str:
    """What takes no part in a leaderboard, and why; empty if everything does."""
    parts = []
    if board.missed:
        parts.append(f"datasets on which too few methods were run: {listed(list(board.missed))}")
    if board.partly_run:
        parts.append(
            f"methods that were run on only some of the datasets: {listed(list(board.partly_run))}"
        )
    if board.unavailable:
        parts.append(
            f"methods whose libraries are not installed: {listed(list(board.unavailable))}"
        )
    return f"Not ranked: {'; '.join(parts)}." if parts else ""
