"""Did accuracy get worse? A run against a baseline, score by score."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark.analysis.columns import SUMMARY
from koopmark.analysis.tables import KEYS, TARGET_KEYS, read_fits, read_targets
from koopmark.regression._comparable import (
    RunFolder,
    description,
    method_differences,
    not_the_same,
    not_whole,
    recipe_differences,
    version_differences,
)
from koopmark.regression._verdict import CheckResult, Row, ScoreChange, StatusChange

SAME_TARGET = 1e-6
"""Exact eigenvalues that differ by more than this, relative to them, are of two targets."""


@dataclass(frozen=True)
class Metric:
    """How a change of one score, a column of fits.csv or targets.csv, is judged."""

    name: str
    floor: float
    """Magnitudes below it are all alike: what rounding on another machine may move."""
    decades: float = 0.5
    """A change of log10 by more than this counts."""


BEST_HIGH = {column.key for column in SUMMARY if column.best == "high"}

TARGET_METRICS = (
    Metric("eigenvalue_error_relative", floor=1e-8),
    Metric("eigenfunction_error", floor=1e-7),
)
FIT_METRICS = (
    Metric("null_space_error", floor=1e-7),
    Metric("forecast_error", floor=1e-7),
    Metric("residual_median", floor=1e-7),
    # Numbers and shares: one more wrong is a change, rounding is not.
    Metric("rank_error", floor=0.5, decades=0.1),
    Metric("spurious_fraction", floor=0.05, decades=0.3),
    Metric("precision", floor=0.02, decades=0.1),
    Metric("recall", floor=0.02, decades=0.1),
    Metric("verified", floor=0.5, decades=0.3),
)


def check(run_dir: Path, baseline_dir: Path, partial: bool = False) -> CheckResult:
    """Compare the tables of a run with those of a baseline.

    Fits are matched by dataset, seed and method, scores of targets by the target's index as well.
    Whatever of the baseline cannot be compared counts against the run: rows that are gone, a run
    that is not finished or does another part of its suite, recipes that differ under one name.
    With `partial` the fits that both have are compared, and no others asked for.

    Raises
    ------
    ConfigError
        If either folder lacks a table or provenance.json, or the two share no fit.
    """
    run, baseline = (
        RunFolder(folder, read_fits(folder), read_targets(folder), description(folder))
        for folder in (run_dir, baseline_dir)
    )
    fits = _pair(run.fits, baseline.fits, KEYS)
    targets = _told_apart(_pair(run.targets, baseline.targets, TARGET_KEYS))
    common = fits[fits["_merge"] == "both"]
    if common.empty:
        raise ConfigError(
            f"{run_dir} and the baseline {baseline_dir} share no fit: "
            "the dataset, seed and method of at least one must agree"
        )
    recipes = recipe_differences(run, baseline)
    methods = method_differences(run, baseline, common)
    problems = [*not_the_same("recipe", recipes), *not_the_same("method", methods)]
    problems += [f"{lacking}." for one in (run, baseline) if (lacking := one.undescribed(common))]
    # A baseline need not keep the eigenpairs, and a run of its tables alone need not either.
    kept = run.pairs.exists() or baseline.pairs.exists()
    problems += [f"{gone}."] if kept and (gone := run.pairs_gone()) else []
    fits, common, targets = (
        table[~(table["dataset"].isin(list(recipes)) | table["method"].isin(list(methods)))]
        for table in (fits, common, targets)
    )
    changes = [*_changed(fits, FIT_METRICS), *_changed(targets, TARGET_METRICS)]
    changes.sort(key=lambda change: -change.decades)
    was_ok, is_ok = common["status_baseline"] == "ok", common["status"] == "ok"
    lost_fits = fits[fits["_merge"] == "right_only"]
    return CheckResult(
        compared=len(common),
        fits=(len(baseline.fits), len(run.fits)),
        problems=(*([] if partial else not_whole(run, baseline)), *problems),
        regressions=tuple(change for change in changes if change.decades > 0),
        improvements=tuple(change for change in reversed(changes) if change.decades < 0),
        newly_failing=_status_changes(common[was_ok & ~is_ok]),
        newly_passing=_status_changes(common[~was_ok & is_ok]),
        vanished=(*([] if partial else _rows(lost_fits)), *_lone(targets, common, "right_only")),
        new=(*_rows(fits[fits["_merge"] == "left_only"]), *_lone(targets, common, "left_only")),
        differences=tuple(version_differences(run, baseline)),
    )


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


def _changed(pairs: pd.DataFrame, metrics: tuple[Metric, ...]) -> Iterator[ScoreChange]:
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
            yield ScoreChange(
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


def decades_worse(
    baseline: NDArray[np.float64], now: NDArray[np.float64], metric: Metric
) -> NDArray[np.float64]:
    """How many powers of ten each score got worse (negative: better), magnitudes above the floor.

    Infinite where a score became infinite or is missing now; what the baseline did not score
    cannot get worse.
    """
    with np.errstate(invalid="ignore"):
        change = np.log10(np.maximum(np.abs(now), metric.floor)) - np.log10(
            np.maximum(np.abs(baseline), metric.floor)
        )
    # Infinite in both: unchanged.
    change = np.where(np.isinf(baseline) & np.isinf(now), 0.0, change)
    change = -change if metric.name in BEST_HIGH else change
    change = np.where(np.isnan(now), np.inf, change)
    return np.where(np.isnan(baseline), 0.0, change)
