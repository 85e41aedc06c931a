"""Profiles of a run: by question, how many of its targets each method finds to within τ."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from koopmark.analysis.leaderboard import NOISY, PRINCIPAL, PRODUCTS, Leaderboard
from koopmark.analysis.measure import profile, standings

QUESTIONS = (PRINCIPAL, PRODUCTS, NOISY)
"""Those whose boards have a profile; a sweep has its own figure."""


@dataclass(frozen=True, eq=False)
class Curve:
    """What all of its methods find."""

    methods: tuple[str, ...]
    """Best first; the curve is the same for all of them, to the last bit."""
    shares: "pd.Series[float]"
    """Share of the targets found to within τ, by τ (`measure.THRESHOLDS`)."""
    reach: float
    """Share of the targets that the dictionary can hold: the curve's ceiling where a target counts
    as found; NaN if it cannot be listed."""


def profiles(
    asked: Mapping[str, pd.DataFrame], boards: Mapping[str, Leaderboard], order: list[str]
) -> dict[str, list[Curve]]:
    """By question the curves of the methods that it ranks, best first, equal ones together.

    The area of a curve over the digits of τ is the method's digits on the board. If a question has
    no board since there is but one method, that one has a curve.

    Parameters
    ----------
    asked, boards : mapping
        `Results.asked` and `Results.boards`.
    order : list of str
        `Results.order`.
    """
    drawn = {}
    for question in QUESTIONS:
        rows, board = asked[question], boards.get(question)
        if board is not None:
            ranked = rows["method"].isin(board.rows["method"])
            rows = rows[ranked & rows["dataset"].isin(board.datasets)]
        elif rows["method"].nunique() != 1:
            continue
        if len(rows):
            drawn[question] = _curves(rows, order)
    return drawn


def _curves(rows: pd.DataFrame, order: list[str]) -> list[Curve]:
    shares, reach = profile(rows), standings(rows)["reach"]
    alike: dict[bytes, list[str]] = {}
    for method in order:
        if method in shares:
            # A missing reach is one number here, whatever its bits are.
            key = np.append(shares[method], np.nan_to_num(reach[method], nan=-1.0)).tobytes()
            alike.setdefault(key, []).append(method)
    return [
        Curve(tuple(methods), shares[methods[0]], float(reach[methods[0]]))
        for methods in alike.values()
    ]


def profile_table(drawn: Mapping[str, list[Curve]]) -> pd.DataFrame:
    """profiles.csv: a row per question and τ, with the share of each method in its own column."""
    parts = []
    for question, curves in drawn.items():
        columns = {method: curve.shares for curve in curves for method in curve.methods}
        table = pd.DataFrame(columns).reset_index(names="tau")
        table.insert(0, "question", question)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
