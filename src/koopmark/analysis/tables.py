"""The tables of a run folder, read back exactly as they were written."""

import json
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from koopmark._config import refuse_extremes
from koopmark._errors import ConfigError
from koopmark.methods import Role
from koopmark.store import FILE, FITS, POINTS, PREFIX, TARGETS, sanitise

ROLES: tuple[Role, ...] = ("anchor", "informed", "method")
"""In the order in which tables show them: what does not compete stands apart, on top."""

KEYS = ["dataset", "seed", "method"]
"""What tells one fit of a run from another, whatever its `fit_id`."""

TARGET_KEYS = [*KEYS, "target_index"]
"""What tells one target of a fit from another; labels are for people."""


def read_provenance(run_dir: Path) -> dict[str, Any]:
    """provenance.json of a run folder.

    Raises ConfigError if it is missing or cannot be read.
    """
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


def unfinished(run_dir: Path, done: int, provenance: Mapping[str, Any]) -> str:
    """How many of a run's fits have a result, and how to do the rest; empty if all have."""
    planned = provenance.get("fits")
    if provenance.get("ended") and done == planned:
        return ""
    command = str(provenance.get("command", "koopmark run"))
    if not command.startswith("koopmark "):
        # Started from Python: the command is that of a script, or of a notebook's kernel.
        suite = str(provenance.get("suite_argument", "SUITE"))
        command = shlex.join(["koopmark", "run", suite, "--out", str(run_dir)])
        command = f"the same call in Python, or with {command}"
    return sanitise(
        f"{run_dir} is not finished, {done} of {planned or 'an unknown number of'} fits "
        f"are done: resume with {command}"
    )


def read_scores(run_dir: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """fits.csv and targets.csv of a run folder, all targets of each fit.

    Raises
    ------
    ConfigError
        If one of them is missing, cannot be read, lacks a column, or has rows too many or too
        few: whatever is ranked by a part of its targets is ranked wrongly.
    """
    fits, targets = read_fits(run_dir), read_targets(run_dir)
    counted = with_counts(fits, targets)
    wrong = counted[counted["there"] != counted["targets"]]
    if not wrong.empty:
        first = wrong.iloc[0]
        raise ConfigError(
            f"{run_dir / 'targets.csv'} has {first['there']:g} of the {first['targets']:g} targets "
            f"of {_fit(first)}, and so on for {len(wrong):,} of {len(fits):,} fits: "
            "`koopmark report` writes the tables of a run anew"
        )
    return fits, targets


def with_counts(fits: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The fits with `there`, the number of rows that `table` has of each."""
    rows = table.groupby(KEYS, sort=False).size().rename("there").reset_index()
    return fits.merge(rows, on=KEYS, how="left").fillna({"there": 0})


def read_fits(run_dir: Path) -> pd.DataFrame:
    """fits.csv of a run folder; raises as `read_scores` does."""
    path = run_dir / "fits.csv"
    fits = read_table(path, FITS)
    for role in fits["role"].unique():
        if role not in ROLES:
            raise ConfigError(f"{path} has the role {role!r}: it must be one of {', '.join(ROLES)}")
    return _refuse_twice(path, fits, KEYS)


def read_targets(run_dir: Path) -> pd.DataFrame:
    """targets.csv of a run folder; raises as `read_scores` does."""
    path = run_dir / "targets.csv"
    return _refuse_twice(path, read_table(path, TARGETS), TARGET_KEYS)


def _refuse_twice(path: Path, table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    twice = table[table.duplicated(keys)]
    if not twice.empty:
        first = twice.iloc[0]
        which = f"target {first['target_index']:g} of " if "target_index" in keys else ""
        raise ConfigError(
            f"{path} has {which}{_fit(first)} twice: each may have one row, and which of the two "
            "counts nobody can say"
        )
    return table


def _fit(row: "pd.Series[Any]") -> str:
    return f"{row['method']} on {row['dataset']}, seed {row['seed']:g}"


def read_portraits(run_dir: Path) -> pd.DataFrame:
    """eigenfunctions.csv of a run folder; raises as `read_scores` does.

    No rows if there is no such file: no score rests on it, and it is the largest of a run.
    """
    path = run_dir / "eigenfunctions.csv"
    return read_table(path, POINTS, PREFIX) if path.exists() else pd.DataFrame(columns=list(POINTS))


def read_table(path: Path, columns: dict[str, type], prefix: str | None = None) -> pd.DataFrame:
    """A CSV table whose numbers are read to the last bit and whose text is left as it is.

    An empty field is a missing number, or empty text: a method may be called "None" or "nan".
    What tells rows apart (`TARGET_KEYS`) may not be missing.

    Parameters
    ----------
    path : Path
    columns : dict
        `str`, `int` or `float` for each column the table must have.
    prefix : str, optional
        Columns whose names begin so hold numbers too.
    """
    try:
        numbers = [name for name, kind in columns.items() if kind is not str]
        if prefix:
            names = pd.read_csv(path, dtype=str, nrows=0).columns
            numbers += [name for name in names if name.startswith(prefix)]
        table = _parsed(path, numbers)
    except FileNotFoundError:
        raise _not_a_run(path) from None
    except ConfigError:
        raise
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path} cannot be read as a CSV table: {problem}") from problem
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ConfigError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}: "
            "it must be a table that this version's `koopmark run` or `koopmark report` wrote"
        )
    for name in (name for name, kind in columns.items() if kind is int):
        given = table[name].to_numpy(dtype=float)
        # Beyond 2^53 not every whole number can be told.
        told = (np.abs(given) <= 2.0**53) & (np.trunc(given) == given)
        wrong = np.flatnonzero(~(told | np.isnan(given)))
        if len(wrong):
            raise ConfigError(
                f"{path}, row {wrong[0] + 1}: {name} is {given[wrong[0]]:g}: it must be a "
                "whole number"
            )
    for name in (name for name in columns if name in TARGET_KEYS):
        empty = np.flatnonzero(table[name].isna() | (table[name] == ""))
        if len(empty):
            raise ConfigError(
                f"{path}, row {empty[0] + 1}: {name} is empty: every row has one, and "
                "`koopmark report` writes the tables of a run again"
            )
    return table


def _parsed(path: Path, numbers: list[str]) -> pd.DataFrame:
    """The table with these columns, if they are there, as numbers, correctly rounded."""
    types: defaultdict[str, type] = defaultdict(lambda: str, dict.fromkeys(numbers, float))
    missing = {name: ["", "nan", "NaN"] for name in numbers}
    try:
        # From pandas 3.1 on its parser rounds as Python does (tests/analysis/test_tables.py).
        return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=missing)
    except ValueError:
        # Pandas does not say in which column: the first with a text that is no number.
        texts = pd.read_csv(path, dtype=str, keep_default_na=False)
        for name in texts.columns.intersection(numbers, sort=False):
            there = texts[name][texts[name] != ""]
            if pd.to_numeric(there, errors="coerce").isna().any():
                raise ConfigError(
                    f"{path} holds text in the column {name}: it must hold numbers"
                ) from None
        raise


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """A nested JSON value as pairs of a dotted path and the text of a leaf."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{path}[{index}]")
    elif isinstance(value, list):
        yield path, ", ".join(str(item) for item in value)
    else:
        yield path, "" if value is None else str(value)


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
