"""Performance profile: the share of targets found against the tolerance."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from koopmark.analysis.curves import Profiles
from koopmark.analysis.palette import FEW
from koopmark.plot._canvas import Canvas, canvas
from koopmark.plot._choice import Run, chosen, datasets_of, question, rows_of, run_of
from koopmark.plot._looks import FLOOR, Group, grouped, name_curves
from koopmark.scoring import DIGITS, FOUND

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def profile(
    run: Run,
    methods: Iterable[str] = (),
    datasets: Iterable[str] = (),
    board: str | None = None,
    top: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot the share of targets that each method finds within a tolerance τ against τ.

    Shaded bands are the middle half of the profiles over problems, or over seeds for a single
    problem (`analysis.curves`). A dotted line is the reach of the method's dictionary. Curves that
    coincide are drawn once and share a label.

    Parameters
    ----------
    run : Results, str or Path
    methods : iterable of str
        Methods to show; by default the best of each library, and its best default.
    datasets : iterable of str
        Datasets; by default those of the leaderboard.
    board : str, optional
        The leaderboard whose targets count; by default the first of the run.
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
    name, ranking = question(run, board)
    rows = rows_of(run, name, ranking)
    if only := datasets_of(run, datasets):
        rows = rows[rows["dataset"].isin(only)]
    typed = list(methods)
    names = chosen(run, typed, rows["method"].unique(), "this profile", top, name)
    drawn, ax = Profiles.of(rows[rows["method"].isin(names)], names), into.ax
    groups = grouped(drawn.alike(names))
    if not typed and top is None:
        groups = groups[:FEW]
    handles = []
    # The best is drawn last, on top.
    for group in reversed(groups):
        mine = drawn.bands.loc[group.methods[0]].sort_index()
        if mine["low"].notna().any():
            ax.fill_between(
                mine.index, mine["low"], mine["high"], color=group.look.colour, alpha=0.15, lw=0
            )
        handles += ax.plot(
            mine.index,
            mine["share"],
            color=group.look.colour,
            ls=group.look.dashes,
            marker=group.look.marker,
            # A mark to a decade, those of each curve elsewhere.
            markevery=(2 * group.place % 10, 10),
            clip_on=False,
        )
    _ceilings(into, groups, drawn.reach)
    ax.set_xscale("log")
    ax.set_xlim(1.0, 10.0**-DIGITS)
    ax.set_xticks([10.0**-k for k in range(0, int(DIGITS) + 1, 3)])
    ax.set_ylim(0.0, 1.0)
    ax.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    ax.set_xlabel("tolerance τ of both errors (relative)")
    ax.set_ylabel("targets found to within τ")
    ends = drawn.shares.iloc[:, 0]
    named = [(group.name, float(ends[group.methods[0]]), group.look) for group in groups]
    name_curves(into, named, handles[::-1])


def _ceilings(into: Canvas, groups: list[Group], reach: "pd.Series[float]") -> None:
    """The reach of each curve, where τ is at most that of a target that counts as found."""
    drawn: dict[float, list[Group]] = {}
    for group in groups:
        share = float(reach[group.methods[0]])
        if share == share:
            drawn.setdefault(round(share, 3), []).append(group)
    for share, mine in drawn.items():
        colour = mine[0].look.colour if len(mine) == 1 else FLOOR
        into.ax.plot([FOUND, 10.0**-DIGITS], [share, share], color=colour, ls=(0, (1, 1.5)), lw=0.9)
    if drawn:
        into.ax.annotate(
            "reach",
            xy=(FOUND, max(drawn)),
            xytext=(0, 2 if max(drawn) < 0.9 else -9),
            textcoords="offset points",
            fontsize="small",
            color=FLOOR,
            ha="left",
        )
