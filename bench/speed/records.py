"""What the benchmarks found, as tables: collected while they run, written when they end."""

import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

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

    def write(self, folder: Path = FOLDER) -> None:
        """CSV and Markdown of the ratios, CSV of the curves, and their picture."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.ratios:
            rows = [{**asdict(ratio), "verdict": ratio.verdict} for ratio in self.ratios]
            pd.DataFrame(rows).to_csv(folder / "ratios.csv", index=False)
            (folder / "ratios.md").write_text(self.markdown(), encoding="utf-8")
        if self.points:
            from scaling_plot import draw

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
