"""Which method is the best on a dataset, where both errors have a say."""

import numpy as np
import pandas as pd

from koopmark.report.summary import is_informed

BOTH = ["eigenfunction_error", "eigenvalue_error"]

EXACT = 1e-9
"""Errors up to this are alike: what is left of them is rounding."""

LOST = 0.5
"""Where both errors exceed this, a sine of 30 degrees, neither is better in any useful sense."""


def competing(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of a summary without the controls and those that are given the vector field."""
    return summary[~summary["control"] & ~summary["method"].map(is_informed).astype(bool)]


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """The methods whose every fit ended ok with finite errors, best first.

    One error alone says little: among many functions some are near every eigenvalue, and as many as
    there are dimensions span every eigenspace. So the larger of the two decides.
    """
    size = larger(rows)
    scored = rows[(rows["failed"] == 0) & np.isfinite(size)]
    return scored.loc[size[scored.index].sort_values(kind="stable").index]


def larger(rows: pd.DataFrame) -> "pd.Series[float]":
    """The larger of both errors in each row; missing where one is."""
    return rows[BOTH].max(axis=1, skipna=False)
