"""Curves of methods: profiles and digits along levels, which are shown, and which drawn as one.

Pages, figures for papers and the history all read them here.

Around a curve lies the middle half of what it would be otherwise. If it is a mean over several
problems, these are the sample (docs/explanation/scores/statistics.md): they are drawn again, which
gives each a random weight. The curve of one problem varies with the seed, and its band has the
quartiles over the seeds.

Two curves are alike if they are no more than `SAME` digits apart: curves of digits at each level,
profiles by the area between them, which is in digits as well.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.analysis.measure import (
    LEVELS,
    averaged,
    by_target,
    found_within,
    profile,
    standings,
)
from koopmark.scoring import DIGITS

if TYPE_CHECKING:
    from koopmark.analysis.leaderboard import Leaderboard

QUARTILES = {"q25": 0.25, "q75": 0.75}
"""Suffixes of the columns with the quartiles of a score, such as `digits_q25`."""

SHARES = tuple(QUARTILES.values())

DRAWS = 1000
"""Random weights of the problems, from a seeded generator: the same scores have the same band."""

SAME = 0.05
"""Digits within which two curves are the same: tables show a tenth."""


@dataclass(frozen=True, eq=False)
class Profiles:
    """How many targets methods find to within τ, and how many their dictionaries can hold."""

    bands: pd.DataFrame
    """A row per method and τ as of `profile_bands`, methods best first."""
    reach: "pd.Series[float]"
    """By method the share of the targets that its dictionary can hold, the curve's ceiling where
    a target counts as found; NaN if the dictionary cannot be listed."""

    @classmethod
    def of(cls, judged: pd.DataFrame, order: Iterable[str]) -> "Profiles":
        """Of rows of `measure.judge`, the methods in the given order."""
        reach = standings(judged)["reach"]
        there = [name for name in order if name in reach]
        return cls(profile_bands(judged).loc[there], reach[there])

    @property
    def methods(self) -> list[str]:
        return [str(name) for name in self.reach.index]

    @property
    def shares(self) -> pd.DataFrame:
        """A row per method, a column per τ, ascending."""
        return self.bands["share"].unstack("tau").loc[self.methods]

    def alike(self, names: Sequence[str]) -> list[list[str]]:
        """These methods, those together whose profiles are the same to `SAME` digits of area."""
        return alike(self.shares.loc[list(names)], apart=area)


def profiles(
    asked: Mapping[str, pd.DataFrame], boards: Mapping[str, "Leaderboard"], order: Sequence[str]
) -> dict[str, Profiles]:
    """By question the profiles of the methods that it ranks.

    The area of a curve over the digits of τ is the method's digits on the board. If a question has
    no board since there is but one method, that one has a profile.

    Parameters
    ----------
    asked : mapping
        The judged rows behind each board that has profiles.
    boards : mapping
        `Results.boards`.
    order : sequence of str
        `Results.order`.
    """
    drawn = {}
    for question, rows in asked.items():
        board = boards.get(question)
        if board is not None:
            ranked = rows["method"].isin(board.rows["method"])
            rows = rows[ranked & rows["dataset"].isin(board.datasets)]
        elif rows["method"].nunique() != 1:
            continue
        if len(rows):
            drawn[question] = Profiles.of(rows, order)
    return drawn


def profile_table(drawn: Mapping[str, Profiles]) -> pd.DataFrame:
    """profiles.csv: a row per question and τ; of each method the share in a column of its name, and
    the ends of its band in those with `_q25` and `_q75`."""
    suffixes = dict(zip(("share", "low", "high"), ("", *(f"_{q}" for q in QUARTILES)), strict=True))
    parts = []
    for question, of_it in drawn.items():
        columns = {
            f"{method}{suffix}": of_it.bands.loc[method, column]
            for method in of_it.methods
            for column, suffix in suffixes.items()
        }
        table = pd.DataFrame(columns).reset_index(names="tau")
        table.insert(0, "question", question)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


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


def best_of_each(
    order: Iterable[str], libraries: Mapping[Any, str], defaults: Collection[str] = ()
) -> list[str]:
    """The first method of each library, and the first that does what its library does by default.

    Parameters
    ----------
    order : iterable of str
        Best first, as is the result.
    libraries : mapping
        The library of each method.
    defaults : collection of str
        Methods that do what their library does if its user sets nothing.
    """
    seen: set[tuple[str, bool]] = set()
    firsts = []
    for name in order:
        mine = {(libraries[name], default) for default in {False, name in defaults}}
        if not mine <= seen:
            firsts.append(name)
        seen |= mine
    return firsts


def largest(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest distance (n,) of curves that lie so far apart at each level (n, levels)."""
    return gaps.max(axis=1, initial=0.0)


def area(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area (n,) in digits between profiles that lie so far apart at each τ (n, thresholds)."""
    return np.trapezoid(gaps, dx=DIGITS / (gaps.shape[1] - 1), axis=1)


def alike(
    curves: pd.DataFrame,
    within: float = SAME,
    apart: Callable[[NDArray[np.float64]], NDArray[np.float64]] = largest,
) -> list[list[str]]:
    """Methods together whose curves cannot be told apart, in the order of the first of each group.

    Parameters
    ----------
    curves : DataFrame
        A row per method, a column per level; missing and infinite values equal each other.
    within : float
        How far each method of a group may be from its first.
    apart : callable
        From distances (n, levels) of n curves to how far they are apart (n,).
    """
    values = curves.to_numpy(dtype=float)
    groups: dict[int, list[int]] = {}
    for place, row in enumerate(values):
        firsts = list(groups)
        others = values[firsts]
        with np.errstate(invalid="ignore"):
            gaps = np.abs(others - row)
        gaps[(others == row) | (np.isnan(others) & np.isnan(row))] = 0.0
        gaps[np.isnan(gaps)] = np.inf
        same = np.flatnonzero(apart(gaps) <= within)
        first = firsts[same[0]] if len(same) else place
        groups.setdefault(first, []).append(place)
    return [[str(curves.index[k]) for k in group] for group in groups.values()]


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
            ends.append(np.quantile(_weights(len(rows)) @ of_problems[rows], SHARES, axis=0))
        elif len(seeds[key]) > 1:
            ends.append(np.quantile(of_seeds[seeds[key]], SHARES, axis=0))
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
