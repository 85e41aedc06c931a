"""What cards of methods and of datasets both say: who finds what, and how fits ended."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from koopmark.analysis.conditions import Conditions, conditions
from koopmark.analysis.measure import Outcome, competing
from koopmark.analysis.numbers import MISSING, plural
from koopmark.analysis.results import Results
from koopmark.scoring import MOST_TARGETS

HALF = 0.5
"""A method finds a target if it does so at more than this share of the seeds, as in the map."""

SCORES = ("digits", "found", "reach", "yield")
"""What is said of a method beside its place on a leaderboard."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """The place of a method on a leaderboard.

    `scores` are digits, found, reach and yield there; none if it is not ranked.
    """

    board: str
    text: str
    """`3= of 40`, `not ranked`, or a dash if it was not run on these data."""
    scores: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Shared:
    """What all cards of a run need, looked up by name.

    Parameters
    ----------
    judged : mapping
        The judged rows of each method.
    digits : mapping
        Of each method, by dataset, as in the summary.
    places : mapping
        The place of each method on each board, by board, for methods that were run on its data.
    finds : DataFrame
        `measure.by_target` of the methods that compete, with the levels of its index as columns,
        and `finds`, whether at more than half of the seeds, and `order`, the method's place in the
        run's.
    found_by : mapping
        By dataset and target how many methods find it, of how many.
    """

    judged: Mapping[str, Sequence[Row]]
    digits: Mapping[str, Mapping[str, float]]
    places: Mapping[str, Mapping[str, Place]]
    finds: pd.DataFrame
    found_by: Mapping[tuple[str, str], tuple[int, int]]
    where: Mapping[str, Conditions]
    """What each dataset was recorded under."""
    drawn: Mapping[tuple[str, float, float], int]
    """The targets that portraits are made of, by dataset, seed and index: 0 for the first."""

    @classmethod
    def of(cls, run: Results) -> "Shared":
        """That of a run."""
        digits: dict[str, dict[str, float]] = {}
        summary = run.summary
        for method, dataset, value in zip(
            summary["method"], summary["dataset"], summary["digits"], strict=True
        ):
            digits.setdefault(method, {})[dataset] = value
        compete = set(competing(run.judged)["method"])
        order = {name: place for place, name in enumerate(run.order)}
        finds = run.by_target.reset_index()
        finds = finds[finds["method"].isin(compete)]
        finds = finds.assign(finds=finds["found"] > HALF, order=finds["method"].map(order))
        counts = finds.groupby(["dataset", "target"], sort=False)["finds"].agg(["sum", "size"])
        where = conditions(run.fits)
        return cls(
            judged=grouped(run.judged, "method"),
            digits=digits,
            places={name: _places(run, name) for name in run.boards},
            finds=finds,
            found_by={
                (str(dataset), str(target)): (int(some), int(of))
                for (dataset, target), some, of in zip(
                    counts.index, counts["sum"], counts["size"], strict=True
                )
            },
            where=where,
            drawn=_drawn(run.targets, where),
        )

    def of_method(self, name: str) -> tuple[Place, ...]:
        """Its place on each board; a dash where it was not run."""
        return tuple(
            places.get(name, Place(board, MISSING, {})) for board, places in self.places.items()
        )


def _places(run: Results, name: str) -> dict[str, Place]:
    board = run.boards[name]
    rows = board.rows.to_dict("records")
    at = Counter(row["place"] for row in rows)
    places = {
        method: Place(name, "not ranked", {}) for method in (*board.partly_run, *board.unavailable)
    }
    for row in rows:
        text = f"{row['place']}{'=' * (at[row['place']] > 1)} of {len(rows)}"
        places[row["method"]] = Place(name, text, {key: float(row[key]) for key in SCORES})
    return places


def _drawn(
    targets: pd.DataFrame, where: Mapping[str, Conditions]
) -> dict[tuple[str, float, float], int]:
    at = ["dataset", "seed", "target_index"]
    once = targets.drop_duplicates(at)
    values = once["target_eigenvalue_re"] + 1j * once["target_eigenvalue_im"]
    maps = once["dataset"].map({name: one.discrete for name, one in where.items()}).astype(bool)
    rate = values.abs().where(maps, -np.abs(once["target_eigenvalue_re"]))
    slowest = once.loc[rate.sort_values(ascending=False, kind="stable").index]
    groups = slowest.groupby(["dataset", "seed"], sort=False)
    ranks = dict(
        zip(slowest[at].itertuples(index=False, name=None), groups.cumcount(), strict=True)
    )
    return {which: int(rank) for which, rank in ranks.items() if rank < MOST_TARGETS}


def grouped(table: pd.DataFrame, by: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of a table by the value of a column."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_dict("records"):
        groups.setdefault(row[by], []).append({str(key): value for key, value in row.items()})
    return groups


def outcomes(rows: Iterable[Row]) -> dict[str, int]:
    """How many targets and seeds ended in which way, in the order of `Outcome`; those there are."""
    counts = Counter(str(row["outcome"]) for row in rows)
    return {str(one): counts[str(one)] for one in Outcome if counts[str(one)]}


def extent(rows: Sequence[Row]) -> str:
    """`3 methods, 2 targets, 3 seeds: 18 results`, of judged rows; empty without any."""
    if not rows:
        return ""
    methods, seeds = ({row[key] for row in rows} for key in ("method", "seed"))
    targets = {(row["dataset"], row["target"]) for row in rows}
    which = f"{plural(len(methods), 'method')}, " if len(methods) > 1 else ""
    return (
        f"{which}{plural(len(targets), 'target')}, {plural(len(seeds), 'seed')}: "
        f"{plural(len(rows), 'result')}"
    )
