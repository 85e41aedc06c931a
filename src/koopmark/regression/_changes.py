"""Two runs side by side, score by score: what got worse, or better, by more than it may."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from koopmark.analysis.columns import SUMMARY
from koopmark.analysis.tables import TARGET_KEYS

SAME_TARGET = 1e-6
"""Exact eigenvalues that differ by more than this, relative to them, are of two targets."""


EDGE = 0.01
"""A target is neither lost nor newly found if both of its errors stayed within this share: on other
processors, errors near the edge of what counts as found were seen to move by 0.13 %."""


@dataclass(frozen=True)
class Metric:
    """How much a score may move before it counts as changed."""

    name: str
    floor: float
    """Magnitudes below it are all alike: what rounding on another machine may move."""
    decades: float = 0.5
    """A change of log10 by more than this counts."""


TARGET_METRICS = (
    Metric("eigenvalue_error_relative", floor=1e-8),
    Metric("eigenfunction_error", floor=1e-7),
    # Missing in both runs where no input reaches a target, or no method uses them.
    Metric("gain_error", floor=1e-7),
)
DIGITS = Metric("digits", floor=max(metric.floor for metric in TARGET_METRICS))
"""Of the larger of both errors, that is: half a digit, up to seven digits."""
FIT_METRICS = (
    Metric("null_space_error", floor=1e-7),
    Metric("forecast_error", floor=1e-7),
    Metric("residual_median", floor=1e-7),
    # Numbers and shares: one more wrong is a change, rounding is not.
    Metric("rank_error", floor=0.5, decades=0.1),
    Metric("spurious_fraction", floor=0.05, decades=0.3),
    Metric("precision", floor=0.02, decades=0.1),
    Metric("recall", floor=0.02, decades=0.1),
    Metric("verified", floor=0.5, decades=0.3),
)
BEST_HIGH = {column.key for column in SUMMARY if column.best == "high"}


def side_by_side(run: pd.DataFrame, baseline: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows of both tables in one, those of the baseline with a suffix; `_merge` says who has it."""
    return run.merge(baseline, on=keys, how="outer", suffixes=("", "_baseline"), indicator=True)


def changes(run: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Every target of two runs, as it was and as it is, and what of it changed.

    Of each target one change is told, the plainest: that it was found and is no longer; else that
    it lost digits; else that an error moved below the larger one.

    Parameters
    ----------
    run, baseline : DataFrame
        Rows of `RunFolder.verdicts`.

    Returns
    -------
    DataFrame
        The columns of `run`, those of `baseline` with the suffix `_baseline`, and

        - _merge: "both", or "left_only" and "right_only" for what the run or the baseline has
          alone. A target whose exact eigenvalue or dimension is another now is there twice;
        - worse, better: found, digits, or the name of an error; empty if nothing changed, or if one
          of the two fits has no scores;
        - worse_by, better_by: by how many digits, or powers of ten; infinite for an error that is
          missing or infinite in one run alone.
    """
    pairs = _told_apart(side_by_side(run, baseline, TARGET_KEYS))
    compared = (pairs["_merge"] == "both") & ok_in_both(pairs)
    # Neither error is known to better than the rounding of its target.
    rounding = pairs[["rounding", "rounding_baseline"]].max(axis=1).fillna(0.0).to_numpy()
    errors = [
        (
            pairs[f"{metric.name}_baseline"].to_numpy(dtype=float),
            pairs[metric.name].to_numpy(dtype=float),
            np.maximum(metric.floor, rounding),
        )
        for metric in TARGET_METRICS
    ]
    moved = np.array([decades(*error) for error in errors])
    digits = decades(
        np.minimum(pairs["error_baseline"].to_numpy(dtype=float), 1.0),
        np.minimum(pairs["error"].to_numpy(dtype=float), 1.0),
        np.maximum(DIGITS.floor, rounding),
    )
    was, found = (pairs[name].fillna(False).astype(bool) for name in ("found_baseline", "found"))
    # At the edge of what counts as found rounding alone decides.
    stayed = [
        np.isclose(now, before, rtol=EDGE, atol=floor, equal_nan=True)
        for before, now, floor in errors
    ]
    lost = (was.astype(int) - found.astype(int)).to_numpy() * ~np.all(stayed, axis=0)
    names = np.array([metric.name for metric in TARGET_METRICS])
    for side, sign in (("worse", 1.0), ("better", -1.0)):
        most, largest = (sign * moved).argmax(axis=0), (sign * moved).max(axis=0)
        plainest_first = [
            sign * lost > 0,
            sign * digits > DIGITS.decades,
            largest > TARGET_METRICS[0].decades,
        ]
        what = np.select(
            [compared & one for one in plainest_first], ["found", "digits", names[most]], ""
        )
        by = np.select([what == "", np.isin(what, names)], [0.0, largest], sign * digits)
        pairs = pairs.assign(**{side: what, f"{side}_by": by})
    return pairs


def ok_in_both(pairs: pd.DataFrame) -> "pd.Series[bool]":
    """Which fits have scores in both runs."""
    return (pairs["status"] == "ok") & (pairs["status_baseline"] == "ok")


def _told_apart(targets: pd.DataFrame) -> pd.DataFrame:
    """Rows whose place in the list is that of another target now are each in one run alone."""
    # What the baseline has alone is called as it is there.
    targets = targets.assign(target=targets["target"].fillna(targets["target_baseline"]))
    both = targets["_merge"] == "both"
    eigenvalue, before = (
        targets[f"target_eigenvalue_re{end}"] + 1j * targets[f"target_eigenvalue_im{end}"]
        for end in ("", "_baseline")
    )
    moved = (eigenvalue - before).abs() > SAME_TARGET * np.maximum(1.0, before.abs())
    resized = targets["target_dimension"] != targets["target_dimension_baseline"]
    others = targets[both & (moved | resized)]
    return pd.concat(
        [
            targets.drop(others.index),
            others.assign(_merge="right_only", target=others["target_baseline"]),
            others.assign(_merge="left_only"),
        ],
        ignore_index=True,
    )


def decades(baseline: ArrayLike, now: ArrayLike, floor: ArrayLike) -> NDArray[np.float64]:
    """By how many powers of ten each error grew (negative: fell), those below the floor raised.

    A missing error is as bad as an infinite one, and what is infinite in both has not changed.
    """
    before, after = (
        np.nan_to_num(np.abs(np.asarray(one, float)), nan=np.inf, posinf=np.inf)
        for one in (baseline, now)
    )
    with np.errstate(invalid="ignore"):
        change = np.log10(np.maximum(after, floor)) - np.log10(np.maximum(before, floor))
    return np.where(np.isinf(before) & np.isinf(after), 0.0, change)


def decades_worse(fits: pd.DataFrame, metric: Metric) -> NDArray[np.float64]:
    """By how many powers of ten a score of each fit got worse (negative: better).

    A missing score is worse than any.
    """
    before, now = (fits[f"{metric.name}{end}"].to_numpy(dtype=float) for end in ("_baseline", ""))
    grew = decades(before, now, metric.floor)
    missing = np.isnan(before) | np.isnan(now)
    return np.where(missing | (metric.name not in BEST_HIGH), grew, -grew)
