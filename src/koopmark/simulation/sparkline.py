"""A curve the size of a word, for notebooks."""

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, EDGE = 240, 48, 2
MOST_POINTS = 120


def sparkline(times: NDArray, values: NDArray) -> str:
    """SVG of the columns of `values` (T, k) against `times` (T,), in the colour of the text.

    Every so many of the times are drawn; a curve ends where its values are no longer finite.
    """
    kept = np.linspace(0, len(times) - 1, min(len(times), MOST_POINTS)).astype(int)
    times, values = times[kept], values[kept]
    finite = values[np.isfinite(values)]
    if not finite.size:
        return ""
    low, high = float(finite.min()), float(finite.max())
    x = EDGE + (WIDTH - 2 * EDGE) * (times - times[0]) / (np.ptp(times) or 1.0)
    y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (values - low) / ((high - low) or 1.0)
    curves = [
        f'<polyline points="{_points(x[good], column[good])}" opacity="{1 - 0.3 * index:.1f}"/>'
        for index, column in enumerate(y.T)
        if (good := np.isfinite(column)).any()
    ]
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="states against time" fill="none" stroke="currentColor">{"".join(curves)}'
        "</svg>"
    )


def _points(x: NDArray, y: NDArray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
