"""Methods ranked over all problems that a question is about, and what that says about others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from koopmark import scoring
from koopmark.analysis.measure import (
    by_target,
    competing,
    problems,
    standings,
    standings_of,
)
from koopmark.analysis.significance import fewest_compared, mean_intervals, signed_ranks
from koopmark.analysis.sweeps import Sweep, shared_targets
from koopmark.analysis.tables import KEYS

PRINCIPAL, PRODUCTS, NOISY, DATA, DIMENSION, COST = (
    "Principal eigenfunctions",
    "Products of eigenfunctions",
    "Under noise",
    "Data efficiency",
    "Dimension",
    "Cost",
)
PROFILED = (PRINCIPAL, PRODUCTS, NOISY)
"""The questions whose boards have profiles; a sweep has its own figure."""

AXES: Mapping[str, str] = {"trajectories": DATA, "n": DIMENSION, "rank": DIMENSION}
"""The question of a sweep along an axis; all other datasets are told apart by their noise."""

MOST_MISSED = 0.1
"""A dataset is left out unless more than half of the libraries ran all but this share of their
methods on it."""

UNAVAILABLE = "unavailable"
"""A method with a fit that ended so is not ranked: nothing is known about it."""

ALL = 1 - 1e-9
"""A share from which on it is the whole."""


@dataclass(frozen=True)
class Measure:
    """What a board ranks by, one number per problem: more is better.

    Parameters
    ----------
    score : str
        The column that it is made of.
    lost : float
        What a fit that failed, or has no score, counts as.
    alike : float
        Differences between two methods up to this are of no practical interest.
    step : float
        Means that round to the same multiple of this share a place.
    bounds : (float, float), optional
        Between which every number lies; without them there are no intervals.
    """

    score: str
    lost: float
    alike: float
    step: float
    bounds: tuple[float, float] | None = None

    def in_units(self, mean: float) -> float:
        """A mean as tables and pages have it: digits as they are, -log10 of seconds as seconds."""
        if not np.isfinite(mean):
            return np.nan
        # Python's power: NumPy's of an array may differ from it in the last bit.
        return mean if self.bounds else 10.0 ** -float(mean)


DIGITS = Measure("digits", lost=0.0, alike=0.5, step=0.1, bounds=(0.0, scoring.DIGITS))
"""Half a digit is a factor of 3 in the error."""

SPEED = Measure("fit_seconds", lost=-np.inf, alike=0.1, step=0.1)
"""Of -log10 of the seconds of a fit, so that means are geometric; 0.1 is a factor of 1.26."""


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """The methods of one question, best first, also among those that share a place.

    `rows` has the columns place, method, library, default (whether its library's), mean (over the
    problems, `-inf` where some problem has no number), low and high (of the interval of that mean),
    those of `measure.standings`, fits, failed, pairs (share of the training pairs that its fits
    used), inputs (whether they used those of some data), and better, alike
    and worse: the least probabilities that the first method is better than this one, as good, or
    worse, for the best of each other library.
    """

    rows: pd.DataFrame
    measure: Measure
    problems: tuple[str, ...]
    datasets: tuple[str, ...]
    seeds: int
    partly_run: tuple[str, ...]
    """Methods left out because they ran on a part of the datasets."""
    unavailable: tuple[str, ...]
    """Methods left out because they could not be run here."""
    missed: tuple[str, ...]
    """Datasets left out because too many methods were not run on them."""

    @property
    def best(self) -> pd.DataFrame:
        """The rows that share the first place."""
        return self.rows[self.rows["place"] == 1]

    @property
    def compared(self) -> pd.DataFrame:
        """The rows that the first method was compared with; none with too few problems."""
        return self.rows[self.rows["better"].notna()]


def leaderboard(judged: pd.DataFrame, fits: pd.DataFrame, measure: Measure) -> Leaderboard | None:
    """Rank methods by their mean over problems; None with fewer than two.

    A method is ranked on the problems that all ranked methods were asked for. Its number on a
    problem is the mean over its datasets (the levels, where it is a sweep) and their targets of the
    median over the seeds. Problems are the blocks of all statistics; seeds, levels and targets are
    nested in them.

    Parameters
    ----------
    judged : DataFrame
        Rows of `measure.judge`, of methods that compete.
    fits : DataFrame
        The rows of fits.csv that these are about, and perhaps others.
    measure : Measure
    """
    if judged.empty:
        return None
    away = set(judged.loc[judged["status"] == UNAVAILABLE, "method"])
    methods = list(judged["method"].unique())
    present = judged[~judged["method"].isin(away)]
    if present["method"].nunique() < 2:
        return None
    present, missed = _common_datasets(present)
    asked = present.groupby("method")["dataset"].nunique()
    whole = present["dataset"].nunique()
    full = [name for name in methods if asked.get(name, 0) == whole]
    if len(full) < 2:
        return None
    ranked = present[present["method"].isin(full)]
    ran = fits.merge(ranked[KEYS].drop_duplicates(), on=KEYS)
    per_target = by_target(ranked)
    values = per_target["digits"] if measure.bounds else speeds(ran, measure)
    over_datasets = values.groupby(level=["method", "problem", "dataset"], sort=False).mean()
    numbers = (
        over_datasets.groupby(level=["method", "problem"], sort=False).mean().unstack("method")
    )
    return Leaderboard(
        _rows(numbers[full], standings_of(per_target), ran, measure),
        measure,
        tuple(numbers.index),
        tuple(present["dataset"].unique()),
        ranked["seed"].nunique(),
        tuple(name for name in methods if name not in away and name not in full),
        tuple(name for name in methods if name in away),
        missed,
    )


def _common_datasets(judged: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Without the datasets that few methods share: they would leave few methods to rank.

    Libraries have a vote each, however many methods they have: variants of one method, listed where
    it is good, do not decide on which problems all others are ranked.
    """
    ran_on = judged.groupby(["dataset", "library"], sort=False)["method"].nunique()
    shares = ran_on.unstack(fill_value=0) / judged.groupby("library")["method"].nunique()
    most = shares.quantile(0.5, axis=1, interpolation="lower")
    missed = most.index[most < 1 - MOST_MISSED]
    kept = judged[~judged["dataset"].isin(missed)]
    # Where no dataset is shared by most, those that most methods share are all there is.
    if kept.empty:
        methods = ran_on.groupby("dataset", sort=False).sum()
        missed = methods.index[methods < methods.max()]
        kept = judged[~judged["dataset"].isin(missed)]
    return kept, tuple(str(name) for name in missed)


def speeds(fits: pd.DataFrame, measure: Measure) -> "pd.Series[float]":
    """-log10 of the median seconds over the seeds, by method, problem and dataset."""
    seconds = fits["fit_seconds"].where((fits["status"] == "ok") & (fits["fit_seconds"] > 0))
    value = (-np.log10(seconds)).fillna(measure.lost)
    known = fits.assign(problem=problems(fits["dataset"]), value=value)
    return known.groupby(["method", "problem", "dataset"], sort=False)["value"].median()


def share_of_data(fits: pd.DataFrame) -> "pd.Series[float]":
    """Share of the snapshot pairs that each method's fits used, of those that most methods used.

    In data with gaps or uneven times no pair is used that spans a gap: what most methods leave out
    is not held against any of them. A method alone is compared with all pairs.
    """
    fitted = fits[(fits["status"] == "ok") & (fits["pairs"] > 0)]

    def usual(used: "pd.Series[float]") -> float:
        return float("nan") if len(used) < 2 else float(used.mode().max())

    usable = fitted.groupby(["dataset", "seed"])["pairs_used"].transform(usual)
    fitted = fitted.assign(usable=usable.fillna(fitted["pairs"]))
    fitted = fitted.assign(used=fitted[["pairs_used", "usable"]].min(axis=1))
    sums = fitted.groupby("method", sort=False)[["used", "usable"]].sum()
    return sums["used"] / sums["usable"]


def given_inputs(fits: pd.DataFrame) -> "pd.Series[bool]":
    """Which methods used the inputs of some data; false for all if no data have any."""
    used = (fits["uses_inputs"] > 0) & (fits["inputs"] > 0)
    return used.groupby(fits["method"], sort=False).max().astype(bool)


def _rows(
    numbers: pd.DataFrame, standing: pd.DataFrame, fits: pd.DataFrame, measure: Measure
) -> pd.DataFrame:
    """`numbers` (problems, methods) are what the methods are ranked by."""
    scores, means = numbers.T.to_numpy(), numbers.mean()
    low, high = mean_intervals(scores, *measure.bounds).T if measure.bounds else (np.nan, np.nan)
    shown = (means / measure.step).round() * measure.step
    of_method = fits.assign(failed=fits["status"] != "ok").groupby("method", sort=False)
    facts = pd.DataFrame(
        {
            "library": of_method["library"].first(),
            "default": of_method["default"].max().astype(bool),
            "fits": of_method.size(),
            "failed": of_method["failed"].sum().astype(int),
            "pairs": share_of_data(fits),
            "inputs": given_inputs(fits),
        }
    )
    rows = pd.DataFrame(
        {
            "place": shown.rank(method="min", ascending=False).astype(int),
            "mean": means,
            "low": low,
            "high": high,
        }
    )
    rows = rows.join(facts).join(standing).rename_axis("method").reset_index()
    order = rows.assign(mean=-rows["mean"].map(_alike)).sort_values(["place", "mean", "method"])
    rows = rows.loc[order.index].reset_index(drop=True)
    return rows.join(_against_the_first(rows, numbers, measure.alike))


def _alike(mean: float) -> float:
    """To six significant digits: two libraries round one method differently."""
    return float(f"{mean:.6g}")


def _against_the_first(rows: pd.DataFrame, numbers: pd.DataFrame, alike: float) -> pd.DataFrame:
    """The first method compared with the best of each other library.

    All pairs would be compared with the luckiest of many, and most methods of a library are alike.
    """
    first = rows.iloc[0]
    champions = rows[rows["library"] != first["library"]].drop_duplicates("library")
    others = numbers[champions["method"]].T.to_numpy()
    with np.errstate(invalid="ignore"):
        differences = numbers[first["method"]].to_numpy() - others
    chances = signed_ranks(differences, alike, fewest_compared(len(rows)))
    return pd.DataFrame(chances, champions.index, ["better", "alike", "worse"])


def asked_by(
    judged: pd.DataFrame, targets: pd.DataFrame, swept: Sequence[Sweep]
) -> dict[str, pd.DataFrame]:
    """The rows of `judged` that each question is about, but for the one of cost."""
    ours, asks = competing(judged), {name: AXES.get(s.axis) for s in swept for name in s.datasets}
    outside = targets[~targets["dataset"].isin(list(asks))]
    comparable = pd.concat([outside, *(shared_targets(sweep, targets) for sweep in swept)])
    ours = ours.merge(comparable[[*KEYS, "target_index"]], on=[*KEYS, "target_index"])
    axis = ours["dataset"].map(asks)
    noisy, principal = ours["noise"] > 0, ours["principal"]
    plain = axis.isna() & ~noisy
    return {
        PRINCIPAL: ours[plain & principal],
        PRODUCTS: ours[plain & ~principal],
        NOISY: ours[axis.isna() & noisy & principal],
        DATA: ours[(axis == DATA) & principal],
        DIMENSION: ours[(axis == DIMENSION) & principal],
    }


def questions(asked: Mapping[str, pd.DataFrame], fits: pd.DataFrame) -> dict[str, Leaderboard]:
    """The leaderboards of a run, by the questions that its datasets are about.

    Without noise principal eigenfunctions and products have a board each; under noise, and along a
    sweep, principal eigenfunctions are ranked, in a sweep those that all of its levels ask for. A
    sweep is one problem, all its levels together. The board of cost has the methods that found, of
    the principal eigenfunctions without noise, all that their dictionary can hold. Anchors and
    informed methods take no part, and with fewer than two others there is no board.

    Parameters
    ----------
    asked : mapping
        The rows of `asked_by`.
    fits : DataFrame
        fits.csv.
    """
    boards = {name: leaderboard(rows, fits, DIGITS) for name, rows in asked.items()}
    boards[COST] = _cost(asked[PRINCIPAL], fits)
    return {name: board for name, board in boards.items() if board is not None}


def _cost(judged: pd.DataFrame, fits: pd.DataFrame) -> Leaderboard | None:
    """Of the methods that found whatever their dictionary can hold, and anything at all."""
    if judged.empty:
        return None
    found = standings(judged)
    # If a dictionary cannot be listed, it might hold all.
    able = found[(found["yield"].fillna(found["found"]) >= ALL) & (found["found"] > 0)].index
    return leaderboard(judged[judged["method"].isin(able)], fits, SPEED)


def leaderboard_table(boards: Mapping[str, Leaderboard]) -> pd.DataFrame:
    """The leaderboards below one another, with the question and its score in front.

    `value`, `low` and `high` are mean digits, or the geometric mean of the seconds.
    """
    parts = []
    for question, board in boards.items():
        rows = board.rows.rename(columns={"mean": "value"})
        for name in ("value", "low", "high"):
            rows[name] = rows[name].map(board.measure.in_units)
        front = {
            "question": question,
            "score": board.measure.score,
            "problems": len(board.problems),
            "datasets": len(board.datasets),
            "seeds": board.seeds,
        }
        parts.append(pd.concat([pd.DataFrame(front, rows.index), rows], axis=1))
    return pd.concat(parts, ignore_index=True)
