"""What a leaderboard says, in sentences: who is first, and from whom that is told apart."""

import pandas as pd

from koopmark.report.boards.leaderboard import Leaderboard
from koopmark.report.boards.significance import LEVEL
from koopmark.report.numbers import listed, plain, plural

SMALL = 1e-6
"""Probabilities below it are all alike: the tests are approximate."""


def verdict(board: Leaderboard) -> str:
    """Who is first and whether the difference is more than chance, or why nobody can say."""
    test, rows = board.test, board.rows
    best = rows[rows["place"] == 1]
    names = listed([str(name) for name in best["method"]])
    where = f"on {plural(len(board.datasets), 'dataset')} with {plural(board.seeds, 'seed')}"
    won = [str(count) for count in best["first"]]
    wins = f"{listed(won[:1] if len(set(won)) == 1 else won)} of {plural(test.blocks, 'block')}"
    first = f"{names} {'is' if len(best) == 1 else 'are'} first {where}, the best in {wins}"
    if not test.done:
        return f"{first}; whether methods differ was not tested: {test.reason}."
    if not test.differ:
        return f"{first}; the methods do not differ significantly ({test.name}, {_p(test.p)})."
    near = rows[rows["like_the_best"].astype(bool) & (rows["place"] > 1)]
    return f"{first}; the methods differ ({test.name}, {_p(test.p)}), and {_told(board, near)}."


def _told(board: Leaderboard, near: pd.DataFrame) -> str:
    others = int((board.rows["place"] > 1).sum())
    if near.empty:
        return "every other is significantly worse"
    firsts = len(board.rows) - others
    known = (
        f"{'is' if len(near) == 1 else 'are'} not told apart from "
        f"{'it' if firsts == 1 else 'them'} by so few blocks"
    )
    return (
        f"{len(near)} of the {plural(others, 'other')} {known}, with a mean rank within the "
        f"critical difference {plain(board.test.critical_difference)} (Nemenyi, level {LEVEL:g}): "
        f"{listed([str(name) for name in near['method']])}"
    )


def left_out(board: Leaderboard) -> str:
    """What takes no part in a leaderboard, and why; empty where everything does."""
    parts = []
    if board.missed:
        parts.append(f"datasets that too few methods were run on: {listed(list(board.missed))}")
    if board.partly_run:
        parts.append(
            f"methods that were run on a part of the datasets: {listed(list(board.partly_run))}"
        )
    if board.never_ran:
        parts.append(
            f"methods that were skipped or unavailable everywhere: {listed(list(board.never_ran))}"
        )
    return f"Not ranked: {'; '.join(parts)}." if parts else ""


def _p(p: float) -> str:
    return f"p < {SMALL:g}" if p < SMALL else f"p = {p:.1g}"
