"""How results are displayed: one line in a terminal, a small table in a notebook."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite, isnan

import numpy as np
from numpy.typing import NDArray

ROWS = 10
"""Rows of a table at most; how many more there are is said below it."""

CURVES, EDGE, MOST_POINTS = (240, 48), 2, 120
"""Size of a drawing of curves, of its margin, and points of each curve."""

_FAINT = "opacity:0.7"


@dataclass(frozen=True)
class Details:
    """Details for notebooks: a header, rows of which `total` exist, and a drawing.

    `picture` is markup of our own making; everything else is escaped.
    """

    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    total: int = 0
    note: str = ""
    picture: str = ""


class ReprMixin:
    """Gives a class a short repr of a few facts."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        # A dataclass would put its own into each subclass that holds none.
        cls.__repr__ = cls.__repr__  # type: ignore[method-assign]

    def _facts(self) -> list[str]:
        """Such as `N = 3`; cheap, for they are shown whenever a debugger meets the object."""
        return []

    def _details(self) -> Details:
        return Details()

    def __repr__(self) -> str:
        return f"<{' '.join([type(self).__name__, ', '.join(self._facts())]).strip()}>"

    def _repr_html_(self) -> str:
        return html(type(self).__name__, self._facts(), self._details())


def html(name: str, facts: Iterable[str], details: Details) -> str:
    """HTML of the name, facts and details, without scripts, resources or a fixed background."""
    parts = [f"<div><strong>{escape(name)}</strong> {' · '.join(escape(fact) for fact in facts)}"]
    if details.picture:
        parts.append(f"<div>{details.picture}</div>")
    if details.rows:
        # Neither colours nor a background: what surrounds the table shows through.
        lines = [_row("th", details.columns), *(_row("td", row) for row in details.rows[:ROWS])]
        parts.append(f'<table cellpadding="4" style="text-align:right">{"".join(lines)}</table>')
    more = details.total - min(len(details.rows), ROWS)
    if more > 0:
        parts.append(f'<div style="{_FAINT}">and {more:,} more</div>')
    if details.note:
        parts.append(f'<div style="{_FAINT}">{escape(details.note)}</div>')
    return "\n".join([*parts, "</div>"])


def number(value: float) -> str:
    """Four significant digits; a dash for missing values."""
    return "–" if isnan(value) else f"{value:.4g}"


def error(value: float) -> str:
    """Two significant digits, for errors and residuals."""
    return f"{value:.1e}" if isfinite(value) and value else number(value)


def imaginary(value: complex) -> float:
    """Im λ, or 0 if it is below the displayed digits of λ."""
    return value.imag if abs(value.imag) >= 5e-5 * abs(value) else 0.0


def eigenvalue(value: complex) -> str:
    """An eigenvalue as text, such as `-1`, `-0.4+2i` or, for μ = 0, `-inf`."""
    text = number(value.real)
    if isfinite(value.real) and isfinite(value.imag) and imaginary(value):
        text += f"{value.imag:+.4g}i"
    return text


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def curves(times: NDArray, values: NDArray) -> str:
    """SVG plot of the columns of `values` (T, k) against `times` (T,).

    Every so many of the times are drawn; a curve ends where its values are no longer finite.
    """
    kept = np.linspace(0, len(times) - 1, min(len(times), MOST_POINTS)).astype(int)
    times, values = times[kept], values[kept]
    finite = values[np.isfinite(values)]
    if not finite.size:
        return ""
    (width, height), low, high = CURVES, float(finite.min()), float(finite.max())
    x = EDGE + (width - 2 * EDGE) * (times - times[0]) / (np.ptp(times) or 1.0)
    y = height - EDGE - (height - 2 * EDGE) * (values - low) / ((high - low) or 1.0)
    lines = []
    for index, column in enumerate(y.T):
        good = np.isfinite(column)
        if good.any():
            points = " ".join(
                f"{a:.1f},{b:.1f}" for a, b in zip(x[good], column[good], strict=True)
            )
            lines.append(f'<polyline points="{points}" opacity="{1 - 0.3 * index:.1f}"/>')
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="states against time" fill="none" stroke="currentColor">{"".join(lines)}'
        "</svg>"
    )
