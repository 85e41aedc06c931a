"""The map of a run: what became of each target with each method, as one figure shows it.

Rows are methods in groups, columns are targets in problems, and a cell says in one of six words
what most seeds came to. Whoever draws it, on a page or for a paper, draws this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.analysis.measure import SUCCESS, Outcome
from koopmark.scoring import FOUND


class Cell(StrEnum):
    """What a cell of the map says."""

    FOUND = "found"
    WITHIN = "found within the noise"
    NOT_EXPRESSIBLE = "cannot be expressed"
    MISSED = "missed"
    FAILED = "failed"
    NOT_RUN = "not run"


CELLS: Mapping[Outcome, Cell] = {
    outcome: Cell.MISSED for outcome in Outcome if outcome not in SUCCESS
} | {
    Outcome.FOUND: Cell.FOUND,
    Outcome.WITHIN: Cell.WITHIN,
    Outcome.NOT_RUN: Cell.NOT_RUN,
    Outcome.FAILED: Cell.FAILED,
    Outcome.NOT_EXPRESSIBLE: Cell.NOT_EXPRESSIBLE,
}
"""The word for each outcome; all ways to miss what could be found have one."""

SAYINGS: Mapping[Cell, str] = {
    Cell.FOUND: "both errors are at most 1e-k, with k at least 3",
    Cell.WITHIN: "also found: the errors are larger, and the noise in the data explains them",
    Cell.NOT_EXPRESSIBLE: "no combination of the dictionary's functions is close to the "
    "eigenfunction",
    Cell.MISSED: "the fit lost a target that its dictionary contains, or may contain",
    Cell.FAILED: "the fit raised an error, crashed, or exceeded a limit",
    Cell.NOT_RUN: "the method was not run here, does not apply to the data, or its library is not "
    "installed",
}

ALIKE = 1
"""Methods share a row of the figure if k of *found to 1e-k* differs by no more at any target:
errors on both sides of a power of ten may differ by rounding alone."""

FEWEST = -np.log10(FOUND)
"""k of *found to 1e-k* is at least this."""

COLUMNS = ["problem", "dataset", "target", "principal", "noise"]


@dataclass(frozen=True, eq=False)
class OutcomeMap:
    """Methods against targets; arrays are (methods, targets), in the order of both tables."""

    methods: pd.DataFrame
    """A row per method: method, library, role, group (its library or, if it is not ranked, its
    role) and row, the number of the row of the figure that it shares with those that agree in
    every cell, k of *found to 1e-k* to within `ALIKE`."""
    targets: pd.DataFrame
    """A row per target: problem, dataset, target, principal, noise."""
    outcomes: NDArray[np.object_]
    """The `Outcome` of each cell; `Outcome.NOT_RUN` if the method was not asked."""
    cells: NDArray[np.object_]
    """The `Cell` of each."""
    digits: NDArray[np.float64]
    """Median digits over the seeds; NaN if not run."""
    found: NDArray[np.int64]
    """At how many seeds it was found."""
    seeds: NDArray[np.int64]
    """How many seeds there are; 0 if the method was not asked."""
    seed: NDArray[np.float64]
    """The first seed that ended as the cell says; NaN if there is none."""

    @property
    def exponents(self) -> NDArray[np.int64]:
        """k of *found to 1e-k*: whole digits; 0 where nothing was found."""
        return _exponents(self.cells, self.digits)

    def rows(self) -> list[list[str]]:
        """The methods of each row of the figure, the best first."""
        return [list(some) for _, some in self.methods.groupby("row")["method"]]


def outcome_map(judged: pd.DataFrame, order: Sequence[str]) -> OutcomeMap:
    """The map of a run.

    A target counts as found if it was at more than half of the seeds; of the seeds on that side the
    commonest outcome is the cell's, of equally common ones the first of `Outcome`.

    Parameters
    ----------
    judged : DataFrame
        A row per fit and target (`measure.judge`).
    order : sequence of str
        All methods, best first (`Results.order`). Within a group it is the order of the rows, and
        groups come by their first method.
    """
    targets = _targets(judged)
    methods = _methods(judged, order)
    shape = (len(methods), len(targets))
    outcomes = np.full(shape, Outcome.NOT_RUN, dtype=object)
    digits, seed = np.full(shape, np.nan), np.full(shape, np.nan)
    found, seeds = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    if len(judged):
        cells = _cells(judged)
        i = pd.Index(methods["method"]).get_indexer(cells["method"])
        j = pd.MultiIndex.from_frame(targets[["dataset", "target"]]).get_indexer(
            pd.MultiIndex.from_frame(cells[["dataset", "target"]])
        )
        outcomes[i, j] = [Outcome(name) for name in cells["outcome"]]
        ran = (cells["outcome"] != str(Outcome.NOT_RUN)).to_numpy()
        digits[i, j] = np.where(ran, cells["digits"], np.nan)
        found[i, j], seeds[i, j], seed[i, j] = cells["found"], cells["seeds"], cells["seed"]
    words = np.empty(shape, dtype=object)
    for outcome, cell in CELLS.items():
        words[outcomes == outcome] = cell
    return OutcomeMap(
        methods.assign(row=_rows(methods, words, _exponents(words, digits))),
        targets,
        outcomes,
        words,
        digits,
        found,
        seeds,
        seed,
    )


def _exponents(words: NDArray[np.object_], digits: NDArray[np.float64]) -> NDArray[np.int64]:
    known = np.where(words == Cell.FOUND, digits, 0.0)
    return np.floor(known + 1e-9).astype(np.int64)


def _targets(judged: pd.DataFrame) -> pd.DataFrame:
    """Datasets of a problem side by side, in the order in which they come, with their targets."""
    known = judged[[*COLUMNS, "target_index"]].drop_duplicates(["dataset", "target"])
    places = {
        name: pd.Series(pd.factorize(known[name])[0], known.index)
        for name in ("problem", "dataset")
    }
    ordered = known.assign(**{f"{name}_place": place for name, place in places.items()})
    ordered = ordered.sort_values(["problem_place", "dataset_place", "target_index"], kind="stable")
    return ordered[COLUMNS].reset_index(drop=True)


def _methods(judged: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    facts = judged.groupby("method", sort=False)[["library", "role"]].first()
    known = facts.reindex([name for name in order if name in facts.index]).reset_index()
    group = known["library"].where(known["role"] == "method", known["role"])
    known = known.assign(group=group)
    place = pd.Series(pd.factorize(group)[0], known.index)
    return known.loc[place.sort_values(kind="stable").index].reset_index(drop=True)


def _cells(judged: pd.DataFrame) -> pd.DataFrame:
    """A row per method, dataset and target: outcome, digits, found, seeds, seed."""
    keys = ["method", "dataset", "target"]
    rank = {str(outcome): place for place, outcome in enumerate(Outcome)}
    rows = judged[[*keys, "seed", "digits", "found", "outcome"]]
    by_cell = rows.groupby(keys, sort=False)
    share = by_cell["found"].transform("mean")
    # Of the seeds on the side of the majority, the outcome that is commonest among them. What is
    # found to fewer digits in the median owes it to noise, whatever single seeds came to.
    median = by_cell["digits"].transform("median")
    short = (median < FEWEST - 1e-9) & (rows["outcome"] == str(Outcome.FOUND))
    with_it = rows[(rows["found"] == (share > 0.5)) & ~short]
    counts = with_it.groupby([*keys, "outcome"], sort=False)["seed"].agg(["size", "min"])
    counts = counts.reset_index().assign(rank=lambda table: table["outcome"].map(rank))
    counts = counts.sort_values(["size", "rank"], ascending=[False, True], kind="stable")
    chosen = counts.drop_duplicates(keys).set_index(keys)[["outcome", "min"]]
    facts = by_cell.agg(digits=("digits", "median"), found=("found", "sum"), seeds=("seed", "size"))
    return facts.join(chosen.rename(columns={"min": "seed"})).reset_index()


def _rows(
    methods: pd.DataFrame, words: NDArray[np.object_], exponents: NDArray[np.int64]
) -> list[int]:
    """Numbers rows from 0: methods that agree with the first of an earlier row share it."""
    firsts: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    numbers: list[int] = []
    count = 0
    for place, (group, row) in enumerate(zip(methods["group"], words, strict=True)):
        known = firsts.setdefault((group, *map(str, row)), [])
        near = (
            number
            for first, number in known
            if (np.abs(exponents[first] - exponents[place]) <= ALIKE).all()
        )
        number = next(near, count)
        if number == count:
            known.append((place, number))
            count += 1
        numbers.append(number)
    return numbers
