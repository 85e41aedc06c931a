"""How the scores of each method went from one promoted run to the next, and where they jumped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from koopmark.analysis.numbers import plain, plural, scientific
from koopmark.regression._check import FIT_METRICS, TARGET_METRICS
from koopmark.regression.history import OF_FITS, OF_TARGETS, SHARES, PromotedRun

ERRORS = (*OF_TARGETS, *OF_FITS)

FLOORS = {
    metric.name: metric.floor for metric in (*TARGET_METRICS, *FIT_METRICS) if metric.name in ERRORS
}
"""Errors below are all alike, as they are for a check."""

CEILING = 10.0
"""Errors above are all alike, infinite ones too: nothing was found."""

SPEED = "speed"
"""What stands for the dataset of the core's own speed, and for its score."""


FEWEST = 4
"""Values below which no level can be told from chance."""

MISSING = "change points need ruptures, which is not installed: pip install 'ruptures>=1.1.9'"


@dataclass(frozen=True)
class LevelChange:
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
    changes: tuple[LevelChange, ...]


def trends(lines: Sequence[PromotedRun]) -> list[Series]:
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
    found = []
    for dataset, method, target, score in sorted(keys):
        of_target = [line.scores.get(dataset, {}).get(method, {}).get(target, {}) for line in lines]
        values = [scores.get(score, np.nan) for scores in of_target]
        found.append(_series(lines, dataset, method, target, score, values))
    for kernel in dict.fromkeys(kernel for line in lines for kernel in line.speed):
        here = (line.speed if line.cpu == lines[-1].cpu else {} for line in lines)
        values = [speed.get(kernel, np.nan) for speed in here]
        found.append(_series(lines, SPEED, kernel, "", SPEED, values))
    return [series for series in found if not all(np.isnan(series.values))]


def changes_of(series: Iterable[Series]) -> list[LevelChange]:
    """All changes, the latest first, of one run those for the worse first."""
    changes = [change for one in series for change in one.changes]
    return sorted(
        changes, key=lambda it: (-it.index, not it.worse, it.dataset, it.method, it.target)
    )


def in_short(lines: Sequence[PromotedRun], changes: Sequence[LevelChange]) -> str:
    """How many runs there are, and how many changes, in a sentence."""
    worse = sum(change.worse for change in changes)
    runs = f"{plural(len(lines), 'run')} since {lines[0].started[:10]}"
    if not changes:
        return f"{runs}: no score has changed its level."
    return f"{runs}: {plural(len(changes), 'change')} of level, {worse} for the worse."


def why_unmarked(lines: Sequence[PromotedRun]) -> str:
    """Why no change can be marked; empty if it can."""
    if not available():
        return f"No change is marked: {MISSING}."
    return f"Changes are looked for from {FEWEST} runs on." if len(lines) < FEWEST else ""


def _series(
    lines: Sequence[PromotedRun],
    dataset: str,
    method: str,
    target: str,
    score: str,
    values: list[float],
) -> Series:
    where = [index for index, value in enumerate(values) if not np.isnan(value)]
    scaled = np.array([values[index] for index in where])
    # Powers of ten of errors and of times; shares as they are.
    if score not in SHARES:
        least, most = (FLOORS[score], CEILING) if score in ERRORS else (1e-6, 1e6)
        scaled = np.log10(np.clip(scaled, least, most))
    # A kernel's time is known to a few percent, an error to half a decade.
    finest = {"least": 0.04, "spread": 0.01} if score == SPEED else {}
    starts = change_points(scaled, **finest) if available() else []
    edges = [0, *starts, len(where)]
    levels = [float(np.median([values[i] for i in where[a:b]])) for a, b in pairwise(edges)]
    changes = [
        LevelChange(
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


def _since(before: PromotedRun, now: PromotedRun, method: str) -> str:
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


def available() -> bool:
    """Whether ruptures is installed."""
    return find_spec("ruptures") is not None


def change_points(values: ArrayLike, least: float = 0.25, spread: float = 0.05) -> list[int]:
    """Indices of the values with which a new level begins.

    Least squares with levels that are constant (PELT, Killick, Fearnhead and Eckley 2012), a change
    costing 6 σ² (log n + 20 / n). σ comes from the median of the differences from one value to the
    next, which a few jumps do not move, and is at least `spread`: most histories repeat to the
    digit, and rounding is no change. The term in 1 / n makes up for a σ from few values. Both
    numbers are set such that of histories of nothing but normal noise fewer than one in twenty has
    a change point, however many values there are and whatever their noise (tests/regression).

    Parameters
    ----------
    values : (n,) array, finite
    least : float
        Smaller changes of level are not reported.
    spread : float
        The least σ.
    """
    series = np.asarray(values, dtype=float)
    if len(series) < FEWEST:
        return []
    from ruptures import Pelt

    count = len(series)
    sigma = max(spread, 1.4826 * float(np.median(np.abs(np.diff(series)))) / np.sqrt(2))
    penalty = 6 * sigma**2 * (np.log(count) + 20 / count)
    *starts, _ = Pelt(model="l2", min_size=1, jump=1).fit(series).predict(penalty)
    edges = [0, *starts, count]
    levels = [series[a:b].mean() for a, b in pairwise(edges)]
    steps = np.abs(np.diff(levels))
    return [int(start) for start, step in zip(starts, steps, strict=True) if step >= least]
