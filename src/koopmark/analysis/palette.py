"""How curves and marks look on pages and in papers: colours, markers, dashes.

Methods differ in all three, so that figures survive greyscale and any colour vision.
"""

from dataclasses import dataclass

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#4a9dcb", "#906200")
"""Okabe and Ito's, told apart with any colour vision: blue, vermilion, green, purple, sky blue and
orange. The last two are darker than theirs, and yellow is left out, for a contrast of 3 on white.
"""

MARKERS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x")
"""Filled, told apart at 3 points. As many as have no common factor with the colours: 42 methods
differ in both."""

DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (5, 1.6),
    (1.2, 1.2),
    (5, 1.4, 1.2, 1.4),
    (8, 2),
    (3, 1.2, 1, 1.2, 1, 1.2),
    (2.4, 1.2),
)
"""Lengths of dashes and gaps, in widths of the line; none of a solid one."""

GREY = "#8a8a8a"
"""Of anchors, on a page of either theme."""

FEW = 7
"""Curves of a figure whose user chose no methods: as many as differ in marker and dashes."""


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of a method."""

    colour: str
    marker: str
    dashes: tuple[float, ...]


def look(place: int) -> Look:
    """Of the method in this place: neighbours differ in everything."""
    return Look(
        COLOURS[place % len(COLOURS)],
        MARKERS[place % len(MARKERS)],
        # Another one where colour and marker come again.
        DASHES[(place + place // (len(COLOURS) * len(MARKERS))) % len(DASHES)],
    )
