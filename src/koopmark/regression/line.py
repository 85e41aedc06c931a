"""One promoted run as a line of the history: where from, and what each method came to."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from koopmark.analysis.summary import roles_of, summarise
from koopmark.analysis.tables import ROLES
from koopmark.analysis.targets import target_names

OF_TARGETS = ("eigenvalue_error_relative", "eigenfunction_error")
"""Scores of targets that are kept: medians over the seeds whose fit ended ok, as the next."""

OF_FITS = ("forecast_error",)

SHARES = ("recovered", "ok")
"""Of the targets those recovered, of the fits those that ended ok."""

Scores = Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]
"""By dataset, method, target (empty for a fit as a whole) and score; missing ones are not there."""


@dataclass(frozen=True)
class Line:
    """A promoted run; it is told from others by its suite and its times."""

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


def parse(text: str) -> Line:
    """A line read back; fields that are not known here are passed over.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        Where it is no line of a history.
    """
    raw = json.loads(text)
    words = {name: str(raw.get(name, "")) for name in _TEXTS}
    for needed in ("suite", "started"):
        if not words[needed]:
            raise KeyError(needed)
    return Line(
        **words,
        libraries={str(k): str(v) for k, v in raw.get("libraries", {}).items()},
        methods={str(k): str(v) for k, v in raw.get("methods", {}).items()},
        roles={str(k): ROLES[ROLES.index(v)] for k, v in raw.get("roles", {}).items()},
        scores={
            str(dataset): {
                str(method): {
                    str(target): {str(score): float(value) for score, value in scores.items()}
                    for target, scores in targets.items()
                }
                for method, targets in methods.items()
            }
            for dataset, methods in raw.get("scores", {}).items()
        },
        speed={str(k): float(v) for k, v in raw.get("speed", {}).items()},
    )


_TEXTS = ("suite", "started", "ended", "koopmark", "commit", "configuration", "python", "cpu")


def line_of(
    fits: pd.DataFrame,
    targets: pd.DataFrame,
    provenance: Mapping[str, Any],
    speed: Mapping[str, float] | None = None,
) -> Line:
    """The line of a run, from its tables."""
    done_by = zip(fits["method"], fits["library"], fits["library_version"], strict=True)
    libraries = provenance.get("libraries") or {}
    return Line(
        suite=str(provenance.get("suite", "")),
        started=str(provenance.get("started", "")),
        ended=str(provenance.get("ended", "")),
        koopmark=str(provenance.get("koopmark", "")),
        commit=_commit(provenance.get("git") or {}),
        configuration=str(provenance.get("configuration_digest", "")),
        python=str(provenance.get("python", "")),
        cpu=str((provenance.get("cpu") or {}).get("model", "")),
        libraries={name: str(version) for name, version in libraries.items() if version},
        methods={method: f"{library} {version}".strip() for method, library, version in done_by},
        roles={name: role for name, role in roles_of(fits).items() if role != "method"},
        scores=_scores(fits, targets),
        speed=dict(speed or {}),
    )


def _commit(git: Mapping[str, Any]) -> str:
    """As `git describe` marks what was not committed."""
    commit = str(git.get("commit") or "")
    return f"{commit}-dirty" if commit and git.get("dirty") else commit


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
