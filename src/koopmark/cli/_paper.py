"""Commands for papers: figure, table, cite."""

from pathlib import Path
from typing import Annotated

import typer

from koopmark.cli._app import PAPER, command, say, say_written
from koopmark.cli._options import DATASET, METHOD, RunFolder, one_of

FIGURES = ("profile", "board", "noise", "spectrum", "eigenfunction", "cost", "map")


@command(PAPER, "figure reports/standard profile --format pdf,svg --width 3.4in")
def figure(
    folder: RunFolder,
    name: Annotated[
        str,
        typer.Argument(
            metavar="FIGURE",
            help=f"{', '.join(FIGURES[:-1])} or {FIGURES[-1]}.",
            autocompletion=one_of(*FIGURES),
        ),
    ],
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Show this method (repeatable). Default: the best of each library, and its best "
            "default.",
            autocompletion=METHOD,
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Show this dataset, or all levels of this recipe or sweep (repeatable).",
            autocompletion=DATASET,
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Use the targets of this leaderboard: principal, noise, cost …",
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show the best N methods.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For an eigenfunction: its target, such as -1."),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="For an eigenfunction: decay, scatter or map.",
            autocompletion=one_of("decay", "scatter", "map"),
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="For a spectrum or an eigenfunction: the seed. Default: the first."
        ),
    ] = None,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMATS",
            help="File formats, such as pdf,svg,png. Default: that of --out, or pdf.",
            show_default=False,
        ),
    ] = "",
    width: Annotated[
        str, typer.Option(metavar="LENGTH", help="Width, such as 3.4in, 85mm, 8.5cm or 240pt.")
    ] = "3.4in",
    height: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Height. Default: what the figure needs."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="File, file name without ending, or folder. Default: DIR/figures/FIGURE.",
        ),
    ] = None,
) -> None:
    """Draw a figure of a run for a paper.

    Figures are vector graphics with embedded fonts and no title. The same run gives the same PDF
    and SVG, byte for byte. This command needs Matplotlib.
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
        say(f"Figure: {path}")


@command(PAPER, "table reports/standard --format latex --top 8")
def table(
    folder: RunFolder,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="latex, markdown or csv.",
            autocompletion=one_of("latex", "markdown", "csv"),
        ),
    ] = "latex",
    board: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Leaderboard: principal, products, noise, cost … Default: the first of the run.",
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The best N methods. Default: all.")
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this method (repeatable).", autocompletion=METHOD),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write to this file. Default: print."),
    ] = None,
) -> None:
    """Write a leaderboard as LaTeX, Markdown or CSV.

    The LaTeX table needs the package booktabs.
    """
    from koopmark.pages.paper import board_table

    text = board_table(folder, file_format, board, top, tuple(method or ()))
    say_written(text, "Table", out)


@command(PAPER, "cite reports/standard --out references.bib")
def cite(
    folder: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write to this file. Default: print."),
    ] = None,
) -> None:
    """Write BibTeX entries for everything that a run uses.

    These are koopmark, the theory, and each library, method and dataset of the run.
    """
    from koopmark.pages.paper import bibliography

    say_written(bibliography(folder), "References", out)
