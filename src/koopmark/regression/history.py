"""The history of a baseline: JSON lines, one for each promoted run; lines are only added."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from koopmark._errors import ConfigError
from koopmark._files import write_text
from koopmark.analysis.summary import roles_of, summarise
from koopmark.analysis.tables import ROLES
from koopmark.analysis.targets import target_names

NAME = "history.jsonl"
"""Beside the tables of the baseline."""

OF_TARGETS = ("eigenvalue_error_relative", "eigenfunction_error")
"""Scores of targets that are kept: medians over the seeds whose fit ended ok, as the next."""

OF_FITS = ("forecast_error",)

SHARES = ("recovered", "ok")
"""Of the targets those recovered, of the fits those that ended ok."""

Scores = Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]
"""By dataset, method, target (empty for a fit as a whole) and score; missing ones are not there."""


@dataclass(frozen=True)
class PromotedRun:
    """A line of the history: where from, and what each method came to.

    It is told from others by its suite and its times.
    """

    suite: str
    started: str
    ended: str
    koopmark: str
    commit: str = ""
    configuration: str = ""
    python: str = ""
    cpu: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)
    """What did a method's work: `pydmd 2025.8.1`."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """The role of a method that is an anchor or informed."""
    scores: Scores = field(default_factory=dict)
    speed: Mapping[str, float] = field(default_factory=dict)
    """Time of each kernel of the core over that of its reference."""

    @property
    def run(self) -> tuple[str, str, str]:
        """What a run is known by."""
        return self.suite, self.started, self.ended

    def text(self) -> str:
        """The line, four digits of each score: what rounding does is no news."""
        known = {name: _plain(value) for name, value in vars(self).items() if value}
        return json.dumps(known, ensure_ascii=False, allow_nan=False)


_TEXTS = ("suite", "started", "ended", "koopmark", "commit", "configuration", "python", "cpu")


def parse(text: str) -> PromotedRun:
    """A line read back; fields that are not known here are passed over.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        If it is no line of a history.
    """
    raw = json.loads(text)
    words = {name: str(raw.get(name, "")) for name in _TEXTS}
    for needed in ("suite", "started"):
        if not words[needed]:
            raise KeyError(needed)
    return PromotedRun(
        **words,
        libraries=_checked(raw.get("libraries", {}), str),
        methods=_checked(raw.get("methods", {}), str),
        roles=_checked(raw.get("roles", {}), lambda role: ROLES[ROLES.index(role)]),
        scores=_checked(raw.get("scores", {}), float, depth=4),
        speed=_checked(raw.get("speed", {}), float),
    )


def _checked(value: Any, leaf: Callable[[Any], Any], depth: int = 1) -> Any:
    """A mapping of so many levels, whose values are made by `leaf`."""
    if depth == 0:
        return leaf(value)
    return {str(key): _checked(inner, leaf, depth - 1) for key, inner in value.items()}


def promoted_run(
    fits: pd.DataFrame,
    targets: pd.DataFrame,
    provenance: Mapping[str, Any],
    speed: Mapping[str, float] | None = None,
) -> PromotedRun:
    """The line of a run, from its tables."""
    done_by = zip(fits["method"], fits["library"], fits["library_version"], strict=True)
    git, libraries = provenance.get("git") or {}, provenance.get("libraries") or {}
    commit = str(git.get("commit") or "")
    return PromotedRun(
        suite=str(provenance.get("suite", "")),
        started=str(provenance.get("started", "")),
        ended=str(provenance.get("ended", "")),
        koopmark=str(provenance.get("koopmark", "")),
        # As `git describe` marks what was not committed.
        commit=f"{commit}-dirty" if commit and git.get("dirty") else commit,
        configuration=str(provenance.get("configuration_digest", "")),
        python=str(provenance.get("python", "")),
        cpu=str((provenance.get("cpu") or {}).get("model", "")),
        libraries={name: str(version) for name, version in libraries.items() if version},
        methods={method: f"{library} {version}".strip() for method, library, version in done_by},
        roles={name: role for name, role in roles_of(fits).items() if role != "method"},
        scores=_scores(fits, targets),
        speed=dict(speed or {}),
    )


def _scores(fits: pd.DataFrame, targets: pd.DataFrame) -> Scores:
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for _, row in summarise(fits, targets).iterrows():
        whole = {name: float(row[name]) for name in OF_FITS if not math.isnan(row[name])}
        if row["targets"] > 0:
            whole["recovered"] = float(row["targets_recovered"] / row["targets"])
        whole["ok"] = float(row["ok"] / (row["ok"] + row["failed"]))
        found.setdefault(row["dataset"], {})[row["method"]] = {"": whole}
    ok = targets.assign(name=target_names(targets))[targets["status"] == "ok"]
    keys = ["dataset", "method", "name"]
    medians = ok.groupby(keys, sort=False)[list(OF_TARGETS)].median().reset_index()
    for _, row in medians.iterrows():
        dataset, method, target = row[keys]
        known = {name: float(row[name]) for name in OF_TARGETS if not math.isnan(row[name])}
        found[dataset][method][target] = known
    return found


def _plain(value: Any) -> Any:
    """As JSON has it, which has no infinity: `float` reads the text back."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) else str(value)
    return value


def read_history(path: Path) -> list[PromotedRun]:
    """The lines of a history, in the order in which the runs began.

    Raises
    ------
    ConfigError
        If it cannot be read, or a line is none of a history.
    """
    lines = []
    for number, text in enumerate(_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        try:
            lines.append(parse(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            raise ConfigError(
                f"{path}: line {number} is not one that `koopmark baseline` wrote "
                f"({type(problem).__name__}: {problem})"
            ) from None
    return sorted(lines, key=lambda line: line.started)


def append(path: Path, line: PromotedRun) -> bool:
    """Add a run to a history, unless it is there; whether it was added.

    What is there stays as it is, fields of later versions too.

    Raises
    ------
    ConfigError
        If the file cannot be read or written.
    """
    there = _text(path) if path.exists() else ""
    if any(known.run == line.run for known in (read_history(path) if there else [])):
        return False
    gap = "" if not there or there.endswith("\n") else "\n"
    write_text(path, f"{there}{gap}{line.text()}\n")
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist: `koopmark baseline DIR` writes a history beside the baseline"
        ) from None
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path} cannot be read as a history: {problem}") from None
