"""The tables of a run folder, read back exactly as they were written."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark._config import refuse_extremes
from koopmark._errors import ConfigError
from koopmark.suite.portraits import POINTS, PREFIX
from koopmark.suite.store import FILE
from koopmark.suite.tables import EIGENPAIRS, FITS, TARGETS

KEYS = ["dataset", "seed", "method"]
"""What tells one fit of a run from another, whatever its `fit_id`."""

LATER = ("target_residual", "residual_bound", "precision", "recall", "kind")
"""Columns that tables of earlier versions do not have: empty in what is read of those."""


@dataclass(frozen=True, eq=False)
class Tables:
    """One row per fit, per fit and exact eigenspace, per recovered eigenpair; where from; points
    of exact eigenfunctions with what was recovered there."""

    fits: pd.DataFrame
    targets: pd.DataFrame
    eigenpairs: pd.DataFrame
    provenance: dict[str, Any]
    portraits: pd.DataFrame


def read(run_dir: Path) -> Tables:
    """Read fits.csv, targets.csv, eigenpairs.csv and provenance.json of a run folder.

    And eigenfunctions.csv, where there is one.

    Raises
    ------
    ConfigError
        Where one of them is missing, cannot be read, or lacks a column.
    """
    return Tables(
        read_fits(run_dir),
        read_targets(run_dir),
        read_table(run_dir / "eigenpairs.csv", EIGENPAIRS),
        read_provenance(run_dir),
        read_portraits(run_dir),
    )


def read_provenance(run_dir: Path) -> dict[str, Any]:
    """provenance.json of a run folder; raises as `read` does."""
    path = run_dir / "provenance.json"
    try:
        provenance = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise _not_a_run(path) from None
    except (OSError, ValueError, RecursionError) as problem:
        raise ConfigError(f"{path} cannot be read as JSON: {problem}") from problem
    if not isinstance(provenance, dict):
        raise ConfigError(f"{path} must hold a JSON object, not {type(provenance).__name__}")
    refuse_extremes(provenance, str(path))
    return provenance


def read_fits(run_dir: Path) -> pd.DataFrame:
    """fits.csv of a run folder; raises as `read` does."""
    return read_table(run_dir / "fits.csv", FITS)


def read_targets(run_dir: Path) -> pd.DataFrame:
    """targets.csv of a run folder; raises as `read` does."""
    return read_table(run_dir / "targets.csv", TARGETS)


def read_portraits(run_dir: Path) -> pd.DataFrame:
    """eigenfunctions.csv of a run folder; raises as `read` does.

    No rows where there is no such file: runs of earlier versions have none.
    """
    path = run_dir / "eigenfunctions.csv"
    if not path.exists():
        return pd.DataFrame(columns=list(POINTS))
    table = read_table(path, POINTS)
    found = [name for name in table.columns if name.startswith(PREFIX)]
    return table.assign(**{name: _numbers(path, table[name]) for name in found})


def read_table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """A CSV table whose numbers are read to the last bit and whose text is left as it is.

    An empty field is a missing number, or empty text: a method may be called "None" or "nan".
    What tells fits apart (`KEYS`) may not be missing.
    `columns` gives the SQL type of each column the table must have.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise _not_a_run(path) from None
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path} cannot be read as a CSV table: {problem}") from problem
    absent = [name for name in columns if name not in table.columns]
    missing = [name for name in absent if name not in LATER]
    if missing:
        raise ConfigError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}: "
            "it must be a table that `koopmark run` or `koopmark report` wrote"
        )
    table = table.assign(**dict.fromkeys(absent, ""))
    numbers = [name for name, kind in columns.items() if kind != "TEXT"]
    table = table.assign(**{name: _numbers(path, table[name]) for name in numbers})
    for name in (name for name, kind in columns.items() if kind == "INTEGER"):
        _refuse_fractions(path, table[name])
    for name in KEYS:
        if name in columns:
            _refuse_missing(path, table[name])
    return table


def _refuse_fractions(path: Path, column: "pd.Series[float]") -> None:
    given = column.dropna()
    # Beyond 2^53 not every whole number can be told.
    wrong = given[(given.abs() > 2.0**53) | (given % 1 != 0)]
    if len(wrong):
        raise ConfigError(
            f"{path}, row {wrong.index[0] + 1}: {column.name} is {wrong.iloc[0]:g}: it must be a "
            "whole number"
        )


def _refuse_missing(path: Path, column: "pd.Series[Any]") -> None:
    empty = np.flatnonzero(column.isna() | (column == ""))
    if len(empty):
        raise ConfigError(
            f"{path}, row {empty[0] + 1}: {column.name} is empty: every fit has one, and "
            "`koopmark report` writes the tables of a run again"
        )


def _numbers(path: Path, column: "pd.Series[str]") -> NDArray[np.float64]:
    """The numbers a column spells out, by Python's own correctly rounded conversion."""
    try:
        return np.array([float(text) if text else np.nan for text in column], dtype=float)
    except ValueError:
        raise ConfigError(
            f"{path} holds text in the column {column.name}: it must hold numbers"
        ) from None


def _not_a_run(path: Path) -> ConfigError:
    if (path.parent / FILE).exists():
        command = shlex.join(["koopmark", "report", str(path.parent)])
        return ConfigError(
            f"{path.parent} holds a run that did not get to write {path.name}: {command} writes it"
        )
    return ConfigError(
        f"{path} does not exist: the folder must be one that `koopmark run` or `koopmark baseline` "
        "wrote"
    )
