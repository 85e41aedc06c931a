"""A score against the levels of a sweep."""

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from koopmark.report.columns import Column
from koopmark.report.page.figures.style import LEAST, MethodStyle, figure, label
from koopmark.report.sweeps import Sweep

AXES = {
    "noise": "noise (standard deviation, relative to the signal)",
    "dt": "sampling interval Δt (units of the decay time)",
    "horizon": "length of each trajectory (units of the decay time)",
    "trajectories": "training trajectories",
    "n": "units N",
    "rank": "rank of the weights",
    "n, rank": "units N, rank of the weights",
    "gain": "gain (spectral norm of the weights)",
}
"""Titles of the axes whose key does not say enough."""


def sweep_figure(
    sweep: Sweep, summary: pd.DataFrame, column: Column, styles: dict[str, MethodStyle]
) -> go.Figure:
    """One score of the sweep's summary (`sweep_summary`) against its levels, a line per method."""
    fig = figure(AXES.get(sweep.axis, label(sweep.axis)), column.title)
    fig.update_xaxes(
        type="log" if sweep.scale == "log" else "linear",
        tickvals=sweep.positions,
        ticktext=[label(text) for text in sweep.texts],
    )
    top = _failed_at(summary[column.key])
    decades = range(-16, math.floor(math.log10(top)), 2)
    fig.update_yaxes(
        type="log",
        tickvals=[*(10.0**k for k in decades), top],
        ticktext=[*("1" if k == 0 else f"10<sup>{k}</sup>" for k in decades), "failed"],
    )
    for method, style in styles.items():
        rows = summary[summary["method"] == method].set_index("dataset")
        mine = rows.reindex(list(sweep.datasets))
        if not mine["status"].isna().all():
            fig.add_trace(_method_trace(method, mine, column, sweep.positions, top, style))
    return fig


def _method_trace(
    method: str,
    rows: pd.DataFrame,
    column: Column,
    positions: list[float],
    failed_at: float,
    style: MethodStyle,
) -> go.Scatter:
    values = rows[column.key].to_numpy(dtype=float)
    ok = rows["ok"].to_numpy(dtype=float)
    # A level at which the method was not run is a gap, and no failure.
    failed = (ok == 0) | np.isposinf(values)
    drawn = np.where(failed, failed_at, np.maximum(values, LEAST))
    status = rows["status"].fillna("not run").astype(str)
    return go.Scatter(
        x=positions,
        y=drawn,
        name=label(method),
        mode="markers" if failed.all() else "lines+markers",
        line={"color": style.colour, "dash": style.dash, "width": 2},
        marker={
            "color": style.colour,
            "symbol": ["x" if bad else style.symbol for bad in failed],
            "size": 8,
        },
        text=[label(f"{column.write(x)} ({y})") for x, y in zip(values, status, strict=True)],
        hovertemplate="%{text}<extra>%{fullData.name}</extra>",
    )


def _failed_at(values: "pd.Series[float]") -> float:
    """Where infinite errors and fits that did not end ok are drawn: above every finite error."""
    finite = values[np.isfinite(values) & (values > 0)]
    return float(10 ** (math.ceil(math.log10(max(finite.max(), 1.0))) + 1)) if len(finite) else 10.0
