"""Commands about things: list, describe, verify, regime, catalogue, example, export."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from koopmark._errors import ConfigError
from koopmark.cli import _completion
from koopmark.cli._app import THINGS, command, console, say, say_page, show
from koopmark.cli._options import (
    DATASET,
    THING,
    VERIFIED,
    Open,
    PageFolder,
    Recipe,
    one_of,
)


class Kind(StrEnum):
    """What can be listed."""

    systems = "systems"
    methods = "methods"
    datasets = "datasets"
    suites = "suites"


NAMES = {
    Kind.systems: _completion.systems,
    Kind.methods: _completion.methods,
    Kind.datasets: _completion.datasets,
    Kind.suites: _completion.suites,
}


class Form(StrEnum):
    """How a list is written."""

    table = "table"
    names = "names"
    csv = "csv"
    json = "json"


@command(THINGS, "list methods", name="list")
def list_(
    kind: Annotated[
        Kind, typer.Argument(metavar="KIND", help="methods, datasets, suites or systems.")
    ],
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="table, or for scripts: names (one per line), csv or json.",
        ),
    ] = Form.table,
) -> None:
    """List the methods, datasets, suites or systems.

    Methods are grouped by library, with the options that differ from the defaults of their class.
    `koopmark describe NAME` explains one of them.
    """
    if form is Form.names:
        say("\n".join(NAMES[kind]()))
        return
    from koopmark.pages import terminal

    found = terminal.listing(kind.value)
    if form is Form.table:
        show(terminal.things(found))
    else:
        say(_as_csv(found.rows()) if form is Form.csv else _as_json(found.rows()))


def _as_csv(rows: list[dict[str, Any]]) -> str:
    import csv
    import io

    from koopmark.pages.terminal import written

    text = io.StringIO()
    keys = [key.replace(" ", "_") for key in rows[0]]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(keys)
    writer.writerows([written(value) for value in row.values()] for row in rows)
    return text.getvalue().rstrip("\n")


def _as_json(rows: list[dict[str, Any]]) -> str:
    import json
    from dataclasses import asdict

    keyed = [{key.replace(" ", "_"): value for key, value in row.items()} for row in rows]
    return json.dumps(keyed, indent=1, ensure_ascii=False, default=asdict)


@command(THINGS, "describe pydmd.dmd")
def describe(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A method, dataset, suite or system from `koopmark list`; a library; a score such "
            "as reach or a term of the glossary; path/to/file.py:Class; or a recipe or suite file "
            "(.toml).",
            autocompletion=THING,
        ),
    ],
) -> None:
    """Explain a method, dataset, suite, system, score or term.

    For a method: options, papers and the library notes that concern it; for a library: its methods;
    for a dataset: equations, parameters and exact eigenvalues; for a suite: its question and
    contents; for a score: its meaning and range. If a name has several meanings, all are shown.
    """
    from koopmark._plugins import foreign, names_code
    from koopmark.methods.plugins import METHOD
    from koopmark.pages import terminal

    if names_code(name, METHOD.group):
        code = foreign(name, METHOD.group, Path())
        say(f"executes code from outside koopmark: {code}", err=True)
    show(terminal.description(name))


@command(THINGS, "verify path/to/my_method.py:MyMethod")
def verify(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="path/to/file.py:Class of a method or system; a name from `koopmark list "
            "methods` or `koopmark list systems`; or a recipe.",
            autocompletion=VERIFIED,
        ),
    ],
) -> None:
    """Check that a method or a system is implemented correctly.

    The exit code is 1 if a check fails. A method is fitted to data that it must recover exactly,
    to nonlinear data and to degenerate data. The checks are: eigenfunctions evolve with their
    eigenvalues, two fits agree, data and random generators are left unchanged, and data that
    cannot be fitted are refused.

    For a system, the claimed eigenspaces are checked along trajectories that SciPy integrates and
    at single states: they must evolve with their eigenvalues, and be complete. For a recipe, its
    system is checked.
    """
    from koopmark.workers import verify

    verdicts = []
    for verdict in verify(name):
        verdicts.append(verdict)
        say(f"{verdict.status:<8} {verdict.check}: {verdict.reason or verdict.claim}")
    broken = sum(verdict.status == "broken" for verdict in verdicts)
    if broken:
        say(f"{broken} of {len(verdicts)} checks are broken", err=True)
        raise typer.Exit(1)


@command(THINGS, "catalogue --open")
def catalogue(
    recipe: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECIPE",
            help="Names or files of recipes. Default: all datasets that ship with koopmark.",
            autocompletion=DATASET,
        ),
    ] = None,
    out: PageFolder = Path("reports/catalogue"),
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the texts to this Markdown file, and no page."),
    ] = None,
    open_: Open = False,
) -> None:
    """Write a page with the equations and spectra of datasets.

    It shows equations, parameters, source, exact spectrum and a phase portrait of each.
    """
    from rich.progress import Progress

    from koopmark import datasets
    from koopmark._files import write_text
    from koopmark.pages.catalogue import as_markdown, write

    if markdown is not None and open_:
        raise ConfigError("--open opens a page, and --markdown writes none: leave one of them out")
    recipes = [datasets.load_recipe(name) for name in recipe or datasets.names()]
    if markdown is not None:
        write_text(markdown, as_markdown(recipes))
        say(f"Catalogue: {markdown}")
        return
    with Progress(console=console(err=True), transient=True) as progress:
        task = progress.add_task("drawing datasets", total=len(recipes))
        page = write(recipes, out, lambda: progress.advance(task))
    say_page("Catalogue", page, open_)


@command(THINGS, "export rnn_10_2 --format mat --seed 1")
def export(
    recipe: Recipe,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="npz, csv, hdf5 or mat.",
            autocompletion=one_of("npz", "csv", "hdf5", "mat"),
        ),
    ] = "npz",
    seed: Annotated[
        int, typer.Option(min=0, metavar="K", help="Seed of the system and its trajectories.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder. Default: reports/export/RECIPE-SEED-FORMAT."),
    ] = None,
) -> None:
    """Write a dataset and its exact eigenpairs for any language.

    The folder has the trajectories, the exact eigenvalues, the exact eigenfunctions evaluated on
    them, a README that shows how to read the files, a citation and the recipe.
    """
    from koopmark import datasets
    from koopmark.export import export_dataset

    chosen = datasets.load_recipe(recipe)
    folder = out or Path("reports/export") / f"{chosen.name}-{seed}-{file_format}"
    say(f"Exported: {export_dataset(chosen, seed, file_format, folder)}")


@command(THINGS, "regime datasets/rnn_hopfield.toml --write")
def regime(
    recipe: Recipe,
    write: Annotated[
        bool,
        typer.Option("--write", help="Write the [regime] section into the recipe file."),
    ] = False,
) -> None:
    """Compute the long-run behaviour of a dataset's systems.

    For each seed: the number of attractors, their kind and the largest Lyapunov exponent, from 40
    initial states of the recipe. It takes a few seconds per seed. The result is the [regime]
    section of the recipe, which changes no number of the dataset.
    """
    from koopmark import datasets

    path = Path(recipe) if recipe.endswith(".toml") else None
    if write and path is None:
        raise ConfigError(f"{recipe}: --write needs the path of a .toml file")
    section = datasets.regime_section(datasets.load_recipe(recipe))
    # Printed first: it took long, and may not be written.
    say(section.rstrip())
    if write and path is not None:
        datasets.write_regime(path, section)


@command(THINGS, "example --open")
def example(out: PageFolder = Path("reports/example"), open_: Open = False) -> None:
    """Write a page that shows the three-population example.

    It has pictures, numbers and a slider for the time. It is the quickest way to see what exact
    Koopman eigenfunctions of a nonlinear network are.
    """
    from koopmark.pages.example import write_example

    say_page("Example", write_example(out), open_)
