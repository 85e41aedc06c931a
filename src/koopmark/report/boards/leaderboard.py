"""Methods ranked over all datasets that a question is about, and how sure the order is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from koopmark.report.boards.significance import Test, compare
from koopmark.report.numbers import upper_median
from koopmark.report.ranking import rounded

RESAMPLES = 2000
CONFIDENCE = 0.95
FEWEST_SEEDS = 3
"""Fewer say nothing about how much seeds matter."""

MOST_MISSED = 0.1
"""A dataset that more than this share of the methods were not run on is left out."""

NEVER_RAN = ("skipped", "unavailable")
"""A method all of whose fits ended so is not ranked."""

INFINITE = 1e100
"""Stands for infinite scores in the bootstrap, which takes means and squares."""


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """The methods of one question, best first.

    `rows` has the columns place, method, mean_rank, first (in how many blocks it is, alone or with
    others), median, low, high, fits, failed, and like_the_best, which is empty without a test.
    """

    rows: pd.DataFrame
    test: Test
    datasets: tuple[str, ...]
    seeds: int
    partly_run: tuple[str, ...]
    """Methods left out because they ran on a part of the datasets."""
    never_ran: tuple[str, ...]
    """Methods left out because they were skipped or unavailable everywhere."""
    missed: tuple[str, ...]
    """Datasets left out because too many methods were not run on them."""


def leaderboard(results: pd.DataFrame, alike: tuple[float, float] = (0.0, np.inf)) -> Leaderboard:
    """Rank methods by a score of which less is better.

    Each dataset and seed ranks the methods; what did not end ok or has no score is last. A
    problem's datasets at one seed share what they are made of: their mean ranks, ranked again, are
    one block, and the mean over blocks gives the order. Medians are over all datasets and seeds,
    failures counted as infinite; intervals come from a bootstrap over the seeds.

    Parameters
    ----------
    results : DataFrame
        A row per fit: problem, dataset, seed, method, status, score.
    alike : (low, high)
        Scores up to the first are alike, and scores from the second on.
    """
    results, missed = _common_datasets(results)
    ran = ~results["status"].isin(NEVER_RAN)
    methods = list(results["method"].unique())
    some = set(results.loc[ran, "method"])
    table = _table(results[results["method"].isin(some)])
    counts = table.groupby("method", sort=False).size()
    full = [name for name in methods if name in some and counts[name] == counts.max()]
    scores = table[table["method"].isin(full)]
    blocks = _blocks(scores, full, alike)
    test = compare(blocks.to_numpy(dtype=float))
    # Where all are alike nobody is best.
    told_apart = blocks.nunique(axis=1).gt(1)
    best = blocks.eq(blocks.min(axis=1), axis=0) & told_apart.to_numpy()[:, None]
    rows = _rows(scores, full)
    rows.insert(1, "mean_rank", blocks.mean()[full].to_numpy())
    rows.insert(2, "first", best.sum()[full].to_numpy())
    rows = rows.sort_values(["mean_rank", "median", "method"], ignore_index=True)
    rows.insert(0, "place", rows["mean_rank"].rank(method="min").astype(int))
    rows["like_the_best"] = _like_the_best(rows["mean_rank"], test)
    return Leaderboard(
        rows,
        test,
        tuple(scores["dataset"].unique()),
        int(scores["seed"].nunique()),
        tuple(name for name in methods if name in some and name not in full),
        tuple(name for name in methods if name not in some),
        missed,
    )


def _common_datasets(results: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Without the datasets that few methods share: they would leave few methods to rank."""
    ran_on = results.groupby("dataset", sort=False)["method"].nunique()
    missed = ran_on.index[ran_on < (1 - MOST_MISSED) * results["method"].nunique()]
    kept = results[~results["dataset"].isin(missed)]
    # Where no dataset is shared by most, those that most share are all there is.
    if kept.empty:
        missed = ran_on.index[ran_on < ran_on.max()]
        kept = results[~results["dataset"].isin(missed)]
    return kept, tuple(str(name) for name in missed)


def _table(results: pd.DataFrame) -> pd.DataFrame:
    """Scores with what was lost at infinity; without the fits that no method has a score at."""
    score = results["score"].where(results["status"] == "ok").astype(float)
    scored = score.notna().groupby([results["dataset"], results["seed"]]).transform("any")
    return results.assign(score=score.fillna(np.inf), lost=score.isna())[scored]


def _blocks(scores: pd.DataFrame, methods: list[str], alike: tuple[float, float]) -> pd.DataFrame:
    """Ranks of the methods (columns) in each block of a problem and a seed (rows)."""
    ranking = rounded(scores["score"].clip(*alike)).mask(scores["lost"], np.inf)
    wide = scores.assign(score=ranking).pivot(
        index=["problem", "seed", "dataset"], columns="method", values="score"
    )
    ranks = wide[methods].rank(axis=1)
    return ranks.groupby(level=["problem", "seed"], sort=False).mean().rank(axis=1)


def _rows(scores: pd.DataFrame, methods: list[str]) -> pd.DataFrame:
    """Per method: median and interval, number of fits, and of those without a score."""
    groups = dict(iter(scores.groupby("method", sort=False)))
    rows = []
    for name in methods:
        mine = groups[name]
        # In the order of the seeds, which the bootstrap draws by their place.
        wide = mine.pivot(index="dataset", columns="seed", values="score")
        low, high = interval(wide.to_numpy(dtype=float))
        rows.append((name, float(upper_median(mine["score"])), low, high, len(mine)))
    table = pd.DataFrame(rows, columns=["method", "median", "low", "high", "fits"])
    lost = scores.groupby("method")["lost"].sum()
    return table.assign(failed=[int(lost[name]) for name in methods])


def interval(scores: NDArray[np.float64]) -> tuple[float, float]:
    """Bootstrap interval of the median over datasets (rows) and seeds (columns), seeds resampled.

    Percentiles without interpolation, so that both ends are medians that some resample has; missing
    below FEWEST_SEEDS seeds. The generator is seeded: the same scores have the same interval.
    """
    # A seed that no method has a score at on some dataset is not in the grid.
    scores = scores[:, ~np.isnan(scores).any(axis=0)]
    if scores.shape[1] < FEWEST_SEEDS:
        return np.nan, np.nan
    capped = np.minimum(scores, INFINITE)

    def median(chosen: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        return upper_median(capped[:, chosen], axis=(0, axis))

    drawn = stats.bootstrap(
        (np.arange(scores.shape[1]),),
        median,
        n_resamples=RESAMPLES,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).bootstrap_distribution
    tail = (1 - CONFIDENCE) / 2
    ends = np.quantile(drawn, [tail, 1 - tail], method="inverted_cdf")
    low, high = (float(end) if end < INFINITE / 4 else np.inf for end in ends)
    return low, high


def _like_the_best(mean_ranks: "pd.Series[float]", test: Test) -> list[bool | None]:
    if not test.done:
        return [None] * len(mean_ranks)
    if not test.differ:
        return [True] * len(mean_ranks)
    if np.isnan(test.critical_difference):
        return [bool(rank == mean_ranks.min()) for rank in mean_ranks]
    return [bool(rank - mean_ranks.min() <= test.critical_difference) for rank in mean_ranks]
