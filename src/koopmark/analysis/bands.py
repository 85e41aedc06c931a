"""Curves of the measure with their spread: profiles, and digits along the levels of a sweep.

Around a curve lies the middle half of what it would be otherwise. If it is a mean over several
problems, these are the sample (docs/scores.md, "What a few problems say"): they are drawn again,
which gives each a random weight. The curve of one problem varies with the seed, and its band has
the quartiles over the seeds.
"""

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.analysis.measure import LEVELS, averaged, by_target, found_within, profile

QUARTILES = (0.25, 0.75)

DRAWS = 1000
"""Random weights of the problems, from a seeded generator: the same scores have the same band."""


def profile_bands(judged: pd.DataFrame) -> pd.DataFrame:
    """The profile of each method with its band.

    Parameters
    ----------
    judged : DataFrame
        Rows of `measure.judge`.

    Returns
    -------
    DataFrame
        A row per method and τ (index `method`, `tau`, as in `measure.profile`) with `share`, that
        of `measure.profile`, and the band `low` to `high`: NaN for one problem with one seed.
    """
    if judged.empty:
        empty = pd.MultiIndex.from_arrays([[], []], names=["method", "tau"])
        return pd.DataFrame(columns=["share", "low", "high"], index=empty, dtype=float)
    share = profile(judged).T
    low, high = _bands(_found(judged, ["method"]), _found(judged, ["method", "seed"]), ["method"])
    wide = {"share": share, "low": low.loc[share.index], "high": high.loc[share.index]}
    return pd.DataFrame({name: table.stack(future_stack=True) for name, table in wide.items()})


def digits_along(judged: pd.DataFrame, level_of: Mapping[str, Hashable]) -> pd.DataFrame:
    """The digits of each method at each level, with its band.

    Parameters
    ----------
    judged : DataFrame
        Rows of `measure.judge`, of targets that all levels ask for (`sweeps.shared_targets`):
        three targets at one level say nothing beside one at another.
    level_of : mapping
        The level of each dataset. Other datasets take no part.

    Returns
    -------
    DataFrame
        A row per method and level (index `method`, `level`, each in the order in which it comes)
        with `digits` and `possible` as in `measure.standings`, the band `low` to `high` of the
        digits (NaN for one problem with one seed), and `ok`, the share of the fits with a result.
    """
    others = ["method", "level"]
    rows = judged[judged["dataset"].isin(list(level_of))]
    rows = rows.assign(level=rows["dataset"].map(level_of))
    per_target = by_target(rows, others)[["digits", "possible"]]
    per_seed = by_target(rows, [*others, "seed"])[["digits"]]
    means = averaged(per_target)
    low, high = _bands(_per_problem(per_target[["digits"]]), averaged(per_seed), others)
    ended = (rows["status"] == "ok").groupby([rows[name] for name in others], sort=False).mean()
    return pd.DataFrame(
        {
            "digits": means["digits"],
            "low": low["digits"],
            "high": high["digits"],
            "possible": means["possible"],
            "ok": ended,
        }
    ).loc[means.index]


def _found(judged: pd.DataFrame, others: list[str]) -> pd.DataFrame:
    """Share found to within each τ (columns), by `others` and, unless by seed, by problem."""
    found = found_within(by_target(judged, others)["digits"])
    return averaged(found) if "seed" in others else _per_problem(found)


def _per_problem(per_target: pd.DataFrame) -> pd.DataFrame:
    """Means over the targets of a dataset, then over the datasets of a problem."""
    means = per_target
    for level in reversed(LEVELS[1:]):
        kept = [name for name in means.index.names if name != level]
        means = means.groupby(level=kept, sort=False).mean()
    return means


def _bands(
    per_problem: pd.DataFrame, per_seed: pd.DataFrame, others: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lower and upper ends, a row for each value of `others`."""
    keys: list[Any] = []
    ends = []
    seeds = per_seed.groupby(level=others, sort=False).indices
    of_seeds, of_problems = per_seed.to_numpy(), per_problem.sort_index().to_numpy()
    for key, rows in per_problem.sort_index().groupby(level=others, sort=False).indices.items():
        keys.append(key)
        if len(rows) > 1:
            ends.append(np.quantile(_weights(len(rows)) @ of_problems[rows], QUARTILES, axis=0))
        elif len(seeds[key]) > 1:
            ends.append(np.quantile(of_seeds[seeds[key]], QUARTILES, axis=0))
        else:
            ends.append(np.full((2, per_problem.shape[1]), np.nan))
    index = (
        pd.Index(keys, name=others[0])
        if len(others) == 1
        else pd.MultiIndex.from_tuples(keys, names=others)
    )
    low, high = (
        pd.DataFrame([end[k] for end in ends], index, per_problem.columns) for k in range(2)
    )
    return low, high


@cache
def _weights(count: int) -> NDArray[np.float64]:
    """Weights (draws, count), uniform on the simplex."""
    return np.random.default_rng(0).dirichlet(np.ones(count), DRAWS)
