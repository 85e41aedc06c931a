"""Curves of methods along levels: their quartiles, which to show first, which are the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

QUARTILES = {"q25": 0.25, "q75": 0.75}
"""Suffixes of the columns with the quartiles of a score, such as `digits_q25`."""

SAME = 0.05
"""Digits within which two curves are the same: tables show a tenth."""


def quartiles(values: "pd.Series[float]", by: "Sequence[pd.Series[Any]]") -> pd.DataFrame:
    """The quartiles of each group of values, over whatever is in a group, such as seeds.

    Parameters
    ----------
    values : Series
        Numbers; missing ones do not count, infinite ones do.
    by : sequence of Series
        What tells the groups apart.

    Returns
    -------
    DataFrame
        A row per group, by the values of `by`; the columns q25 and q75.
    """
    groups = values.astype(float).groupby(list(by), sort=False)
    found = {}
    for name, share in QUARTILES.items():
        between = groups.quantile(share)
        # Between two infinite values NumPy finds nothing.
        found[name] = between.where(between.notna(), groups.quantile(share, interpolation="lower"))
    return pd.DataFrame(found)


def best_of_each(order: Sequence[str], libraries: Mapping[str, str]) -> list[str]:
    """The first method of each library, in their order: the best of all is the first of them."""
    firsts: dict[str, str] = {}
    for name in order:
        firsts.setdefault(libraries[name], name)
    return list(firsts.values())


def alike(curves: pd.DataFrame, within: float = SAME) -> list[list[str]]:
    """Methods together whose curves cannot be told apart, in the order of the first of each group.

    Parameters
    ----------
    curves : DataFrame
        A row per method, a column per level; missing and infinite values equal each other.
    within : float
        By how much two curves may differ at any level: each method of a group from its first.
    """
    values = curves.to_numpy(dtype=float)
    groups: dict[int, list[int]] = {}
    for place, row in enumerate(values):
        firsts = list(groups)
        with np.errstate(invalid="ignore"):
            near = np.abs(values[firsts] - row) <= within
        near |= (values[firsts] == row) | (np.isnan(values[firsts]) & np.isnan(row))
        same = np.flatnonzero(near.all(axis=1))
        first = firsts[same[0]] if len(same) else place
        groups.setdefault(first, []).append(place)
    return [[str(curves.index[k]) for k in group] for group in groups.values()]
