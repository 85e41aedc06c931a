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
from koopmark.pages.history._panels import data_of, panels, runs_of
from koopmark.pages.web import method_styles, render
from koopmark.regression.history import NAME, PromotedRun, promoted_run, read_history
from koopmark.regression.trends import (
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
    """What a score may be of, leaderboards and datasets, by score."""
    versions: list[tuple[str, str]] = field(default_factory=list)
    """The date of each run with new versions, and which."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """The rows of the table of changes."""
    current: bool = False
    """Whether the last point is the run itself, which was not promoted."""
    data: dict[str, Any] = field(default_factory=dict)
    """What its script draws from."""
    sentences: tuple[str, ...] = ()
    """The changes, one each."""


def write_history(
    path: str | Path, out_dir: str | Path, suite: str | None = None
) -> tuple[Path, list[str]]:
    """Write the page of a history; returns its path, and its changes as sentences.

    Of the runs of one suite, by default that of the last. `out_dir` is made if it is not there.

    Raises
    ------
    ConfigError
        If there is no such history, or no run of that suite in it.
    """
    path = Path(path)
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
    page = make_folder(Path(out_dir)) / "index.html"
    write_text(page, html)
    return page, [view.sentence, *([view.note] if view.note else []), *view.sentences]


def trends_beside(run: Results) -> Trends | None:
    """The trends up to a run, from the history of the baseline beside its folder.

    None if there is no history, or none of the run's suite. If it cannot be read, the section says
    so, and the rest of the report is written.
    """
    path = run.folder.absolute().parent / "baseline" / NAME
    if not path.is_file():
        return None
    this = promoted_run(run)
    try:
        lines = [line for line in read_history(path) if line.suite == this.suite]
    except ConfigError as problem:
        return Trends(f"Trends cannot be shown: {problem}.")
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
    views = panels(series, _order(lines))
    runs = runs_of(lines, current)
    return Trends(
        sentence=in_short(lines, changes),
        note=why_unmarked(lines),
        places={
            score: [place for of, place in views if of == score]
            for score in dict.fromkeys(score for score, _ in views)
        },
        changes=rows,
        versions=[(run["date"], "; ".join(run["news"])) for run in runs if run["news"]],
        current=current,
        data={"runs": runs, "views": data_of(views), **_methods(lines, series)},
        sentences=tuple(change.sentence() for change in changes),
    )


def _order(lines: Sequence[PromotedRun]) -> list[str]:
    """All methods, those of the last run in its order first, anchors last."""
    names = dict.fromkeys(name for line in reversed(lines) for name in line.methods)
    known = {name: role for line in lines for name, role in line.roles.items()}
    return sorted(names, key=lambda name: known.get(name) == "anchor")


def _methods(lines: Sequence[PromotedRun], series: Sequence[Series]) -> dict[str, Any]:
    """By method how it looks, and which library did its work in each run."""
    known = {name: role for line in lines for name, role in line.roles.items()}
    roles = {one.method: known.get(one.method, "method") for one in series}
    styles = method_styles(dict(sorted(roles.items(), key=lambda one: ROLES.index(one[1]))))
    return {
        "done_by": {name: [line.methods.get(name, "") for line in lines] for name in roles},
        "styles": {name: asdict(style) for name, style in styles.items()},
    }
