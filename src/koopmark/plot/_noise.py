"""Accuracy against the noise level of the training data."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from koopmark._errors import ConfigError
from koopmark.analysis.curves import alike, digits_along
from koopmark.analysis.leaderboard import NOISY
from koopmark.analysis.measure import competing
from koopmark.analysis.palette import FEW
from koopmark.analysis.results import Results, known
from koopmark.analysis.sweeps import shared_targets
from koopmark.analysis.tables import TARGET_KEYS
from koopmark.plot._canvas import Canvas, canvas
from koopmark.plot._choice import Run, chosen, run_of
from koopmark.plot._looks import FLOOR, grouped, name_below, name_curves
from koopmark.scoring import DIGITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def noise(
    run: Run,
    methods: Iterable[str] = (),
    datasets: Iterable[str] = (),
    top: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot the correct digits of each method against the noise in the training data.

    The data are those of a sweep over noise, or else problems with several noise levels in the run.
    The shaded band is the middle half of the curves over seeds, or over problems if there are
    several (`analysis.curves`). The dash-dotted line is the statistical floor. A cross on the axis
    marks a level at which no fit of a method has a result.

    Parameters
    ----------
    run : Results, str or Path
    methods : iterable of str
        Methods to show; by default the best of each library with noise, and its best default.
    datasets : iterable of str
        The name of a sweep, or recipes; by default the first sweep over noise, or all recipes.
    top : int, optional
        Number of best methods to show, instead of `methods`.
    ax : Axes, optional
        Axes to draw into, in the user's style.

    Raises
    ------
    ConfigError
        If no fit of the run has a result, no data have noise, or there is no such method or
        dataset.
    """
    with canvas(ax) as into:
        draw(into, run, methods, datasets, top)
        return into.ax


def draw(
    into: Canvas, run: Run, methods: Iterable[str], datasets: Iterable[str], top: int | None
) -> None:
    run = run_of(run)
    rows, level_of, places = _levels(run, list(datasets))
    rows = rows[rows["dataset"].isin(list(level_of))]
    typed = list(methods)
    names = chosen(run, typed, rows["method"].unique(), "this noise figure", top, NOISY)
    table = digits_along(rows, level_of)
    possible = digits_along(competing(rows), level_of)["possible"].groupby(level="level").max()
    levels = sorted(places)
    at = np.array([places[level] for level in levels])
    ax, ends, handles = into.ax, [], []
    wide = {name: table[name].unstack("level")[levels] for name in ("digits", "low", "high", "ok")}
    groups = grouped(alike(wide["digits"].loc[names]))
    if not typed and top is None:
        groups = groups[:FEW]
    for group in reversed(groups):
        digits, low, high, ok = (wide[key].loc[group.methods[0]].to_numpy(float) for key in wide)
        ran = ok > 0
        style = group.look
        if len(at) > 1 and np.isfinite(low).any():
            ax.fill_between(at, low, high, where=ran, color=style.colour, alpha=0.15, lw=0)
        elif np.isfinite(low).any():
            ax.vlines(at, low, high, color=style.colour, lw=0.8, alpha=0.6)
        handles += ax.plot(
            at,
            np.where(ran, digits, np.nan),
            color=style.colour,
            ls=style.dashes,
            marker=style.marker,
            clip_on=False,
        )
        if not ran.all():
            ax.plot(at[~ran], np.zeros((~ran).sum()), "x", color=style.colour, clip_on=False)
        last = digits[ran][-1] if ran.any() else 0.0
        ends.append((group.name, float(last), style))
    allowed = possible.reindex(levels).to_numpy(float)
    if np.isfinite(allowed).any():
        ax.plot(at, allowed, color=FLOOR, ls="-.", lw=0.9, marker="_", zorder=1)
        first = int(np.flatnonzero(np.isfinite(allowed))[0])
        ax.annotate(
            "possible",
            xy=(at[first], allowed[first]),
            xytext=(-3 if first else 3, 3),
            textcoords="offset points",
            ha="right" if first else "left",
            fontsize="small",
            color=FLOOR,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5},
        )
    _axes(into, levels, at, np.nanmax([*wide["digits"].loc[names].max(), *allowed, 1.0]))
    if len(at) == 1 and into.free:
        # No curve goes to the edge where its name would be.
        name_below(into, [name for name, _, _ in ends[::-1]], handles[::-1])
    else:
        name_curves(into, ends[::-1], handles[::-1])


def _axes(into: Canvas, levels: list[float], at: "np.ndarray", most: float) -> None:
    from matplotlib.ticker import MaxNLocator

    ax = into.ax
    if len(at) > 1:
        pad = 0.04 * (np.log10(at[-1]) - np.log10(at[0]))
        ax.set_xscale("log")
        ax.set_xlim(at[0] * 10**-pad, at[-1] * 10**pad)
    ax.minorticks_off()
    ax.set_xticks(at, [f"{level:g}" for level in levels])
    ax.set_ylim(0.0, min(DIGITS, float(np.ceil(most))))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("noise (relative to the signal)")
    ax.set_ylabel("correct digits, −log₁₀ error")


def _levels(
    run: Results, typed: list[str]
) -> tuple[pd.DataFrame, dict[str, float], dict[float, float]]:
    """Judged rows, the noise of each dataset, and where each level is on the axis."""
    swept = {sweep.name: sweep for sweep in run.families if sweep.axis == "noise"}
    if swept and (not typed or any(name in swept for name in typed) or len(typed) == 1):
        fitting = known(typed[0], swept, "sweep over noise") if typed else next(iter(swept))
        sweep = swept[fitting]
        rows = run.judged.merge(shared_targets(sweep, run.targets)[TARGET_KEYS], on=TARGET_KEYS)
        return rows, dict(zip(sweep.datasets, sweep.levels, strict=True)), _places(sweep.levels)
    facts = run.fits[["dataset", "noise", "axis"]].drop_duplicates("dataset")
    facts = facts[facts["axis"].isin(["", "noise"])]
    facts = facts.assign(problem=facts["dataset"].str.split("/").str[0])
    if typed:
        there = list(facts["problem"].unique())
        problems = [known(name.split("/")[0], there, "dataset") for name in typed]
        facts = facts[facts["problem"].isin(problems)]
    noisy = facts[facts["noise"] > 0]
    if noisy.empty:
        what = f"{', '.join(typed)} has none" if typed else "none of its datasets has noise"
        raise ConfigError(f"{run.folder} says nothing about noise: {what}")
    # The same problems at every level, as far as there are any.
    levels = facts.groupby("problem")["noise"].nunique()
    several = levels[levels == levels.max()].index
    facts = facts[facts["problem"].isin(several)] if levels.max() > 1 else noisy
    level_of = dict(zip(facts["dataset"], facts["noise"].astype(float), strict=True))
    rows = run.judged[run.judged["dataset"].isin(list(level_of)) & run.judged["principal"]]
    return rows, level_of, _places(tuple(dict.fromkeys(level_of.values())))


def _places(levels: tuple[float, ...]) -> dict[float, float]:
    """Places of levels on a logarithmic axis, with 0 a decade below the smallest positive one."""
    least = min((level for level in levels if level > 0), default=1.0)
    return {level: level if level > 0 else least / 10 for level in levels}
