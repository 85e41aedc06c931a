"""Which method is the best on a dataset, by the larger of both errors."""

import numpy as np
import pandas as pd

ERROR = "error"
"""The larger of the relative eigenvalue and the eigenfunction error, at a fit's worst target."""

OF_ROUNDING = "error_over_rounding"
"""The larger error of a target in multiples of its `rounding`, at the target where that is most."""

ALIKE = 6
"""Scores that agree to so many digits are alike: two libraries round one method differently."""


def rounded(scores: "pd.Series[float]") -> "pd.Series[float]":
    """Scores to ALIKE significant digits: those that are alike are equal."""
    return scores.map(lambda score: float(f"{score:.{ALIKE}g}"))


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """The methods whose every fit ended ok with a finite error, best first, ties by name.

    What errs by rounding alone at every target comes before all others.
    """
    sized = rows.assign(size=rounded(rows[ERROR]), inexact=~is_exact(rows))
    scored = sized[(sized["failed"] == 0) & np.isfinite(sized["size"])]
    return scored.sort_values(["inexact", "size", "method"]).drop(columns=["inexact", "size"])


def is_exact(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows of a summary have errors that are rounding, of each target by its own measure."""
    return rows[OF_ROUNDING] <= 1.0
