"""One row per dataset and method: how well it did there, medians over seeds; who is best."""

from collections import Counter, defaultdict

import pandas as pd

from koopmark.analysis.columns import SUMMARY
from koopmark.analysis.measure import by_target
from koopmark.analysis.tables import ROLES

FIT_SCORES = [column.key for column in SUMMARY if column.table == "fits"]

STEP = 0.1
"""Digits that round to the same multiple of this share a place."""


def summarise(fits: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """The summary of a run, from fits.csv and the rows of `measure.judge`.

    Of each dataset and method: role, library, default; seeds, ok and failed (fits), status in
    words; noise; asked (targets), found (share), digits, reach,
    yield and possible as in `measure.standings`; gain_error, the median over the targets and seeds
    that have one; and the scores of fits, medians over the seeds
    whose fit succeeded.

    Rows follow the order of the datasets in `fits`; within one, the anchors come first, then the
    informed methods, both without a `place`, then the others by `place`: by their digits, to a
    tenth. Methods that agree share a place, in the order of their names. A recording, of which
    nothing is known, has neither places nor digits.
    """
    ok = fits["status"] == "ok"
    scored = fits.assign(**fits[FIT_SCORES].astype(float).where(ok), is_ok=ok)
    keys = ["dataset", "method"]
    groups = scored.groupby(keys, sort=False)
    sizes = groups.size()
    ended: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for *at, status in zip(fits["dataset"], fits["method"], fits["status"], strict=True):
        ended[at[0], at[1]][status] += 1
    counts = pd.DataFrame(
        {
            "role": groups["role"].first(),
            "library": groups["library"].first(),
            "default": groups["default"].max().astype(bool),
            "seeds": groups["seed"].nunique(),
            "ok": groups["is_ok"].sum(),
            "failed": sizes - groups["is_ok"].sum(),
            "status": pd.Series([_status_text(ended[at]) for at in sizes.index], sizes.index),
            "noise": groups["noise"].first(),
        }
    )
    per_target = by_target(judged)
    over = per_target.groupby(level=keys, sort=False)
    means = over[["digits", "found", "attainable", "found_attainable", "possible"]].mean()
    asked = over.size()
    measured = pd.DataFrame(
        {
            "asked": asked,
            "found": means["found"],
            "digits": means["digits"],
            "reach": means["attainable"],
            "yield": means["found_attainable"] / means["attainable"].where(means["attainable"] > 0),
            "possible": means["possible"],
            "gain_error": judged.groupby(keys, sort=False)["gain_error"].median(),
        }
    )
    summary = counts.join([measured, groups[FIT_SCORES].median()])
    summary["asked"] = summary["asked"].fillna(0.0)
    # A dataset that has results and asks for nothing is a recording, which has no answer key.
    by_dataset = summary.groupby(level="dataset")
    keyless = (by_dataset["asked"].transform("max") == 0) & (by_dataset["ok"].transform("max") > 0)
    for column in ("found", "digits"):
        summary[column] = summary[column].where(summary[column].notna() | keyless, 0.0)
    return _placed(summary.reset_index())


def roles_of(rows: pd.DataFrame) -> dict[str, str]:
    """The role of each method: first the anchors, then the informed, then all others."""
    once = rows.drop_duplicates("method")
    known = zip(once["method"], once["role"], strict=True)
    return dict(sorted(known, key=lambda one: ROLES.index(one[1])))


def _status_text(counts: "Counter[str]") -> str:
    """`ok`, `timeout`, or `2/3 ok, 1 timeout`."""
    if len(counts) == 1:
        return str(*counts)
    others = [f"{count} {status}" for status, count in counts.most_common() if status != "ok"]
    ok = [f"{counts['ok']}/{counts.total()} ok"] if "ok" in counts else []
    return ", ".join([*ok, *others])


def _placed(summary: pd.DataFrame) -> pd.DataFrame:
    """Rows in their final order, with `place` (1 is best) among the methods of a dataset."""
    datasets = pd.Index(summary["dataset"].unique())
    order = pd.DataFrame(
        {
            "dataset": summary["dataset"].map(datasets.get_loc),
            "role": summary["role"].map(ROLES.index),
            "digits": -(summary["digits"] / STEP).round(),
        }
    )
    place = order.groupby(["dataset", "role"])["digits"].rank(method="min")
    place = place.where(order["role"] == ROLES.index("method")).astype("Int64")
    order = order.assign(name=summary["method"]).sort_values([*order.columns, "name"])
    summary.insert(2, "place", place)
    return summary.loc[order.index].reset_index(drop=True)
