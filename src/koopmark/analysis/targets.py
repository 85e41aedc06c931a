"""Rows of targets.csv: which are about the same target, how far errors lie above their floors.

Within a fit a target is known by `target_index`, its place in the dataset's list. From seed to seed
and from level to level the lists may differ, and a target is known by its eigenvalue.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from koopmark.analysis.tables import KEYS

FLOORS = {
    "eigenvalue_error_relative": "statistical_floor_eigenvalue",
    "eigenfunction_error": "statistical_floor",
}
"""The statistical floor of each error (docs/scores.md, "Statistical floor")."""

COVERED = 0.9
"""Share of runs in which an estimator at the floor comes to the interval that is said."""

SAME = 1e-8
"""Eigenvalues that differ by no more than this, relative to them, differ by rounding alone."""


def same_eigenvalue(targets: pd.DataFrame) -> "pd.Series[int]":
    """A number for each row, the same for all whose exact eigenvalue is the same to rounding.

    The numbers ascend with the real part, then with the imaginary part.
    """
    parts = [
        pd.Series(_runs(targets[name].to_numpy(dtype=float)), targets.index, name=name)
        for name in ("target_eigenvalue_re", "target_eigenvalue_im")
    ]
    return targets.groupby(parts).ngroup()


def _runs(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Numbers values by the runs that they form in their order, with gaps of rounding within."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    with np.errstate(invalid="ignore"):
        # What is missing is like nothing else.
        begins = ~(np.diff(ordered) <= SAME * np.maximum(1.0, np.abs(ordered[1:])))
    numbers = np.empty(len(values), dtype=np.intp)
    numbers[order] = np.concatenate([[0], np.cumsum(begins)])[: len(values)]
    return numbers


def target_names(targets: pd.DataFrame) -> "pd.Series[str]":
    """What each row's target is called among all seeds of its dataset.

    Its label; where two eigenvalues have one label, in different seeds, the label and a number. Two
    targets of one fit never have the same name.
    """
    ordered = targets.sort_values("target_index", kind="stable")
    known = pd.DataFrame(
        {
            "dataset": ordered["dataset"],
            "eigenvalue": -same_eigenvalue(ordered),
            "dimension": ordered["target_dimension"],
        }
    )
    # An eigenvalue may be there twice.
    known["again"] = (
        known.assign(**ordered[KEYS])
        .groupby([*KEYS, "eigenvalue", "dimension"], dropna=False)
        .cumcount()
    )
    # Numbered by what the targets are, so that the order of the rows has no say.
    about = known.groupby(list(known.columns), dropna=False)
    known = known.assign(number=about.ngroup(), label=ordered["target"])
    known["label"] = known.groupby("number")["label"].transform("min")
    once = known.drop_duplicates("number").sort_values("number")
    alike = once.groupby(["dataset", "label"])
    place, count = alike.cumcount() + 1, alike["number"].transform("size")
    names = once["label"].where(count == 1, once["label"] + " #" + place.astype(str))
    by_number = dict(zip(once["number"], names, strict=True))
    return known["number"].map(by_number).reindex(targets.index)


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
