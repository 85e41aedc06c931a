"""Rows of targets.csv: which are about the same target.

Within a fit a target is known by `target_index`, its place in the dataset's list. From seed to seed
and from level to level the lists may differ, and a target is known by its eigenvalue.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.analysis.tables import KEYS

FLOORS = {
    "eigenvalue_error_relative": "statistical_floor_eigenvalue",
    "eigenfunction_error": "statistical_floor",
}
"""The statistical floor of each error (docs/explanation/scores/statistical_floor.md)."""

SAME = 1e-8
"""Eigenvalues that differ by no more than this, relative to them, differ by rounding alone."""


def same_eigenvalue(targets: pd.DataFrame) -> "pd.Series[int]":
    """A number for each row, the same for all whose exact eigenvalue is the same to rounding.

    The numbers ascend with the real part, then with the imaginary part.
    """
    parts = (
        _runs(targets[name].to_numpy(dtype=float))
        for name in ("target_eigenvalue_re", "target_eigenvalue_im")
    )
    return pd.Series(numbered(*parts), targets.index, dtype="int64")


def numbered(*columns: "pd.Series[Any] | NDArray[Any]") -> NDArray[np.intp]:
    """A number for each row, the same for all that agree in every column, missing values too.

    The numbers are 0, 1, 2 ..., and ascend with the first column, then with the next. This is what
    `DataFrame.groupby(columns).ngroup()` says, ten times faster where there are few rows.
    """
    numbers = np.zeros(len(columns[0]), dtype=np.intp)
    for column in columns:
        codes, values = pd.factorize(column, sort=True, use_na_sentinel=False)
        numbers = np.unique(numbers * len(values) + codes, return_inverse=True)[1]
    return numbers


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
    about = [targets["dataset"], -same_eigenvalue(targets), targets["target_dimension"]]
    # An eigenvalue may be there twice.
    again = _places(
        numbered(*(targets[name] for name in KEYS), *about[1:]),
        targets["target_index"].to_numpy(dtype=float),
    )
    # Numbered by what the targets are, so that the order of the rows has no say.
    number = numbered(*about, again)
    codes, labels = pd.factorize(targets["target"], sort=True)
    once = np.unique(number, return_index=True)[1]
    label = np.full(len(once), len(labels))
    np.minimum.at(label, number, codes)
    alike = numbered(about[0].iloc[once], label)
    place, count = _places(alike) + 1, np.bincount(alike)[alike]
    names = [
        labels[k] if one == 1 else f"{labels[k]} #{where}"
        for k, where, one in zip(label, place, count, strict=True)
    ]
    return pd.Series([names[k] for k in number], targets.index, dtype="str")


def _places(
    groups: NDArray[np.intp], order: "NDArray[np.float64] | None" = None
) -> NDArray[np.intp]:
    """Of each row how many of its group come before it, in this order, or that of the rows."""
    by_group = np.lexsort((np.zeros(len(groups)) if order is None else order, groups))
    starts = np.concatenate([[0], np.cumsum(np.bincount(groups))[:-1]]).astype(np.intp)
    places = np.empty(len(groups), dtype=np.intp)
    places[by_group] = np.arange(len(groups)) - starts[groups[by_group]]
    return places
