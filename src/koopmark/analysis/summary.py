"""One row per dataset and method: medians over seeds, failures last; who is best."""

import numpy as np
import pandas as pd

from koopmark.analysis.columns import SUMMARY
from koopmark.analysis.tables import KEYS, ROLES, TARGET_KEYS
from koopmark.scoring import digits, found, larger_error

FIT_SCORES, TARGET_SCORES = (
    [column.key for column in SUMMARY if column.table == table] for table in ("fits", "targets")
)

ERROR = "error"
"""The larger of the relative eigenvalue and the eigenfunction error, at a fit's worst target."""

OF_ROUNDING = "error_over_rounding"
"""The larger error of a target in multiples of its `rounding`, at the target where that is most."""

ALIKE = 6
"""Scores that agree to so many digits are alike: two libraries round one method differently."""


def summarise(fits: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The summary of a run.

    Scores are medians over the seeds whose fit ended ok; those of `targets` are first taken at
    the worst target of each fit, and are missing where that of any target is; `error` is the larger
    of the relative eigenvalue and the eigenfunction error, `error_over_rounding` the largest of
    these in multiples of the `rounding` of its target. `digits` is the mean over the targets of
    the median over all seeds of the correct digits (`scoring.digits`), `targets_recovered` the mean
    over all seeds of the number of targets that were found (`scoring.found`), `targets` that of
    all: a fit that did not end ok has no digits and recovers none.

    Rows follow the order of the datasets in `fits`; within one, the anchors come first, then the
    informed methods, both without a `place`, then the others by `place`: the share of seeds of the
    dataset whose fit ended ok (a seed without a row did not), the targets recovered, the digits.
    What never ended ok is last. Methods that are alike
    in all of these, digits to a tenth, share a place, in the order of their names.
    """
    per_fit = fits.drop(columns="targets").merge(_worst_targets(targets), on=KEYS, how="left")
    is_ok = per_fit["status"] == "ok"
    scores = [ERROR, OF_ROUNDING, *TARGET_SCORES, *FIT_SCORES]
    per_fit[scores] = per_fit[scores].astype(float).where(is_ok)
    per_fit["targets_recovered"] = per_fit["targets_recovered"].where(is_ok, 0.0)
    per_fit["ok"] = is_ok.astype(int)
    groups = per_fit.groupby(["dataset", "method"], sort=False)
    summary = pd.DataFrame(
        {
            "role": groups["role"].first(),
            "seeds": groups["seed"].nunique(),
            "ok": groups["ok"].sum(),
            "failed": groups.size() - groups["ok"].sum(),
            "status": groups["status"].agg(_status_text),
            "noise": groups["noise"].first(),
            "targets": groups["targets"].mean(),
            "targets_recovered": groups["targets_recovered"].mean(),
        }
    ).join([_mean_digits(targets), groups[scores].median()])
    seeds = fits.groupby("dataset", sort=False)["seed"].nunique()
    return _placed(summary.reset_index(), seeds)


def competing(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of fits.csv or of a summary that are ranked: neither anchors nor informed."""
    return rows[rows["role"] == "method"]


def roles_of(rows: pd.DataFrame) -> dict[str, str]:
    """The role of each method: first the anchors, then the informed, then all others."""
    once = rows.drop_duplicates("method")
    known = zip(once["method"], once["role"], strict=True)
    return dict(sorted(known, key=lambda one: ROLES.index(one[1])))


def problems(datasets: "pd.Series[str]") -> "pd.Series[str]":
    """The problem of each dataset: its recipe, the name before the stroke of `rnn_10_2/noise=0.1`.

    Whatever is varied, the results of one recipe are related, and no more than one problem.
    """
    return datasets.str.split("/").str[0]


def recovers_all(summary: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows of a summary recover every target at every seed."""
    return summary["targets_recovered"] >= summary["targets"]


def error_of(targets: pd.DataFrame) -> "pd.Series[float]":
    """The larger of both errors of each row of targets.csv; missing if one is."""
    both = targets["eigenvalue_error_relative"], targets["eigenfunction_error"]
    there = both[0].notna() & both[1].notna()
    return pd.Series(larger_error(*both), targets.index).where(there)


def digits_of(targets: pd.DataFrame) -> "pd.Series[float]":
    """The correct digits of each row of targets.csv; missing if it has no error."""
    error = error_of(targets)
    correct = digits(error, targets["rounding"])
    return pd.Series(correct, targets.index).where(error.notna())


def _mean_digits(targets: pd.DataFrame) -> "pd.Series[float]":
    """By dataset and method: mean over the targets of the median over the seeds."""
    correct = digits_of(targets).where(targets["status"] == "ok").fillna(0.0).rename("digits")
    keys = [name for name in TARGET_KEYS if name != "seed"]
    medians = correct.groupby([targets[name] for name in keys]).median()
    return medians.groupby(level=["dataset", "method"]).mean()


def _worst_targets(targets: pd.DataFrame) -> pd.DataFrame:
    """Per fit: each score at the worst target, the number of targets and of those recovered."""
    is_found = found(targets["eigenvalue_error_relative"], targets["eigenfunction_error"])
    error = error_of(targets)
    scored = targets.assign(
        found=is_found, **{ERROR: error, OF_ROUNDING: error / targets["rounding"]}
    )
    groups = scored.groupby(KEYS, sort=False)
    scores = [ERROR, OF_ROUNDING, *TARGET_SCORES]
    complete = groups[scores].count().eq(groups.size(), axis=0)
    worst = groups[scores].max().where(complete)
    worst["targets"] = groups.size()
    worst["targets_recovered"] = groups["found"].sum()
    return worst.reset_index()


def _status_text(statuses: "pd.Series[str]") -> str:
    """`ok`, `timeout`, or `2/3 ok, 1 timeout`."""
    counts = statuses.value_counts()
    if len(counts) == 1:
        return str(counts.index[0])
    others = [f"{count} {status}" for status, count in counts.items() if status != "ok"]
    ok = [f"{counts['ok']}/{len(statuses)} ok"] if "ok" in counts else []
    return ", ".join([*ok, *others])


def _placed(summary: pd.DataFrame, seeds: "pd.Series[int]") -> pd.DataFrame:
    """Rows in their final order, with `place` (1 is best) among the methods of a dataset.

    `seeds` has the number of seeds of each dataset, in the order of the datasets.
    """
    order = pd.DataFrame(
        {
            "dataset": summary["dataset"].map(seeds.index.get_loc),
            "role": summary["role"].map(ROLES.index),
            "not_ok": 1.0 - summary["ok"] / summary["dataset"].map(seeds),
            "recovered": -summary["targets_recovered"],
            "digits": -summary["digits"].round(1),
        }
    )
    scores = list(order.columns)
    order = order.assign(name=summary["method"]).sort_values([*scores, "name"])
    alike = order.duplicated(scores)
    # Standard competition ranking: as many as are better, and one.
    counted = order.groupby(["dataset", "role"]).cumcount() + 1
    place = counted.mask(alike).ffill().where(order["role"] == ROLES.index("method"))
    summary = summary.loc[order.index].reset_index(drop=True)
    summary.insert(2, "place", place.astype("Int64").reset_index(drop=True))
    return summary


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
