"""The trends of a history: a page of their own, and a section of the page of a run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from koopmark._errors import ConfigError, suggest
from koopmark._files import make_folder, write_text
from koopmark.analysis.numbers import exact
from koopmark.analysis.results import Results
from koopmark.analysis.tables import ROLES
from koopmark.pages.web import method_styles, render
from koopmark.regression.history import NAME, PromotedRun, promoted_run, read_history
from koopmark.regression.trends import (
    SCORES,
    Series,
    changes_of,
    in_short,
    trends,
    why_unmarked,
)


@dataclass(frozen=True, eq=False)
class Trends:
    """What the section says."""

    sentence: str
    note: str = ""
    places: dict[str, list[str]] = field(default_factory=dict)
    """What a score may be of, boards and datasets, by score."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """The rows of the table of changes."""
    current: bool = False
    """Whether the last point is a run that was not promoted."""
    data: dict[str, Any] = field(default_factory=dict)
    """What its script draws from."""
    sentences: tuple[str, ...] = ()
    """The changes, one each."""


def write_history(path: Path, out_dir: Path, suite: str | None = None) -> tuple[Path, list[str]]:
    """Write the page of a history; returns its path, and its changes as sentences.

    Of the runs of one suite, by default that of the last. `out_dir` is made if it is not there.

    Raises
    ------
    ConfigError
        If there is no such history, or no run of that suite in it.
    """
    lines = read_history(path)
    if not lines:
        raise ConfigError(f"{path} has no run in it yet: `koopmark baseline DIR` adds one")
    suites = list(dict.fromkeys(line.suite for line in lines))
    chosen = suite or lines[-1].suite
    if chosen not in suites:
        hint = suggest(chosen, suites)
        raise ConfigError(f"{path} has no run of {chosen!r}: {hint}it has {', '.join(suites)}")
    view = trends_view([line for line in lines if line.suite == chosen])
    title = f"History of {chosen}"
    html = render("history/page.html.j2", {"trends": view.data}, title=title, trends=view)
    page = make_folder(out_dir) / "index.html"
    write_text(page, html)
    return page, [view.sentence, *([view.note] if view.note else []), *view.sentences]


def trends_beside(run: Results) -> Trends | None:
    """The trends up to a run, from the history of the baseline beside its folder.

    None if there is no history, or none of the run's suite. One that cannot be read is a
    sentence in the section: it costs no report.
    """
    path = run.folder.absolute().parent / "baseline" / NAME
    if not path.is_file():
        return None
    this = promoted_run(run)
    try:
        lines = [line for line in read_history(path) if line.suite == this.suite]
    except ConfigError as problem:
        return Trends(f"There are no trends: {problem}.")
    if not lines:
        return None
    promoted = any(line.run == this.run for line in lines)
    return trends_view(lines if promoted else [*lines, this], current=not promoted)


def trends_view(lines: Sequence[PromotedRun], current: bool = False) -> Trends:
    """The trends over lines of one suite, oldest first."""
    series = trends(lines)
    changes = changes_of(series)
    rows = []
    for change in changes:
        before, now = change.texts
        values = {"before": exact(change.before), "now": exact(change.now)}
        texts = {"before_text": before, "now_text": now, "worse": change.worse}
        rows.append({**asdict(change), **values, **texts})
    places = {
        score: list(dict.fromkeys(one.dataset for one in series if one.score == score))
        for score in SCORES
    }
    return Trends(
        sentence=in_short(lines, changes),
        note=why_unmarked(lines),
        places={score: some for score, some in places.items() if some},
        changes=rows,
        current=current,
        data=_data(lines, series),
        sentences=tuple(change.sentence() for change in changes),
    )


def _data(lines: Sequence[PromotedRun], series: Sequence[Series]) -> dict[str, Any]:
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
            }
            for one in series
        ],
        "done_by": {name: [line.methods.get(name, "") for line in lines] for name in roles},
        "styles": {name: asdict(style) for name, style in styles.items()},
    }
