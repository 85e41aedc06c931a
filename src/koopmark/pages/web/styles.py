"""One colour, symbol and dash for each method, in all figures of a page."""

from collections.abc import Mapping
from dataclasses import dataclass

COLOURS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#e07b00"]
"""Tol's bright scheme (distinguishable with any colour vision), orange in place of grey."""

SYMBOLS = ["circle", "square", "triangle-up", "diamond", "pentagon", "star"]
DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"]
GREY = "#8a8a8a"
ANCHOR_SYMBOLS = ["diamond-open", "x-thin-open", "cross-thin-open"]


@dataclass(frozen=True)
class MethodStyle:
    """How one method looks in every figure."""

    colour: str
    symbol: str
    dash: str


def method_styles(roles: Mapping[str, str]) -> dict[str, MethodStyle]:
    """A look for each method, by its role: anchors in grey; the same in all figures of a page.

    Colours repeat after seven methods, then with another symbol and dash.
    """
    styles = {}
    anchors = others = 0
    for name, role in roles.items():
        if role == "anchor":
            symbol = ANCHOR_SYMBOLS[anchors % len(ANCHOR_SYMBOLS)]
            styles[name] = MethodStyle(GREY, symbol, "dot")
            anchors += 1
        else:
            turn, colour = divmod(others, len(COLOURS))
            styles[name] = MethodStyle(
                COLOURS[colour], SYMBOLS[turn % len(SYMBOLS)], DASHES[turn % len(DASHES)]
            )
            others += 1
    return styles
