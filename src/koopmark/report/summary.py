"""One row per dataset and method: medians over seeds, failures last."""

import numpy as np
import pandas as pd

from koopmark.report.tables import KEYS

RECOVERED = 1e-3
"""A target counts as recovered where neither error exceeds this."""

CONTROL = "control."
"""Methods whose name starts so are the controls: perfect, and random."""

INFORMED = ("reference.generator_edmd",)
"""Methods that are given the vector field: no competition for those that have data alone."""

FIT_SCORES = [
    "residual_median",
    "verified",
    "spurious_fraction",
    "precision",
    "recall",
    "forecast_error",
    "rank_error",
    "null_space_error",
    "fit_seconds",
    "peak_memory_mb",
]
TARGET_SCORES = [
    "eigenvalue_error",
    "eigenfunction_error",
    "eigenfunction_error_cluster",
    "oracle_floor",
]


def summarise(fits: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The summary of a run.

    Scores are medians over the seeds whose fit ended ok; those of `targets` are first taken at
    the worst target of each fit, and are missing where that of any target is. `targets_recovered`
    is the mean over all seeds of the number of targets with both errors at most 1e-3: a fit that
    did not end ok recovers none.

    Rows follow the order of the datasets in `fits`; within one, the controls come first (no
    `place`), then the methods by `place`: the share of fits that ended ok, the targets recovered,
    the eigenfunction error, the eigenvalue error. What never ended ok is last.
    """
    per_fit = fits.merge(worst_targets(targets), on=KEYS, how="left")
    is_ok = per_fit["status"] == "ok"
    scores = [*TARGET_SCORES, *FIT_SCORES]
    per_fit[scores] = per_fit[scores].astype(float).where(is_ok)
    per_fit["targets_recovered"] = per_fit["targets_recovered"].where(is_ok, 0.0)
    per_fit["ok"] = is_ok.astype(int)
    groups = per_fit.groupby(["dataset", "method"], sort=False)
    summary = pd.DataFrame(
        {
            "control": groups["method"].first().str.startswith(CONTROL),
            "seeds": groups["seed"].nunique(),
            "ok": groups["ok"].sum(),
            "failed": groups.size() - groups["ok"].sum(),
            "status": groups["status"].agg(_status_text),
            "noise": groups["noise"].first(),
            "targets": groups["targets"].max(),
            "targets_recovered": groups["targets_recovered"].mean(),
        }
    ).join(groups[scores].median())
    return _placed(summary.reset_index(), list(fits["dataset"].unique()))


def controls_first(methods: list[str]) -> list[str]:
    """The controls, then the other methods, each in the order given."""
    return sorted(methods, key=lambda name: not name.startswith(CONTROL))


def is_informed(method: str) -> bool:
    """Whether a method with this name in the tables is given the vector field."""
    return method.partition("[")[0] in INFORMED


def worst_targets(targets: pd.DataFrame) -> pd.DataFrame:
    """Per fit: each score at the worst target, the number of targets and of those recovered."""
    found = (targets["eigenvalue_error"] <= RECOVERED) & (
        targets["eigenfunction_error"] <= RECOVERED
    )
    groups = targets.assign(found=found).groupby(KEYS, sort=False)
    complete = groups[TARGET_SCORES].count().eq(groups.size(), axis=0)
    worst = groups[TARGET_SCORES].max().where(complete)
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


def _placed(summary: pd.DataFrame, datasets: list[str]) -> pd.DataFrame:
    """Rows in their final order, with `place` (1 is best) among the methods of a dataset."""
    order = pd.DataFrame(
        {
            "dataset": summary["dataset"].map({name: i for i, name in enumerate(datasets)}),
            "method_after_control": ~summary["control"],
            "not_ok": 1.0 - summary["ok"] / (summary["ok"] + summary["failed"]),
            "recovered": -summary["targets_recovered"],
            # A missing score ranks after an infinite one.
            "missing": summary["eigenfunction_error"].isna(),
            "eigenfunction": summary["eigenfunction_error"].fillna(np.inf),
            "eigenvalue": summary["eigenvalue_error"].fillna(np.inf),
        }
    )
    summary = summary.loc[order.sort_values(list(order.columns), kind="stable").index]
    summary = summary.reset_index(drop=True)
    place = summary[~summary["control"]].groupby("dataset", sort=False).cumcount() + 1
    summary.insert(2, "place", place.reindex(summary.index).astype("Int64"))
    return summary
