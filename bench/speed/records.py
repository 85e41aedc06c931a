"""What the benchmarks found, as tables: collected while they run, written when they end."""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import linregress

from interleave import Turns
from sizes import Cost

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
    """One point of a scaling curve: what one size costs."""

    axis: str
    series: str
    size: int
    seconds: float
    """Processor time, the median of the runs."""
    low: float
    high: float
    """Its quartiles."""
    wall: float
    floor: float
    """Seconds of the operations that cannot be left out."""
    data_mb: float
    memory_mb: float
    """Peak beyond the data."""
    error: float
    exact: float

    @classmethod
    def of(cls, axis: str, series: str, size: int, cost: Cost) -> "Point":
        middle, low, high = np.percentile(cost.seconds, [50, 25, 75])
        numbers = (cost.floor, cost.data_mb, cost.memory_mb, cost.error, cost.exact)
        return cls(axis, series, size, middle, low, high, float(np.median(cost.wall)), *numbers)


@dataclass(frozen=True)
class Efficiency:
    """Share of two cores that fits of one length get, median and quartiles over the rounds."""

    fit_seconds: float
    fits: int
    dask: float
    dask_low: float
    dask_high: float
    processes: float
    processes_low: float
    processes_high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    """Dask over processes within a round."""


@dataclass(frozen=True)
class Overhead:
    """Processor milliseconds of one kind of process for each fit."""

    run: str
    process: str
    milliseconds: float


class Records:
    """Everything one run of the benchmarks has found so far."""

    def __init__(self) -> None:
        self.ratios: list[Ratio] = []
        self.points: list[Point] = []
        self.efficiencies: list[Efficiency] = []
        self.overheads: list[Overhead] = []

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
        """Tables as CSV and Markdown, and the curves as a picture."""
        tables = {
            "ratios": _table([{**asdict(it), "verdict": it.verdict} for it in self.ratios]),
            "scaling": _table(map(asdict, self.points)),
            "exponents": exponents(_table(map(asdict, self.points))),
            "efficiency": _table(map(asdict, self.efficiencies)),
            "overhead": _table(map(asdict, self.overheads)),
        }
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            if len(table):
                table.to_csv(folder / f"{name}.csv", index=False)
        if self.ratios:
            (folder / "ratios.md").write_text(self.markdown(), encoding="utf-8")
        if self.points:
            (folder / "scaling.md").write_text(self.scaling(), encoding="utf-8")
            draw(tables["scaling"], folder / "scaling.png")
        if self.efficiencies or self.overheads:
            (folder / "dask.md").write_text(self.dask(), encoding="utf-8")

    def report(self) -> str:
        """All tables as Markdown; empty if there are none."""
        parts = [
            self.markdown() if self.ratios else "",
            self.scaling() if self.points else "",
            self.dask() if self.efficiencies or self.overheads else "",
        ]
        return "\n".join(filter(None, parts))

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

    def scaling(self) -> str:
        """The exponents and the points of the scaling curves as two tables."""
        slopes = [
            (row.axis, row.series, f"{row.smallest:,} to {row.largest:,}",
             _plus_minus(row.exponent, row.error), _plus_minus(row.last, row.last_error))
            for row in exponents(_table(map(asdict, self.points))).itertuples()
        ]  # fmt: skip
        sizes = [
            (it.axis, it.series, f"{it.size:,}",
             f"{it.seconds:.3g} ({it.low:.3g} to {it.high:.3g})", f"{it.floor / it.seconds:.2f}",
             f"{it.data_mb:.1f}", f"{it.memory_mb:.1f}", _error(it.error), _error(it.exact))
            for it in self.points
        ]  # fmt: skip
        return "\n".join(
            [
                _markdown("axis, series, sizes, exponent, of the last decade", slopes),
                _markdown(
                    "axis, series, size, processor s (quartiles), share of the floor, data MB, "
                    "MB beyond the data, error, error of u'x",
                    sizes,
                ),
            ]
        )

    def dask(self) -> str:
        """How much of two cores fits get by their length, and what else the processes do."""
        lengths = [
            (f"{it.fit_seconds:g}", str(it.fits), _range(it.dask, it.dask_low, it.dask_high),
             _range(it.processes, it.processes_low, it.processes_high),
             _range(it.ratio, it.ratio_low, it.ratio_high))
            for it in self.efficiencies
        ]  # fmt: skip
        overheads = [(it.run, it.process, f"{it.milliseconds:.2f}") for it in self.overheads]
        return "\n".join(
            [
                _markdown("a fit takes s, fits, Dask, processes, Dask over processes", lengths),
                _markdown("run, process, processor ms a fit", overheads),
            ]
        )


def _markdown(columns: str, rows: Iterable[tuple[str, ...]]) -> str:
    names = columns.split(", ")
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _table(rows: Iterable[dict]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def _error(value: float) -> str:
    return "" if value != value else f"{value:.0e}"


def _range(middle: float, low: float, high: float) -> str:
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _plus_minus(value: float, error: float) -> str:
    return f"{value:.2f}" + ("" if error != error else f" ± {error:.2f}")


def exponents(points: pd.DataFrame) -> pd.DataFrame:
    """Slopes of log seconds against log size with their standard errors, a row for each curve.

    Columns axis, series, smallest, largest, exponent, error, offset; and last, last_error for the
    sizes from a tenth of the largest on, the error missing if these are two.
    """
    rows = []
    for (axis, series), curve in (
        points.groupby(["axis", "series"], sort=False) if len(points) else ()
    ):
        size = curve["size"].to_numpy()
        whole = _slope(curve)
        last = _slope(curve[size * DECADE >= size.max()])
        rows.append(
            {
                "axis": axis,
                "series": series,
                "smallest": size.min(),
                "largest": size.max(),
                "exponent": whole[0],
                "error": whole[1],
                "offset": whole[2],
                "last": last[0],
                "last_error": last[1],
            }
        )
    return pd.DataFrame(rows)


DECADE = 11
"""Of sizes that are not round a tenth of the largest is not among them exactly."""


def _slope(curve: pd.DataFrame) -> tuple[float, float, float]:
    if len(curve) < 2:
        return np.nan, np.nan, np.nan
    line = linregress(np.log(curve["size"]), np.log(curve["seconds"]))
    return line.slope, line.stderr if len(curve) > 2 else np.nan, line.intercept


LABELS = {
    "N": "units N (r = 10, M = 10)",
    "M": "trajectories M (N = 3)",
    "r": "rank r (N = 2,000, M = 20)",
    "D": "functions D (8,000 pairs)",
    "pairs": "pairs out of core",
}
"""What an axis of the curves is, and what is fixed on it."""

COLOURS, MARKERS = ("#1b5e9e", "#b35806", "#1b7837", "#762a83", "#666666"), "osD^v"


def draw(points: pd.DataFrame, path: Path) -> None:
    """Seconds against each axis of `points`, and memory against the size of the data, as a PNG."""
    from matplotlib.figure import Figure

    axes = [axis for axis in LABELS if axis in set(points["axis"])]
    columns = min(3, len(axes) + 1)
    rows = -(-(len(axes) + 1) // columns)
    figure = Figure(figsize=(3.3 * columns, 3.1 * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    fitted = exponents(points).set_index(["axis", "series"])
    for panel, axis in zip(panels, axes, strict=False):
        for number, (series, curve) in enumerate(_curves(points, axis)):
            colour, slope = COLOURS[number], fitted.loc[(axis, series)]
            size = curve["size"].to_numpy()
            panel.loglog(
                size, curve["seconds"], MARKERS[number], color=colour, markersize=5,
                label=f"{series}: {_plus_minus(slope.exponent, slope.error)}",
            )  # fmt: skip
            panel.loglog(size, np.exp(slope.offset) * size**slope.exponent, color=colour, lw=0.8)
            panel.loglog(size, curve["floor"], ":", color=colour, lw=1.2)
        panel.plot([], [], ":", color="black", lw=1.2, label="floor")
        panel.set_xlabel(LABELS[axis])
        panel.set_ylabel("processor seconds")
    memory = panels[len(axes)]
    for number, axis in enumerate(axes):
        for index, (_, curve) in enumerate(_curves(points, axis)):
            memory.loglog(
                curve["data_mb"], curve["memory_mb"], MARKERS[number] + "-", lw=0.8, markersize=4,
                color=COLOURS[number], alpha=1 - 0.3 * index, label=None if index else axis,
            )  # fmt: skip
    ends = np.array([points["data_mb"].min(), points["data_mb"].max()])
    memory.loglog(ends, ends, "--", color="black", lw=0.8, label="as the data")
    memory.set_xlabel("data, MB")
    memory.set_ylabel("peak memory beyond the data, MB")
    for panel in panels[: len(axes) + 1]:
        across = 2 if panel is memory else 1
        legend = panel.legend(loc="upper left", frameon=False, fontsize=8, ncols=across)
        low, high = panel.get_ylim()
        # Room for the legend above the curves.
        panel.set_ylim(low, high * (high / low) ** (0.08 * len(legend.get_texts()) / across))
        panel.grid(alpha=0.3, linewidth=0.4)
    for panel in panels[len(axes) + 1 :]:
        panel.remove()
    figure.savefig(path, dpi=110)


def _curves(points: pd.DataFrame, axis: str) -> Iterator[tuple[str, pd.DataFrame]]:
    chosen = points[points["axis"] == axis].sort_values("size")
    return iter(chosen.groupby("series", sort=False))
