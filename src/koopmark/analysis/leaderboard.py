"""Methods ranked over all problems that a question is about, and what that says about others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from koopmark import scoring
from koopmark.analysis.significance import fewest_compared, mean_intervals, signed_ranks
from koopmark.analysis.summary import competing, digits_of, problems, rounded
from koopmark.analysis.sweeps import Sweep, shared_targets
from koopmark.analysis.tables import KEYS

DATA, DIMENSION, NOISE_FREE, NOISY, COST = (
    "Data efficiency",
    "Dimension",
    "Noise-free accuracy",
    "Accuracy under noise",
    "Cost",
)
AXES: Mapping[str, str] = {"trajectories": DATA, "n": DIMENSION, "rank": DIMENSION}
"""The question of a sweep along an axis; all other datasets are told apart by their noise."""

MOST_MISSED = 0.1
"""A dataset is left out unless more than half of the libraries ran all but this share of their
methods on it."""

UNAVAILABLE = "unavailable"
"""A method with a fit that ended so is not ranked: nothing is known about it."""


@dataclass(frozen=True)
class Measure:
    """What a board ranks by, one number per problem: more is better.

    Parameters
    ----------
    score : str
        The column that it is made of.
    lost : float
        What a fit that did not end ok, or has no score, counts as.
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

    `rows` has the columns place, method, library, mean (over the problems, `-inf` where some
    problem has no number), low and high (of the interval of that mean), fits, failed, and better,
    alike and worse: the least probabilities that the first method is better than this one, as good,
    or worse, for the best of each other library.
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
    def compared(self) -> pd.DataFrame:
        """The rows that the first method was compared with; none with too few problems."""
        return self.rows[self.rows["better"].notna()]


def leaderboard(results: pd.DataFrame, measure: Measure) -> Leaderboard | None:
    """Rank methods by their mean over problems; None with fewer than two, or if none has a value.

    A method's number on a problem is the mean over its datasets (the levels, where it is a sweep)
    and their parts (the targets) of the median over the seeds. Problems are the blocks of all
    statistics; seeds, levels and targets are nested in them.

    Parameters
    ----------
    results : DataFrame
        A row per fit and part: problem, dataset, seed, part, method, library, status, value.
    measure : Measure
        What `value` is.
    """
    away = set(results.loc[results["status"] == UNAVAILABLE, "method"])
    methods = list(results["method"].unique())
    present = results[~results["method"].isin(away)]
    if present["method"].nunique() < 2:
        return None
    present, missed = _common_datasets(present)
    asked = present.groupby("method")["dataset"].nunique()
    whole = present["dataset"].nunique()
    full = [name for name in methods if name not in away and asked.get(name, 0) == whole]
    values = _values(present[present["method"].isin(full)], full)
    if len(full) < 2 or values.empty:
        return None
    numbers = _by_problem(values.fillna(measure.lost))
    libraries = dict(zip(results["method"], results["library"], strict=True))
    return Leaderboard(
        _rows(values.isna(), numbers, libraries, measure),
        measure,
        tuple(numbers.index),
        tuple(values.index.unique("dataset")),
        values.index.get_level_values("seed").nunique(),
        tuple(name for name in methods if name not in away and name not in full),
        tuple(name for name in methods if name in away),
        missed,
    )


def _common_datasets(results: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Without the datasets that few methods share: they would leave few methods to rank.

    Libraries have a vote each, however many methods they have: variants of one method, listed where
    it is good, do not decide on which problems all others are ranked.
    """
    ran_on = results.groupby(["dataset", "library"], sort=False)["method"].nunique()
    shares = ran_on.unstack(fill_value=0) / results.groupby("library")["method"].nunique()
    most = shares.quantile(0.5, axis=1, interpolation="lower")
    missed = most.index[most < 1 - MOST_MISSED]
    kept = results[~results["dataset"].isin(missed)]
    # Where no dataset is shared by most, those that most methods share are all there is.
    if kept.empty:
        methods = ran_on.groupby("dataset", sort=False).sum()
        missed = methods.index[methods < methods.max()]
        kept = results[~results["dataset"].isin(missed)]
    return kept, tuple(str(name) for name in missed)


def _values(results: pd.DataFrame, methods: list[str]) -> pd.DataFrame:
    """Values by method (columns), missing if lost; without the rows at which no method has one."""
    made = results.assign(value=results["value"].where(results["status"] == "ok").astype(float))
    index = ["problem", "dataset", "part", "seed"]
    wide = made.dropna(subset="part").pivot(index=index, columns="method", values="value")
    return wide[wide.notna().any(axis=1)].reindex(columns=methods)


def _by_problem(values: pd.DataFrame) -> pd.DataFrame:
    """The number of each method (columns) on each problem (rows)."""
    over_seeds = values.groupby(level=["problem", "dataset", "part"]).median()
    return over_seeds.groupby(level=["problem", "dataset"]).mean().groupby(level="problem").mean()


def _rows(
    lost: pd.DataFrame, numbers: pd.DataFrame, libraries: Mapping[str, str], measure: Measure
) -> pd.DataFrame:
    """`lost` says which values of each method (columns) are missing."""
    fits = lost.groupby(level=["dataset", "seed"]).all()
    means = numbers.mean()
    scores = numbers.T.to_numpy()
    low, high = mean_intervals(scores, *measure.bounds).T if measure.bounds else (np.nan, np.nan)
    shown = (means / measure.step).round() * measure.step
    rows = pd.DataFrame(
        {
            "place": shown.rank(method="min", ascending=False).astype(int).to_numpy(),
            "method": numbers.columns,
            "library": [libraries[str(name)] for name in numbers],
            "mean": means.to_numpy(),
            "low": low,
            "high": high,
            "fits": len(fits),
            "failed": fits.sum().to_numpy(),
        }
    )
    order = rows.assign(mean=-rounded(rows["mean"])).sort_values(["place", "mean", "method"])
    rows = rows.loc[order.index].reset_index(drop=True)
    return rows.join(_against_the_first(rows, numbers, measure.alike))


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


def questions(
    fits: pd.DataFrame, targets: pd.DataFrame, swept: Sequence[Sweep]
) -> dict[str, Leaderboard]:
    """The leaderboards of a run, by the questions that its datasets are about.

    Accuracy is ranked by digits (`scoring.digits`) of the targets; in a sweep, of those that all of
    its levels ask for. A sweep is one problem, all its levels together. Anchors and informed
    methods take no part, and with fewer than two others there is none.
    """
    ours, asks = competing(fits), {name: AXES.get(s.axis) for s in swept for name in s.datasets}
    axis, by_noise = ours["dataset"].map(asks), np.where(ours["noise"] > 0, NOISY, NOISE_FREE)
    question = axis.where(axis.notna(), by_noise)
    ours = ours.assign(problem=problems(ours["dataset"]), question=question)
    outside = targets[~targets["dataset"].isin(list(asks))]
    comparable = pd.concat([outside, *(shared_targets(sweep, targets) for sweep in swept)])
    digits = comparable.assign(value=digits_of(comparable), part=comparable["target_index"])
    accuracy = ours.merge(digits[[*KEYS, "part", "value"]], on=KEYS, how="left")
    boards = {
        name: leaderboard(accuracy[accuracy["question"] == name], DIGITS)
        for name in (NOISE_FREE, NOISY, DATA, DIMENSION)
    }
    seconds = ours["fit_seconds"].where(ours["fit_seconds"] > 0)
    boards[COST] = leaderboard(ours.assign(value=-np.log10(seconds), part=0), SPEED)
    return {name: board for name, board in boards.items() if board is not None}


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
