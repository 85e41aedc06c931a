"""Sentences on datasets outside of sweeps: who recovers what, and what dictionaries allow."""

from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis.numbers import listed, plain, plural, scientific
from koopmark.analysis.summary import recovers_all
from koopmark.scoring import FOUND

ANGLE, FLOOR, BOUND = "eigenfunction_error", "oracle_floor", "oracle_floor_in_sample"
NEARLY = 0.1
"""A dictionary whose oracle floor is at most this comes near a target, if it does not hold it."""


def counts(methods: pd.DataFrame, which: str) -> list[str]:
    """How many methods recover everything on the datasets outside of sweeps, and how many nothing.

    A method that ran on some of the datasets recovers what it did not look for from none.
    """
    if methods.empty:
        return []
    datasets = methods["dataset"].unique()
    wanted = methods.groupby("dataset")["targets"].max().sum()
    recovered = methods.groupby("method", sort=False)["targets_recovered"].sum()
    everything = list(recovered.index[recovered >= wanted - 1e-9])
    nothing = list(recovered.index[recovered == 0])
    named = datasets[0] if len(datasets) == 1 else f"{len(datasets)} datasets{which}"
    where = f"Of {plural(len(recovered), 'method')} on {named}"
    if everything:
        whole = f"{len(everything)} recover{'s' * (len(everything) == 1)} every target"
        first = f"{where}, {whole} ({listed(everything)})"
    else:
        closest = sorted(recovered.index[recovered >= recovered.max() - 1e-9])
        first = (
            f"{where}, none recovers every target; {listed(closest)} "
            f"{'comes' if len(closest) == 1 else 'come'} closest "
            f"with {plain(recovered.max())} of {plain(wanted)}"
        )
    if nothing:
        second = f"{len(nothing)} recover{'s' * (len(nothing) == 1)} none ({listed(nothing)})"
    else:
        second = "every method recovers some"
    return [f"{first}; {second}."]


def floors(methods: pd.DataFrame) -> list[str]:
    """On each dataset whose targets some dictionaries hold and others do not: errors and floors.

    A dictionary holds every target if the floor, an estimate from above, is at most FOUND, and
    cannot if its lower bound is more; between the two, and without a floor, it is open.
    """
    scored = (methods["failed"] == 0) & np.isfinite(methods[BOUND]) & np.isfinite(methods[ANGLE])
    sentences = []
    for dataset, rows in methods[scored].groupby("dataset", sort=False):
        known = rows[np.isfinite(rows[FLOOR])]
        if len(rows) < 3 or not known[FLOOR].min() <= NEARLY or known[FLOOR].max() <= FOUND:
            continue
        able = rows[rows[FLOOR] <= FOUND]
        unable = int((rows[BOUND] > FOUND).sum())
        open_ones = len(rows) - len(able) - unable
        finding = int(recovers_all(able).sum())
        best, lowest = (rows.sort_values([by, "method"]).iloc[0] for by in (ANGLE, FLOOR))
        smallest = f"the smallest eigenfunction error is {_beside_floor(best)}"
        undecided = f" (of {open_ones} it is not known)" if open_ones else ""
        if able.empty:
            holds = "none is known to hold" if open_ones else "none holds"
            least = "" if lowest["method"] == best["method"] else f"; {_of_lowest(lowest)}"
            sentences.append(
                f"{dataset}: of the dictionaries of {plural(len(rows), 'method')}, {holds} every "
                f"target to {FOUND:g}{undecided}; {smallest}{least}."
            )
        else:
            has = "has" if len(able) == 1 else "have"
            sentences.append(
                f"{dataset}: {len(able)} of {plural(len(rows), 'method')} {has} a dictionary that "
                f"holds every target to {FOUND:g}{undecided}, and {_finding(finding, len(able))}; "
                f"{smallest}."
            )
    return sentences


def _finding(finding: int, able: int) -> str:
    """How many of the methods with such a dictionary find every target."""
    if finding == able:
        return "it finds them all" if able == 1 else "all of these find every target"
    if finding == 0:
        return "it does not find them all" if able == 1 else "none of these finds every target"
    return f"{finding} of these find{'s' * (finding == 1)} every target"


def _beside_floor(row: "pd.Series[Any]") -> str:
    """The error beside what the dictionary allows."""
    return f"{scientific(row[ANGLE])} by {row['method']} ({_floor(row)})"


def _of_lowest(row: "pd.Series[Any]") -> str:
    return (
        f"{row['method']}, whose floor is lowest, has an error of {scientific(row[ANGLE])} "
        f"({_floor(row)})"
    )


def _floor(row: "pd.Series[Any]") -> str:
    """The oracle floor of a row, as far as it is known."""
    floor, bound = scientific(row[FLOOR]), scientific(row[BOUND])
    if not np.isfinite(row[FLOOR]):
        return f"oracle floor at least {bound}"
    return (
        f"oracle floor {floor}" if floor == bound else f"oracle floor between {bound} and {floor}"
    )
