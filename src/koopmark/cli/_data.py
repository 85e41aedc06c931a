"""Commands for recorded data, which have no answer key: analyse, twin."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from koopmark._errors import ConfigError
from koopmark.cli._app import DATA, command, console, say, say_interrupted, say_page, show
from koopmark.cli._options import (
    METHOD,
    Channels,
    Dt,
    Fresh,
    Holdout,
    Inputs,
    Jobs,
    Open,
    States,
    Time,
    Trajectory,
    Transpose,
    reading,
)

DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="File of trajectories: .npz, .npy, .csv, .tsv, .parquet, .mat, .h5 or .nc "
        "(docs/how-to/load_data.md).",
    ),
]


@command(DATA, "analyse trials.npz --out reports/trials --open")
def analyse(
    data: DataFile,
    dt: Dt = None,
    states: States = None,
    time: Time = None,
    trajectory: Trajectory = None,
    channels: Channels = None,
    inputs: Inputs = None,
    transpose: Transpose = False,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Fit this method (repeatable): a name from `koopmark list methods`, or "
            "path/to/file.py:Class for your own. Default: a dozen methods that suit the data.",
            autocompletion=METHOD,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Fit all methods that need no answer key.")
    ] = False,
    holdout: Holdout = 0.3,
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Refits of each method on resampled trials, for intervals. "
            "Default: 20, fewer for large data.",
        ),
    ] = None,
    twin: Annotated[
        bool,
        typer.Option(
            "--twin",
            help="Also run a twin: systems with an answer key that are observed like these data. "
            "It shows how often such verdicts are true.",
        ),
    ] = False,
    twin_folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the twin, which several analyses of the same data can share. "
            "Default: OUT/twin.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the results. Default: reports/analysis-DATA."),
    ] = None,
    jobs: Jobs = None,
    fresh: Fresh = False,
    open_: Open = False,
) -> None:
    """Find the eigenvalues that recorded data support.

    koopmark fits methods to some trials and tests the eigenpairs on the remaining ones. No answer
    key is needed. The folder gets a page, index.html, and tables as CSV files.
    If you repeat the command, only the missing fits are done.

    A table with other column names: koopmark analyse trials.csv --trajectory subject --time seconds

    An array without times: koopmark analyse spikes.npy --dt 0.01
    """
    from koopmark import pages
    from koopmark.analysis.recording import analyse as analyse_data
    from koopmark.analysis.recording import calibrate
    from koopmark.pages import terminal
    from koopmark.run import Interrupted

    if everything and method:
        raise ConfigError("--all fits every method already: leave out --method or --all")
    if twin_folder is not None and not twin:
        raise ConfigError("--twin-folder needs --twin: add --twin, or leave out --twin-folder")
    options = reading(dt, states, time, trajectory, channels, inputs, transpose)
    folder = out or Path("reports") / f"analysis-{data.stem}"
    progress = console(err=True)
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
            console=progress,
            **options,
        )
        if twin:
            # The page is there before the twin, which takes longer.
            say(f"Report, not calibrated yet: {pages.write(folder)}", err=True)
            calibrate(done, twin_folder, jobs, fresh, progress)
    except (Interrupted, KeyboardInterrupt) as interrupted:
        chosen = {"--method": method, "--all": everything, "--holdout": holdout, "--draws": draws}
        asked = {"--twin": twin, "--twin-folder": twin_folder, "--jobs": jobs}
        given = {f"--{name}": value for name, value in options.items()}
        words = ["analyse", str(data), "--out", str(folder)]
        say_interrupted(interrupted, folder, words, given | chosen | asked)
    page = pages.write(folder)
    show(terminal.answers(folder, brief=True))
    say_page("Report", page, open_)


@command(DATA, "twin trials.npz --out twin, then koopmark run twin/twin.toml")
def twin(
    data: DataFile,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the twin. Default: twin-DATA."),
    ] = None,
    holdout: Holdout = 0.3,
    dt: Dt = None,
    states: States = None,
    time: Time = None,
    trajectory: Trajectory = None,
    channels: Channels = None,
    inputs: Inputs = None,
    transpose: Transpose = False,
) -> None:
    """Write simulated systems that are sampled like your recording.

    Their answers are known. Trial lengths, gaps, uneven times and inputs are those of the data;
    noise, units, covariances and time scales are matched. Run the suite that is written to see
    which methods find eigenvalues in data like these, and how often verdicts on held-out trials
    are true. `koopmark analyse --twin` does all of this in one go.
    """
    from koopmark.analysis.recording import twin_suite
    from koopmark.simulation import Trajectories

    options = reading(dt, states, time, trajectory, channels, inputs, transpose)
    recorded = Trajectories.from_file(data, **options)
    try:
        made, suite = twin_suite(recorded, out or Path(f"twin-{data.stem}"), holdout=holdout)
    except ValueError as error:
        raise ConfigError(f"{data}: {error}") from None
    say(str(made.measured).strip("<>"))
    for family in made.families:
        say(f"{family.name}.toml: {family.about}")
    for name, why in made.left_out.items():
        say(f"left out: {name}: {why}")
    for note in made.notes:
        say(note)
    say(f"What was matched: {made.folder / 'README.md'}")
    say(f"Run it with: {shlex.join(['koopmark', 'run', str(suite)])}")
