"""What a check found: the verdict as Markdown, and where it goes."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from koopmark._errors import ConfigError
from koopmark._files import write_text
from koopmark.analysis.columns import DIGITS
from koopmark.analysis.numbers import MISSING, listed, plural, scientific
from koopmark.regression._comparable import Difference

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file whose Markdown GitHub Actions shows on the page of a run."""

MOST_ROWS = 50
"""Longer lists are cut, and say so."""

T = TypeVar("T")


class Was(NamedTuple, Generic[T]):
    """A value in the baseline, and now."""

    baseline: T
    now: T


@dataclass(frozen=True)
class TargetChange:
    """A target that got worse, or better, at a fit that has scores in both runs."""

    dataset: str
    seed: int
    method: str
    target: str
    what: str
    """found, digits, or the error that moved below the larger one."""
    by: float
    """How many digits, or powers of ten."""
    outcome: Was[str]
    digits: Was[float]
    errors: tuple[Was[float], ...]
    """The relative eigenvalue error and the eigenfunction error."""


@dataclass(frozen=True)
class ScoreChange:
    """A score of a fit as a whole that moved by more than its tolerance."""

    dataset: str
    seed: int
    method: str
    score: str
    decades: float
    """How much worse, in powers of ten; negative is better, infinite where a score was lost."""
    values: Was[float]


@dataclass(frozen=True)
class StatusChange:
    """A fit that succeeded in one run and not in the other."""

    dataset: str
    seed: int
    method: str
    baseline: str
    now: str
    reason: str


@dataclass(frozen=True)
class Row:
    """A fit, or a target of a fit, that only one of the two runs has."""

    dataset: str
    seed: int
    method: str
    target: str = ""


@dataclass(frozen=True)
class CheckResult:
    """The verdict; every tuple has what matters most first."""

    compared: int
    """Number of fits in both runs whose scores were compared."""
    fits: tuple[int, int]
    """Number of fits in the baseline, and in the run."""
    targets: int
    """Number of targets of these fits that can be scored, each seed by itself."""
    found: tuple[int, int]
    """How many of them were found in the baseline, and in the run."""
    problems: tuple[str, ...]
    """Sentences on what keeps the two runs from being compared in full."""
    worse_targets: tuple[TargetChange, ...]
    better_targets: tuple[TargetChange, ...]
    worse_scores: tuple[ScoreChange, ...]
    better_scores: tuple[ScoreChange, ...]
    newly_failing: tuple[StatusChange, ...]
    newly_passing: tuple[StatusChange, ...]
    vanished: tuple[Row, ...]
    new: tuple[Row, ...]
    differences: tuple[Difference, ...]
    """Versions that are not the same in both."""

    @property
    def worse(self) -> bool:
        """Whether a target, a score or a fit got worse."""
        return bool(self.worse_targets or self.worse_scores or self.newly_failing)

    @property
    def ok(self) -> bool:
        """Whether all of the baseline was compared, and nothing got worse."""
        return not (self.problems or self.vanished or self.worse)

    def markdown(self) -> str:
        """The verdict and what it rests on, as Markdown."""
        parts = [f"# {self._heading()}", self._counts()]
        if self.problems:
            parts.append("\n".join(f"* {problem}" for problem in self.problems))
        versions = [
            [one.what, one.baseline or MISSING, one.now or MISSING] for one in self.differences
        ]
        for title, table in (
            ("Fits that no longer succeed", _fits(self.newly_failing, "now", "reason")),
            ("Targets that got worse", _targets(self.worse_targets)),
            ("Other scores that got worse", _scores(self.worse_scores)),
            ("Missing from the run", _alone(self.vanished)),
            ("Fits that succeed now", _fits(self.newly_passing, "baseline")),
            ("Targets that got better", _targets(self.better_targets)),
            ("Other scores that got better", _scores(self.better_scores)),
            ("Not in the baseline", _alone(self.new)),
            ("Versions that differ", _table(["what", "baseline", "now"], versions)),
        ):
            parts += [f"## {title}", table] if table else []
        return "\n\n".join(parts) + "\n"

    def verdict(self) -> str:
        """Whether there is a regression, how many of what there are, and why, in one line."""
        return " ".join([f"{self._heading()}:", self._counts(), *self.problems])

    def _heading(self) -> str:
        if self.ok:
            return "No regression"
        return "Regression" if self.worse else "Incomplete"

    def _counts(self) -> str:
        before, now = self.found
        versions = [f"{one.what} {one.baseline} → {one.now}" for one in self.differences]
        return (
            f"{plural(self.compared, 'fit')} compared, of {self.fits[0]:,} in the baseline and "
            f"{self.fits[1]:,} in the run; found {now:,} of {plural(self.targets, 'target')} "
            f"(baseline {before:,}). "
            f"Worse: {plural(len(self.worse_targets), 'target')}, "
            f"{plural(len(self.worse_scores), 'other score')}, "
            f"{plural(len(self.newly_failing), 'fit')} that no longer succeeded, "
            f"{plural(len(self.vanished), 'row')} missing. "
            f"Better: {plural(len(self.better_targets), 'target')}, "
            f"{plural(len(self.better_scores), 'other score')}, "
            f"{plural(len(self.newly_passing), 'fit')} newly successful, "
            f"{plural(len(self.new), 'new row')}."
            + (f" Versions differ: {listed(versions)}." if versions else "")
        )


def _table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; empty without rows."""
    if not rows:
        return ""
    # No text ends a cell or a row.
    plain = [[" ".join(text.split()).replace("|", "\\|") for text in row] for row in rows]
    lines = [header, ["---"] * len(header), *plain[:MOST_ROWS]]
    more = len(rows) - MOST_ROWS
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + (
        f"\n\nand {more:,} more." if more > 0 else ""
    )


def _targets(changes: tuple[TargetChange, ...]) -> str:
    errors = ["eigenvalue error", "eigenfunction error"]
    return _table(
        ["dataset", "seed", "method", "target", "outcome", "digits", *errors],
        [
            [
                change.dataset,
                str(change.seed),
                change.method,
                change.target,
                _arrow(*change.outcome),
                _arrow(*map(DIGITS.write, change.digits)),
                *(_arrow(*map(scientific, error)) for error in change.errors),
            ]
            for change in changes
        ],
    )


def _arrow(baseline: str, now: str) -> str:
    return now if now == baseline else f"{baseline} → {now}"


def _scores(changes: tuple[ScoreChange, ...]) -> str:
    return _table(
        ["dataset", "seed", "method", "score", "baseline", "now", "powers of ten"],
        [
            [
                change.dataset,
                str(change.seed),
                change.method,
                change.score,
                *map(scientific, change.values),
                f"{change.decades:+.1f}",
            ]
            for change in changes
        ],
    )


def _fits(fits: tuple[StatusChange, ...], *fields: str) -> str:
    names = ["dataset", "seed", "method", *fields]
    return _table(names, [[str(getattr(one, name)) for name in names] for one in fits])


def _alone(rows: tuple[Row, ...]) -> str:
    """Fits and targets that one run has alone, seeds of the same in one row."""
    seeds: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        seeds.setdefault((row.dataset, row.method, row.target), []).append(str(row.seed))
    return _table(
        ["dataset", "method", "target", "seeds"],
        [
            [dataset, method, target or MISSING, ", ".join(some)]
            for (dataset, method, target), some in seeds.items()
        ],
    )


def publish(markdown: str, file: Path | None = None) -> None:
    """Put Markdown into `file`, and inside GitHub Actions add it to the summary of the step.

    Raises
    ------
    ConfigError
        If a file cannot be written.
    """
    if file is not None:
        write_text(file, markdown)
    if summary := os.environ.get(STEP_SUMMARY):
        try:
            with open(summary, "a", encoding="utf-8") as page:
                page.write(f"{markdown}\n")
        except OSError as error:
            raise ConfigError(
                f"{summary}, which {STEP_SUMMARY} names, cannot be written to ({error.strerror})"
            ) from None
