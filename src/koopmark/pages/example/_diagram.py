"""The network as a drawing: who acts on whom, how strongly, with which sign."""

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

RADIUS = 22
CENTRES = np.array([[150.0, 76.0], [62.0, 224.0], [238.0, 224.0]])
NAMES = ("x₁", "x₂", "x₃")
WIDTH, HEIGHT = 300, 276
BEND = 16.0
"""How far an arrow bows from the straight line, so that two opposite ones stand apart."""


def diagram(weights: NDArray) -> Markup:
    """SVG of the network: an arrow from j to i of width |Wᵢⱼ|, dashed where Wᵢⱼ is negative."""
    arrows = "".join(
        _loop(i, weights[i, i]) if i == j else _arrow(j, i, weights[i, j])
        for i, j in zip(*np.nonzero(weights), strict=True)
    )
    nodes = "".join(
        f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS}"/><text x="{x:g}" y="{y + 6:g}">{name}</text>'
        for (x, y), name in zip(CENTRES, NAMES, strict=True)
    )
    heads = "".join(
        f'<marker id="{sign}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="9" '
        f'markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 0 L10 5 L0 10 z"/></marker>'
        for sign in ("excites", "inhibits")
    )
    label = "Three populations; " + ", ".join(
        f"{NAMES[j]} acts on {NAMES[i]} with weight {weights[i, j]:g}"
        for i, j in zip(*np.nonzero(weights), strict=True)
    )
    return Markup(
        f'<svg class="network" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f"<defs>{heads}</defs>{arrows}{nodes}</svg>"
    )


def _arrow(start: int, end: int, weight: float) -> str:
    a, b = CENTRES[start], CENTRES[end]
    along = (b - a) / np.linalg.norm(b - a)
    aside = np.array([along[1], -along[0]])
    middle = (a + b) / 2 + 2 * BEND * aside
    first, last = _rim(a, middle, 3), _rim(b, middle, 5)
    return _path(
        f"M{first[0]:.1f} {first[1]:.1f} Q{middle[0]:.1f} {middle[1]:.1f} "
        f"{last[0]:.1f} {last[1]:.1f}",
        weight,
        (a + b) / 2 + 1.9 * BEND * aside,
    )


def _loop(node: int, weight: float) -> str:
    """A circle that touches the node on the side away from the middle of the drawing."""
    centre = CENTRES[node]
    out = centre - CENTRES.mean(axis=0)
    out /= np.linalg.norm(out)
    aside = np.array([out[1], -out[0]])
    start, end = (
        centre + (RADIUS + gap) * (np.cos(0.5) * out + sign * np.sin(0.5) * aside)
        for sign, gap in ((-1, 2), (1, 5))
    )
    middle = centre + (RADIUS + 38) * out
    return _path(
        f"M{start[0]:.1f} {start[1]:.1f} A15 15 0 1 0 {end[0]:.1f} {end[1]:.1f}", weight, middle
    )


def _rim(centre: NDArray, towards: NDArray, gap: float) -> NDArray:
    return centre + (RADIUS + gap) * (towards - centre) / np.linalg.norm(towards - centre)


def _path(curve: str, weight: float, text_at: NDArray) -> str:
    sign = "excites" if weight > 0 else "inhibits"
    return (
        f'<path class="{sign}" d="{curve}" stroke-width="{0.8 + 0.7 * abs(weight):.1f}" '
        f'marker-end="url(#{sign})"/>'
        f'<text class="weight" x="{text_at[0]:.1f}" y="{text_at[1] + 5:.1f}">'
        f"{f'{weight:g}'.replace('-', '−')}</text>"
    )
