"""A leaderboard as a figure: digits of methods with confidence intervals."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis.curves import alike
from koopmark.plot._canvas import Canvas, canvas
from koopmark.plot._choice import Run, chosen, dataset_of, question, run_of
from koopmark.plot._looks import FLOOR, grouped, literal, look
from koopmark.scoring import DIGITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PERCENT = 0.01
"""Decades of time within which methods share a row: two percent."""

ROW = 0.155
"""Inches that the row of a method takes."""


def board(
    run: Run,
    methods: Iterable[str] = (),
    datasets: Iterable[str] = (),
    board: str | None = None,
    top: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot a leaderboard, best first: correct digits, or seconds, with confidence intervals.

    Methods with the same numbers share a row. A cross marks the digits that the noise allows.

    Parameters
    ----------
    run : Results, str or Path
    methods : iterable of str
        Methods to show; by default the best of each library, and its best default.
    datasets : iterable of str
        A single dataset, whose digits are shown instead of those of a leaderboard.
    board : str, optional
        The leaderboard; by default the first of the run.
    top : int, optional
        Number of best methods to show, instead of `methods`.
    ax : Axes, optional
        Axes to draw into, in the user's style.

    Raises
    ------
    ConfigError
        If no fit of the run has a result, or there is no such method, dataset or board.
    """
    with canvas(ax) as into:
        draw(into, run, methods, datasets, board, top)
        return into.ax


def draw(
    into: Canvas,
    run: Run,
    methods: Iterable[str],
    datasets: Iterable[str],
    board: str | None,
    top: int | None,
) -> None:
    run = run_of(run)
    wanted, ax = list(datasets), into.ax
    if len(wanted) > 1:
        raise ConfigError(f"a board shows one dataset, not {len(wanted)}")
    _, ranked = question(run, board)
    if wanted or ranked is None:
        dataset = dataset_of(run, wanted[0] if wanted else None)
        rows = run.summary[run.summary["dataset"] == dataset].set_index("method")
        table = rows[["library", "digits", "possible"]].assign(low=np.nan, high=np.nan)
        table, seconds = table.rename(columns={"digits": "value"}), False
    else:
        table = ranked.rows.set_index("method")
        units = ranked.measure.in_units
        table = table.assign(
            value=table["mean"].map(units),
            low=table["low"].map(units),
            high=table["high"].map(units),
        )
        seconds = ranked.measure.bounds is None
    names = chosen(run, methods, table.index, "this board", top)
    # As they are ranked here, whatever the order of the run is.
    ordered = table.loc[[one for one in table.index if one in names]]
    if not wanted and ranked is None:
        ordered = ordered.loc[names]
    columns = ordered[["value", "low", "high", "possible"]].astype(float)
    groups = grouped(alike(columns.apply(np.log10), PERCENT) if seconds else alike(columns))
    libraries = list(dict.fromkeys(ordered["library"]))
    for row, group in enumerate(groups):
        value, low, high, possible = map(float, columns.loc[group.methods[0]].to_numpy())
        style = look(libraries.index(ordered.loc[group.methods[0], "library"]))
        if low == low:
            ax.plot([low, high], [row, row], color=style.colour, lw=1.0, alpha=0.6)
        ax.plot(value, row, color=style.colour, marker=style.marker, ls="", clip_on=False, zorder=3)
        if not seconds and possible == possible:
            ax.plot(possible, row, color=FLOOR, marker="x", ls="", ms=3.5, mew=0.8)
    ax.set_yticks(range(len(groups)), [literal(group.name) for group in groups])
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    _scale(into, columns, seconds)
    into.as_high_as(len(groups) * ROW + 0.45)


def _scale(into: Canvas, columns: pd.DataFrame, seconds: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    ax = into.ax
    if seconds:
        ax.set_xscale("log")
        ax.set_xlabel("time of a fit (s)", loc="right")
        return
    most = np.nanmax(columns[["value", "high", "possible"]].to_numpy(), initial=1.0)
    ax.set_xlim(0.0, min(DIGITS, np.ceil(most)))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("correct digits, −log₁₀ error", loc="right")
