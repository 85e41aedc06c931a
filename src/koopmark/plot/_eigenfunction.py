"""An exact eigenfunction and its recovered counterparts."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark.analysis.conditions import FLOW, MAP
from koopmark.analysis.curves import alike
from koopmark.datasets import AnswerKey
from koopmark.plot._canvas import Canvas, canvas
from koopmark.plot._looks import FLOOR, grouped, look, name_below
from koopmark.plot._sources import View, What, views
from koopmark.simulation import Trajectories

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Kind = Literal["decay", "scatter", "map"]
KINDS: tuple[Kind, ...] = ("decay", "scatter", "map")
SEEN = 0.005
"""Share of an axis by which what was recovered must differ in the mean to be drawn twice."""
FEWEST = 3
"""Methods that are drawn if the user chose none: what goes wrong covers much."""
LEVELS = 9
"""Contours of a map, at most."""


def eigenfunction(
    what: What,
    test: Trajectories | str | Iterable[str] | None = None,
    target: str | None = None,
    dataset: str | None = None,
    view: Kind = "decay",
    seed: int | None = None,
    key: AnswerKey | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot an exact eigenfunction φ and the nearest combinations of recovered functions.

    The view `decay` shows |φ| along three test trajectories, with lines for the exact function and
    marks for recovered ones. `scatter` shows recovered against exact values at all points, and
    `map` contours of the real parts of both on a slice of the state space, for one method
    (docs/reference/tables/eigenfunctions.md).

    Parameters
    ----------
    what : Model, Scores, a mapping of names to these, or a run or its folder
    test : Trajectories, or names of methods
        Test data, if `what` is a model. Methods, if `what` is a run: by default the first three
        distinct ones of the best of each library and its best default, and for a map the best one.
    target : str, optional
        Label of the target, by default the slowest one.
    dataset, seed : str, int
        Dataset and seed of a run; by default the first.
    view : "decay", "scatter" or "map"
    key : AnswerKey, optional
        Answer key for models; by default that of the system of `test`, to the first degree.
    ax : Axes, optional
        Axes to draw into, in the user's style.

    Raises
    ------
    ConfigError
        If there is nothing to draw, or no such method, dataset, target, seed or view.
    """
    with canvas(ax) as into:
        seen = views(what, test, dataset, target, seed, key)
        draw(into, seen, view, FEWEST if test is None else None)
        return into.ax


def draw(into: Canvas, seen: Sequence[View], view: str, most: int | None = None) -> None:
    """Draw these views of one eigenfunction; indistinguishable ones are drawn once.

    At most the first `most` views are drawn, and for a map only the first.
    """
    if view not in KINDS:
        raise ConfigError(f"unknown view {view!r}: it must be one of {', '.join(KINDS)}")
    if view == "map":
        _map(into, seen[:1] if most is not None else seen)
        return
    if view == "decay":
        _decay(into, seen, most)
    else:
        _scatter(into, seen, most)


def _groups(
    seen: Sequence[View], curve: Callable[[View], NDArray[np.float64]]
) -> list[tuple[str, View]]:
    """Each view that differs from those before it, with the name of all that are like it."""
    first = curve(seen[0])
    span = float(np.nanmax(first) - np.nanmin(first)) if np.isfinite(first).any() else 1.0
    by_name = {one.name: one for one in seen}
    # Of another window a curve has another length, and is another.
    curves = pd.DataFrame([(curve(one) / span).tolist() for one in seen], index=list(by_name))
    groups = grouped(alike(curves, SEEN, lambda gaps: gaps.mean(axis=1)))
    return [(group.name, by_name[group.methods[0]]) for group in groups]


def _sizes(one: View) -> NDArray[np.float64]:
    """Of what was recovered along the trajectories, as a logarithmic axis shows them."""
    with np.errstate(divide="ignore"):
        sizes = np.log10(np.abs(one.recovered[one.part == "trajectory"]))
    return np.where(np.isneginf(sizes), np.nan, sizes)


def _decay(into: Canvas, seen: Sequence[View], most: int | None) -> None:
    ax, first, groups = into.ax, seen[0], _groups(seen, _sizes)[:most]
    on_lines = first.part == "trajectory"
    smallest = np.inf
    for trajectory in dict.fromkeys(first.trajectory[on_lines].tolist()):
        rows = on_lines & (first.trajectory == trajectory)
        (line,) = ax.plot(
            first.time[rows], np.abs(first.exact[rows]), color=FLOOR, lw=0.8, zorder=1
        )
        sizes = np.abs(first.exact[rows])
        smallest = min(smallest, float(sizes[sizes > 0].min(initial=np.inf)))
    handles = []
    for place, (_, one) in enumerate(groups):
        style = look(place)
        rows = np.flatnonzero(one.part == "trajectory")[place % 3 :: 3]
        handles += ax.plot(
            one.time[rows],
            np.abs(one.recovered[rows]),
            color=style.colour,
            marker=style.marker,
            ls="",
            ms=3.2,
            mfc="none" if len(groups) > 1 else style.colour,
            mew=0.8,
        )
    ax.set_yscale("log")
    if np.isfinite(smallest):
        # What was recovered may pass through zero; the view is that of the exact function.
        ax.set_ylim(bottom=smallest / 5)
    ax.set_xlabel("step" if first.discrete else "time (units of the data)")
    ax.set_ylabel(f"|φ| along trajectories, {_called(first)}")
    _names(into, groups, [*handles, line])


def _scatter(into: Canvas, seen: Sequence[View], most: int | None) -> None:
    ax, groups = into.ax, _groups(seen, lambda one: _parts(one.recovered, one))[:most]
    values = np.concatenate([_parts(one.exact, one) for one in seen])
    low, high = values.min(), values.max()
    pad = 0.04 * max(high - low, 1e-300)
    (line,) = ax.plot([low, high], [low, high], color=FLOOR, lw=0.8, zorder=1)
    handles = []
    for place, (_, one) in enumerate(groups):
        style = look(place)
        handles += ax.plot(
            _parts(one.exact, one),
            _parts(one.recovered, one),
            color=style.colour,
            marker=style.marker,
            ls="",
            ms=2.4,
            mfc="none",
            mew=0.5,
            alpha=0.8,
            rasterized=len(values) > 5000,
        )
    ax.set_xlim(low - pad, high + pad)
    ax.set_ylim(low - pad, high + pad)
    both = "" if np.isrealobj(seen[0].exact) or not seen[0].exact.imag.any() else ", Re and Im"
    ax.set_xlabel(f"exact φ{both}, {_called(seen[0])}")
    ax.set_ylabel(f"recovered φ{both}")
    _names(into, groups, [*handles, line])


def _map(into: Canvas, seen: Sequence[View]) -> None:
    if len(seen) != 1:
        raise ConfigError(
            f"a map shows one method, not {len(seen)}: choose one of "
            f"{', '.join(one.name for one in seen)}"
        )
    (one,), ax = seen, into.ax
    rows = one.part == "map"
    if not rows.any():
        raise ConfigError(f"there is no map of {one.target}: its states have one coordinate")
    if not np.isfinite(one.recovered[rows]).any():
        raise ConfigError(f"there is no map of {one.name}: its functions are not those of a state")
    across, up = np.unique(one.across[rows]), np.unique(one.up[rows])
    shape = (len(up), len(across))
    exact, recovered = (values[rows].real.reshape(shape) for values in (one.exact, one.recovered))
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import MaxNLocator

    levels = MaxNLocator(LEVELS).tick_values(exact.min(), exact.max())
    style = look(0)
    shown = ax.contour(across, up, exact, levels, colors=FLOOR, linewidths=0.8, linestyles="-")
    ax.contour(
        across, up, recovered, levels, colors=style.colour, linewidths=1.1, linestyles=[(0, (3, 2))]
    )
    for text in ax.clabel(shown, fontsize=7, inline_spacing=2):
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        text.set_zorder(5)
    i, j = one.coordinates
    ax.set_xlabel(f"x{_subscript(i)}")
    ax.set_ylabel(f"x{_subscript(j)}")
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.colour, ls=(0, (3, 2)), lw=1.1),
        Line2D([], [], color=FLOOR, lw=0.8),
    ]
    _names(into, [(one.name, one)], handles)


def _names(into: Canvas, groups: Sequence[tuple[str, View]], handles: list[Any]) -> None:
    names = [name or "recovered" for name, _ in groups] + ["exact"]
    if into.free:
        name_below(into, names, handles)
    else:
        into.ax.legend(handles, names)


def _parts(values: NDArray[np.complex128], one: View) -> NDArray[np.float64]:
    """Real and, if the exact function has one, imaginary parts of all points, none if missing."""
    parts = [values.real, values.imag] if one.exact.imag.any() else [values.real]
    return np.concatenate(parts)


def _called(one: View) -> str:
    """`λ = −1`, or `μ = 0.7` of a map."""
    return f"{MAP if one.discrete else FLOW} = {_number(one.eigenvalue)}"


def _number(value: complex) -> str:
    if value.imag == 0:
        return f"{value.real:.4g}".replace("-", "−")
    sign = "+" if value.imag > 0 else "−"
    return f"{value.real:.4g} {sign} {abs(value.imag):.4g}i".replace("-", "−")


def _subscript(k: int) -> str:
    return str(k).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
