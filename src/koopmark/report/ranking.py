"""Which method is the best on a dataset, where both errors have a say."""

import numpy as np
import pandas as pd

BOTH = ["eigenfunction_error", "eigenvalue_error"]

EXACT = 1e-9
"""Errors up to this are alike: what is left of them is rounding."""

DIGITS = 6
"""Scores that agree to so many are alike: the same method by two libraries differs by rounding."""

LOST = 0.5
"""Where both errors exceed this, a sine of 30 degrees, neither is better in any useful sense."""


def rounded(scores: "pd.Series[float]") -> "pd.Series[float]":
    """Scores to DIGITS significant digits: those that are alike are equal."""
    return scores.map(lambda score: float(f"{score:.{DIGITS}g}"))


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """The methods whose every fit ended ok with finite errors, best first, ties by name.

    One error alone says little: among many functions some are near every eigenvalue, and as many as
    there are dimensions span every eigenspace. So the larger of the two decides.
    """
    sized = rows.assign(size=rounded(larger(rows)))
    scored = sized[(sized["failed"] == 0) & np.isfinite(sized["size"])]
    return scored.sort_values(["size", "method"]).drop(columns="size")


def larger(rows: pd.DataFrame) -> "pd.Series[float]":
    """The larger of both errors in each row; missing where one is."""
    return rows[BOTH].max(axis=1, skipna=False)
