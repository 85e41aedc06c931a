"""Cost against size on logarithmic axes, with the exponent of a straight line through it."""

from pathlib import Path

import numpy as np
import pandas as pd

LABELS = {
    "N": "units N (r = 10, M = 20)",
    "r": "rank r (N = 1000, M = 100)",
    "M": "trajectories M (N = 1000, r = 10)",
    "D": "dictionary functions D (8,000 pairs)",
}


def draw(points: pd.DataFrame, path: Path) -> None:
    """One panel for each axis of `points` (columns what, axis, size, seconds), as a PNG."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    axes_present = [axis for axis in LABELS if axis in set(points["axis"])]
    figure = Figure(figsize=(3.1 * len(axes_present), 3.2), layout="constrained")
    panels = figure.subplots(1, len(axes_present), squeeze=False)[0]
    for panel, axis in zip(panels, axes_present, strict=True):
        curve = points[points["axis"] == axis].sort_values("size")
        exponent, offset = exponent_of(curve)
        size = curve["size"].to_numpy()
        panel.loglog(size, curve["seconds"], "o", color="#1b5e9e", label="measured")
        panel.loglog(
            size, np.exp(offset) * size**exponent, "--", color="#b35806",
            label=f"slope {exponent:.2f}",
        )  # fmt: skip
        panel.set_xlabel(LABELS[axis])
        panel.xaxis.set_major_locator(FixedLocator(size))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_minor_locator(NullLocator())
        panel.set_title(curve["what"].iloc[0], fontsize=10)
        panel.legend(frameon=False, fontsize=8)
        panel.grid(alpha=0.3, which="both", linewidth=0.4)
    panels[0].set_ylabel("seconds, one thread")
    figure.savefig(path, dpi=110)


def exponent_of(curve: pd.DataFrame) -> tuple[float, float]:
    """Slope and offset of log seconds against log size, by least squares."""
    slope, offset = np.polyfit(np.log(curve["size"]), np.log(curve["seconds"]), 1)
    return float(slope), float(offset)
