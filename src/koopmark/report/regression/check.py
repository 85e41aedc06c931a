"""Did accuracy get worse? A run against a baseline, score by score."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.report.numbers import plural
from koopmark.report.regression.changes import (
    FIT_METRICS,
    TARGET_METRICS,
    Change,
    Metric,
    Row,
    StatusChange,
    decades_worse,
)
from koopmark.report.regression.lists import changes_table, failing_table, passing_table, rows_table
from koopmark.report.tables import KEYS, read_fits, read_targets

TARGET_KEYS = [*KEYS, "target"]


@dataclass(frozen=True)
class CheckResult:
    """The verdict; every tuple has what matters most first."""

    compared: int
    """Number of fits in both runs."""
    regressions: tuple[Change, ...]
    improvements: tuple[Change, ...]
    newly_failing: tuple[StatusChange, ...]
    newly_passing: tuple[StatusChange, ...]
    vanished: tuple[Row, ...]
    new: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Whether no score got worse and no fit that ended ok fails now."""
        return not self.regressions and not self.newly_failing

    def markdown(self) -> str:
        """The verdict and what it rests on, as Markdown."""
        parts = [f"# {self._heading()}", self._counts()]
        if self.newly_failing:
            parts += [
                "## Fits that ended ok in the baseline and do not now",
                failing_table(self.newly_failing),
            ]
        if self.regressions:
            parts += ["## Worse, worst first", changes_table(self.regressions)]
        if self.vanished:
            parts += ["## In the baseline only", rows_table(self.vanished)]
        if self.newly_passing:
            parts += ["## Fits that end ok now", passing_table(self.newly_passing)]
        if self.improvements:
            parts += ["## Better, best first", changes_table(self.improvements)]
        if self.new:
            parts += ["## Not in the baseline", rows_table(self.new)]
        return "\n\n".join(parts) + "\n"

    def verdict(self) -> str:
        """Whether there is a regression, and how many of what there are, in one line."""
        return f"{self._heading()}: {self._counts()}"

    def _heading(self) -> str:
        return "No regression" if self.ok else "Regression"

    def _counts(self) -> str:
        return (
            f"{plural(self.compared, 'fit')} compared: "
            f"{plural(len(self.regressions), 'score')} worse, {len(self.improvements)} better, "
            f"{plural(len(self.newly_failing), 'fit')} newly failing, "
            f"{len(self.newly_passing)} newly ok, {plural(len(self.vanished), 'row')} vanished, "
            f"{len(self.new)} new."
        )


def check(run_dir: Path, baseline_dir: Path) -> CheckResult:
    """Compare fits.csv and targets.csv of a run with those of a baseline.

    Fits are matched by dataset, seed and method, scores of targets by the target as well.

    Raises
    ------
    ConfigError
        Where either folder lacks a table, or the two share no fit.
    """
    fits = _pair(read_fits(run_dir), read_fits(baseline_dir), KEYS)
    targets = _pair(read_targets(run_dir), read_targets(baseline_dir), TARGET_KEYS)
    common = fits[fits["_merge"] == "both"]
    if common.empty:
        raise ConfigError(
            f"{run_dir} and the baseline {baseline_dir} share no fit: "
            "the dataset, seed and method of at least one must agree"
        )
    changes = sorted(
        [
            *_changed(fits, FIT_METRICS),
            *_changed(targets, TARGET_METRICS),
        ],
        key=lambda change: -change.decades,
    )
    was_ok, is_ok = common["status_baseline"] == "ok", common["status"] == "ok"
    return CheckResult(
        compared=len(common),
        regressions=tuple(change for change in changes if change.decades > 0),
        improvements=tuple(change for change in reversed(changes) if change.decades < 0),
        newly_failing=_status_changes(common[was_ok & ~is_ok]),
        newly_passing=_status_changes(common[~was_ok & is_ok]),
        vanished=_only(fits, targets, "right_only"),
        new=_only(fits, targets, "left_only"),
    )


def _pair(run: pd.DataFrame, baseline: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows of both tables side by side; `_merge` says which table has each."""
    return run.merge(baseline, on=keys, how="outer", suffixes=("", "_baseline"), indicator=True)


def _changed(pairs: pd.DataFrame, metrics: tuple[Metric, ...]) -> Iterator[Change]:
    """The scores of fits that ended ok in both runs that moved by more than they may."""
    both_ok = pairs[(pairs["status"] == "ok") & (pairs["status_baseline"] == "ok")]
    for metric in metrics:
        baseline = both_ok[f"{metric.name}_baseline"].to_numpy(dtype=float)
        now = both_ok[metric.name].to_numpy(dtype=float)
        worse = decades_worse(baseline, now, metric)
        for index in np.flatnonzero(np.abs(worse) > metric.decades):
            row = both_ok.iloc[index]
            yield Change(
                row["dataset"],
                int(row["seed"]),
                row["method"],
                row.get("target", ""),
                metric.name,
                float(baseline[index]),
                float(now[index]),
                float(worse[index]),
            )


def _status_changes(rows: pd.DataFrame) -> tuple[StatusChange, ...]:
    return tuple(
        StatusChange(
            row["dataset"],
            int(row["seed"]),
            row["method"],
            row["status_baseline"],
            row["status"],
            row["reason"],
        )
        for _, row in rows.iterrows()
    )


def _only(fits: pd.DataFrame, targets: pd.DataFrame, side: str) -> tuple[Row, ...]:
    """Fits on one side only, and targets on one side only of fits that both have."""
    lone_fits = fits[fits["_merge"] == side]
    shared = fits.loc[fits["_merge"] == "both", KEYS]
    lone_targets = targets[targets["_merge"] == side].merge(shared, on=KEYS)
    return tuple(
        Row(row["dataset"], int(row["seed"]), row["method"], row.get("target", ""))
        for table in (lone_fits, lone_targets)
        for _, row in table.iterrows()
    )
