"""The measure: what of a run was found, of what could be found, and why the rest was missed.

Everything that ranks, compares or says how good a method is starts from `judge`, a row per fit and
target, and averages it in one way (docs/explanation/scores/measure.md): the median
over the seeds of a target, the mean over the targets of a dataset, over the datasets of a problem,
over the problems.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark import scoring
from koopmark.analysis.tables import KEYS
from koopmark.analysis.targets import FLOORS, numbered, target_names
from koopmark.scoring import DIGITS, tolerance


class Outcome(StrEnum):
    """What became of a target, in the order in which it is asked."""

    FOUND = "found"
    WITHIN = "within three statistical floors"
    NOT_RUN = "not run"
    FAILED = "failed"
    NOT_EXPRESSIBLE = "not expressible"
    WRONG_EIGENVALUE = "right function at a wrong eigenvalue"
    MULTIPLICITY = "multiplicity lost"
    WRONG_FUNCTION = "wrong function at the right eigenvalue"
    NOISE = "lost to noise"
    NEITHER = "both wrong"


MEANINGS: Mapping[Outcome, str] = {
    Outcome.FOUND: f"found: both errors are at most {scoring.FOUND:g}",
    Outcome.WITHIN: f"also found: an error exceeds {scoring.FOUND:g}, and noise in the data "
    "explains it",
    Outcome.NOT_RUN: "the method could not be run, or does not apply to the data",
    Outcome.FAILED: "the fit raised an error, crashed, or exceeded a limit",
    Outcome.NOT_EXPRESSIBLE: "no combination of the dictionary's functions is close enough to the "
    "eigenfunction",
    Outcome.WRONG_EIGENVALUE: "the eigenfunction was recovered, but not its eigenvalue",
    Outcome.MULTIPLICITY: "only some of the eigenfunctions of this eigenvalue were recovered",
    Outcome.WRONG_FUNCTION: "the eigenvalue was recovered, but not the eigenfunction",
    Outcome.NOISE: "neither eigenvalue nor eigenfunction was recovered from the noisy data",
    Outcome.NEITHER: "neither eigenvalue nor eigenfunction was recovered, although there is no "
    "noise",
}

SUCCESS = (Outcome.FOUND, Outcome.WITHIN)

NOT_RUN = ("unavailable", "skipped")
"""Statuses of fits that were asked for and not begun."""

LEVELS = ["problem", "dataset", "target"]
"""Of the averages, from the outermost on."""

THRESHOLDS = 10.0 ** -np.linspace(DIGITS, 0.0, 10 * int(DIGITS) + 1)
"""τ of a profile, ascending: ten to a digit."""


def problems(datasets: "pd.Series[str]") -> "pd.Series[str]":
    """The problem of each dataset: its recipe, the name before the stroke of `rnn_10_2/noise=0.1`.

    Whatever is varied, the results of one recipe are related, and no more than one problem.
    """
    return datasets.str.split("/").str[0]


def competing(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that are ranked: of methods, neither anchors nor informed."""
    return rows[rows["role"] == "method"]


def judge(fits: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """A row per fit and target that it was asked for, from fits.csv and targets.csv.

    Returns
    -------
    DataFrame
        The columns of `targets` that tell its rows apart, and

        - problem, library, noise, default (as in `fits`); target, as it is called in all seeds;
        - principal: whether the target is a principal eigenfunction, no product of others;
        - error: e, the larger of both errors; inf if one is missing or the fit has no scores;
        - digits: -log10 e between 0 and 9; possible: the digits of the statistical floor;
        - found: e is at most `scoring.FOUND`, or both errors are within three statistical floors;
        - attainable: 1 if the dictionary holds the target so well, 0 if not, NaN if unknown;
        - gain_error: that of the target's gains, if the fit has some;
        - outcome: found, or why not (`Outcome`).

        What no fit can have an error at, such as an eigenvalue that the sampling aliases, is not
        there.
    """
    known = fits[[*KEYS, "library", "noise", "default"]]
    rows = targets.assign(target=target_names(targets)).merge(known, on=KEYS, how="left")
    ok = rows["status"] == "ok"
    errors = [rows[name].where(ok) for name in FLOORS]
    floors = [rows[name].where(ok) for name in FLOORS.values()]
    error = pd.Series(scoring.larger_error(*errors), rows.index)
    found = pd.Series(scoring.found(*errors, *floors), rows.index)
    floor = rows["oracle_floor"].where(ok)
    allowed = tolerance(floors[1])
    attainable = (found | (floor <= allowed)).astype(float).where(floor.notna())
    digits = scoring.digits(error, rows["rounding"])
    # What noise allows is said by the data: a fit that failed has no floor of its own.
    at = [rows["dataset"], rows["seed"], rows["target_index"]]
    floor_of_data = (
        pd.Series(np.fmax(floors[0], floors[1]), rows.index).groupby(at).transform("max")
    )
    possible = pd.Series(scoring.digits(floor_of_data), rows.index)
    judged = rows[[*KEYS, "role", "status", "target_index", "target", "library", "noise"]].assign(
        problem=problems(rows["dataset"]),
        default=rows["default"].astype(bool),
        principal=rows["target_degree"] <= 1,
        error=error,
        digits=digits,
        possible=possible.where(floor_of_data.notna()),
        found=found,
        attainable=attainable,
        # A table of before there were inputs has none.
        gain_error=rows.reindex(columns=["gain_error"])["gain_error"].where(ok),
        outcome=_outcomes(rows, ok, error, found, attainable),
    )
    return judged[_can_be_scored(rows, ok)].reset_index(drop=True)


def _can_be_scored(rows: pd.DataFrame, ok: "pd.Series[bool]") -> "pd.Series[bool]":
    """Not the targets at which every fit of a method that succeeded lacks an error."""
    at = numbered(rows["dataset"], rows["seed"], rows["target_index"])
    # Anchors take no part, so that whether they are there changes no rank.
    fitted = ok & (rows["role"] == "method")
    scored = fitted & rows[list(FLOORS)].notna().all(axis=1)
    any_scored, any_ok = (np.bincount(at, some)[at] > 0 for some in (scored, fitted))
    return pd.Series(any_scored | ~any_ok, rows.index)


def _outcomes(
    rows: pd.DataFrame,
    ok: "pd.Series[bool]",
    error: "pd.Series[float]",
    found: "pd.Series[bool]",
    attainable: "pd.Series[float]",
) -> NDArray[np.str_]:
    dimension = rows["target_dimension"]
    functions, eigenvalues = rows["functions_found"], rows["eigenvalues_found"]
    some = functions.between(1, dimension - 1) | eigenvalues.between(1, dimension - 1)
    asked = {
        Outcome.FOUND: found & (error <= scoring.FOUND),
        Outcome.WITHIN: found,
        Outcome.NOT_RUN: rows["status"].isin(NOT_RUN),
        Outcome.FAILED: ~ok,
        Outcome.NOT_EXPRESSIBLE: attainable == 0.0,
        Outcome.WRONG_EIGENVALUE: functions >= dimension,
        Outcome.MULTIPLICITY: (dimension > 1) & some,
        Outcome.WRONG_FUNCTION: eigenvalues >= dimension,
        Outcome.NOISE: rows["noise"] > 0,
    }
    return np.select([*asked.values()], [str(name) for name in asked], str(Outcome.NEITHER))


def averaged(per_target: pd.DataFrame) -> pd.DataFrame:
    """Means over the targets of a dataset, the datasets of a problem, and the problems.

    Parameters
    ----------
    per_target : DataFrame
        With the levels `LEVELS` of the index, and others, which stay.
    """
    others = [name for name in per_target.index.names if name not in LEVELS]
    means = per_target
    for depth in range(len(LEVELS) - 1, -1, -1):
        means = means.groupby(level=[*others, *LEVELS[:depth]], sort=False).mean()
    return means


def by_target(judged: pd.DataFrame, others: Iterable[str] = ("method",)) -> pd.DataFrame:
    """Per target, and per value of `others`: median digits over the seeds, shares of the seeds.

    The columns digits, possible, found, attainable, and found_attainable: of the seeds those at
    which it was found and attainable. A fit that failed found nothing of what its dictionary holds:
    as much of a target as at its other seeds or, if there are none, of all targets in the mean.
    """
    keys = [*others, *LEVELS]
    known = judged.groupby(keys, sort=False)
    # Numbered once: each grouping by several columns costs more than what is done with it.
    numbers, groups = known.ngroup().to_numpy(), known.size().index
    attainable, lost = judged["attainable"], judged["status"] != "ok"
    if attainable[lost].hasnans:
        for by in (numbers, [judged[name] for name in others]):
            means = attainable.groupby(by, sort=False).transform("mean")
            attainable = attainable.mask(lost, attainable.fillna(means))
    shares = judged[["found"]].assign(
        attainable=attainable, found_attainable=attainable * judged["found"]
    )
    medians = judged[["digits", "possible"]].groupby(numbers, sort=False).median()
    return medians.join(shares.groupby(numbers, sort=False).mean()).set_axis(groups)


def standings(judged: pd.DataFrame) -> pd.DataFrame:
    """How each method did, one row per method, in the order in which they come.

    Columns: asked (targets, of all datasets), digits, found (share), reach (share of the targets
    that are attainable), yield (share found of those; both NaN if its dictionary cannot be listed)
    and possible (digits that the noise allows; NaN without noise).
    """
    return standings_of(by_target(judged))


def standings_of(per_target: pd.DataFrame) -> pd.DataFrame:
    """What `standings` says, from the rows of `by_target`."""
    means = averaged(per_target)
    with np.errstate(invalid="ignore"):
        yields = means["found_attainable"] / means["attainable"].where(means["attainable"] > 0)
    return pd.DataFrame(
        {
            "asked": per_target.groupby(level="method", sort=False).size(),
            "digits": means["digits"],
            "found": means["found"],
            "reach": means["attainable"],
            "yield": yields,
            "possible": means["possible"],
        }
    )


def classes(judged: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """How many targets and seeds ended in which way: a column for each `Outcome`."""
    counts = judged.groupby([*by, "outcome"], sort=False).size().unstack(fill_value=0)
    return counts.reindex(columns=[str(outcome) for outcome in Outcome], fill_value=0)


def outcome_table(judged: pd.DataFrame) -> pd.DataFrame:
    """Per method, dataset and target: digits, found, attainable, and how its seeds ended.

    `found` and `attainable` are shares of the seeds; a column `outcome: NAME` counts the seeds that
    ended so, for each `Outcome`.
    """
    keys = ["method", *LEVELS]
    facts = judged.groupby(keys, sort=False)[["library", "role", "principal"]].first()
    counts = classes(judged, keys).add_prefix("outcome: ")
    table = facts.join(by_target(judged).drop(columns="found_attainable")).join(counts)
    return table.reset_index()


def profile(judged: pd.DataFrame) -> pd.DataFrame:
    """Share of the targets found to within τ: a row per τ (`THRESHOLDS`), a column per method.

    Of each target the median over the seeds counts, of the shares the means that `standings` has:
    the area of a method's profile over the digits of τ is its digits.
    """
    return averaged(found_within(by_target(judged)["digits"])).T


def found_within(digits: "pd.Series[float]") -> pd.DataFrame:
    """1 where a target was found to within τ, else 0: the rows of `digits`, a column per τ.

    What has no digits, such as a fit that failed, is within no τ, 1 neither.
    """
    some = digits.to_numpy()[:, None]
    within = (some >= -np.log10(THRESHOLDS) - 1e-9) & (some > 0)
    return pd.DataFrame(within.astype(float), digits.index, pd.Index(THRESHOLDS, name="tau"))
