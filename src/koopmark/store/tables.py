"""The columns of the store's tables, and the rows that one fit adds to them."""

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

STATUSES = (
    "ok",
    "failed",
    "timeout",
    "out_of_memory",
    "crashed",
    "diverged",
    "skipped",
    "unavailable",
)
FAILURES = ("failed", "timeout", "out_of_memory", "crashed", "diverged")
"""How a fit can end that `--strict` does not forgive."""

FITS = {
    "fit_id": "TEXT",
    "suite": "TEXT",
    "dataset": "TEXT",
    "seed": "INTEGER",
    "method": "TEXT",
    "role": "TEXT",
    "library": "TEXT",
    "library_version": "TEXT",
    "status": "TEXT",
    "reason": "TEXT",
    "options": "TEXT",
    "family": "TEXT",
    "axis": "TEXT",
    "level": "REAL",
    "level_text": "TEXT",
    "n": "INTEGER",
    "rank": "INTEGER",
    "noise": "REAL",
    "dt": "REAL",
    "train_trajectories": "INTEGER",
    "horizon": "REAL",
    "targets": "INTEGER",
    "recovered": "INTEGER",
    "window": "INTEGER",
    "verified": "INTEGER",
    "spurious_fraction": "REAL",
    "residual_median": "REAL",
    "precision": "REAL",
    "judged": "REAL",
    "recall": "REAL",
    "rank_error": "REAL",
    "null_space_error": "REAL",
    "forecast_error": "REAL",
    "fit_seconds": "REAL",
    "peak_memory_mb": "REAL",
    "notes": "TEXT",
    "output": "TEXT",
}
TARGETS = {
    "fit_id": "TEXT",
    "suite": "TEXT",
    "dataset": "TEXT",
    "seed": "INTEGER",
    "method": "TEXT",
    "role": "TEXT",
    "status": "TEXT",
    "target_index": "INTEGER",
    "target": "TEXT",
    "target_eigenvalue_re": "REAL",
    "target_eigenvalue_im": "REAL",
    "target_dimension": "INTEGER",
    "scored_dimension": "INTEGER",
    "eigenvalue_error": "REAL",
    "eigenvalue_error_relative": "REAL",
    "eigenvalue_error_mean": "REAL",
    "eigenfunction_error": "REAL",
    "eigenfunction_error_rms": "REAL",
    "cluster_excess": "INTEGER",
    "oracle_floor": "REAL",
    "oracle_floor_in_sample": "REAL",
    "statistical_floor_eigenvalue": "REAL",
    "statistical_floor": "REAL",
    "target_residual": "REAL",
    "residual_bound": "REAL",
    "rounding": "REAL",
    "notes": "TEXT",
}
EIGENPAIRS = {
    "fit_id": "TEXT",
    "suite": "TEXT",
    "dataset": "TEXT",
    "seed": "INTEGER",
    "method": "TEXT",
    "index": "INTEGER",
    "eigenvalue_re": "REAL",
    "eigenvalue_im": "REAL",
    "residual": "REAL",
    "training_residual": "REAL",
    "kind": "TEXT",
}
PORTRAITS = {
    "fit_id": "TEXT",
    "suite": "TEXT",
    "dataset": "TEXT",
    "seed": "INTEGER",
    "method": "TEXT",
    "target_index": "INTEGER",
    "target": "TEXT",
    "target_eigenvalue_re": "REAL",
    "target_eigenvalue_im": "REAL",
    "portrait_error": "REAL",
    "frame": "TEXT",
    "difference": "BLOB",
}
PLANNED = {
    name: FITS[name]
    for name in ("suite", "dataset", "method", "family", "axis", "level", "level_text")
}
"""What the suite calls a fit: the same fit may be called otherwise in the next run."""

TABLES = {"fits": FITS, "targets": TARGETS, "eigenpairs": EIGENPAIRS, "portraits": PORTRAITS}


@dataclass(frozen=True)
class Rows:
    """What one fit writes: a row of fits, and its rows of the other tables."""

    fit: Row
    targets: list[Row] = field(default_factory=list)
    eigenpairs: list[Row] = field(default_factory=list)
    portraits: list[Row] = field(default_factory=list)

    @property
    def fit_id(self) -> str:
        return str(self.fit["fit_id"])

    @property
    def status(self) -> str:
        return str(self.fit["status"])
