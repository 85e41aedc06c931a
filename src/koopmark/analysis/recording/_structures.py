"""Rank and null space that functions at a common real rate imply, over methods and draws."""

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.scoring import SUPPORTED

COLUMNS = [
    *("rate", "size", "rank", "rank_low", "rank_high", "methods", "share", "angle", "note"),
]
SAME_RATE = 0.1
"""Relative difference up to which methods mean the same rate, and pairs back it."""
NO_RATE = "no eigenfunctions share a real rate, so the rank cannot be told"
NOT_BACKED = (
    "methods find functions with the rate {rate:.3g}, but held-out data support no pair there, so "
    "the rank cannot be told"
)


def structure_of(structures: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """A row for each common rate at which pairs are supported, that of most methods first.

    `rank` is the most frequent one of the methods that have such pairs, `rank_low` and `rank_high`
    what the methods and the draws of the trials leave open, with what noise hides; `share` that of
    the draws with this rank, and `angle` the largest principal angle between null spaces of this
    rank, in degrees. Without such a rate one row says why, and has no other number than the size.

    Parameters
    ----------
    structures : DataFrame
        The store's table, of fits and of draws.
    pairs : DataFrame
        The table of pairs, with their verdicts.
    """
    fitted = structures[structures["seed"] == 0]
    found = fitted[fitted["rank"] < fitted["size"]]
    if fitted.empty:
        return pd.DataFrame(columns=COLUMNS)
    rows, note = [], NO_RATE
    for group in _by_rate(found):
        rate = float(group["rate_re"].median())
        backed = group[group["method"].isin(_backing(pairs, rate))]
        if backed.empty:
            note = NOT_BACKED.format(rate=rate)
        else:
            rows.append(_row(backed, structures))
    if not rows:
        size = int(fitted["size"].iloc[0])
        told = fitted["note"].dropna()
        why = told[told != ""].mode()
        notes = [note, *why.iloc[:1]]
        rows.append([np.nan, size, *[np.nan] * 6, "; ".join(notes)])
    return pd.DataFrame(rows, columns=COLUMNS)


def _backing(pairs: pd.DataFrame, rate: float) -> set[str]:
    """Methods with a supported real pair at this rate."""
    near = (pairs["eigenvalue_re"] - rate).abs() <= SAME_RATE * abs(rate)
    real = pairs["eigenvalue_im"].abs() <= SAME_RATE * abs(rate)
    return set(pairs.loc[near & real & (pairs["verdict"] == SUPPORTED), "method"])


def _by_rate(found: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows of each rate; that with most of them first."""
    left = found
    while len(left):
        rates = left["rate_re"].to_numpy(float)
        near = np.abs(rates[:, None] - rates) <= SAME_RATE * np.abs(rates)[:, None]
        chosen = near[near.sum(axis=1).argmax()]
        yield left[chosen]
        left = left[~chosen]


def _row(group: pd.DataFrame, structures: pd.DataFrame) -> list[object]:
    rank, rate = int(group["rank"].mode().iloc[0]), float(group["rate_re"].median())
    methods = group["method"]
    fits = structures[(structures["seed"] > 0) & structures["method"].isin(methods)]
    # A draw without such functions has the rank N, and no rate.
    shown = (fits["rate_re"] - rate).abs() <= SAME_RATE * abs(rate)
    ranks = fits["rank"].where(shown, fits["size"]).astype(int)
    share = float((ranks == rank).mean()) if len(fits) else np.nan
    alike = pd.concat([group, fits[shown]])
    alike = alike[alike["rank"] == rank]
    bases = [np.array(json.loads(text)) for text in alike["null_space"]]
    lowest = pd.concat([group["rank_low"], fits.loc[shown, "rank_low"]]).min()
    return [
        rate,
        int(group["size"].iloc[0]),
        rank,
        int(min(lowest, ranks.min() if len(fits) else rank)),
        int(max(group["rank"].max(), ranks.max() if len(fits) else rank)),
        int(methods.nunique()),
        share,
        _largest_angle(bases),
        "; ".join(dict.fromkeys(note for note in group["note"] if note)),
    ]


def _largest_angle(bases: list[NDArray[np.float64]]) -> float:
    """Largest principal angle between the first and any other, in degrees; NaN of a single one."""
    if len(bases) < 2:
        return np.nan
    first = bases[0]
    sines = [float(np.linalg.norm(one - first @ (first.T @ one), 2)) for one in bases[1:]]
    return float(np.degrees(np.arcsin(min(max(sines), 1.0))))
