"""Recovered eigenvalues beside the exact ones, in the complex plane."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koopmark.datasets import AnswerKey
from koopmark.plot._canvas import Canvas, canvas
from koopmark.plot._looks import look, name_below
from koopmark.plot._sources import Spectra, Spectrum, What, spectra
from koopmark.simulation import Trajectories

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OBEYS = 1e-3
"""Of several methods, marks of pairs with a larger residual are hollow."""

BEST, WORST = 1e-12, 1.0
"""Residuals at the ends of the colours."""


def spectrum(
    what: What,
    test: Trajectories | str | Iterable[str] | None = None,
    dataset: str | None = None,
    seed: int | None = None,
    key: AnswerKey | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot recovered eigenvalues (marks) and exact ones (circles) in the complex plane.

    Eigenvalues are λ of a flow, or μ per step of a map, with the unit circle.

    For one method, the colour is the residual. For several, each has its own marker, filled if the
    residual is at most 1e-3. The axes cover the exact eigenvalues, and a corner gives the number of
    eigenvalues outside.

    Parameters
    ----------
    what : Model, Scores, a mapping of names to these, or a run or its folder
    test : Trajectories, or names of methods
        Test data, if `what` is a model. Methods, if `what` is a run; by default the best one.
    dataset, seed : str, int
        Dataset and seed of a run; by default the first.
    key : AnswerKey, optional
        Answer key for models; by default that of the system of `test`, to the first degree.
    ax : Axes, optional
        Axes to draw into, in the user's style.

    Raises
    ------
    ConfigError
        If there is nothing to draw, or no such method, dataset or seed.
    """
    with canvas(ax) as into:
        draw(into, spectra(what, test, dataset, seed, key))
        return into.ax


def draw(into: Canvas, drawn: Spectra) -> None:
    ax = into.ax
    exact = np.array(list(drawn.exact), dtype=complex)
    # Of a recording nothing is known.
    low, high = _view(exact if len(exact) else _finite(drawn), drawn.discrete)
    ax.set_xlim(low.real, high.real)
    ax.set_ylim(low.imag, high.imag)
    ax.axvline(0.0, color="#bbbbbb", lw=0.5, zorder=0)
    ax.axhline(0.0, color="#bbbbbb", lw=0.5, zorder=0)
    if drawn.discrete:
        from matplotlib.patches import Circle

        ax.add_patch(Circle((0.0, 0.0), 1.0, fill=False, ec="#bbbbbb", lw=0.7, zorder=0))
        ax.set_aspect("equal")
    if len(drawn.recovered) == 1:
        _by_residual(into, drawn.recovered[0])
        handles, names = [], []
    else:
        handles = [_marks(into, one, place) for place, one in enumerate(drawn.recovered)]
        names = [one.name for one in drawn.recovered]
    # Within the marks the circle would hide them.
    circles = ax.plot(
        exact.real, exact.imag, ls="", marker="o", mfc="none", mec="black", ms=8, mew=0.8, zorder=4
    )
    # In its circle the eigenvalues of a map are close: above and below in turn.
    order = sorted(drawn.exact, key=lambda value: value.real)
    below = set(order[::2]) if drawn.discrete and len(order) > 1 else set()
    for value, multiplicities in drawn.exact.items():
        if max(multiplicities) > 1:
            ax.annotate(
                ", ".join(f"×{one}" for one in multiplicities),
                xy=(value.real, value.imag),
                xytext=(0, -6 if value in below else 6),
                textcoords="offset points",
                ha="center",
                va="top" if value in below else "baseline",
                fontsize="small",
            )
    named = "{} μ (one step)" if drawn.discrete else "{} λ (per unit of time)"
    ax.set_xlabel(named.format("Re"))
    ax.set_ylabel(named.format("Im"))
    _outside(into, drawn, low, high)
    if names and into.free:
        name_below(into, [*names, "exact"], [*handles, *circles])
    elif names:
        ax.legend([*handles, *circles], [*names, "exact"])


def _finite(drawn: Spectra) -> NDArray[np.complex128]:
    """The recovered eigenvalues that are finite, and zero."""
    values = np.concatenate([[0.0], *(one.eigenvalues for one in drawn.recovered)])
    return np.asarray(values[np.isfinite(values)], dtype=complex)


def _view(exact: NDArray[np.complex128], discrete: bool) -> tuple[complex, complex]:
    """Corners: the exact eigenvalues, zero, and a margin; as high at least as a third of it.

    Of a map the unit circle, and the exact eigenvalues.
    """
    if discrete:
        most = 1.2 * max(1.0, float(np.abs(exact).max(initial=0.0)))
        return complex(-most, -most), complex(most, most)
    left, right = min(exact.real.min(), 0.0), max(exact.real.max(), 0.0)
    wide = max(right - left, 1e-9)
    tall = max(np.abs(exact.imag).max(), wide / 4)
    return complex(left - 0.3 * wide, -1.3 * tall), complex(right + 0.15 * wide, 1.3 * tall)


def _by_residual(into: Canvas, one: Spectrum) -> None:
    from matplotlib.colors import LogNorm

    # The best last, on top.
    order = np.argsort(-np.nan_to_num(one.residuals, nan=np.inf), kind="stable")
    residuals = np.clip(np.nan_to_num(one.residuals, nan=WORST), BEST, WORST)
    marks = into.ax.scatter(
        one.eigenvalues.real[order],
        one.eigenvalues.imag[order],
        c=residuals[order],
        norm=LogNorm(BEST, WORST),
        cmap="cividis",
        s=14,
        linewidths=0.3,
        edgecolors="black",
        zorder=3,
    )
    bar = into.figure.colorbar(marks, ax=into.ax, pad=0.02, aspect=30)
    bar.set_label("residual (relative)")
    bar.outline.set_linewidth(0.5)
    bar.ax.minorticks_off()
    bar.set_ticks([10.0**-k for k in range(0, 13, 3)])


def _marks(into: Canvas, one: Spectrum, place: int) -> Any:
    style, ax = look(place), into.ax
    obeys = one.residuals <= OBEYS
    shown = None
    for rows, fill in ((~obeys, "none"), (obeys, style.colour)):
        (shown,) = ax.plot(
            one.eigenvalues.real[rows],
            one.eigenvalues.imag[rows],
            color=style.colour,
            marker=style.marker,
            ls="",
            mfc=fill,
            mew=0.6,
            ms=3.6,
            zorder=3,
        )
    return shown


def _outside(into: Canvas, drawn: Spectra, low: complex, high: complex) -> None:
    values = np.concatenate([one.eigenvalues for one in drawn.recovered])
    inside = (
        (values.real >= low.real)
        & (values.real <= high.real)
        & (values.imag >= low.imag)
        & (values.imag <= high.imag)
    )
    if outside := int(np.sum(~inside)):
        into.ax.annotate(
            f"{outside:,} of {len(values):,} outside",
            xy=(0.0, 0.0),
            xycoords="axes fraction",
            xytext=(3, 3),
            textcoords="offset points",
            fontsize="small",
            color="#4d4d4d",
        )
