"""The trends as a section of a page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koopmark._errors import ConfigError
from koopmark.analysis.numbers import exact, plain, plural, scientific
from koopmark.analysis.tables import ROLES, Tables
from koopmark.pages.web.styles import method_styles
from koopmark.regression.change_points import FEWEST, MISSING, available
from koopmark.regression.history import NAME, read_history
from koopmark.regression.line import SHARES, Line, line_of
from koopmark.regression.trends import (
    CEILING,
    FLOORS,
    SPEED,
    Change,
    Series,
    changes_of,
    trends,
)


@dataclass(frozen=True)
class ChangeRow:
    """A row of the table of changes."""

    method: str
    dataset: str
    target: str
    score: str
    before: str
    before_text: str
    now: str
    now_text: str
    since: str
    worse: bool


@dataclass(frozen=True, eq=False)
class Trends:
    """What the section says."""

    sentence: str
    note: str
    scores: list[str]
    datasets: list[str]
    changes: list[ChangeRow]
    current: bool
    """Whether the last point is a run that was not promoted."""
    data: dict[str, Any]
    """What its script draws from."""
    sentences: tuple[str, ...] = ()
    """The changes, one each."""
    ceiling: str = plain(CEILING)


def trends_view(lines: Sequence[Line], current: bool = False) -> Trends:
    """The trends over lines of one suite, oldest first."""
    series = trends(lines)
    changes = changes_of(series)
    return Trends(
        sentence=_sentence(lines, changes),
        note=_note(lines),
        scores=[
            name for name in (*FLOORS, *SHARES, SPEED) if any(one.score == name for one in series)
        ],
        datasets=list(dict.fromkeys(one.dataset for one in series if one.dataset != SPEED)),
        changes=[_row(change) for change in changes],
        current=current,
        data=_data(lines, series),
        sentences=tuple(change.sentence() for change in changes),
    )


def trends_beside(run_dir: Path, tables: Tables) -> Trends | None:
    """The trends up to a run, from the history of the baseline beside its folder.

    None where there is no history, or none of the run's suite. One that cannot be read is a
    sentence in the section: it costs no report.
    """
    path = run_dir.absolute().parent / "baseline" / NAME
    if not path.is_file():
        return None
    this = line_of(tables.fits, tables.targets, tables.provenance)
    try:
        lines = [line for line in read_history(path) if line.suite == this.suite]
    except ConfigError as problem:
        return Trends(f"There are no trends: {problem}.", "", [], [], [], False, {})
    if not lines:
        return None
    promoted = any(line.run == this.run for line in lines)
    return trends_view(lines if promoted else [*lines, this], current=not promoted)


def _sentence(lines: Sequence[Line], changes: Sequence[Change]) -> str:
    worse = sum(change.worse for change in changes)
    runs = f"{plural(len(lines), 'run')} since {lines[0].started[:10]}"
    if not changes:
        return f"{runs}: no score has changed its level."
    return f"{runs}: {plural(len(changes), 'change')} of level, {worse} for the worse."


def _note(lines: Sequence[Line]) -> str:
    if not available():
        return f"No change is marked: {MISSING}."
    return f"Changes are looked for from {FEWEST} runs on." if len(lines) < FEWEST else ""


def _row(change: Change) -> ChangeRow:
    write = scientific if change.score in FLOORS else plain
    return ChangeRow(
        change.method,
        change.dataset,
        change.target,
        change.score,
        exact(change.before),
        write(change.before),
        exact(change.now),
        write(change.now),
        change.since,
        change.worse,
    )


def _data(lines: Sequence[Line], series: Sequence[Series]) -> dict[str, Any]:
    known = {name: role for line in lines for name, role in line.roles.items()}
    roles = {one.method: known.get(one.method, "method") for one in series}
    styles = method_styles(dict(sorted(roles.items(), key=lambda one: ROLES.index(one[1]))))
    return {
        "runs": [
            {
                "label": f"{line.started[:10]}, {line.koopmark}",
                "started": line.started,
                "koopmark": line.koopmark,
                "commit": line.commit,
            }
            for line in lines
        ],
        "series": [
            {
                "dataset": one.dataset,
                "method": one.method,
                "target": one.target,
                "score": one.score,
                "values": list(one.values),
                "changes": [change.index for change in one.changes],
                "done_by": [line.methods.get(one.method, "") for line in lines],
            }
            for one in series
        ],
        "styles": {
            name: {"colour": style.colour, "symbol": style.symbol, "dash": style.dash}
            for name, style in styles.items()
        },
        "floors": FLOORS,
        "ceiling": CEILING,
    }
