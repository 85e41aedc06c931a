"""The figures of a run by name, as `koopmark figure` writes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from koopmark._errors import ConfigError, suggest
from koopmark.analysis.results import Results
from koopmark.plot import _board, _cost, _eigenfunction, _map, _noise, _profile, _spectrum
from koopmark.plot._canvas import Canvas, available, blank, save, styled, wanted
from koopmark.plot._choice import run_of
from koopmark.plot._sources import spectra, views


@dataclass(frozen=True)
class Request:
    """The options of a figure; options that a figure does not use raise an error."""

    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    board: str | None = None
    top: int | None = None
    target: str | None = None
    seed: int | None = None
    view: str | None = None


def _of_board(draw: Callable[..., None]) -> Callable[[Canvas, Results, Request], None]:
    return lambda into, run, ask: draw(into, run, ask.methods, ask.datasets, ask.board, ask.top)


def _of_run(draw: Callable[..., None]) -> Callable[[Canvas, Results, Request], None]:
    return lambda into, run, ask: draw(into, run, ask.methods, ask.datasets, ask.top)


def _spectrum_of(into: Canvas, run: Results, ask: Request) -> None:
    _spectrum.draw(into, spectra(run, ask.methods, _one(ask), ask.seed))


def _eigenfunction_of(into: Canvas, run: Results, ask: Request) -> None:
    seen = views(run, ask.methods, _one(ask), ask.target, ask.seed)
    most = None if ask.methods else _eigenfunction.FEWEST
    _eigenfunction.draw(into, seen, ask.view or "decay", most)


def _one(ask: Request) -> str | None:
    if len(ask.datasets) > 1:
        raise ConfigError(f"this figure shows one dataset, not {len(ask.datasets)}")
    return ask.datasets[0] if ask.datasets else None


@dataclass(frozen=True)
class Figure:
    """A kind of figure: what it shows, how it is drawn, which options it takes."""

    shows: str
    draw: Callable[[Canvas, Results, Request], None]
    options: frozenset[str]


MANY = frozenset({"methods", "datasets", "top"})
ONE = frozenset({"methods", "datasets", "seed"})

FIGURES: Mapping[str, Figure] = {
    "profile": Figure(
        "share of the targets found against the tolerance",
        _of_board(_profile.draw),
        MANY | {"board"},
    ),
    "board": Figure("a leaderboard with its intervals", _of_board(_board.draw), MANY | {"board"}),
    "noise": Figure("digits against the noise in the training data", _of_run(_noise.draw), MANY),
    "spectrum": Figure("recovered and exact eigenvalues of a dataset", _spectrum_of, ONE),
    "eigenfunction": Figure(
        "an exact eigenfunction and what was recovered of it",
        _eigenfunction_of,
        ONE | {"target", "view"},
    ),
    "cost": Figure("digits against the time of a fit", _of_board(_cost.draw), MANY | {"board"}),
    "map": Figure(
        "what became of each target with each method", _of_board(_map.draw), MANY | {"board"}
    ),
}


def figure(
    run: Results | str | Path,
    name: str,
    ask: Request | None = None,
    width: float = 3.4,
    height: float | None = None,
) -> Canvas:
    """Draw the figure of this name, `width` inches wide; for use inside `styled`.

    Raises
    ------
    ConfigError
        If there is no such figure, it does not use one of the options, or the run has no data for
        it.
    """
    ask = ask or Request()
    known = FIGURES.get(name)
    if known is None:
        raise ConfigError(
            f"unknown figure {name!r}: {suggest(name, FIGURES)}there are {', '.join(FIGURES)}"
        )
    for option, default in vars(Request()).items():
        if getattr(ask, option) != default and option not in known.options:
            typed = {"methods": "method", "datasets": "dataset"}.get(option, option)
            raise ConfigError(f"--{typed} is not for the figure {name}")
    into = blank(width, height)
    known.draw(into, run_of(run), ask)
    return into


def write(
    run: Results | str | Path,
    name: str,
    ask: Request | None = None,
    formats: str = "",
    width: float = 3.4,
    height: float | None = None,
    out: str | Path | None = None,
) -> list[Path]:
    """Draw the figure of this name and write its files.

    Parameters
    ----------
    run : Results, str or Path
    name : str
        A name in `FIGURES`.
    ask : Request, optional
    formats : str
        Formats such as "pdf,svg"; by default that of the suffix of `out`, or pdf.
    width, height : float
        Size in inches; by default the height fits the contents.
    out : str or Path, optional
        A file, or an existing folder for a file with this name; by default the folder `figures` of
        the run.

    Returns
    -------
    list of Path

    Raises
    ------
    ConfigError
        As `figure`, and if Matplotlib is missing or cannot write a format, or a file cannot be
        written.
    """
    available()
    out = None if out is None else Path(out)
    if out is not None and out.is_dir():
        out = out / name
    names = wanted(formats, out)
    if not isinstance(run, Results):
        run = run_of(run)
    with styled():
        made = figure(run, name, ask, width, height)
        return save(made.figure, out or run.folder / "figures" / name, names)
