"""Arguments and options that several commands have, each with its help and what completes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from koopmark.cli import _completion


def completing(names: Callable[[], list[str]]) -> Callable[[str], list[str]]:
    """What Typer asks for the names that begin with what was typed."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


METHOD = completing(_completion.methods)
DATASET = completing(_completion.datasets)
SUITE = completing(_completion.suites)
THING = completing(_completion.described)
VERIFIED = completing(_completion.verified)


def one_of(*names: str) -> Callable[[str], list[str]]:
    """Completes a few names."""
    return completing(lambda: list(names))


RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Run folder.")]
Recipe = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help="A name from `koopmark list datasets`, or a recipe file (.toml).",
        autocompletion=DATASET,
    ),
]
PageFolder = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the page.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Worker processes. Default: all cores."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Repeat all fits, including failed ones.")]

# How to read a file of trajectories.
Dt = Annotated[
    float | None,
    typer.Option(metavar="Δt", help="Sampling interval, if the file has no times."),
]
States = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Array of states, or one array per trajectory (repeatable)."),
]
Time = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Array, column or dimension that holds the times."),
]
Trajectory = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Column or dimension that tells trajectories apart."),
]
Channels = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Column to use as a channel (repeatable); in .nc files the dimension. "
        "Default: all other columns.",
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Array or column of inputs (repeatable)."),
]
Transpose = Annotated[
    bool, typer.Option("--transpose", help="The file's arrays are channels × times.")
]
Holdout = Annotated[
    float,
    typer.Option(
        metavar="SHARE",
        help="Share of the trials to hold out; of a single trial, the share of its time.",
    ),
]


def reading(
    dt: float | None,
    states: list[str] | None,
    time: str | None,
    trajectory: str | None,
    channels: list[str] | None,
    inputs: list[str] | None,
    transpose: bool,
) -> dict[str, Any]:
    """Those that were given, as `Trajectories.from_file` takes them."""
    several = {"states": states, "channels": channels, "inputs": inputs}
    # One name is that of an array or a dimension.
    names = {name: of[0] if of and len(of) == 1 else of for name, of in several.items()}
    read = {"dt": dt, "time": time, "trajectory": trajectory, "transpose": transpose or None}
    return {name: value for name, value in (read | names).items() if value is not None}
