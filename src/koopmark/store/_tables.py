"""The columns of a run's tables, and the rows that a fit adds to them."""

import json
import re
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from math import nan
from typing import Any

from koopmark import datasets
from koopmark.datasets import Recipe, Recording
from koopmark.plan import Cell, Level
from koopmark.scoring import (
    CourseScores,
    FitScores,
    ForecastScores,
    PairScores,
    Scores,
    StructureScores,
    TargetScores,
    VerdictScores,
    labels,
)
from koopmark.store._portraits import PORTRAIT, portrait_row

Row = dict[str, Any]
Columns = dict[str, type]
"""`str`, `int` or `float`, by the name of the column."""

FAILURES = ("failed", "timeout", "out_of_memory", "crashed", "diverged")
"""Statuses that `--strict` counts as failures."""

STATUSES = ("ok", *FAILURES, "skipped", "unavailable")


def _columns(declared: type) -> Columns:
    """A column for each field of a dataclass."""
    return {one.name: one.type for one in fields(declared)}  # type: ignore[misc]


_FIT = {
    "fit_id": str,
    "suite": str,
    "dataset": str,
    "seed": int,
    "method": str,
}
_SCORES = _columns(FitScores)
_NOTES = {"notes": _SCORES.pop("notes")}

FITS: Columns = {
    **_FIT,
    "role": str,
    "library": str,
    "library_version": str,
    "default": int,
    "uses_inputs": int,
    "status": str,
    "reason": str,
    "options": str,
    **_columns(Level),
    "n": int,
    "rank": int,
    "channels": int,
    "inputs": int,
    "discrete": int,
    "alpha": float,
    "noise": float,
    "dt": float,
    "train_trajectories": int,
    "horizon": float,
    "targets": int,
    **_SCORES,
    "data_seconds": float,
    "fit_seconds": float,
    "score_seconds": float,
    "peak_memory_mb": float,
    **_NOTES,
    "output": str,
}
TARGETS: Columns = {**_FIT, "role": str, "status": str, **_columns(TargetScores)}
EIGENPAIRS: Columns = {**_FIT, **_columns(PairScores)}
PORTRAITS: Columns = {**_FIT, **PORTRAIT}
HELD_OUT: dict[str, type] = {
    "verdicts": VerdictScores,
    "forecasts": ForecastScores,
    "structures": StructureScores,
    "courses": CourseScores,
}
"""Tables of scores on held-out data; empty if there are none."""

SHARED = (*_FIT, "role", "status")
"""Columns that every table takes from the row of fits."""

TABLES = {
    "fits": FITS,
    "targets": TARGETS,
    "eigenpairs": EIGENPAIRS,
    "portraits": PORTRAITS,
    **{name: {**_FIT, **_columns(declared)} for name, declared in HELD_OUT.items()},
}

PLANNED = ("suite", "dataset", "method", *_columns(Level))
"""Columns that the plan sets, since the name of a fit may differ in the next run."""


@dataclass(frozen=True)
class Rows:
    """Rows of one fit: its row of `fits`, and its rows of other tables without `SHARED` columns."""

    fit: Row
    targets: list[Row] = field(default_factory=list)
    eigenpairs: list[Row] = field(default_factory=list)
    portraits: list[Row] = field(default_factory=list)
    held_out: dict[str, list[Row]] = field(default_factory=dict)
    """By the names in `HELD_OUT`."""

    @property
    def fit_id(self) -> str:
        return str(self.fit["fit_id"])

    @property
    def status(self) -> str:
        return str(self.fit["status"])


@dataclass(frozen=True)
class Outcome:
    """The outcome of a fit, as stored in the tables."""

    status: str
    reason: str = ""
    data_seconds: float = nan
    """Seconds for making the data or reading them from the cache."""
    fit_seconds: float = nan
    score_seconds: float = nan
    peak_memory_mb: float = nan
    scores: Scores | None = None
    notes: str = ""
    """Remarks on the fit or its data."""


def make_rows(cell: Cell, outcome: Outcome, output: str = "") -> Rows:
    """Make the rows of one fit; without scores, its targets are listed with missing scores."""
    facts, targets = _known(cell.recipe, cell.seed)
    scores = outcome.scores
    scored = [asdict(target) for target in scores.targets] if scores else targets
    fit: Row = {
        "fit_id": cell.fit_id,
        "suite": cell.suite,
        "dataset": cell.dataset,
        "seed": cell.seed,
        "method": cell.label,
        "role": cell.method.tags.role,
        "library": cell.method.tags.library,
        "library_version": cell.library_version,
        "default": int(cell.method.is_library_default),
        "uses_inputs": int(cell.method.tags.inputs and cell.recipe.inputs_recorded),
        "status": outcome.status,
        "reason": outcome.reason,
        "options": json.dumps(cell.method.to_options(), sort_keys=True),
        **asdict(cell.level),
        **facts,
        "targets": len(scored),
        **(asdict(scores.fit) if scores else {}),
        "notes": "; ".join(filter(None, [outcome.notes, scores.fit.notes if scores else ""])),
        "data_seconds": outcome.data_seconds,
        "fit_seconds": outcome.fit_seconds,
        "score_seconds": outcome.score_seconds,
        "peak_memory_mb": outcome.peak_memory_mb,
        "output": output,
    }
    pairs = [asdict(pair) for pair in scores.eigenpairs] if scores else []
    drawn = [portrait_row(portrait) for portrait in scores.portraits] if scores else []
    held_out = {
        name: [_sanitised(asdict(row)) for row in getattr(scores, name)] if scores else []
        for name in HELD_OUT
    }
    return Rows(_sanitised(fit), [_sanitised(target) for target in scored], pairs, drawn, held_out)


def _sanitised(row: Row) -> Row:
    """What a fit prints and raises may be any text."""
    return {
        name: sanitise(value) if isinstance(value, str) else value for name, value in row.items()
    }


@lru_cache(maxsize=16)
def _known(recipe: Recipe | Recording, seed: int) -> tuple[dict[str, Any], list[Row]]:
    """What the tables say of a dataset and its targets without any fit."""
    try:
        facts = recipe.facts(seed)
        targets = datasets.target_list(recipe, seed)
    except (ValueError, ArithmeticError, MemoryError):
        # A system that cannot be made has neither; the fit's row says why.
        return {}, []
    return facts, [
        {
            "target_index": index,
            "target": name,
            "target_eigenvalue_re": space.eigenvalue.real,
            "target_eigenvalue_im": space.eigenvalue.imag,
            "target_dimension": space.dimension,
            "target_degree": space.degree,
            "notes": "",
        }
        for index, (space, name) in enumerate(zip(targets, labels(targets), strict=True))
    ]


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters other than tabs and ends of lines, and what has no place in UTF-8: it would
steer a terminal, end a row of a CSV file early, or be impossible to write at all."""


def sanitise(text: str) -> str:
    """Replace characters that tables, terminals or pages cannot hold."""
    return _UNPRINTABLE.sub("\ufffd", text)
