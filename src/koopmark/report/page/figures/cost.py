"""What accuracy costs: error against the time of the fit."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from koopmark.report.page.figures.style import LEAST, MethodStyle, figure, label


def cost_figure(summary: pd.DataFrame, styles: dict[str, MethodStyle]) -> go.Figure:
    """Worst-target eigenfunction error against fit seconds, one point a method and dataset."""
    fig = figure(
        "time of one fit (s, median over seeds)", "eigenfunction error of the worst target"
    )
    fig.update_xaxes(type="log", exponentformat="power", dtick=1)
    fig.update_yaxes(type="log", exponentformat="power", dtick=2)
    drawable = summary[np.isfinite(summary["eigenfunction_error"]) & (summary["fit_seconds"] > 0)]
    for method, style in styles.items():
        rows = drawable[drawable["method"] == method]
        if rows.empty:
            continue
        error = rows["eigenfunction_error"].to_numpy(dtype=float)
        fig.add_trace(
            go.Scatter(
                x=rows["fit_seconds"].to_numpy(dtype=float),
                y=np.maximum(error, LEAST),
                name=label(method),
                mode="markers",
                marker={"color": style.colour, "symbol": style.symbol, "size": 9, "opacity": 0.85},
                text=[label(name) for name in rows["dataset"]],
                hovertemplate=(
                    "%{text}<br>%{x:.2g} s, error %{y:.1e}<extra>%{fullData.name}</extra>"
                ),
            )
        )
    return fig
