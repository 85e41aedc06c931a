"""Did accuracy get worse? A run against a baseline, score by score."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.report.numbers import MISSING, plural, scientific
from koopmark.report.tables import KEYS, read_fits, read_targets

TARGET_KEYS = [*KEYS, "target"]
MOST_ROWS = 50
"""Longer lists are cut in `markdown`, and say so."""


@dataclass(frozen=True)
class Metric:
    """How a change of one score is judged.

    Parameters
    ----------
    name : str
        Column of fits.csv or targets.csv.
    floor : float
        Magnitudes below it are all alike: what rounding on another machine may move.
    decades : float
        A change of log10 by more than this counts.
    higher_is_better : bool
        Errors are better low; counts of what was verified are better high.
    """

    name: str
    floor: float
    decades: float = 0.5
    higher_is_better: bool = False


TARGET_METRICS = (
    Metric("eigenvalue_error", floor=1e-8),
    Metric("eigenfunction_error", floor=1e-7),
    Metric("eigenfunction_error_cluster", floor=1e-7),
)
FIT_METRICS = (
    Metric("null_space_error", floor=1e-7),
    Metric("forecast_error", floor=1e-7),
    Metric("residual_median", floor=1e-7),
    # Numbers and shares: one more wrong is a change, rounding is not.
    Metric("rank_error", floor=0.5, decades=0.1),
    Metric("spurious_fraction", floor=0.05, decades=0.3),
    Metric("verified", floor=0.5, decades=0.3, higher_is_better=True),
)


@dataclass(frozen=True)
class Change:
    """A score that moved by more than its tolerance."""

    dataset: str
    seed: int
    method: str
    target: str
    """Empty for scores of the fit as a whole."""
    metric: str
    baseline: float
    now: float
    decades: float
    """How much worse, in powers of ten; negative is better, infinite where a score was lost."""


@dataclass(frozen=True)
class StatusChange:
    """A fit that ended ok in one run and not in the other."""

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
        parts = [self._verdict()]
        if self.newly_failing:
            parts += ["## Fits that ended ok in the baseline and do not now", _failing(self)]
        if self.regressions:
            parts += ["## Worse, worst first", _changes(self.regressions)]
        if self.vanished:
            parts += ["## In the baseline only", _rows(self.vanished)]
        if self.newly_passing:
            parts += ["## Fits that end ok now", _passing(self)]
        if self.improvements:
            parts += ["## Better, best first", _changes(self.improvements)]
        if self.new:
            parts += ["## Not in the baseline", _rows(self.new)]
        return "\n\n".join(parts) + "\n"

    def _verdict(self) -> str:
        counts = (
            f"{plural(self.compared, 'fit')} compared: "
            f"{plural(len(self.regressions), 'score')} worse, {len(self.improvements)} better, "
            f"{plural(len(self.newly_failing), 'fit')} newly failing, "
            f"{len(self.newly_passing)} newly ok, {plural(len(self.vanished), 'row')} vanished, "
            f"{len(self.new)} new."
        )
        return f"# {'No regression' if self.ok else 'Regression'}\n\n{counts}"


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


def decades_worse(
    baseline: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    now: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    metric: Metric,
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
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
    change = -change if metric.higher_is_better else change
    change = np.where(np.isnan(now), np.inf, change)
    return np.where(np.isnan(baseline), 0.0, change)


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


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *([_plain(cell) for cell in row] for row in rows)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines[: MOST_ROWS + 2])
    more = len(rows) - MOST_ROWS
    return text + (f"\n\nand {more:,} more." if more > 0 else "")


def _plain(text: str) -> str:
    """Text that neither ends a cell nor a row."""
    return " ".join(text.split()).replace("|", "\\|")


def _changes(changes: tuple[Change, ...]) -> str:
    return _table(
        ["dataset", "seed", "method", "target", "score", "baseline", "now", "powers of ten"],
        [
            [
                change.dataset,
                str(change.seed),
                change.method,
                change.target or MISSING,
                change.metric,
                scientific(change.baseline),
                scientific(change.now),
                f"{change.decades:+.1f}",
            ]
            for change in changes
        ],
    )


def _failing(result: CheckResult) -> str:
    return _table(
        ["dataset", "seed", "method", "now", "reason"],
        [[f.dataset, str(f.seed), f.method, f.now, f.reason] for f in result.newly_failing],
    )


def _passing(result: CheckResult) -> str:
    return _table(
        ["dataset", "seed", "method", "baseline"],
        [[p.dataset, str(p.seed), p.method, p.baseline] for p in result.newly_passing],
    )


def _rows(rows: tuple[Row, ...]) -> str:
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
