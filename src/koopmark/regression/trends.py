"""How the scores of each method went from one promoted run to the next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from koopmark.analysis.numbers import plain, scientific
from koopmark.regression.change_points import available, change_points
from koopmark.regression.changes import FIT_METRICS, TARGET_METRICS
from koopmark.regression.line import OF_FITS, OF_TARGETS, SHARES, Line

ERRORS = (*OF_TARGETS, *OF_FITS)

FLOORS = {
    metric.name: metric.floor for metric in (*TARGET_METRICS, *FIT_METRICS) if metric.name in ERRORS
}
"""Errors below are all alike, as they are for a check."""

CEILING = 10.0
"""Errors above are all alike, infinite ones too: nothing was found."""

SPEED = "speed"
"""What stands for the dataset of the core's own speed, and for its score."""


@dataclass(frozen=True)
class Change:
    """A new level of a score."""

    dataset: str
    method: str
    target: str
    """Empty for scores of the fit as a whole."""
    score: str
    index: int
    """Of the run with which it began, among the lines."""
    before: float
    now: float
    since: str
    """What else was new with that run."""

    @property
    def worse(self) -> bool:
        return (self.now < self.before) == (self.score in SHARES)

    def sentence(self) -> str:
        """The change in one line."""
        write = scientific if self.score in ERRORS else plain
        what = self.score.replace("_", " ") if self.score != SPEED else "time over the reference's"
        where = f" on {self.dataset}" if self.dataset != SPEED else ""
        what += f" at {self.target}" if self.target else ""
        return (
            f"{self.method}{where}: {what} {write(self.before)} → {write(self.now)} "
            f"since {self.since}"
        )


@dataclass(frozen=True)
class Series:
    """A score of a method on a dataset; a value per line, missing where there is none."""

    dataset: str
    method: str
    target: str
    score: str
    values: tuple[float, ...]
    changes: tuple[Change, ...]


def trends(lines: Sequence[Line]) -> list[Series]:
    """Every series of the lines of one suite, oldest line first, with its change points.

    The core's speed is compared among runs on the last line's processor alone. Without ruptures
    no series has changes.
    """
    keys = dict.fromkeys(
        (dataset, method, target, score)
        for line in lines
        for dataset, methods in line.scores.items()
        for method, targets in methods.items()
        for target, scores in targets.items()
        for score in scores
        if score in (*ERRORS, *SHARES)
    )
    found = [_series(lines, *key, [_score(line, *key) for line in lines]) for key in sorted(keys)]
    kernels = dict.fromkeys(kernel for line in lines for kernel in line.speed)
    found += [
        _series(lines, SPEED, kernel, "", SPEED, _speeds(lines, kernel)) for kernel in kernels
    ]
    return [series for series in found if not all(np.isnan(series.values))]


def changes_of(series: Iterable[Series]) -> list[Change]:
    """All changes, the latest first, of one run those for the worse first."""
    changes = [change for one in series for change in one.changes]
    return sorted(
        changes, key=lambda it: (-it.index, not it.worse, it.dataset, it.method, it.target)
    )


def _score(line: Line, dataset: str, method: str, target: str, score: str) -> float:
    of_target = line.scores.get(dataset, {}).get(method, {}).get(target, {})
    return of_target.get(score, float("nan"))


def _speeds(lines: Sequence[Line], kernel: str) -> list[float]:
    return [
        line.speed.get(kernel, float("nan")) if line.cpu == lines[-1].cpu else float("nan")
        for line in lines
    ]


def _series(
    lines: Sequence[Line],
    dataset: str,
    method: str,
    target: str,
    score: str,
    values: list[float],
) -> Series:
    where = [index for index, value in enumerate(values) if not np.isnan(value)]
    scaled = _scaled(score, np.array([values[index] for index in where]))
    # A kernel's time is known to a few percent, an error to half a decade.
    finest = {"least": 0.04, "spread": 0.01} if score == SPEED else {}
    starts = change_points(scaled, **finest) if available() else []
    edges = [0, *starts, len(where)]
    levels = [float(np.median([values[i] for i in where[a:b]])) for a, b in pairwise(edges)]
    changes = [
        Change(
            dataset,
            method,
            target,
            score,
            where[start],
            before,
            now,
            _since(lines[where[start - 1]], lines[where[start]], method),
        )
        for start, (before, now) in zip(starts, pairwise(levels), strict=True)
    ]
    return Series(dataset, method, target, score, tuple(values), tuple(changes))


def _scaled(score: str, values: NDArray[np.float64]) -> list[float]:
    """Powers of ten of errors and of times; shares as they are."""
    if score in SHARES:
        return [float(value) for value in values]
    floor, ceiling = (FLOORS[score], CEILING) if score in ERRORS else (1e-6, 1e6)
    return [float(value) for value in np.log10(np.clip(values, floor, ceiling))]


def _since(before: Line, now: Line, method: str) -> str:
    """What was new: the library that does the work, else koopmark, else its dependencies."""
    mine, old = now.methods.get(method, ""), before.methods.get(method, "")
    if mine != old and mine and not mine.startswith("koopmark "):
        return mine
    if now.koopmark != before.koopmark:
        return f"koopmark {now.koopmark}"
    changed = [
        f"{name} {version}"
        for name, version in now.libraries.items()
        if before.libraries.get(name) != version
    ]
    if changed:
        return ", ".join(changed)
    if now.commit != before.commit and now.commit:
        return f"commit {now.commit[:12]}"
    return now.started[:10]
