"""Did accuracy get worse? A run against a baseline, target by target and score by score."""

from pathlib import Path

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis.tables import KEYS, read_fits, read_targets
from koopmark.regression._changes import (
    FIT_METRICS,
    TARGET_METRICS,
    changes,
    decades_worse,
    ok_in_both,
    side_by_side,
)
from koopmark.regression._comparable import (
    NOT_SCORED,
    RunFolder,
    description,
    method_differences,
    not_the_same,
    not_whole,
    recipe_differences,
    version_differences,
)
from koopmark.regression._verdict import (
    CheckResult,
    Row,
    ScoreChange,
    StatusChange,
    TargetChange,
    Was,
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
    fits = side_by_side(run.fits, baseline.fits, KEYS)
    common = fits[fits["_merge"] == "both"]
    if common.empty:
        raise ConfigError(
            f"{run_dir} and the baseline {baseline_dir} share no fit: "
            "the dataset, seed and method of at least one must agree"
        )
    targets = changes(run.verdicts, baseline.verdicts)
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
    both = targets[targets["_merge"] == "both"]
    scored = both[(both["outcome"] != NOT_SCORED) | (both["outcome_baseline"] != NOT_SCORED)]
    moved = _score_changes(common[ok_in_both(common)])
    was_ok, is_ok = common["status_baseline"] == "ok", common["status"] == "ok"
    lost_fits = fits[fits["_merge"] == "right_only"]
    return CheckResult(
        compared=len(common),
        fits=(len(baseline.fits), len(run.fits)),
        targets=len(scored),
        found=(int(scored["found_baseline"].sum()), int(scored["found"].sum())),
        problems=(*([] if partial else not_whole(run, baseline)), *problems),
        worse_targets=_target_changes(both, "worse"),
        better_targets=_target_changes(both, "better"),
        worse_scores=tuple(change for change in moved if change.decades > 0),
        better_scores=tuple(change for change in reversed(moved) if change.decades < 0),
        newly_failing=_status_changes(common[was_ok & ~is_ok]),
        newly_passing=_status_changes(common[~was_ok & is_ok]),
        vanished=(*([] if partial else _rows(lost_fits)), *_lone(targets, common, "right_only")),
        new=(*_rows(fits[fits["_merge"] == "left_only"]), *_lone(targets, common, "left_only")),
        differences=tuple(version_differences(run, baseline)),
    )


def _target_changes(targets: pd.DataFrame, side: str) -> tuple[TargetChange, ...]:
    """The targets that got worse, or better: first those lost, or newly found, then by how much."""
    changed = targets[targets[side] != ""]
    flipped, by = changed[side] == "found", changed[f"{side}_by"]
    order = np.lexsort((-by.to_numpy(), ~flipped.to_numpy()))
    return tuple(
        TargetChange(
            row["dataset"],
            int(row["seed"]),
            row["method"],
            row["target"],
            row[side],
            float(row[f"{side}_by"]),
            Was(row["outcome_baseline"], row["outcome"]),
            Was(float(row["digits_baseline"]), float(row["digits"])),
            tuple(
                Was(float(row[f"{metric.name}_baseline"]), float(row[metric.name]))
                for metric in TARGET_METRICS
            ),
        )
        for _, row in changed.iloc[order].iterrows()
    )


def _score_changes(fits: pd.DataFrame) -> list[ScoreChange]:
    """The scores of fits as a whole that moved by more than they may, worst first."""
    found = []
    for metric in FIT_METRICS:
        worse = decades_worse(fits, metric)
        for index in np.flatnonzero(np.abs(worse) > metric.decades):
            row = fits.iloc[index]
            values = Was(float(row[f"{metric.name}_baseline"]), float(row[metric.name]))
            found.append(
                ScoreChange(
                    row["dataset"],
                    int(row["seed"]),
                    row["method"],
                    metric.name,
                    float(worse[index]),
                    values,
                )
            )
    return sorted(found, key=lambda change: -change.decades)


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
