"""A map of methods against targets, with a word for each cell."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark.analysis.map import Cell, OutcomeMap
from koopmark.plot._canvas import SMALL, Canvas, canvas
from koopmark.plot._choice import Run, chosen, datasets_of, question, rows_of, run_of
from koopmark.plot._looks import FLOOR, Group, grouped, literal, name_below, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE = 9.5
"""Points of a cell, which then has room for a digit."""

FILLS: dict[Cell, tuple[str, str]] = {
    Cell.FOUND: ("#0072B2", ""),
    Cell.WITHIN: ("#9ecae9", ""),
    Cell.NOT_EXPRESSIBLE: ("#e4e4e4", ""),
    Cell.MISSED: ("#E69F00", "//////"),
    Cell.FAILED: ("#D55E00", "xxxxxx"),
    Cell.NOT_RUN: ("#ffffff", ""),
}
"""Colour and hatch, told apart in grey too."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The words of the map, and the digits of each target that was found (groups, targets)."""

    groups: list[Group]
    targets: pd.DataFrame
    words: NDArray[np.object_]
    exponents: NDArray[np.int64]


def map(
    run: Run,
    methods: Iterable[str] = (),
    datasets: Iterable[str] = (),
    board: str | None = None,
    top: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot methods against targets with a word for each cell: found, missed and others.

    The number in a cell is k of *found to 1e-k*. Methods that agree everywhere, with k to within
    one, share a row of cells. Vertical lines separate problems. If all targets do not fit side by
    side, they continue below.

    Parameters
    ----------
    run : Results, str or Path
    methods : iterable of str
        Methods to show; by default the best of each library, and its best default.
    datasets : iterable of str
        Datasets, with all of their targets; by default those of the leaderboard.
    board : str, optional
        The leaderboard whose targets are shown; by default the first of the run.
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
    shown = run.map
    if only := datasets_of(run, datasets):
        columns = np.flatnonzero(shown.targets["dataset"].isin(only))
    else:
        asked = rows_of(run, *question(run, board))[["dataset", "target"]].drop_duplicates()
        pairs = pd.MultiIndex.from_frame(asked)
        columns = np.flatnonzero(
            pd.MultiIndex.from_frame(shown.targets[["dataset", "target"]]).isin(pairs)
        )
    names = chosen(run, methods, shown.methods["method"], "this map", top)
    grid = _grid(shown, names, columns)
    widest = _longest([group.name for group in grid.groups])
    across = widest + len(columns) * SIDE <= into.points[0]
    _cells(into, grid, across)
    _axes(into, grid, across)
    present = [cell for cell in FILLS if (grid.words == cell).any()]
    if into.free:
        name_below(into, [str(cell) for cell in present], [_patch(cell) for cell in present])
    else:
        into.ax.legend(
            [_patch(cell) for cell in present],
            [str(cell) for cell in present],
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
        )


def _grid(shown: OutcomeMap, names: list[str], columns: NDArray[np.intp]) -> Grid:
    place = {name: row for row, name in enumerate(shown.methods["method"])}
    agree: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        agree.setdefault(tuple(shown.cells[place[name], columns]), []).append(name)
    groups = grouped(agree.values())
    rows = np.array([place[group.methods[0]] for group in groups])
    at = np.ix_(rows, columns)
    return Grid(groups, shown.targets.iloc[columns], shown.cells[at], shown.exponents[at])


def _longest(names: list[str]) -> float:
    return max(width_of(name) for name in names)


def _cells(into: Canvas, grid: Grid, across: bool) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    words = grid.words if across else grid.words.T
    for cell, style in FILLS.items():
        boxes = [Rectangle((x + 0.05, y + 0.05), 0.9, 0.9) for y, x in np.argwhere(words == cell)]
        into.ax.add_collection(PatchCollection(boxes, **_paint(cell, *style)))
    for y, x in np.argwhere((grid.exponents if across else grid.exponents.T) > 0):
        k = grid.exponents[(y, x) if across else (x, y)]
        into.ax.text(
            x + 0.5, y + 0.54, str(k), ha="center", va="center", color="white", fontsize=SMALL - 0.5
        )


def _paint(cell: Cell, colour: str, hatch: str) -> dict[str, Any]:
    empty = cell == Cell.NOT_RUN
    return {
        "facecolor": colour,
        "edgecolor": "#bdbdbd" if empty else "white",
        "hatch": hatch,
        "linewidth": 0.4 if empty else 0.0,
    }


def _patch(cell: Cell) -> Any:
    from matplotlib.patches import Patch

    return Patch(**_paint(cell, *FILLS[cell]))


def _axes(into: Canvas, grid: Grid, across: bool) -> None:
    """Names of methods and problems, and a line where a problem begins."""
    ax, targets = into.ax, grid.targets
    numbers = pd.factorize(targets["dataset"])[0]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    middles = (starts + np.append(starts[1:], len(targets))) / 2
    problems = [literal(name) for name in targets["dataset"].iloc[starts]]
    methods = [literal(group.name) for group in grid.groups]
    at = np.arange(len(methods)) + 0.5
    for side in ax.spines.values():
        side.set_visible(False)
    ax.tick_params(length=0, pad=2)
    ax.set_xlim(0, len(targets) if across else len(methods))
    ax.set_ylim(len(methods) if across else len(targets), 0)
    for start in starts[1:]:
        (ax.axvline if across else ax.axhline)(start, color=FLOOR, lw=0.5)
    if across:
        ax.set_yticks(at, methods)
        room = np.diff(np.append(starts, len(targets))) * SIDE
        turned = any(width_of(name) > wide for name, wide in zip(problems, room, strict=True))
        ax.set_xticks(middles, problems, rotation=90 if turned else 0)
        into.as_high_as((len(methods) * SIDE + _longest(problems) + 8) / 72)
    else:
        ax.set_yticks(middles, problems)
        ax.xaxis.tick_top()
        ax.set_xticks(at, methods, rotation=90)
        into.as_high_as((len(targets) * SIDE + _longest(methods) + 8) / 72)
