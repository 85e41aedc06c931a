"""Small pictures of a dataset as SVG in the page's colours: trajectories, and the spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT = 200.0, 150.0
LEFT, RIGHT, TOP, BOTTOM = 36.0, 8.0, 8.0, 24.0
"""Room about the plot for the axes' names and the numbers at their ends."""

TRAJECTORIES = 30
"""Most trajectories of a portrait."""

STRIP, STEPS, CHANNELS = 44.0, 40, 3
"""Height of a strip of inputs, and intervals and channels in it at most."""


def plane(states: NDArray, seen: str = "x") -> tuple[NDArray, tuple[str, str]]:
    """States (M, T, N) in the plane they vary most in, (M, T, 2), and what its axes are.

    NaN where one was not recorded. What is seen is called x, or by another letter.
    """
    if states.shape[-1] == 1:
        states = np.concatenate([np.zeros_like(states), states], axis=-1)
        return states, ("", f"{seen}₁")
    if states.shape[-1] == 2:
        return states, (f"{seen}₁", f"{seen}₂")
    flat = states.reshape(-1, states.shape[-1])
    flat = flat[np.isfinite(flat).all(axis=1)]
    centred = flat - flat.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    # An axis has no sign of its own: its largest entry is positive, on every machine.
    leading = axes[:2] * np.sign(axes[:2][[0, 1], np.abs(axes[:2]).argmax(axis=1)])[:, None]
    return (states - flat.mean(axis=0)) @ leading.T, ("PC 1", "PC 2")


def portrait(
    states: NDArray, name: str, which: str = "test trajectories", seen: str = "x"
) -> Markup:
    """Some of the trajectories (M, T, N) of x, or `seen`, called `which`; a dot where each ends.

    Lines are broken where states are NaN.
    """
    states = states[np.isfinite(states).all(axis=2).any(axis=1)]
    points, titles = plane(states[:TRAJECTORIES], seen)
    # A state of which one value is missing has no place.
    points = np.where(np.isfinite(states[:TRAJECTORIES]).all(axis=2)[..., None], points, np.nan)
    low, high = np.nanmin(points, axis=(0, 1)), np.nanmax(points, axis=(0, 1))
    across, up = (_Axis(*ends) for ends in zip(low, high, strict=True))
    x, y = _x(across.place(points[..., 0])), _y(up.place(points[..., 1]))
    lines = list(zip(x, y, strict=True))
    paths = "".join(f'<path d="{_path(*line)}"/>' for line in lines)
    ends = "".join(
        f'<circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="1.6"/>'
        for end_x, end_y in ((a[np.isfinite(a)][-1], b[np.isfinite(b)][-1]) for a, b in lines)
    )
    sideways = f"{titles[0]} across, " if titles[0] else "at rest across, "
    text = f"{len(points)} {which} of {name}: {sideways}{titles[1]} upwards"
    return _svg("portrait", text, across, up, titles, f'<g class="paths">{paths}</g>', ends)


def spectrum(eigenvalues: Sequence[complex], name: str, discrete: bool = False) -> Markup:
    """Exact eigenvalues in the complex plane, with the imaginary axis as a line.

    Those of a map with the unit circle, at equal scales.
    """
    values = np.array(eigenvalues)
    if discrete:
        return _of_map(values, name)
    rates, speeds = values.real, values.imag
    across = _Axis(min(rates.min(), 0.0), max(rates.max(), 0.0))
    highest = float(np.abs(speeds).max())
    up = _Axis(-highest, highest)
    border = f'<path d="M{_x(across.place(0)):.1f} {TOP:g}V{HEIGHT - BOTTOM:g}"/>'
    middle = f'<path d="M{LEFT:g} {_y(up.place(0)):.1f}H{WIDTH - RIGHT:g}"/>'
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        for x, y in zip(_x(across.place(rates)), _y(up.place(speeds)), strict=True)
    )
    text = f"Eigenvalues of {name} in the complex plane, listed above"
    lines = f'<g class="zero">{border}{middle}</g>'
    return _svg("spectrum", text, across, up, ("Re λ", "Im λ"), lines, dots)


def _of_map(values: NDArray, name: str) -> Markup:
    most = max(1.0, float(np.abs(values).max()))
    wide = most * (WIDTH - LEFT - RIGHT) / (HEIGHT - TOP - BOTTOM)
    across, up = _Axis(-wide, wide, (-most, most)), _Axis(-most, most)
    middle = (float(_x(across.place(0))), float(_y(up.place(0))))
    radius = middle[1] - float(_y(up.place(1)))
    circle = f'<circle cx="{middle[0]:.1f}" cy="{middle[1]:.1f}" r="{radius:.1f}"/>'
    axes = (
        f'<path d="M{middle[0]:.1f} {TOP:g}V{HEIGHT - BOTTOM:g}'
        f'M{LEFT:g} {middle[1]:.1f}H{WIDTH - RIGHT:g}"/>'
    )
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        for x, y in zip(_x(across.place(values.real)), _y(up.place(values.imag)), strict=True)
    )
    text = f"Eigenvalues of {name} in the complex plane with the unit circle, listed above"
    lines = f'<g class="zero">{circle}{axes}</g>'
    return _svg("spectrum", text, across, up, ("Re μ", "Im μ"), lines, dots)


def driven(inputs: NDArray, name: str) -> Markup:
    """The inputs (T, q) along one trajectory, held from each sample to the next."""
    shown = inputs[: STEPS + 1, :CHANNELS]
    shown = shown[np.isfinite(shown).all(axis=1)]
    low, high = float(shown.min()), float(shown.max())
    room = max(high - low, 1e-9)
    x = np.linspace(0.0, 2 * WIDTH, len(shown) + 1)
    y = STRIP - 2 - (shown - low) / room * (STRIP - 4)
    paths = "".join(
        '<path d="M'
        + "L".join(
            f"{a:.1f} {value:.1f}L{b:.1f} {value:.1f}"
            for a, b, value in zip(x[:-1], x[1:], column, strict=True)
        )
        + '"/>'
        for column in y.T
    )
    count = (
        f"{len(shown.T)} of {inputs.shape[1]} inputs" if inputs.shape[1] > CHANNELS else "inputs"
    )
    text = f"The {count} of {name} over {len(shown)} intervals of one training trajectory"
    return Markup(
        f'<svg class="inputs" viewBox="0 0 {2 * WIDTH:g} {STRIP:g}" role="img" '
        f'aria-label="{escape(text)}">{paths}</svg>'
    )


@dataclass(frozen=True)
class _Axis:
    """An interval with room beyond both ends."""

    low: float
    high: float
    marked: tuple[float, ...] = ()

    @property
    def room(self) -> float:
        """0.5 about a single value."""
        return 0.06 * (self.high - self.low) or 0.5

    def place(self, values: ArrayLike) -> NDArray:
        """0 at the lower end of the axis, 1 at the upper."""
        width = self.high - self.low + 2 * self.room
        return (np.asarray(values) - self.low + self.room) / width

    @property
    def ticks(self) -> list[float]:
        """Its ends, one if they are the same, or what is marked instead."""
        return sorted({*(self.marked or (self.low, self.high))})


def _x(share: NDArray) -> NDArray:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: NDArray) -> NDArray:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _path(x: NDArray, y: NDArray) -> str:
    known = np.isfinite(x)
    pieces = np.split(np.arange(len(x)), np.flatnonzero(np.diff(known)) + 1)
    return "".join(
        "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x[piece], y[piece], strict=True))
        for piece in pieces
        if known[piece[0]]
    )


def _svg(
    kind: str, text: str, across: _Axis, up: _Axis, titles: tuple[str, str], lines: str, dots: str
) -> Markup:
    """A frame with axes about lines and dots."""
    floor = HEIGHT - BOTTOM
    marks, numbers = [f"M{LEFT:g} {TOP:g}V{floor:g}H{WIDTH - RIGHT:g}"], []
    for value in across.ticks if titles[0] else []:
        x = float(_x(across.place(value)))
        marks.append(f"M{x:.1f} {floor:g}v3")
        numbers.append(_text(x, floor + 12, "middle", _number(value)))
    for value in up.ticks:
        y = float(_y(up.place(value)))
        marks.append(f"M{LEFT:g} {y:.1f}h-3")
        numbers.append(_text(LEFT - 4, y + 3, "end", _number(value)))
    numbers.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 3, "middle", titles[0]))
    middle = (TOP + floor) / 2
    turned = f'transform="rotate(-90 9 {middle:g})"'
    numbers.append(_text(9, middle, "middle", titles[1], turned))
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(text)}"><path class="axes" d="{"".join(marks)}"/>{lines}'
        f'<g class="dots">{dots}</g><g class="names">{"".join(numbers)}</g></svg>'
    )


def _text(x: float, y: float, anchor: str, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{value + 0.0:.2g}".replace("-", "−")  # no −0
