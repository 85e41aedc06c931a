"""How each method's digits went from one promoted run to the next, and where they jumped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from koopmark.analysis import columns
from koopmark.analysis.numbers import plain, plural
from koopmark.regression import _changes as check
from koopmark.regression.history import OF_BOARDS, PromotedRun

SPEED = "speed"
"""What stands for the dataset of the core's own speed, and for its score."""

DIGITS = columns.DIGITS.key
MOST_DIGITS = -float(np.log10(check.DIGITS.floor))
"""Digits of a target above these are all alike, as they are for a check."""

SCORES = (*OF_BOARDS, SPEED)

FEWEST = 4
"""Values below which no level can be told from chance."""

NONE = "none"
"""The version of a library that a run did not have."""

MISSING = "this needs ruptures, which is not installed (pip install 'ruptures>=1.1.9')"


@dataclass(frozen=True)
class LevelChange:
    """A new level of a method's digits, or of the time of a kernel of the core."""

    dataset: str
    """Or the question of a board."""
    method: str
    target: str
    """Empty for boards."""
    score: str
    index: int
    """Of the run with which it began, among the lines."""
    before: float
    now: float
    since: str
    """What else was new with that run."""

    @property
    def worse(self) -> bool:
        return (self.now < self.before) == (self.score == DIGITS)

    @property
    def texts(self) -> tuple[str, str]:
        """Both levels as people read them."""
        write = columns.DIGITS.write if self.score == DIGITS else plain
        return write(self.before), write(self.now)

    def sentence(self) -> str:
        """The change in one line."""
        before, now = self.texts
        if self.score == SPEED:
            return f"{self.method}: time / reference {before} → {now} since {self.since}"
        where = f"{self.dataset}, {self.target}" if self.target else self.dataset
        return f"{self.method} on {where}: digits {before} → {now} since {self.since}"


@dataclass(frozen=True)
class Series:
    """A score of a method; a value per line, missing where there is none."""

    dataset: str
    """Or the question of a board."""
    method: str
    target: str
    """Empty for boards."""
    score: str
    values: tuple[float, ...]
    changes: tuple[LevelChange, ...]


def trends(lines: Sequence[PromotedRun]) -> list[Series]:
    """Every series of the lines of one suite, oldest line first, the boards before the datasets.

    Digits, and the time of each kernel, have change points: what was found, and what can be, is
    told by the digits as well. The core's speed is compared among runs on the last line's processor
    alone. Without ruptures no series has changes.
    """
    marked = available()
    known = [dict(_values(line, lines[-1].cpu)) for line in lines]
    keys = dict.fromkeys(key for of_line in known for key in of_line)
    return [
        _series(lines, *key, [of_line.get(key, np.nan) for of_line in known], marked)
        for key in sorted(keys, key=lambda key: (key[0] == SPEED, key[2] != "", key))
    ]


def _values(line: PromotedRun, cpu: str) -> Iterator[tuple[tuple[str, str, str, str], float]]:
    """The values of a line by dataset, method, target and score, as a series has them."""
    tables: list[tuple[str, str, Mapping[str, Mapping[str, float]]]] = [
        *((question, "", scores) for question, scores in line.boards.items()),
        *(
            (dataset, target, scores)
            for dataset, targets in line.targets.items()
            for target, scores in targets.items()
        ),
        *([(SPEED, "", {SPEED: line.speed})] if line.cpu == cpu else []),
    ]
    for dataset, target, scores in tables:
        for score, by_method in scores.items():
            for method, value in by_method.items():
                yield (dataset, method, target, score), value


def changes_of(series: Iterable[Series]) -> list[LevelChange]:
    """All changes: the latest first; in one run the worse ones first, boards before targets."""
    changes = [change for one in series for change in one.changes]
    return sorted(
        changes,
        key=lambda it: (-it.index, not it.worse, it.target != "", it.dataset, it.method, it.target),
    )


def in_short(lines: Sequence[PromotedRun], changes: Sequence[LevelChange]) -> str:
    """How many runs there are, and how many levels shifted between them, in a sentence."""
    worse = sum(change.worse for change in changes)
    runs = f"{plural(len(lines), 'run')} since {lines[0].started[:10]}"
    if not changes:
        return f"{runs}: no level shift."
    return f"{runs}: {plural(len(changes), 'level shift')} ({plural(worse, 'regression')})."


def why_unmarked(lines: Sequence[PromotedRun]) -> str:
    """Why no level shift can be found; empty if it can."""
    if not available():
        return f"Level shifts were not looked for: {MISSING}."
    return (
        f"Level shifts can only be found in at least {FEWEST} runs." if len(lines) < FEWEST else ""
    )


def news(before: PromotedRun, now: PromotedRun) -> tuple[str, ...]:
    """Which versions changed from one run to the next: `pydmd 2025.8 → 2025.9`.

    Libraries that do the work of a method come first, then koopmark, then all others.
    """
    mine = {work.partition(" ")[0] for work in (*before.methods.values(), *now.methods.values())}
    old, new = ({**line.libraries, "koopmark": line.koopmark} for line in (before, now))
    names = sorted({*old, *new}, key=lambda name: (name not in mine, name != "koopmark", name))
    return tuple(
        f"{name} {old.get(name) or NONE} → {new.get(name) or NONE}"
        for name in names
        if old.get(name) != new.get(name)
    )


def _series(
    lines: Sequence[PromotedRun],
    dataset: str,
    method: str,
    target: str,
    score: str,
    values: list[float],
    marked: bool,
) -> Series:
    where = [index for index, value in enumerate(values) if np.isfinite(value)]
    if not where:
        return Series(dataset, method, target, score, tuple(values), ())
    known = np.array([values[index] for index in where])
    starts: list[int] = []
    if marked and score == SPEED:
        # A kernel's time is known to a few percent.
        starts = change_points(np.log10(np.clip(known, 1e-6, 1e6)), least=0.04, spread=0.01)
    elif marked and score == DIGITS:
        starts = change_points(np.minimum(known, MOST_DIGITS) if target else known)
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
    if len(series) < FEWEST or np.ptp(series) < least:
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
