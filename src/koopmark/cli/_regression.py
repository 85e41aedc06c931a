"""Commands that hold runs against each other: compare, check, baseline, history."""

from pathlib import Path
from typing import Annotated

import typer

from koopmark.cli._app import REGRESSION, command, say, say_page, show
from koopmark.cli._options import SUITE, Open, PageFolder, RunFolder


@command(REGRESSION, "compare reports/before reports/after --page reports/compare --open")
def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Two to six run folders.")],
    against: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the baseline run. Default: the first folder."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the comparison to this file.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the comparison as a page into this folder."),
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="N", min=1, help="Rows per table in the terminal.")
    ] = 8,
    everything: Annotated[
        bool, typer.Option("--all", help="Show all rows, leaderboards and targets.")
    ] = False,
    open_: Annotated[
        bool,
        typer.Option(
            "--open", help="Open the page in the browser (written to reports/compare if needed)."
        ),
    ] = False,
) -> None:
    """Compare runs side by side and list what changed.

    It shows versions, digits and targets found; the largest losses come first. The tolerances are
    those of `koopmark check` (docs/how-to/make_ci_fail.md). Runs of different suites are compared
    on the fits that they share. Analyses of recorded data cannot be compared in this way.
    """
    from koopmark import pages, regression
    from koopmark.pages import terminal

    found = regression.compare(folders, against)
    show(terminal.comparison(found, None if everything else top))
    if markdown is not None:
        regression.publish(found.markdown(), markdown)
        say(f"Comparison: {markdown}")
    if page is None and open_:
        page = Path("reports/compare")
    if page is not None:
        say_page("Comparison", pages.write_comparison(found, page), open_)


@command(REGRESSION, "check reports/standard --against reports/baseline")
def check(
    folder: RunFolder,
    against: Annotated[Path, typer.Option(metavar="BASELINE", help="Folder of the baseline run.")],
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the comparison to this file.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Compare only the fits that both runs have.")
    ] = False,
) -> None:
    """Check a run against a baseline: exit code 1 if it is worse.

    A run is worse if a score got worse by more than its tolerance or a result is missing
    (docs/how-to/make_ci_fail.md). The exit code is also 1 if the runs are not comparable.

    In GitHub Actions the comparison is also added to the summary of the step.
    """
    from koopmark import regression
    from koopmark.pages import terminal

    result = regression.check(folder, against, partial)
    regression.publish(result.markdown(), markdown)
    if markdown is None:
        show(terminal.check(result))
    else:
        say(f"{result.verdict()} See {markdown}")
    if not result.ok:
        raise typer.Exit(1)


@command(REGRESSION, "baseline reports/smoke")
def baseline(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a finished run.")],
    to: Annotated[Path, typer.Option(metavar="BASELINE", help="Folder of the baseline.")] = Path(
        "reports/baseline"
    ),
    allow_dirty: Annotated[
        bool,
        typer.Option("--allow-dirty", help="Accept a run of source code with uncommitted changes."),
    ] = False,
    speed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Timings from bench/speed/regress.py, to add to the history."
        ),
    ] = None,
) -> None:
    """Make a finished run the baseline of later checks.

    The run must be of a whole suite. A line about it is added to history.jsonl in the folder of
    the baseline.
    """
    from koopmark import regression

    added = regression.promote(folder, to, allow_dirty, speed)
    say(f"Baseline: {to}" + ("" if added else " (this run was in its history already)"))


@command(REGRESSION, "history reports/baseline/history.jsonl --open")
def history(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="History in the folder of a baseline.")
    ] = Path("reports/baseline/history.jsonl"),
    out: PageFolder = Path("reports/history"),
    suite: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Suite. Default: that of the last run.", autocompletion=SUITE
        ),
    ] = None,
    open_: Open = False,
) -> None:
    """Show how scores changed from baseline to baseline.

    It writes a page with a curve per score, and says which scores changed and since when.
    """
    from koopmark import pages

    page, sentences = pages.write_history(file, out, suite)
    for sentence in sentences:
        say(sentence)
    say_page("History", page, open_)
