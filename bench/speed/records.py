"""What the benchmarks found, as tables: collected while they run, written when they end."""

import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from interleave import Turns

FOLDER = Path(__file__).parents[2] / "reports" / "speed"


@dataclass(frozen=True)
class Ratio:
    """One comparison: a peer's time over ours, median and quartiles over interleaved rounds."""

    what: str
    case: str
    peer: str
    ours_ms: float
    ratio: float
    low: float
    high: float
    our_error: float
    peer_error: float
    goal: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the goal was met; empty where there is none."""
        if self.goal is None:
            return ""
        return "met" if self.ratio >= self.goal else "missed"


@dataclass(frozen=True)
class Point:
    """One point of a scaling curve: seconds at one size."""

    what: str
    axis: str
    size: int
    seconds: float


class Records:
    """Everything one run of the benchmarks has found so far."""

    def __init__(self) -> None:
        self.ratios: list[Ratio] = []
        self.points: list[Point] = []

    def turns(
        self, what: str, case: str, peer: str, turns: Turns, errors: tuple[float, float],
        goal: float | None, repeats: int = 1,
    ) -> None:  # fmt: skip
        """Add a comparison, of `repeats` calls a turn; `errors` are ours and the peer's."""
        ours_ms = 1e3 * float(np.median(turns.ours)) / repeats
        self.ratios.append(Ratio(what, case, peer, ours_ms, *turns.ratio, *errors, goal))

    def share(
        self, what: str, case: str, seconds: float, share: float, error: float, goal: float | None
    ) -> None:  # fmt: skip
        """Add what part of our seconds the floor is."""
        numbers = (1e3 * seconds, share, share, share, error, np.nan, goal)
        self.ratios.append(Ratio(what, case, "share of the floor", *numbers))

    def write(self, folder: Path = FOLDER) -> None:
        """CSV and Markdown of the ratios, CSV of the curves, and their picture."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.ratios:
            rows = [{**asdict(ratio), "verdict": ratio.verdict} for ratio in self.ratios]
            pd.DataFrame(rows).to_csv(folder / "ratios.csv", index=False)
            (folder / "ratios.md").write_text(self.markdown(), encoding="utf-8")
        if self.points:
            points = pd.DataFrame([asdict(point) for point in self.points])
            points.to_csv(folder / "scaling.csv", index=False)
            draw(points, folder / "scaling.png")

    def markdown(self) -> str:
        """The ratios as one table."""
        lines = [
            f"{platform.machine()}, Python {platform.python_version()}, one thread; "
            "a ratio above 1 means that the peer is slower.",
            "",
            "| what | case | ours, ms | peer | ratio (quartiles) | our error | its error | goal |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for row in self.ratios:
            goal = "" if row.goal is None else f"{row.goal:g}: {row.verdict}"
            lines.append(
                f"| {row.what} | {row.case} | {row.ours_ms:.3g} | {row.peer} "
                f"| {row.ratio:.2f} ({row.low:.2f} to {row.high:.2f}) "
                f"| {_error(row.our_error)} | {_error(row.peer_error)} | {goal} |"
            )
        return "\n".join(lines) + "\n"


def _error(value: float) -> str:
    return "" if value != value else f"{value:.0e}"


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
