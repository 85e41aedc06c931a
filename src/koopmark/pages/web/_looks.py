"""How pages look: table cells of scores, shaded by decade, and one style for each method.

Blue, accurate, and orange, not, are told apart with any colour vision.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from koopmark.analysis import numbers
from koopmark.analysis.columns import Column
from koopmark.analysis.palette import GREY, look

DECADES = 12
"""Errors of 1e-12 and below share the last shade."""

_LIGHT = {12: (24, 88, 156), 6: (209, 228, 246), 3: (252, 240, 222), 0: (226, 150, 84)}
_DARK = {12: (64, 132, 201), 6: (29, 50, 73), 3: (50, 40, 28), 0: (150, 78, 26)}

Colour = tuple[int, int, int]

ANCHOR_SYMBOLS = ["diamond-open", "x-thin-open", "cross-thin-open"]


@dataclass(frozen=True)
class TableCell:
    """A number in a table; `value` has every digit, `css` colours it, `note` explains it."""

    text: str
    value: str = ""
    css: str = ""
    note: str = ""


def score_cell(column: Column, value: float) -> TableCell:
    """The cell of a score that was, or was not, computed."""
    if np.isnan(value):
        return TableCell(numbers.MISSING, css="missing", note="not scored")
    css = shade(10.0**-value if column.shaded == "digits" else value) if column.shaded else ""
    return TableCell(column.write(value), numbers.exact(value), css)


def shade(error: float) -> str:
    """CSS class of an error: `e0` (one or more, or infinite) to `e12`; empty where missing."""
    if math.isnan(error):
        return ""
    if error <= 0:
        return f"e{DECADES}"
    # 1e-3 itself belongs to the decade it opens, whatever its logarithm rounds to.
    decades = 0 if math.isinf(error) else math.floor(-math.log10(error) + 1e-9)
    return f"e{min(max(decades, 0), DECADES)}"


def css() -> str:
    """Rules for the classes of `shade`, for both themes."""
    light, dark = ("".join(_rule(k, some) for k in range(DECADES + 1)) for some in (_LIGHT, _DARK))
    return f"{light}@media screen and (prefers-color-scheme: dark) {{{dark}}}"


def _rule(decade: int, anchors: dict[int, Colour]) -> str:
    background = _between(decade, anchors)
    ink = max(((17, 24, 33), (255, 255, 255)), key=lambda ink: contrast(background, ink))
    return f".e{decade}{{background:rgb{background};color:rgb{ink}}}"


def _between(decade: int, anchors: dict[int, Colour]) -> Colour:
    above = min(k for k in anchors if k >= decade)
    below = max(k for k in anchors if k <= decade)
    share = (decade - below) / (above - below) if above > below else 0.0
    red, green, blue = (
        round(a + share * (b - a)) for a, b in zip(anchors[below], anchors[above], strict=True)
    )
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (value / 255 for value in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


LINE = 2
"""Width of a line in pixels."""


@dataclass(frozen=True)
class MethodStyle:
    """How one method looks in every figure, as Plotly takes it."""

    colour: str
    symbol: str
    dash: str


def dash(lengths: Sequence[float]) -> str:
    """Of dashes and gaps so many widths of a line long."""
    return ",".join(f"{LINE * length:g}px" for length in lengths) or "solid"


def method_styles(roles: Mapping[str, str]) -> dict[str, MethodStyle]:
    """A look for each method, by its role: anchors in grey; the same in all figures of a page."""
    styles = {}
    anchors = others = 0
    for name, role in roles.items():
        if role == "anchor":
            symbol = ANCHOR_SYMBOLS[anchors % len(ANCHOR_SYMBOLS)]
            styles[name] = MethodStyle(GREY, symbol, "dot")
            anchors += 1
        else:
            one = look(others)
            styles[name] = MethodStyle(one.colour, one.marker, dash(one.dashes))
            others += 1
    return styles
