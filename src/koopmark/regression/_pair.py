"""A run held against a baseline: what both have, and what of it changed, worst first."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis import columns
from koopmark.analysis.numbers import MISSING, listed, plural, scientific
from koopmark.analysis.tables import KEYS
from koopmark.regression._changes import (
    FIT_METRICS,
    changes,
    decades_worse,
    ok_in_both,
    side_by_side,
)
from koopmark.regression._comparable import (
    NOT_SCORED,
    Difference,
    RunFolder,
    method_differences,
    not_the_same,
    not_whole,
    recipe_differences,
    version_differences,
)
from koopmark.regression._markdown import section

T = TypeVar("T")


class Was(NamedTuple, Generic[T]):
    """A value in the baseline, and in the run."""

    baseline: T
    run: T


FAILS, LOST, FEWER = "fit fails", "target lost", "fewer digits"
SUCCEEDS, FOUND, MORE = "fit succeeds", "target found", "more digits"
ERRORS = {
    "eigenvalue_error_relative": "eigenvalue",
    "eigenfunction_error": "eigenfunction",
    "gain_error": "gain",
}
WORDS = {
    "worse": {"found": LOST, "digits": FEWER} | dict.fromkeys(ERRORS, "larger error"),
    "better": {"found": FOUND, "digits": MORE} | dict.fromkeys(ERRORS, "smaller error"),
}
"""What `changes` says of a target, for people."""

PLAINEST = (FAILS, SUCCEEDS, LOST, FOUND, FEWER, MORE)
"""The order of changes; errors and other scores follow, all by how much they moved."""

COLUMNS = ("method", "dataset", "seed", "target or score", "change", "baseline", "run")
"""Of every table of changes: in the terminal, in Markdown and on a page."""

TITLES = {column.key: column.title for column in columns.SUMMARY}


@dataclass(frozen=True)
class Change:
    """A fit, a target of a fit, or a score of a fit as a whole that got worse or better."""

    change: str
    method: str
    dataset: str
    seed: int
    what: str
    """The target or the score; empty for a fit."""
    baseline: str
    run: str
    by: float
    """How much, positive: digits or powers of ten; of a fit, the digits of all its targets."""
    fits: Was[str]
    """The `fit_id` in each of the two."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Its row under `COLUMNS`."""
        seed, what = str(self.seed), self.what or MISSING
        return (self.method, self.dataset, seed, what, self.change, self.baseline, self.run)


@dataclass(frozen=True)
class Row:
    """A fit, or a target of a fit, that only one of two runs has."""

    dataset: str
    seed: int
    method: str
    target: str = ""


@dataclass(frozen=True, eq=False)
class Pair:
    """What two runs have in common, and what of it is not the same."""

    baseline: RunFolder
    run: RunFolder
    compared: int
    """Number of fits in both runs whose scores were compared."""
    targets: int
    """Number of targets of these fits that can be scored, each seed by itself."""
    found: Was[int]
    """How many of them were found."""
    excluded: tuple[str, ...]
    """Sentences on datasets and methods that are not the same in both under one name."""
    names: frozenset[str]
    """Those datasets and methods."""
    apart: tuple[str, ...]
    """Why one of the two has fits that the other lacks, each without its full stop."""
    undescribed: tuple[str, ...]
    """Sentences on what is not known of how the two were made."""
    worse: tuple[Change, ...]
    """Worst first."""
    better: tuple[Change, ...]
    """Best first."""
    gone_fits: tuple[Row, ...]
    """Fits that only the baseline has."""
    gone_targets: tuple[Row, ...]
    """Targets that only the baseline has, of fits that both have."""
    new: tuple[Row, ...]
    """Fits and targets that only the run has."""
    versions: tuple[Difference, ...]
    """What differs of the software and the machine."""

    def counts(self) -> str:
        """How much was compared, and how much of it changed, in a line."""
        before, now = self.found
        gone = _number(self.gone_fits, self.gone_targets)
        changed = f"Worse: {_tally(self.worse)}. Better: {_tally(self.better)}."
        compared = (
            f"{plural(self.compared, 'fit')} compared, {now:,} of "
            f"{plural(self.targets, 'target')} found (baseline: {before:,}). "
            + (changed if self.worse or self.better else "No score changed.")
        )
        return " ".join(
            [
                compared if self.compared else "No fit could be compared.",
                *([f"Only in the baseline: {gone}."] if gone else []),
                *([f"Only in the run: {new}."] if (new := _number(self.new)) else []),
            ]
        )

    def sections(self, gone: Sequence[Row], level: int = 2) -> list[str]:
        """The tables of changes as Markdown, and of the rows that only one of the two has."""
        return [
            *section("Worse", COLUMNS, (change.texts for change in self.worse), level),
            *section("Only in the baseline", ALONE, alone(gone), level),
            *section("Better", COLUMNS, (change.texts for change in self.better), level),
            *section("Only in the run", ALONE, alone(self.new), level),
        ]


def _tally(some: Sequence[Change]) -> str:
    """`3 (fit fails 1, target lost 2)`."""
    kinds = Counter(change.change for change in some)
    counted = ", ".join(f"{kind} {count:,}" for kind, count in kinds.items())
    return f"{len(some):,} ({counted})" if some else "nothing"


def _number(*rows: Sequence[Row]) -> str:
    """`2 fits and 1 target`; empty if there are none."""
    targets = sum(row.target != "" for some in rows for row in some)
    fits = sum(map(len, rows)) - targets
    counted = ((fits, "fit"), (targets, "target"))
    return listed([plural(count, noun) for count, noun in counted if count])


ALONE = ("method", "dataset", "target", "seeds")


def alone(rows: Iterable[Row]) -> Iterator[tuple[str, ...]]:
    """Fits and targets that one run has alone, seeds of the same in one row, below `ALONE`."""
    seeds: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        seeds.setdefault((row.method, row.dataset, row.target), []).append(str(row.seed))
    for (method, dataset, target), some in seeds.items():
        yield method, dataset, target or MISSING, ", ".join(some)


def pair(run: RunFolder, baseline: RunFolder) -> Pair:
    """Hold a run against a baseline.

    Fits are matched by dataset, seed and method, targets by their place in the list as well.
    Datasets and methods that are not the same in both are not compared.

    Raises
    ------
    ConfigError
        If the two share no fit.
    """
    fits = side_by_side(run.fits, baseline.fits, KEYS)
    both_fits = fits[fits["_merge"] == "both"]
    if both_fits.empty:
        raise ConfigError(
            f"{run.folder} and {baseline.folder} have no fit in common: no dataset, seed and "
            "method are the same"
        )
    recipes = recipe_differences(run, baseline)
    methods = method_differences(run, baseline, both_fits)
    targets = changes(run.verdicts, baseline.verdicts)
    fits, common, targets = (
        table[~(table["dataset"].isin(list(recipes)) | table["method"].isin(list(methods)))]
        for table in (fits, both_fits, targets)
    )
    both = targets[targets["_merge"] == "both"]
    scored = both[(both["outcome"] != NOT_SCORED) | (both["outcome_baseline"] != NOT_SCORED)]
    digits = targets.groupby(KEYS)[["digits_baseline", "digits"]].sum()
    return Pair(
        baseline=baseline,
        run=run,
        compared=len(common),
        targets=len(scored),
        found=Was(int(scored["found_baseline"].sum()), int(scored["found"].sum())),
        excluded=(*not_the_same("recipe", recipes), *not_the_same("method", methods)),
        names=frozenset([*recipes, *methods]),
        apart=tuple(not_whole(run, baseline)),
        undescribed=tuple(
            f"{lacking}." for one in (run, baseline) if (lacking := one.undescribed(both_fits))
        ),
        worse=_changes(common, both, digits, "worse"),
        better=_changes(common, both, digits, "better"),
        gone_fits=_rows(fits[fits["_merge"] == "right_only"]),
        gone_targets=_lone(targets, common, "right_only"),
        new=(*_rows(fits[fits["_merge"] == "left_only"]), *_lone(targets, common, "left_only")),
        versions=tuple(version_differences(run, baseline)),
    )


def _changes(
    fits: pd.DataFrame, targets: pd.DataFrame, digits: pd.DataFrame, side: str
) -> tuple[Change, ...]:
    """What got worse, or better, of the fits that both runs have: plainest and largest first."""
    found = [
        *_of_fits(fits, digits, side),
        *_of_targets(targets, side),
        *_of_scores(fits[ok_in_both(fits)], side),
    ]
    order = {change: place for place, change in enumerate(PLAINEST)}
    return tuple(sorted(found, key=lambda it: (order.get(it.change, len(order)), -it.by)))


def _change(row: "pd.Series[Any]", change: str, what: str, ends: Was[str], by: float) -> Change:
    """Of a row of `side_by_side`."""
    ids = Was(row["fit_id_baseline"], row["fit_id"])
    key = row["method"], row["dataset"], int(row["seed"])
    return Change(change, *key, what, ends.baseline, ends.run, float(by), ids)


def _ends(row: "pd.Series[Any]", name: str, write: Callable[[Any], str] = scientific) -> Was[str]:
    return Was(write(row[f"{name}_baseline"]), write(row[name]))


def _of_fits(fits: pd.DataFrame, digits: pd.DataFrame, side: str) -> Iterator[Change]:
    """Fits that succeeded in one run and not in the other."""
    was, now = fits["status_baseline"] == "ok", fits["status"] == "ok"
    worse = side == "worse"
    for _, row in fits[was & ~now if worse else ~was & now].iterrows():
        key = tuple(row[KEYS])
        had = digits.loc[key].max() if key in digits.index else 0.0
        status, reason = _ends(row, "status", str), _ends(row, "reason", str)
        ends = Was(
            *(f"{one}: {why}" if why else one for one, why in zip(status, reason, strict=True))
        )
        yield _change(row, FAILS if worse else SUCCEEDS, "", ends, had)


def _of_targets(targets: pd.DataFrame, side: str) -> Iterator[Change]:
    """Targets that were lost or found, or whose digits or errors moved by more than they may."""
    for _, row in targets[targets[side] != ""].iterrows():
        what, by = row[side], row[f"{side}_by"]
        target = f"{row['target']}: {ERRORS[what]}" if what in ERRORS else row["target"]
        ends = _ends(row, what) if what in ERRORS else _verdicts(row)
        yield _change(row, WORDS[side][what], target, ends, by)


def _verdicts(row: "pd.Series[Any]") -> Was[str]:
    """`9.0 digits`; with the outcome if that changed, with the error if the digits read alike."""
    outcome, digits = _ends(row, "outcome", str), _ends(row, "digits", columns.DIGITS.write)
    texts = [f"{number} digits" for number in digits]
    if outcome.baseline != outcome.run:
        texts = [f"{one}, {text}" for one, text in zip(outcome, texts, strict=True)]
    if digits.baseline == digits.run:
        texts = [f"{text}, error {e}" for text, e in zip(texts, _ends(row, "error"), strict=True)]
    return Was(*texts)


def _of_scores(fits: pd.DataFrame, side: str) -> Iterator[Change]:
    """The scores of fits as a whole that moved by more than they may."""
    sign = 1.0 if side == "worse" else -1.0
    for metric in FIT_METRICS:
        moved = sign * decades_worse(fits, metric)
        for index in np.flatnonzero(moved > metric.decades):
            row = fits.iloc[index]
            ends = _ends(row, metric.name)
            yield _change(row, f"score {side}", TITLES[metric.name], ends, moved[index])


def _lone(targets: pd.DataFrame, common: pd.DataFrame, side: str) -> tuple[Row, ...]:
    """Targets on one side only of fits that both have."""
    return _rows(targets[targets["_merge"] == side].merge(common[KEYS], on=KEYS))


def _rows(table: pd.DataFrame) -> tuple[Row, ...]:
    return tuple(
        Row(row["dataset"], int(row["seed"]), row["method"], row.get("target", ""))
        for _, row in table.iterrows()
    )
