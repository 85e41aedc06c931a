"""How far errors lie above what measurement noise allows (docs/scores.md, "Statistical floor")."""

import numpy as np
import pandas as pd
from scipy.stats import chi2

FLOORS = {
    "eigenvalue_error_relative": "statistical_floor_eigenvalue",
    "eigenfunction_error": "statistical_floor",
}
"""The statistical floor of each error."""

COVERED = 0.9
"""Share of runs in which an estimator at the floor comes to the interval that is said."""


def worst_floors(targets: pd.DataFrame) -> pd.DataFrame:
    """Per dataset the floors of its worst target, medians over seeds; NaN if there is no noise."""
    keys = ["dataset", "seed"]
    return targets.groupby(keys)[list(FLOORS.values())].max().groupby("dataset").median()


def times_floor(targets: pd.DataFrame, error: str) -> pd.DataFrame:
    """Root mean square over seeds and targets of error / floor, for each dataset and method.

    Columns `times` and `draws`, the number of seeds. A method is left out where a fit did not end
    ok or an error is missing or infinite: of the draws that are left, nothing follows.
    """
    floored = targets[targets[FLOORS[error]].notna() | (targets["status"] != "ok")]
    squares = (floored[error] / floored[FLOORS[error]]).astype(float) ** 2
    rows = floored[["dataset", "method", "role", "seed"]].assign(square=squares)
    groups = rows.groupby(["dataset", "method"], sort=False)
    times = np.sqrt(groups["square"].agg(lambda some: some.mean(skipna=False)))
    table = pd.DataFrame(
        {"role": groups["role"].first(), "times": times, "draws": groups["seed"].nunique()}
    )
    return table[np.isfinite(table["times"])].reset_index()


def by_chance(draws: int) -> tuple[float, float]:
    """Between what an estimator at the floor comes in nine of ten runs of so many draws, or more.

    For one normal error a draw; of more functions the root mean square varies less.
    """
    low, high = chi2.ppf([(1 - COVERED) / 2, (1 + COVERED) / 2], draws) / draws
    return float(np.sqrt(low)), float(np.sqrt(high))
