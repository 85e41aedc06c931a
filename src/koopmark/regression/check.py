"""Did accuracy get worse? A run against a baseline, score by score."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis.numbers import listed, plural
from koopmark.analysis.tables import (
    KEYS,
    TARGET_KEYS,
    read_fits,
    read_targets,
)
from koopmark.regression.changes import (
    FIT_METRICS,
    TARGET_METRICS,
    Change,
    Metric,
    Row,
    StatusChange,
    decades_worse,
)
from koopmark.regression.lists import (
    changes_table,
    differences_table,
    failing_table,
    passing_table,
    rows_table,
)
from koopmark.regression.runs import (
    PAIRS,
    Difference,
    description,
    method_differences,
    pairs_gone,
    part_of,
    recipe_differences,
    suite_differences,
    undescribed,
    unfinished,
    version_differences,
)

SAME_TARGET = 1e-6
"""Exact eigenvalues that differ by more than this, relative to them, are of two targets."""


@dataclass(frozen=True)
class CheckResult:
    """The verdict; every tuple has what matters most first."""

    compared: int
    """Number of fits in both runs whose scores were compared."""
    fits: tuple[int, int]
    """Number of fits in the baseline, and in the run."""
    problems: tuple[str, ...]
    """Sentences on what keeps the two runs from being compared in full."""
    regressions: tuple[Change, ...]
    improvements: tuple[Change, ...]
    newly_failing: tuple[StatusChange, ...]
    newly_passing: tuple[StatusChange, ...]
    vanished: tuple[Row, ...]
    new: tuple[Row, ...]
    differences: tuple[Difference, ...]
    """Versions that are not the same in both."""

    @property
    def ok(self) -> bool:
        """Whether all of the baseline was compared, no score got worse and no fit newly fails."""
        return not (self.problems or self.regressions or self.newly_failing or self.vanished)

    def markdown(self) -> str:
        """The verdict and what it rests on, as Markdown."""
        parts = [f"# {self._heading()}", self._counts()]
        if self.problems:
            parts.append("\n".join(f"* {problem}" for problem in self.problems))
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
        if self.differences:
            parts += ["## Versions that differ", differences_table(self.differences)]
        return "\n\n".join(parts) + "\n"

    def verdict(self) -> str:
        """Whether there is a regression, how many of what there are, and why, in one line."""
        return " ".join([f"{self._heading()}: {self._counts()}", *self.problems])

    def _heading(self) -> str:
        if self.ok:
            return "No regression"
        return "Regression" if self.regressions or self.newly_failing else "Incomplete"

    def _counts(self) -> str:
        versions = [f"{one.what} {one.baseline} → {one.now}" for one in self.differences]
        return (
            f"{plural(self.compared, 'fit')} compared, of {self.fits[0]:,} in the baseline and "
            f"{self.fits[1]:,} in the run: "
            f"{plural(len(self.regressions), 'score')} worse, {len(self.improvements)} better, "
            f"{plural(len(self.newly_failing), 'fit')} newly failing, "
            f"{len(self.newly_passing)} newly ok, {plural(len(self.vanished), 'row')} vanished, "
            f"{len(self.new)} new." + (f" Versions differ: {listed(versions)}." if versions else "")
        )


def check(run_dir: Path, baseline_dir: Path, partial: bool = False) -> CheckResult:
    """Compare the tables of a run with those of a baseline.

    Fits are matched by dataset, seed and method, scores of targets by the target's index as well.
    Whatever of the baseline cannot be compared counts against the run: rows that are gone, a run
    that is not finished or does another part of its suite, recipes that differ under one name.

    Parameters
    ----------
    run_dir, baseline_dir : Path
    partial : bool
        Compare the fits that both have, and ask for no others.

    Raises
    ------
    ConfigError
        If either folder lacks a table or provenance.json, or the two share no fit.
    """
    run, baseline = (_Tables.of(folder) for folder in (run_dir, baseline_dir))
    fits = _pair(run.fits, baseline.fits, KEYS)
    targets = _told_apart(_pair(run.targets, baseline.targets, TARGET_KEYS))
    common = fits[fits["_merge"] == "both"]
    if common.empty:
        raise ConfigError(
            f"{run_dir} and the baseline {baseline_dir} share no fit: "
            "the dataset, seed and method of at least one must agree"
        )
    recipes = recipe_differences(baseline.provenance, run.provenance)
    methods = method_differences(baseline.provenance, run.provenance, common)
    unknown = [
        f"{lacking}."
        for one in (run, baseline)
        if (lacking := undescribed(one.folder, one.provenance, common))
    ]
    others = fits["dataset"].isin(list(recipes)) | fits["method"].isin(list(methods))
    fits, common = fits[~others], common[~others.loc[common.index]]
    targets = targets[
        ~(targets["dataset"].isin(list(recipes)) | targets["method"].isin(list(methods)))
    ]
    changes = sorted(
        [
            *_changed(fits, FIT_METRICS),
            *_changed(targets, TARGET_METRICS),
        ],
        key=lambda change: -change.decades,
    )
    was_ok, is_ok = common["status_baseline"] == "ok", common["status"] == "ok"
    lost_fits = fits[fits["_merge"] == "right_only"]
    return CheckResult(
        compared=len(common),
        fits=(len(baseline.fits), len(run.fits)),
        problems=(
            *([] if partial else _not_whole(run, baseline)),
            *_not_the_same("recipe", recipes),
            *_not_the_same("method", methods),
            *unknown,
            *_pairs_gone(run, baseline),
        ),
        regressions=tuple(change for change in changes if change.decades > 0),
        improvements=tuple(change for change in reversed(changes) if change.decades < 0),
        newly_failing=_status_changes(common[was_ok & ~is_ok]),
        newly_passing=_status_changes(common[~was_ok & is_ok]),
        vanished=(*([] if partial else _rows(lost_fits)), *_lone(targets, common, "right_only")),
        new=(*_rows(fits[fits["_merge"] == "left_only"]), *_lone(targets, common, "left_only")),
        differences=tuple(version_differences(baseline.provenance, run.provenance)),
    )


@dataclass(frozen=True, eq=False)
class _Tables:
    """What a check reads of a run."""

    folder: Path
    fits: pd.DataFrame
    targets: pd.DataFrame
    provenance: dict[str, Any]

    @classmethod
    def of(cls, folder: Path) -> "_Tables":
        return cls(folder, read_fits(folder), read_targets(folder), description(folder))


def _not_whole(run: _Tables, baseline: _Tables) -> Iterator[str]:
    """Why one of the two lacks fits that the other was to have."""
    for one in (run, baseline):
        if how := unfinished(one.provenance, len(one.fits)):
            yield (
                f"{one.folder} is not finished, {how}: go on with "
                f"{one.provenance.get('command', 'koopmark run')}, or compare what there is with "
                "--partial."
            )
    parts = [part_of(one.provenance) for one in (run, baseline)]
    if parts[0] != parts[1]:
        described = [f"a part of its suite ({part})" if part else "a whole suite" for part in parts]
        yield (
            f"{run.folder} is {described[0]} and {baseline.folder} {described[1]}: compare the "
            "fits that both have with --partial."
        )
    if others := suite_differences(baseline.provenance, run.provenance):
        told = [f"{one.what} {one.baseline} → {one.now}" for one in others]
        yield (
            f"{run.folder} and {baseline.folder} are of suites that are not the same "
            f"({listed(told)}): compare the fits that both have with --partial, or make a new "
            "baseline."
        )


def _not_the_same(noun: str, found: dict[str, list[Difference]]) -> Iterator[str]:
    for name, differences in found.items():
        told = [f"{one.what} {one.baseline} → {one.now}" for one in differences]
        yield (
            f"{name} is not compared: the two runs have another {noun} of that name "
            f"({listed(told)}); rename one, or make a new baseline."
        )


def _pairs_gone(run: _Tables, baseline: _Tables) -> Iterator[str]:
    """Whether the recovered eigenpairs of a run are there, which a baseline need not keep."""
    if any((one.folder / PAIRS).exists() for one in (run, baseline)) and (
        gone := pairs_gone(run.folder, run.fits)
    ):
        yield f"{gone}."


def _pair(run: pd.DataFrame, baseline: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows of both tables side by side; `_merge` says which table has each."""
    return run.merge(baseline, on=keys, how="outer", suffixes=("", "_baseline"), indicator=True)


def _told_apart(targets: pd.DataFrame) -> pd.DataFrame:
    """Rows whose place in the list is that of another target now are each in one run alone."""
    # What the baseline has alone is called as it is there.
    targets = targets.assign(target=targets["target"].fillna(targets["target_baseline"]))
    both = targets["_merge"] == "both"
    eigenvalue, before = (
        targets[f"target_eigenvalue_re{end}"] + 1j * targets[f"target_eigenvalue_im{end}"]
        for end in ("", "_baseline")
    )
    moved = (eigenvalue - before).abs() > SAME_TARGET * np.maximum(1.0, before.abs())
    resized = targets["target_dimension"] != targets["target_dimension_baseline"]
    others = targets[both & (moved | resized)]
    return pd.concat(
        [
            targets.drop(others.index),
            others.assign(_merge="right_only", target=others["target_baseline"]),
            others.assign(_merge="left_only"),
        ]
    )


def _changed(pairs: pd.DataFrame, metrics: tuple[Metric, ...]) -> Iterator[Change]:
    """The scores of fits that ended ok in both runs that moved by more than they may."""
    both_ok = pairs[
        (pairs["_merge"] == "both") & (pairs["status"] == "ok") & (pairs["status_baseline"] == "ok")
    ]
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


def _lone(targets: pd.DataFrame, common: pd.DataFrame, side: str) -> tuple[Row, ...]:
    """Targets on one side only of fits that both have."""
    return _rows(targets[targets["_merge"] == side].merge(common[KEYS], on=KEYS))


def _rows(table: pd.DataFrame) -> tuple[Row, ...]:
    return tuple(
        Row(row["dataset"], int(row["seed"]), row["method"], row.get("target", ""))
        for _, row in table.iterrows()
    )
