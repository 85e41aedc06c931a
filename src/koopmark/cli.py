"""The `koopmark` command: what it takes, and which package does it."""

import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import typer.core
from rich.console import Console

import koopmark
from koopmark._errors import ConfigError
from koopmark._streams import lasting

INTERRUPTED = 130


class Commands(typer.core.TyperGroup):
    """The commands, of which none is stopped without a word."""

    def invoke(self, ctx: Any) -> Any:
        """Do what was typed; Typer would end a stopped command in silence."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _say("\nInterrupted.", err=True)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="koopmark",
    cls=Commands,
    help="A benchmark with an answer key for data-driven Koopman methods.",
    epilog="Start with: koopmark example, or koopmark run smoke",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.")]
PageFolder = Annotated[Path, typer.Option(help="Where the page goes.")]
Recipe = Annotated[
    str,
    typer.Argument(metavar="RECIPE", help="A name in `koopmark list datasets`, or a .toml file."),
]


class Kind(StrEnum):
    """What there is to list."""

    systems = "systems"
    methods = "methods"
    datasets = "datasets"
    suites = "suites"


def main() -> None:
    """Run the command; what a user can put right is one sentence and exit code 2."""
    with lasting(), _stopped_as_by_ctrl_c():
        try:
            try:
                app()
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()
        except ConfigError as error:
            sentence = str(error)
        except OSError as error:
            # Whichever file it was and whoever used it: the system says what is wrong with it.
            where = f"{error.filename}: " if error.filename else ""
            sentence = f"{where}{error.strerror or error}"
        Console(stderr=True).print(
            f"Error: {sentence}", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(2)


@contextmanager
def _stopped_as_by_ctrl_c() -> Iterator[None]:
    """In the block `kill`, and a terminal that closes, stop a command in the way Ctrl-C does.

    Once it is on its way out, whoever stops it again changes nothing of how it ends.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # Ignored it stays ignored: that is what nohup is for.
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            before = dict.fromkeys(before, signal.SIG_IGN)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str, err: bool = False) -> None:
    """Print a line at once; `typer.echo` would write UTF-8 where the terminal is ASCII."""
    print(text, file=sys.stderr if err else sys.stdout, flush=True)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if version:
        _say(f"koopmark {koopmark.__version__}")
        raise typer.Exit


@app.command(epilog="Example: koopmark run smoke --jobs 2")
def run(
    suite: Annotated[
        str,
        typer.Argument(
            metavar="SUITE", help="A name in `koopmark list suites`, or the path of a .toml file."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The run folder.", show_default="reports/SUITE; of a part reports/SUITE-part"
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worker processes.", show_default="all cores")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do every fit again, also those that are done.")
    ] = False,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A method to run as well: a name in `koopmark list methods`, "
            "or path/to/file.py:Class for one of your own (repeatable).",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Run only this method, as the tables call it, and the anchors (repeatable).",
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Run only on this dataset, or on all levels of this sweep (repeatable).",
        ),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(metavar="K", help="Run only this seed (repeatable)."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a fit failed, hung, or crashed.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Run the fits on the workers of this Dask scheduler "
            "(docs/how-to/use_a_cluster.md).",
        ),
    ] = None,
) -> None:
    """Run a suite, and write its tables and its report.

    A second run of the same suite does only the fits that are not done yet, or whose method,
    library or data have changed. Failed fits count as done, until --fresh; one that ran into a
    limit is done again when the limit changes.

    With --only, --dataset or --seed only those fits are done, in a folder of their own.
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
        raise ConfigError("--jobs is for this machine: with --scheduler the workers set it")
    try:
        done = run_suite(
            chosen,
            folder,
            jobs or cores(),
            fresh,
            console=Console(stderr=True),
            scheduler=scheduler,
            part=part,
        )
    except (Interrupted, KeyboardInterrupt) as interrupted:
        named = {"--method": method, "--only": only, "--dataset": dataset, "--seed": seed}
        others = {"--scheduler": scheduler, "--jobs": jobs}
        _stopped(interrupted, folder, ["run", suite, "--out", str(folder)], named | others)
    page = pages.write(folder)
    sheet = terminal.answers(folder, brief=True)
    _say(done.took(), err=True)
    _show(sheet)
    _say(f"Report: {page}")
    if strict and done.failures:
        _say(f"--strict: {done.failures} of {done.counts.total()} fits failed", err=True)
        raise typer.Exit(1)


def _stopped(
    interrupted: BaseException, folder: Path, command: list[str], options: dict[str, Any]
) -> NoReturn:
    """Say how to go on with what was stopped, and show what of it is done."""
    from koopmark import pages
    from koopmark.store import FILE

    if not (folder / FILE).exists():
        raise KeyboardInterrupt from None
    why = f": {interrupted}" if str(interrupted) else ""
    _say(f"\nInterrupted{why}.", err=True)
    again = ["koopmark", *command]
    for option, given in options.items():
        values = given if isinstance(given, list) else [given]
        again += [
            word
            for value in values
            if value is not None and value is not False
            for word in ([option] if value is True else [option, str(value)])
        ]
    _say(f"Resume with: {shlex.join(again)}", err=True)
    seen = shlex.join(["koopmark", "report", str(folder)])
    _say(f"View partial results with: {seen}", err=True)
    # All has been said: who is impatient and stops it once more loses no word.
    with suppress(ConfigError, KeyboardInterrupt):
        _say(f"Report: {pages.write(folder)}")
    raise typer.Exit(INTERRUPTED) from None


@app.command(epilog="Example: koopmark analyse trials.npz --out reports/trials")
def analyse(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Recorded trajectories: .npz, .npy, .csv, .tsv, .parquet, .mat, .h5 or .nc "
            "(docs/how-to/load_data.md).",
        ),
    ],
    dt: Annotated[
        float | None, typer.Option(help="The sampling interval, if the file has no times.")
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="The array of states, or one for each trajectory (repeatable)."
        ),
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="NAME", help="The array, column or dimension of times.")
    ] = None,
    trajectory: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The column or dimension that identifies trials."),
    ] = None,
    channels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A column that is a channel (repeatable); in .nc the dimension.",
            show_default="all other columns",
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="The array, or a column, of inputs (repeatable)."),
    ] = None,
    transpose: Annotated[
        bool, typer.Option("--transpose", help="The arrays of the file are channels × times.")
    ] = False,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Fit this method: a name in `koopmark list methods`, or path/to/file.py:Class "
            "for one of your own (repeatable).",
            show_default="a dozen that suit the data",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Fit all methods that need no answer key.")
    ] = False,
    holdout: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Of the trials, or of the time of a single one, held out."
        ),
    ] = 0.3,
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Draws of the trials for intervals, each with a fit per method: by default 20, "
            "fewer for large data.",
        ),
    ] = None,
    twin: Annotated[
        bool,
        typer.Option(
            "--twin",
            help="Also run a twin: systems with an answer key, observed like these data, which "
            "show how often such pairs are true (`koopmark twin` only writes one).",
        ),
    ] = False,
    twin_folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="With --twin: its folder, which several analyses of the same data can share.",
            show_default="OUT/twin",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder of the results.", show_default="reports/analysis-DATA"),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worker processes.", show_default="all cores")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do every fit again, also those that are done.")
    ] = False,
) -> None:
    """Say which eigenvalues recorded data support, with no answer key.

    Methods are fitted to a part of the trials, and what they find is tested on the others. The
    folder gets a page, index.html, and its tables as CSV files. Repeat the command to do only the
    fits that are not done yet.

    A table with column names of its own: koopmark analyse trials.csv --trajectory trial --time t

    An array without times: koopmark analyse spikes.npy --dt 0.01
    """
    from koopmark import pages
    from koopmark.analysis.recording import analyse as analyse_data
    from koopmark.analysis.recording import calibrate
    from koopmark.pages import terminal
    from koopmark.run import Interrupted

    if everything and method:
        raise ConfigError("--all fits every method already: leave --method out, or --all")
    if twin_folder is not None and not twin:
        raise ConfigError("--twin-folder is for --twin: give both, or leave it out")
    several = {"states": states, "channels": channels, "inputs": inputs}
    # One name is that of an array or a dimension.
    names = {name: of[0] if of and len(of) == 1 else of for name, of in several.items()}
    read = {"dt": dt, "time": time, "trajectory": trajectory, "transpose": transpose or None}
    options: dict[str, Any] = {
        name: value for name, value in (read | names).items() if value is not None
    }
    folder = out or Path("reports") / f"analysis-{data.stem}"
    console = Console(stderr=True)
    try:
        done = analyse_data(
            data,
            methods=method or (),
            everything=everything,
            holdout=holdout,
            draws=draws,
            out=folder,
            jobs=jobs,
            fresh=fresh,
            console=console,
            **options,
        )
        if twin:
            # The page is there before the twin, which takes longer.
            _say(f"Report, not calibrated yet: {pages.write(folder)}", err=True)
            calibrate(done, twin_folder, jobs, fresh, console)
    except (Interrupted, KeyboardInterrupt) as interrupted:
        chosen = {"--method": method, "--all": everything, "--holdout": holdout, "--draws": draws}
        asked = {"--twin": twin, "--twin-folder": twin_folder, "--jobs": jobs}
        given = {f"--{name}": value for name, value in options.items()}
        command = ["analyse", str(data), "--out", str(folder)]
        _stopped(interrupted, folder, command, given | chosen | asked)
    page = pages.write(folder)
    _show(terminal.answers(folder, brief=True))
    _say(f"Report: {page}")


@app.command(epilog="Example: koopmark report reports/smoke")
def report(folder: RunFolder) -> None:
    """Build the tables and the HTML of a run folder anew, without fitting anything."""
    from koopmark import pages
    from koopmark.analysis.tables import read_fits, read_provenance, unfinished
    from koopmark.store import write_tables

    write_tables(folder)
    _say(f"Report: {pages.write(folder)}")
    if left := unfinished(folder, len(read_fits(folder)), read_provenance(folder)):
        _say(left, err=True)


@app.command(
    epilog="Example: koopmark twin trials.npz --out twin, then koopmark run twin/twin.toml"
)
def twin(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Recorded trajectories, a file.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder of the twin.", show_default="twin-DATA")
    ] = None,
    holdout: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Of the trials, or of the time of a single one, held out."
        ),
    ] = 0.3,
    dt: Annotated[
        float | None, typer.Option(help="The sampling interval, if the file has no times.")
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="The array of states, or one a trial (repeatable)."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="NAME", help="The array, column or dimension of times.")
    ] = None,
    trajectory: Annotated[
        str | None, typer.Option(metavar="NAME", help="The column or dimension of trials.")
    ] = None,
    channels: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A column that is a channel (repeatable)."),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="The array, or a column, of inputs (repeatable)."),
    ] = None,
    transpose: Annotated[
        bool, typer.Option("--transpose", help="The arrays of the file are channels × times.")
    ] = False,
) -> None:
    """Write recipes of systems with known eigenfunctions that are observed like recorded data.

    Lengths, gaps, uneven times and inputs are those of the data; noise, units, covariances and time
    scales are matched. `koopmark run` of its suite shows which methods find eigenvalues in data
    like these, and how often verdicts on held-out trials are true.
    """
    from koopmark.analysis.recording import twin_suite
    from koopmark.simulation import Trajectories

    several = {"states": states, "channels": channels, "inputs": inputs}
    names = {name: of[0] if of and len(of) == 1 else of for name, of in several.items()}
    read: dict[str, Any] = {"dt": dt, "time": time, "trajectory": trajectory, **names}
    options = {name: value for name, value in read.items() if value is not None}
    recorded = Trajectories.from_file(data, transpose=transpose, **options)
    try:
        made, suite = twin_suite(recorded, out or Path(f"twin-{data.stem}"), holdout=holdout)
    except ValueError as error:
        raise ConfigError(f"{data}: {error}") from None
    _say(str(made.measured).strip("<>"))
    for family in made.families:
        _say(f"{family.name}.toml: {family.about}")
    for name, why in made.left_out.items():
        _say(f"left out: {name}: {why}")
    for note in made.notes:
        _say(note)
    _say(f"What was matched: {made.folder / 'README.md'}")
    _say(f"Run it with: {shlex.join(['koopmark', 'run', str(suite)])}")


@app.command(epilog="Example: koopmark show reports/smoke --method pydmd.dmd_default")
def show(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="A run folder.", show_default="the newest under reports"
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What a method is, where it finds and where it fails."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What a dataset is, who finds its targets, who not."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A whole leaderboard: principal, products, noise, cost."),
    ] = None,
    grid: Annotated[
        bool, typer.Option("--grid", help="All methods by all datasets: digits and share found.")
    ] = False,
    score: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="With --grid or --dataset: this column of summary.csv instead."
        ),
    ] = None,
) -> None:
    """Show a run in the terminal: its answers and its best ten methods, or one part of it whole.

    Of a name it is enough to type a part that no other name has. Without a terminal no line is
    broken, so that the output can be searched.
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
        _say(f"Shown: {folder}, the newest run under {folder.parent}", err=True)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: a file, and no folder of a run, such as reports/standard")
    if Analysis.is_in(folder) and (asked := [*given, *["--score"] * (score is not None)]):
        raise ConfigError(
            f"{asked[0]} is of runs with an answer key, and {folder} is an analysis: "
            f"{folder / 'pairs.csv'} and its page have every pair of each method"
        )
    if method is not None:
        _show(terminal.method(folder, method))
    elif dataset is not None:
        _show(terminal.dataset(folder, dataset, score))
    elif grid or score is not None:
        _show(terminal.grid(folder, score))
    elif board is not None:
        _show(terminal.board(folder, board))
    else:
        _show(terminal.answers(folder))


def _show(sheet: Any) -> None:
    """Print what lays itself out for the terminal, or without one breaks no line."""
    Console(highlight=False).print(sheet, soft_wrap=True)


@app.command(epilog="Example: koopmark check reports/standard --against reports/baseline")
def check(
    folder: RunFolder,
    against: Annotated[Path, typer.Option(metavar="BASELINE", help="Baseline run.")],
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the comparison to this file.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Compare only the fits that both runs have.")
    ] = False,
) -> None:
    """Compare the accuracy of a run with a baseline: exit code 1 if something got worse or is gone.

    What is compared, and how much it may move, is in docs/how-to/make_ci_fail.md. Inside GitHub
    Actions the comparison is also added to the summary of the step.
    """
    from koopmark import regression
    from koopmark.pages import terminal

    result = regression.check(folder, against, partial)
    regression.publish(result.markdown(), markdown)
    if markdown is None:
        _show(terminal.check(result))
    else:
        _say(f"{result.verdict()} See {markdown}")
    if not result.ok:
        raise typer.Exit(1)


@app.command(epilog="Example: koopmark compare reports/before reports/after --page reports/compare")
def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Run folders, up to 6.")],
    against: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Baseline run.", show_default="the first folder"),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the comparison to this file.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the comparison as a page into DIR.")
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="N", min=1, help="Most rows of what got worse in the terminal.")
    ] = 8,
    everything: Annotated[
        bool, typer.Option("--all", help="All rows, boards and targets in the terminal.")
    ] = False,
) -> None:
    """Compare runs: versions, digits and found side by side, and what changed, worst first.

    What counts as a change is what counts for `koopmark check` (docs/how-to/make_ci_fail.md). Runs
    of different suites are compared on the fits that they share.
    """
    from koopmark import pages, regression
    from koopmark.pages import terminal

    found = regression.compare(folders, against)
    _show(terminal.comparison(found, None if everything else top))
    if markdown is not None:
        regression.publish(found.markdown(), markdown)
        _say(f"Comparison: {markdown}")
    if page is not None:
        _say(f"Comparison: {pages.write_comparison(found, page)}")


@app.command(epilog="Example: koopmark baseline reports/smoke")
def baseline(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A finished run folder.")],
    to: Annotated[Path, typer.Option(metavar="BASELINE", help="Folder of the baseline.")] = Path(
        "reports/baseline"
    ),
    allow_dirty: Annotated[
        bool,
        typer.Option("--allow-dirty", help="Accept a run whose source differed from its commit."),
    ] = False,
    speed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Times of the core from bench/speed/regress.py, for the history."
        ),
    ] = None,
) -> None:
    """Make a finished run of a whole suite the baseline for later checks.

    A line about it is added to the baseline's history.jsonl.
    """
    from koopmark import regression

    added = regression.promote(folder, to, allow_dirty, speed)
    _say(f"Baseline: {to}" + ("" if added else " (this run was in its history already)"))


@app.command(epilog="Example: koopmark history reports/baseline/history.jsonl")
def history(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The history beside a baseline.")
    ] = Path("reports/baseline/history.jsonl"),
    out: PageFolder = Path("reports/history"),
    suite: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the runs.", show_default="that of the last run"),
    ] = None,
) -> None:
    """Show how scores changed from one baseline to the next, and since when."""
    from koopmark import pages

    page, sentences = pages.write_history(file, out, suite)
    for sentence in sentences:
        _say(sentence)
    _say(f"History: {page}")


@app.command(
    epilog="Example: koopmark figure reports/standard profile --format pdf,svg --width 3.4in"
)
def figure(
    folder: RunFolder,
    name: Annotated[
        str,
        typer.Argument(
            metavar="FIGURE",
            help="profile, board, noise, spectrum, eigenfunction, cost or map.",
        ),
    ],
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Show this method (repeatable).",
            show_default="the best of each library, and its best default",
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Show this dataset, or all levels of this recipe or sweep (repeatable).",
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The question whose targets count: principal, noise, cost …"
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show the best N methods.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of an eigenfunction: its target, such as -1."),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of an eigenfunction: decay, scatter or map."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="K", help="Of a spectrum or an eigenfunction.", show_default="first"),
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", metavar="FORMATS", help="Such as pdf,svg,png.")
    ] = "",
    width: Annotated[
        str, typer.Option(metavar="LENGTH", help="Such as 3.4in, 85mm, 8.5cm or 240pt.")
    ] = "3.4in",
    height: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="The same.", show_default="what the figure needs"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The file, its name without the ending, or a folder.",
            show_default="DIR/figures/FIGURE",
        ),
    ] = None,
) -> None:
    """Draw a figure of a run for a paper: vectors, fonts embedded, no title.

    It needs Matplotlib. The same run gives the same PDF and SVG, byte by byte.
    """
    from koopmark import plot

    files = plot.write(
        folder,
        name,
        plot.Request(tuple(method or ()), tuple(dataset or ()), board, top, target, seed, view),
        file_format,
        plot.inches(width),
        None if height is None else plot.inches(height, "--height"),
        out,
    )
    for path in files:
        _say(f"Figure: {path}")


@app.command(epilog="Example: koopmark table reports/standard --format latex --top 8")
def table(
    folder: RunFolder,
    file_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="latex, markdown or csv.")
    ] = "latex",
    board: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The leaderboard: principal, products, noise, cost …",
            show_default="the first of the run",
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The best N methods.", show_default="all")
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this method (repeatable)."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file.", show_default="printed"),
    ] = None,
) -> None:
    """Write a leaderboard as a table for a paper; LaTeX takes the package booktabs."""
    from koopmark.pages.paper import board_table

    _written(board_table(folder, file_format, board, top, tuple(method or ())), "Table", out)


@app.command(epilog="Example: koopmark cite reports/standard --out references.bib")
def cite(
    folder: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file.", show_default="printed"),
    ] = None,
) -> None:
    """Write BibTeX of koopmark, the theory, and each library, method and dataset of a run."""
    from koopmark.pages.paper import bibliography

    _written(bibliography(folder), "References", out)


def _written(text: str, what: str, out: Path | None) -> None:
    """Print a text, or write it to a file and say where."""
    from koopmark._files import write_text

    if out is None:
        _say(text.rstrip("\n"))
        return
    write_text(out, text)
    _say(f"{what}: {out}")


@app.command(epilog="Example: koopmark verify path/to/my_method.py:MyMethod")
def verify(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="path/to/file.py:Class, a method or a system; a name in `koopmark list methods` "
            "or `koopmark list systems`; or a recipe.",
        ),
    ],
) -> None:
    """Hold a method or a system to the contract of its kind: exit with 1 if it breaks a part of it.

    A method is fitted to data that it must recover exactly, to nonlinear and to degenerate data;
    what is checked is that its eigenfunctions obey their eigenvalues, that two fits agree, that it
    leaves data and random generators alone, and that it refuses what cannot be fitted.

    Of a system the claimed eigenspaces are checked, along trajectories that SciPy integrates and at
    every state: that they obey their eigenvalues and are complete. Of a recipe it is the system.
    """
    from koopmark.workers import verify

    verdicts = []
    for verdict in verify(name):
        verdicts.append(verdict)
        _say(f"{verdict.status:<8} {verdict.check}: {verdict.reason or verdict.claim}")
    broken = sum(verdict.status == "broken" for verdict in verdicts)
    if broken:
        _say(f"{broken} of {len(verdicts)} checks are broken", err=True)
        raise typer.Exit(1)


@app.command(name="list", epilog="Example: koopmark list methods")
def list_(
    kind: Annotated[
        Kind, typer.Argument(metavar="KIND", help="systems, methods, datasets or suites.")
    ],
) -> None:
    """List what there is to choose from, one a line."""
    lines = list(_listed(kind))
    width = max((len(name) for name, _ in lines), default=0)
    for name, text in lines:
        _say(f"{name:<{width}}  {text}".rstrip())


@app.command(epilog="Example: koopmark regime datasets/rnn_hopfield.toml --write")
def regime(
    recipe: Recipe,
    write: Annotated[
        bool, typer.Option("--write", help="Put the section into the file, in place of its own.")
    ] = False,
) -> None:
    """Compute what a dataset's systems do in the long run: the [regime] section of its recipe.

    For each seed the number of attractors, their kind and the largest Lyapunov exponent, from 40
    initial states of the recipe. It takes some seconds a seed. No number of the dataset changes.
    """
    from koopmark import datasets

    path = Path(recipe) if recipe.endswith(".toml") else None
    if write and path is None:
        raise ConfigError(f"{recipe}: --write needs the path of a .toml file")
    section = datasets.regime_section(datasets.load_recipe(recipe))
    # Printed first: it took long, and may not be written.
    _say(section.rstrip())
    if write and path is not None:
        datasets.write_regime(path, section)


@app.command(epilog="Example: koopmark example --out pictures")
def example(
    out: PageFolder = Path("reports/example"),
) -> None:
    """Show the three-population example: pictures and numbers, in one HTML page."""
    from koopmark.pages.example import write_example

    _say(f"Example: {write_example(out)}")


@app.command(epilog="Example: koopmark catalogue --out pictures")
def catalogue(
    recipe: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE...]", help="Recipes by name or path.", show_default="all that ship"
        ),
    ] = None,
    out: PageFolder = Path("reports/catalogue"),
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the texts to this file, and no page."),
    ] = None,
) -> None:
    """Draw datasets: equations, parameters, source, exact spectrum and a phase portrait."""
    from rich.progress import Progress

    from koopmark import datasets
    from koopmark._files import write_text
    from koopmark.pages.catalogue import as_markdown, write

    recipes = [datasets.load_recipe(name) for name in recipe or datasets.names()]
    if markdown is not None:
        write_text(markdown, as_markdown(recipes))
        _say(f"Catalogue: {markdown}")
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("drawing datasets", total=len(recipes))
        page = write(recipes, out, lambda: progress.advance(task))
    _say(f"Catalogue: {page}")


@app.command(epilog="Example: koopmark export rnn_10_2 --format mat --seed 1")
def export(
    recipe: Recipe,
    file_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="npz, csv, hdf5 or mat.")
    ] = "npz",
    seed: Annotated[int, typer.Option(min=0, help="Which network and which trajectories.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder.", show_default="reports/export/RECIPE-SEED-FORMAT"),
    ] = None,
) -> None:
    """Write trajectories with their exact eigenvalues and eigenfunctions, for any language.

    Beside the data lie a README that explains them and shows how to read them, a citation, and
    the recipe.
    """
    from koopmark import datasets
    from koopmark.export import export_dataset

    chosen = datasets.load_recipe(recipe)
    folder = out or Path("reports/export") / f"{chosen.name}-{seed}-{file_format}"
    _say(f"Exported: {export_dataset(chosen, seed, file_format, folder)}")


def _listed(kind: Kind) -> Iterator[tuple[str, str]]:
    """Names, and what each stands for."""
    if kind == Kind.systems:
        from koopmark import systems
        from koopmark._plugins import entry_points
        from koopmark.systems.plugins import SYSTEM

        for name in {**systems.CATALOGUE, **systems.INEXACT}:
            system = systems.example(name)
            yield name, f"{type(system).__name__}, N = {system.size}"
        for name in sorted(entry_points(SYSTEM.group)):
            yield name, "from an installed package"
    elif kind == Kind.methods:
        from koopmark import methods

        for name in methods.names():
            missing = methods.availability(methods.get(name))
            yield name, methods.about(name) + (f" ({missing})" if missing else "")
        for name in methods.offered():
            yield name, "from an installed package"
    elif kind == Kind.datasets:
        from koopmark import datasets

        for recipe in map(datasets.load_recipe, datasets.names()):
            yield recipe.name, f"{recipe.title} ({recipe.in_the_long_run})"
    else:
        from koopmark.plan import load_suite, names

        for name in names():
            yield name, load_suite(name).question
