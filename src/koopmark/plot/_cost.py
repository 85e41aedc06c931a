"""Accuracy against cost: digits against the time of a fit, with the Pareto front."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis.measure import problems
from koopmark.analysis.pareto import front, loss
from koopmark.analysis.results import Results
from koopmark.analysis.summary import STEP
from koopmark.plot._canvas import Canvas, canvas
from koopmark.plot._choice import Run, chosen, dataset_of, question, run_of
from koopmark.plot._looks import FLOOR, look, name_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def cost(
    run: Run,
    methods: Iterable[str] = (),
    datasets: Iterable[str] = (),
    board: str | None = None,
    top: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot the correct digits of each method against the time of a fit.

    The line is the Pareto front: no other method is both as fast and as accurate, to a tenth of a
    digit. Methods on it that are a tenth of a digit better than the previous one are numbered and
    named.

    Parameters
    ----------
    run : Results, str or Path
    methods : iterable of str
        Methods to show; by default all that are ranked.
    datasets : iterable of str
        A single dataset; by default the geometric mean of the times over the problems of a
        leaderboard.
    board : str, optional
        The leaderboard; by default the first of the run.
    top : int, optional
        Number of best methods to show, instead of `methods`.
    ax : Axes, optional
        Axes to draw into, in the user's style.

    Raises
    ------
    ConfigError
        If no fit of the run has a result, or there is no such method, dataset or board.
    """
    with canvas(ax) as into:
        draw(into, run, methods, datasets, board, top)
        return into.ax


def draw(
    into: Canvas,
    run: Run,
    methods: Iterable[str],
    datasets: Iterable[str],
    board: str | None,
    top: int | None,
) -> None:
    run = run_of(run)
    table = _costs(run, list(datasets), board)
    typed = list(methods)
    if typed or top is not None:
        table = table.loc[chosen(run, typed, table.index, "this cost figure", top)]
    ax, libraries = into.ax, list(dict.fromkeys(table["library"]))
    handles = []
    for place, library in enumerate(libraries):
        mine, style = table[table["library"] == library], look(place)
        handles += ax.plot(
            mine["seconds"],
            mine["digits"],
            color=style.colour,
            marker=style.marker,
            ls="",
            ms=3.4,
            mew=0.5,
            mfc=(*_rgb(style.colour), 0.55),
        )
    best = table.loc[front(table["seconds"], loss("digits", table["digits"]))]
    ax.step(best["seconds"], best["digits"], where="post", color=FLOOR, lw=0.8, zorder=1)
    ax.set_xscale("log")
    ax.margins(x=0.06)
    ax.set_ylim(-0.15, max(1.0, np.ceil(table["digits"].max())) + 0.3)
    ax.set_xlabel("time of a fit (s)")
    ax.set_ylabel("correct digits, −log₁₀ error")
    names = [f"{k}  {name}" for k, name in enumerate(_numbered(into, best), 1)]
    (blank,) = ax.plot([], [], ls="")
    if into.free:
        # Libraries on the left, the front's members on the right.
        short = len(libraries) - len(names)
        left = [*libraries, *[""] * -short]
        handles += [blank] * (len(left) + max(len(names), len(libraries)) - len(libraries))
        name_below(into, [*left, *names, *[""] * short], handles, columns=2)
    else:
        ax.legend([*handles, *[blank] * len(names)], [*libraries, *names])


def _costs(run: Results, datasets: list[str], board: str | None) -> pd.DataFrame:
    """By method, best first: library, seconds, digits."""
    if len(datasets) > 1:
        raise ConfigError(f"a cost figure shows one dataset, not {len(datasets)}")
    summary = run.summary[run.summary["role"] == "method"]
    name, ranked = question(run, board)
    if datasets or ranked is None:
        summary = summary[summary["dataset"] == dataset_of(run, datasets[0] if datasets else None)]
        digits = summary.set_index("method")["digits"]
    else:
        if not ranked.measure.bounds:
            raise ConfigError(f"the board {name!r} ranks by time: a cost figure needs digits")
        summary = summary[summary["dataset"].isin(ranked.datasets)]
        digits = ranked.rows.set_index("method")["mean"]
    logs = np.log(summary["fit_seconds"].where(summary["ok"] > 0))
    by_problem = logs.groupby([summary["method"], problems(summary["dataset"])]).mean()
    table = pd.DataFrame(
        {
            "library": summary.groupby("method")["library"].first(),
            "seconds": np.exp(by_problem.groupby(level="method").mean()),
        }
    )
    table = table.reindex([one for one in run.order if one in digits.index and one in table.index])
    return table.assign(digits=digits).dropna()


def _numbered(into: Canvas, best: pd.DataFrame) -> list[str]:
    """Number the front's members, the most accurate first, each well above the one before it."""
    names: list[str] = []
    last = np.inf
    for name, row in best.iloc[::-1].iterrows():
        # Numbers of members that are nearer would cover each other.
        if last - row["digits"] < STEP:
            continue
        last = row["digits"]
        names.append(str(name))
        into.ax.annotate(
            str(len(names)),
            xy=(row["seconds"], row["digits"]),
            xytext=(-3, 2.5),
            textcoords="offset points",
            ha="right",
            fontsize="small",
        )
    return names


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return red, green, blue
