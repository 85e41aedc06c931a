"""The history of a baseline: JSON lines, one for each promoted run; lines are only added."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from koopmark._errors import ConfigError
from koopmark._files import write_text
from koopmark.analysis.leaderboard import DIGITS
from koopmark.analysis.results import Results
from koopmark.analysis.tables import ROLES

NAME = "history.jsonl"
"""Beside the tables of the baseline."""

OF_TARGETS = ("digits", "found")
"""What is kept of each target: the median over the seeds, and the share of the seeds."""

OF_BOARDS = ("digits", "found", "reach")
"""What is kept of each board that ranks by digits."""

Values = Mapping[str, Mapping[str, float]]
"""By score and method; missing ones are not there."""


@dataclass(frozen=True)
class PromotedRun:
    """A line of the history: what made the run, and the scores of each method.

    Suite, start and end identify a run.
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
    targets: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)
    """By dataset and target."""
    boards: Mapping[str, Values] = field(default_factory=dict)
    """By question."""
    speed: Mapping[str, float] = field(default_factory=dict)
    """Time of each kernel of the core over that of its reference."""

    @property
    def run(self) -> tuple[str, str, str]:
        """What identifies a run."""
        return self.suite, self.started, self.ended

    def text(self) -> str:
        """The line: each score as a list in the order of `methods`, with two decimals.

        More decimals would only record rounding, and make lines long.
        """
        listed = {
            "targets": _mapped(self.targets, 3, self._listed),
            "boards": _mapped(self.boards, 2, self._listed),
            "speed": {kernel: float(f"{ratio:.4g}") for kernel, ratio in self.speed.items()},
        }
        known = {name: value for name, value in (vars(self) | listed).items() if value}
        return json.dumps(known, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def _listed(self, values: Mapping[str, float]) -> list[float | None]:
        return [_short(values[name]) if name in values else None for name in self.methods]


def _short(value: float) -> float:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


_TEXTS = ("suite", "started", "ended", "koopmark", "commit", "configuration", "python", "cpu")


def parse(text: str) -> PromotedRun:
    """A line read back; unknown fields are ignored.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        If it is not a line of a history.
    """
    raw = json.loads(text)
    words = {name: str(raw.get(name, "")) for name in _TEXTS}
    for needed in ("suite", "started"):
        if not words[needed]:
            raise KeyError(needed)
    methods = _mapped(raw.get("methods", {}), 1, str)

    def by_method(values: list[Any]) -> dict[str, float]:
        pairs = zip(methods, values, strict=True)
        return {name: float(value) for name, value in pairs if value is not None}

    return PromotedRun(
        **words,
        libraries=_mapped(raw.get("libraries", {}), 1, str),
        methods=methods,
        roles=_mapped(raw.get("roles", {}), 1, lambda role: ROLES[ROLES.index(role)]),
        targets=_mapped(raw.get("targets", {}), 3, by_method),
        boards=_mapped(raw.get("boards", {}), 2, by_method),
        speed=_mapped(raw.get("speed", {}), 1, float),
    )


def _mapped(value: Any, depth: int, leaf: Callable[[Any], Any]) -> Any:
    """A mapping of so many levels, with what `leaf` makes of its values."""
    if depth == 0:
        return leaf(value)
    return {str(key): _mapped(inner, depth - 1, leaf) for key, inner in value.items()}


def promoted_run(run: Results, speed: Mapping[str, float] | None = None) -> PromotedRun:
    """The line of a run; `speed` are times of the core's kernels, if they were measured."""
    fits, provenance = run.fits, run.provenance
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
        roles={name: role for name, role in run.roles.items() if role != "method"},
        targets=_of_targets(run.by_target),
        boards={
            question: _columns(board.rows.set_index("method"), OF_BOARDS)
            for question, board in run.boards.items()
            if board.measure is DIGITS
        },
        speed=dict(speed or {}),
    )


def _of_targets(per_target: pd.DataFrame) -> dict[str, dict[str, Values]]:
    kept: dict[str, dict[str, Values]] = {}
    keys = ["dataset", "target"]
    for name, rows in per_target.groupby(level=keys, sort=False):
        dataset, target = map(str, name)
        values = _columns(rows.droplevel(["problem", *keys]), OF_TARGETS)
        kept.setdefault(dataset, {})[target] = values
    return kept


def _columns(rows: pd.DataFrame, names: tuple[str, ...]) -> Values:
    """By score and method, from rows by method."""
    known = {name: rows[name].dropna() for name in names}
    return {
        name: {str(method): float(value) for method, value in values.items()}
        for name, values in known.items()
        if not values.empty
    }


def read_history(path: Path) -> list[PromotedRun]:
    """The lines of a history, ordered by the start of the runs.

    Raises
    ------
    ConfigError
        If it cannot be read, or a line is not one of a history.
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
    """Add a run to a history unless it is there; returns whether it was added.

    Existing lines stay as they are, including fields written by later versions.

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
