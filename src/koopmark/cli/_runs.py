"""Commands that make runs and show them: run, report, show."""

from pathlib import Path
from typing import Annotated

import typer

from koopmark._errors import ConfigError
from koopmark.cli._app import RUNS, command, console, say, say_interrupted, say_page
from koopmark.cli._app import show as show_sheet
from koopmark.cli._options import DATASET, METHOD, SUITE, Fresh, Jobs, Open, RunFolder


@command(RUNS, "run smoke --jobs 2 --open")
def run(
    suite: Annotated[
        str,
        typer.Argument(
            metavar="SUITE",
            help="A name from `koopmark list suites`, or a suite file (.toml).",
            autocompletion=SUITE,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Run folder. Default: reports/SUITE, or reports/SUITE-part with --only, "
            "--dataset or --seed.",
        ),
    ] = None,
    jobs: Jobs = None,
    fresh: Fresh = False,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Add this method to the suite (repeatable): a name from `koopmark list methods`, "
            "or path/to/file.py:Class for your own.",
            autocompletion=METHOD,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Run only this method and the anchors, which are the two reference entries, "
            "exact and random (repeatable). Name it as tables print it, such as "
            "pydmd.dmd[degree=2].",
            autocompletion=METHOD,
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Run only this dataset, or all levels of this sweep (repeatable).",
            autocompletion=DATASET,
        ),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(metavar="K", help="Run only this seed (repeatable)."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with code 1 if a fit failed, timed out or crashed."),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Run the fits on the workers of this Dask scheduler "
            "(docs/how-to/use_a_cluster.md).",
        ),
    ] = None,
    open_: Open = False,
) -> None:
    """Run a suite and write its report.

    If you repeat the command, koopmark does only the fits that are missing, and those whose
    method, library or data have changed. Failed fits count as done: --fresh repeats all fits,
    including failed ones. A fit that hit its time or memory limit is repeated if the limit changes.

    With --only, --dataset or --seed only a part of the suite is run, in a folder of its own.
    """
    from koopmark import pages
    from koopmark.pages import terminal
    from koopmark.plan import Selection, load_suite, with_methods
    from koopmark.run import Interrupted
    from koopmark.run import run as run_suite
    from koopmark.workers import cores

    chosen = with_methods(load_suite(suite), method or [])
    part = Selection(tuple(only or ()), tuple(dataset or ()), tuple(seed or ()))
    folder = out or Path("reports") / (f"{chosen.name}-part" if part else chosen.name)
    if scheduler is not None and jobs is not None:
        raise ConfigError(
            "--jobs counts workers on this machine: leave it out with --scheduler, whose workers "
            "set their own number"
        )
    try:
        done = run_suite(
            chosen,
            folder,
            jobs or cores(),
            fresh,
            console=console(err=True),
            scheduler=scheduler,
            part=part,
        )
    except (Interrupted, KeyboardInterrupt) as interrupted:
        named = {"--method": method, "--only": only, "--dataset": dataset, "--seed": seed}
        others = {"--scheduler": scheduler, "--jobs": jobs}
        words = ["run", suite, "--out", str(folder)]
        say_interrupted(interrupted, folder, words, named | others)
    page = pages.write(folder)
    sheet = terminal.answers(folder, brief=True)
    say(done.took(), err=True)
    show_sheet(sheet)
    say_page("Report", page, open_)
    if strict and done.failures:
        say(f"--strict: {done.failures} of {done.counts.total()} fits failed", err=True)
        raise typer.Exit(1)


@command(RUNS, "report reports/smoke --open")
def report(folder: RunFolder, open_: Open = False) -> None:
    """Rebuild the tables and the page of a run, without new fits.

    Use it after an interrupted run, or after an update of koopmark.
    """
    from koopmark import pages
    from koopmark.analysis.tables import read_fits, read_provenance, unfinished
    from koopmark.store import write_tables

    write_tables(folder)
    say_page("Report", pages.write(folder), open_)
    if left := unfinished(folder, len(read_fits(folder)), read_provenance(folder)):
        say(left, err=True)


@command(RUNS, "show reports/smoke --method pydmd.dmd_default")
def show(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Run folder. Default: the newest one below reports/."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="One method: what it is, what it finds and what it misses.",
            autocompletion=METHOD,
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="One dataset: what it is, which methods find its targets.",
            autocompletion=DATASET,
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="One leaderboard in full: principal, products, noise, cost …",
        ),
    ] = None,
    grid: Annotated[
        bool, typer.Option("--grid", help="All methods by all datasets: digits and share found.")
    ] = False,
    score: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --grid or --dataset: show this column of summary.csv instead of digits.",
        ),
    ] = None,
) -> None:
    """Show a run or an analysis in the terminal.

    Without options: the answers to the main questions and the ten best methods. Names may be
    shortened as long as they are unique. If the output is not a terminal, lines are not wrapped,
    so you can search them with grep.
    """
    from koopmark.analysis.recording import Analysis
    from koopmark.analysis.results import newest
    from koopmark.pages import terminal

    chosen = {"--method": method, "--dataset": dataset, "--board": board, "--grid": grid or None}
    given = [option for option, value in chosen.items() if value is not None]
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)} are different views: choose one of them")
    if score is not None and given not in ([], ["--grid"], ["--dataset"]):
        raise ConfigError(f"--score is for --grid and --dataset, not for {given[0]}")
    if folder is None:
        folder = newest()
        say(f"Showing {folder}, the newest run below {folder.parent}", err=True)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file: name the folder of a run, such as reports/standard")
    if Analysis.is_in(folder) and (asked := [*given, *["--score"] * (score is not None)]):
        raise ConfigError(
            f"{folder} is an analysis of recorded data, and {asked[0]} needs a run with an answer "
            f"key: {folder / 'pairs.csv'} and {folder / 'index.html'} list every pair of each "
            "method"
        )
    if method is not None:
        show_sheet(terminal.method(folder, method))
    elif dataset is not None:
        show_sheet(terminal.dataset(folder, dataset, score))
    elif grid or score is not None:
        show_sheet(terminal.grid(folder, score))
    elif board is not None:
        show_sheet(terminal.board(folder, board))
    else:
        show_sheet(terminal.answers(folder))
