"""Lines, marks and direct labels of methods in Matplotlib."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from koopmark.analysis import palette
from koopmark.plot._canvas import SMALL, Canvas

MARKS = {
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "diamond": "D",
    "triangle-down": "v",
    "cross": "P",
    "x": "X",
}
"""Matplotlib's names of the markers of the palette."""

FLOOR = "#4d4d4d"
"""Of lines that no method drew: floors and exact values."""

WIDEST = 0.42
"""Share of a figure that the names beside it may take."""


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of a method for Matplotlib."""

    colour: str
    marker: str
    dashes: Any


def look(place: int) -> Look:
    """The look of the method at this position among those drawn."""
    one = palette.look(place)
    return Look(one.colour, MARKS[one.marker], (0, one.dashes) if one.dashes else "-")


@dataclass(frozen=True)
class Group:
    """Methods whose curves coincide."""

    place: int
    """Among the groups of the figure."""
    methods: tuple[str, ...]

    @property
    def name(self) -> str:
        """The label of the group, such as `pydmd.dmd and 7 more`."""
        first, *others = self.methods
        return f"{first} and {len(others)} more" if others else first

    @property
    def look(self) -> Look:
        return look(self.place)


def grouped(alike: Iterable[Sequence[str]]) -> list[Group]:
    """Groups of methods with equal curves (`analysis.curves.alike`), each with its position."""
    return [Group(place, tuple(methods)) for place, methods in enumerate(alike)]


def width_of(text: str, size: float = SMALL) -> float:
    """Width of the longest line in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties()
    return max(
        float(TextPath((0, 0), line, size=size, prop=font).get_extents().x1) if line else 0.0
        for line in text.split("\n")
    )


def name_curves(
    canvas: Canvas, named: Sequence[tuple[str, float, Look]], handles: Sequence[Any]
) -> None:
    """Label each curve at its right end, or all below the axes if there is no room.

    Parameters
    ----------
    canvas : Canvas
    named : sequence of (name, y, look)
        y is the right end of the curve, in units of the axis.
    handles : sequence of artists
        One for each curve, for a legend.
    """
    size = _size()
    room = WIDEST * canvas.points[0]
    texts = [name for name, _, _ in named]
    if canvas.free and max(map(width_of, texts), default=0.0) > room:
        texts = [_wrapped(name) for name in texts]
    lines = [text.count("\n") + 1 for text in texts]
    needed = sum(lines) * size * 1.25
    fits = max((width_of(text, size) for text in texts), default=0.0) <= room
    if canvas.free and fits and needed <= 0.66 * canvas.points[1]:
        _beside(canvas, named, texts, lines, size)
    elif canvas.free:
        name_below(canvas, [name for name, _, _ in named], handles)
    else:
        canvas.ax.legend(handles, [literal(name) for name, _, _ in named], loc="best")


def _beside(
    canvas: Canvas,
    named: Sequence[tuple[str, float, Look]],
    texts: Sequence[str],
    lines: Sequence[int],
    size: float,
) -> None:
    ax, figure = canvas.ax, canvas.figure
    shown = [
        ax.annotate(
            literal(text),
            xy=(1.0, y),
            xycoords=("axes fraction", "data"),
            xytext=(14, 0),
            textcoords="offset points",
            va="center",
            ha="left",
            fontsize=size,
            color=look.colour,
            linespacing=1.05,
            annotation_clip=False,
        )
        for text, (_, y, look) in zip(texts, named, strict=True)
    ]
    # The axes have their size only after the names have theirs.
    figure.draw_without_rendering()
    low, high = ax.get_window_extent().intervaly * 72 / figure.dpi
    ends = [float(ax.transData.transform((0.0, y))[1]) * 72 / figure.dpi - low for _, y, _ in named]
    places = spread(ends, [count * size * 1.25 for count in lines], high - low)
    for text, end, place, (_, _, look) in zip(shown, ends, places, named, strict=True):
        text.set_position((14, place - end))
        ax.annotate(
            "",
            xy=(1.0, end / (high - low)),
            xycoords="axes fraction",
            xytext=(13, place - end),
            textcoords="offset points",
            arrowprops={
                "arrowstyle": "-",
                "color": look.colour,
                "linewidth": 0.5,
                "shrinkA": 0,
                "shrinkB": 1.5,
            },
            annotation_clip=False,
        )


def name_below(
    canvas: Canvas, names: Sequence[str], handles: Sequence[Any], columns: int | None = None
) -> None:
    """Draw a legend below the axes, with as many columns as fit unless given."""
    size = _size()
    wide = max(map(width_of, names), default=0.0) + 3.6 * size
    if columns is None:
        columns = max(1, min(len(names), int(canvas.points[0] // (wide + size))))
    rows = math.ceil(len(names) / columns)
    canvas.as_high_as(canvas.points[1] / 72 + rows * size * 1.3 / 72)
    shown = [literal(name) for name in names]
    canvas.figure.legend(handles, shown, loc="outside lower left", ncols=columns, borderpad=0.2)


def spread(wanted: Sequence[float], heights: Sequence[float], room: float) -> list[float]:
    """Positions of labels that do not overlap and stay close to where they belong.

    Parameters
    ----------
    wanted, heights : sequences of float
        Wanted middles and heights of the labels.
    room : float
        Labels stay between 0 and this, if all of them fit.
    """
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    blocks: list[list[int]] = []

    def middle(block: list[int]) -> float:
        """Of a block of texts one upon another: that of where its members should be."""
        tall = sum(heights[k] for k in block)
        at, offsets = 0.0, []
        for k in block:
            offsets.append(wanted[k] - (at + heights[k] / 2 - tall / 2))
            at += heights[k]
        best = sum(offsets) / len(offsets)
        return min(max(best, tall / 2), max(room - tall / 2, tall / 2))

    def ends(block: list[int]) -> tuple[float, float]:
        tall = sum(heights[k] for k in block)
        return middle(block) - tall / 2, middle(block) + tall / 2

    for k in order:
        blocks.append([k])
        while len(blocks) > 1 and ends(blocks[-2])[1] > ends(blocks[-1])[0] + 1e-9:
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    places = [0.0] * len(wanted)
    for block in blocks:
        at = ends(block)[0]
        for k in block:
            places[k] = at + heights[k] / 2
            at += heights[k]
    return places


def literal(name: str) -> str:
    """Text with Matplotlib's math characters escaped."""
    return name.replace("$", r"\$")


def _wrapped(name: str) -> str:
    """In lines: `pydmd.`, `dmd[degree=3]`, `and 7 more`."""
    return name.replace(".", ".\n", 1).replace(" and ", "\nand ")


def _size() -> float:
    """Of names, in points; the user's style may have another than ours."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=rcParams["legend.fontsize"]).get_size_in_points())
