"""How far errors lie above what measurement noise allows (docs/scores.md, "Statistical floor")."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from koopmark.analysis.numbers import listed, plain, plural
from koopmark.analysis.summary import competing
from koopmark.analysis.sweeps import Sweep, shared_targets

FLOORS = {
    "eigenvalue_error_relative": "statistical_floor_eigenvalue",
    "eigenfunction_error": "statistical_floor",
}
"""The statistical floor of each error."""

MOST = 4
"""Sentences of one run."""

COVERED = 0.9
"""Share of runs in which an estimator at the floor comes to the interval that is said."""


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


def above_the_floor(targets: pd.DataFrame, swept: list[tuple[Sweep, pd.DataFrame]]) -> list[str]:
    """At most MOST sentences: by how many times the best methods err more than noise allows.

    Parameters
    ----------
    targets : DataFrame
        targets.csv.
    swept : list of (Sweep, DataFrame)
        Each sweep of the run with its summary.
    """
    in_sweeps = {name for sweep, _ in swept for name in sweep.datasets}
    outside = [name for name in targets["dataset"].unique() if name not in in_sweeps]
    asked = [(sweep.name, _levels(sweep), shared_targets(sweep, targets)) for sweep, _ in swept]
    asked += [(name, [("", name)], targets[targets["dataset"] == name]) for name in outside]
    said = [_sentence(*one) for one in asked]
    return [sentence for sentence in said if sentence][:MOST]


def _levels(sweep: Sweep) -> list[tuple[str, str]]:
    texts = [f"at {sweep.axis} {text}: " for text in sweep.texts]
    return list(zip(texts, sweep.datasets, strict=True))


def _sentence(name: str, levels: list[tuple[str, str]], targets: pd.DataFrame) -> str:
    times = competing(times_floor(targets, "eigenfunction_error"))
    found = dict(iter(times.groupby("dataset")))
    levels = [level for level in levels if level[1] in found]
    if not levels:
        return ""
    places = dict.fromkeys([0, len(levels) // 2, len(levels) - 1])
    parts = [levels[place][0] + _nearest(found[levels[place][1]]) for place in places]
    draws = int(times["draws"].min())
    low, high = by_chance(draws)
    these = (
        "They are those of one noise draw"
        if draws == 1
        else f"They are root mean squares over {plural(draws, 'noise draw')}"
    )
    return (
        f"{name}: the smallest eigenfunction errors, in multiples of the statistical floor (the "
        f"best possible under this noise), are {'; '.join(parts)}. {these}; an estimator at the "
        f"floor would score between {plain(round(low, 2))} and {plain(round(high, 2))} at least "
        "nine times in ten."
    )


def _nearest(times: pd.DataFrame) -> str:
    """The two methods nearest to the floor."""
    nearest = times.sort_values(["times", "method"]).head(2)
    return listed([_shown(row) for _, row in nearest.iterrows()])


def _shown(row: "pd.Series[Any]") -> str:
    two_digits = float(f"{row['times']:.2g}")
    return f"{plain(two_digits)} ({row['method']})"
