"""One colour and symbol per method, and the layout all figures share."""

from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go

from koopmark.report.summary import CONTROL

COLOURS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#e07b00"]
"""Tol's bright scheme (distinguishable with any colour vision), orange in place of grey."""

SYMBOLS = ["circle", "square", "triangle-up", "diamond", "pentagon", "star"]
DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"]
GREY = "#8a8a8a"
CONTROL_SYMBOLS = ["diamond-open", "x-thin-open", "cross-thin-open"]

LEAST = 1e-16
"""Errors are drawn no lower than this: zero has no place on a logarithmic axis."""

INK = {"role": "ink"}
"""`meta` of a trace that is drawn in the text colour of the page's theme."""


@dataclass(frozen=True)
class MethodStyle:
    """How one method looks in every figure."""

    colour: str
    symbol: str
    dash: str


def method_styles(methods: list[str]) -> dict[str, MethodStyle]:
    """A look for each method, controls in grey; the same in all figures of a page.

    Colours repeat after seven methods, then with another symbol and dash.
    """
    styles = {}
    controls = others = 0
    for name in methods:
        if name.startswith(CONTROL):
            symbol = CONTROL_SYMBOLS[controls % len(CONTROL_SYMBOLS)]
            styles[name] = MethodStyle(GREY, symbol, "dot")
            controls += 1
        else:
            turn, colour = divmod(others, len(COLOURS))
            styles[name] = MethodStyle(
                COLOURS[colour], SYMBOLS[turn % len(SYMBOLS)], DASHES[turn % len(DASHES)]
            )
            others += 1
    return styles


def label(text: str) -> str:
    """Text for Plotly, which reads some HTML in names and hovers."""
    return escape(text, quote=False)


def figure(x_title: str, y_title: str, **layout: Any) -> go.Figure:
    """An empty figure with axis titles, transparent so that the page shows through."""
    return go.Figure(
        layout={
            "template": "none",
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 70, "r": 16, "t": 34, "b": 64},
            "hoverlabel": {"align": "left"},
            "xaxis": {"title": {"text": x_title}, "automargin": True},
            "yaxis": {"title": {"text": y_title}, "automargin": True},
            **layout,
        }
    )
