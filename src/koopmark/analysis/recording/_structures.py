"""Rank and null space that functions at a common real rate imply, over methods and draws."""

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd

COLUMNS = [
    *("rate", "size", "rank", "rank_low", "rank_high", "methods", "share", "angle", "note"),
]
SAME_RATE = 0.05
"""Relative difference up to which methods mean the same rate."""


def structure_of(structures: pd.DataFrame) -> pd.DataFrame:
    """A row for each common rate, that which most methods find first.

    `rank` is the most frequent one of the methods, `rank_low` and `rank_high` its range over
    methods and draws, `share` that of draws with this rank, `angle` the largest principal angle
    between their null spaces, in degrees.
    """
    found = structures[structures["rank"] < structures["size"]]
    rows = [_row(group, structures) for group in _by_rate(found)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _by_rate(found: pd.DataFrame) -> Iterator[pd.DataFrame]:
    left = found
    while len(left):
        rates = left["rate_re"].to_numpy(float)
        near = np.abs(rates[:, None] - rates) <= SAME_RATE * np.abs(rates)[:, None]
        chosen = near[near.sum(axis=1).argmax()]
        yield left[chosen]
        left = left[~chosen]


def _row(group: pd.DataFrame, structures: pd.DataFrame) -> list[object]:
    first = group[group["seed"] == 0]
    ranks = (first if len(first) else group)["rank"].astype(int)
    rank = int(ranks.mode().iloc[0])
    drawn = group[group["seed"] > 0]
    methods = group["method"].unique()
    fits = structures[(structures["seed"] > 0) & structures["method"].isin(methods)]
    share = float((drawn["rank"] == rank).sum() / len(fits)) if len(fits) else np.nan
    bases = [np.array(json.loads(text)) for text in group.loc[group["rank"] == rank, "null_space"]]
    notes = dict.fromkeys(note for note in group["note"] if note)
    return [
        float(group["rate_re"].median()),
        int(group["size"].iloc[0]),
        rank,
        int(group["rank"].min()),
        int(group["rank"].max()),
        int(first["method"].nunique()),
        share,
        _largest_angle(bases),
        "; ".join(notes),
    ]


def _largest_angle(bases: list[np.ndarray]) -> float:
    """Largest principal angle between the first and any other, in degrees; NaN of a single one."""
    if len(bases) < 2:
        return np.nan
    first = bases[0]
    sines = [float(np.linalg.norm(one - first @ (first.T @ one), 2)) for one in bases[1:]]
    return float(np.degrees(np.arcsin(min(max(sines), 1.0))))
