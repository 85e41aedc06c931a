"""Recovered against exact eigenvalues of one dataset, in the complex plane."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from koopmark.report.page.figures.style import INK, MethodStyle, figure, label

RESIDUAL_COLOURS = [[0.0, "#1f66b0"], [0.6, "#8f9aa5"], [1.0, "#d9803a"]]
"""From blue (1e-12 and below) to orange (1), as in the tables."""

MOST_LABELS = 12
"""More exact eigenvalues than this are labelled in the hover only."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The figure, and what it leaves out."""

    figure: go.Figure
    recovered: int
    drawn: int
    outside: int
    not_finite: int
    seeds: int


def spectrum(
    pairs: pd.DataFrame, targets: pd.DataFrame, styles: dict[str, MethodStyle], budget: int
) -> Spectrum:
    """The spectrum figure of one dataset.

    Parameters
    ----------
    pairs, targets : DataFrame
        The rows of eigenpairs.csv and targets.csv that belong to the dataset.
    styles : dict
        The look of each method; its order is that of the legend.
    budget : int
        At most this many recovered eigenvalues are drawn, shared between the methods. Those
        within the view, and of them those with the smallest residual, come first.
    """
    different = targets.drop_duplicates(
        ["target_eigenvalue_re", "target_eigenvalue_im", "target_dimension"]
    )
    exact = different[["target_eigenvalue_re", "target_eigenvalue_im"]].to_numpy(dtype=float)
    view = _view(exact)
    finite = pairs[np.isfinite(pairs["eigenvalue_re"]) & np.isfinite(pairs["eigenvalue_im"])]
    inside = finite["eigenvalue_re"].between(*view[0]) & finite["eigenvalue_im"].between(*view[1])
    ordered = finite.assign(outside=~inside).sort_values(["outside", "residual"], kind="stable")
    by_method = dict(iter(ordered.groupby("method", sort=False)))
    shares = _shares({name: len(rows) for name, rows in by_method.items()}, budget)
    fig = figure(
        "Re λ (per unit of time)",
        "Im λ (per unit of time)",
        coloraxis={
            "cmin": -12,
            "cmax": 0,
            "colorscale": RESIDUAL_COLOURS,
            "showscale": False,
            "colorbar": {"title": {"text": "log₁₀ residual"}, "thickness": 12, "outlinewidth": 0},
        },
    )
    fig.update_xaxes(range=list(view[0]))
    fig.update_yaxes(range=list(view[1]))
    fig.add_trace(_exact_trace(exact, list(different["target"])))
    for name, style in styles.items():
        if name in by_method:
            # What obeys the dynamics is drawn last, on top.
            drawn = by_method[name][: shares[name]].iloc[::-1]
            fig.add_trace(_recovered_trace(name, drawn, exact, style))
    return Spectrum(
        fig,
        recovered=len(pairs),
        drawn=sum(shares.values()),
        outside=int((~inside).sum()),
        not_finite=len(pairs) - len(finite),
        seeds=pairs["seed"].nunique(),
    )


def _view(exact: NDArray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ranges of Re and Im around the exact eigenvalues and 0, whatever was recovered."""
    re, im = [*exact[:, 0], 0.0], [*exact[:, 1], 0.0]
    margin = max(0.5, 0.35 * max(np.ptp(re), np.ptp(im)))
    half_height = max(np.abs(im).max() + margin, 1.0)
    return (min(re) - margin, max(re) + margin), (-half_height, half_height)


def _shares(sizes: dict[str, int], budget: int) -> dict[str, int]:
    """How many points each method may draw: what small ones leave goes to the large ones."""
    shares: dict[str, int] = {}
    left = budget
    for i, name in enumerate(sorted(sizes, key=lambda name: sizes[name])):
        shares[name] = min(sizes[name], left // (len(sizes) - i))
        left -= shares[name]
    return shares


def _exact_trace(exact: NDArray, labels: list[str]) -> go.Scatter:
    return go.Scatter(
        x=exact[:, 0],
        y=exact[:, 1],
        name="exact (x multiplicity)",
        mode="markers+text" if len(exact) <= MOST_LABELS else "markers",
        marker={"symbol": "circle-open", "size": 20, "line": {"width": 2}},
        text=labels,
        textposition=_label_places(exact[:, 0]),
        hovertemplate="exact λ = %{text}<extra></extra>",
        meta=INK,
    )


def _label_places(re: NDArray) -> list[str]:
    """Above and below in turn from left to right, so that neighbours' labels do not collide."""
    turn = np.argsort(np.argsort(re, kind="stable"), kind="stable")
    return ["bottom center" if place % 2 else "top center" for place in turn]


def _recovered_trace(
    name: str, rows: pd.DataFrame, exact: NDArray, style: MethodStyle
) -> go.Scatter:
    re = rows["eigenvalue_re"].to_numpy(dtype=float)
    im = rows["eigenvalue_im"].to_numpy(dtype=float)
    residual = rows["residual"].to_numpy(dtype=float)
    distance = np.abs((re + 1j * im)[:, None] - (exact[:, 0] + 1j * exact[:, 1])).min(
        axis=1, initial=np.inf
    )
    with np.errstate(divide="ignore"):
        # Without a residual a pair counts as bad, with a residual of 0 as good as can be.
        logs = np.nan_to_num(np.log10(residual), nan=0.0, posinf=0.0, neginf=-16.0)
    meta: dict[str, Any] = {
        "role": "recovered",
        "log_residual": logs.astype(np.float32),
        "typical": float(np.median(logs)) if len(logs) else 0.0,
    }
    return go.Scatter(
        x=re,
        y=im,
        name=label(name),
        mode="markers",
        marker={"color": style.colour, "symbol": style.symbol, "size": 8, "opacity": 0.8},
        customdata=np.column_stack([residual, distance]).astype(np.float32),
        hovertemplate=(
            "λ = %{x:.6g} + %{y:.6g} i<br>residual %{customdata[0]:.1e}"
            "<br>distance to the nearest exact λ %{customdata[1]:.1e}"
            "<extra>%{fullData.name}</extra>"
        ),
        meta=meta,
    )
