"""The trends as a page of their own."""

from pathlib import Path

from koopmark._errors import ConfigError, suggest
from koopmark._files import make_folder, write_text
from koopmark.pages.history.view import trends_view
from koopmark.pages.web.render import render
from koopmark.regression.history import read_history


def write_history(path: Path, out_dir: Path, suite: str | None = None) -> tuple[Path, list[str]]:
    """Write the page of a history; returns its path, and its changes as sentences.

    Parameters
    ----------
    path : Path
        Of the history, or of the folder it is in.
    out_dir : Path
        Made where it is not there.
    suite : str, optional
        The suite of the runs, by default that of the last.

    Raises
    ------
    ConfigError
        Where there is no such history, or no run of that suite in it.
    """
    lines = read_history(path)
    if not lines:
        raise ConfigError(f"{path} has no run in it yet: `koopmark baseline DIR` adds one")
    suites = list(dict.fromkeys(line.suite for line in lines))
    chosen = suite or lines[-1].suite
    if chosen not in suites:
        hint = suggest(chosen, suites)
        raise ConfigError(f"{path} has no run of {chosen!r}: {hint}it has {', '.join(suites)}")
    mine = [line for line in lines if line.suite == chosen]
    view = trends_view(mine)
    page = out_dir / "index.html"
    html = render(
        "history/page.html.j2", {"trends": view.data}, title=f"History of {chosen}", trends=view
    )
    make_folder(out_dir)
    write_text(page, html)
    return page, [view.sentence, *([view.note] if view.note else []), *view.sentences]
