"""The three-population example: its trajectories, its attracting plane, its exact decay."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from koopmark.report.page.figures.style import COLOURS, INK, figure

ABOVE, BELOW = COLOURS[0], COLOURS[6]
"""Colours of trajectories that start on one side of the plane and on the other."""


def space_figure(
    states: NDArray, plane: tuple[NDArray, NDArray], side: NDArray, names: tuple[str, str, str]
) -> go.Figure:
    """Trajectories in three dimensions with a plane through the origin.

    Parameters
    ----------
    states : (M, T, 3) array
        Trajectories, drawn from their start to a dot at their end.
    plane : pair of (3,) arrays
        Orthonormal vectors that span it.
    side : (M,) array
        Positive for trajectories that start above it.
    names : three strings
        Titles of the axes.
    """
    fig = figure("", "", showlegend=True)
    fig.update_layout(
        xaxis=None,
        yaxis=None,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        legend={"orientation": "h", "x": 0.02, "y": 0, "yanchor": "bottom"},
        scene={
            f"{axis}axis": {"title": {"text": name}, "showbackground": False, "nticks": 6}
            for axis, name in zip("xyz", names, strict=True)
        }
        | {
            "aspectmode": "data",
            "domain": {"x": [0, 1], "y": [0.1, 1]},
            "camera": {"eye": {"x": 1.35, "y": -1.25, "z": 0.65}, "center": {"z": -0.12}},
        },
    )
    fig.add_trace(_plane_trace(states, plane))
    for above, colour, name in (
        (True, ABOVE, "start above the plane"),
        (False, BELOW, "start below"),
    ):
        lines = _joined(states[(side > 0) == above])
        fig.add_trace(
            go.Scatter3d(
                x=lines[:, 0],
                y=lines[:, 1],
                z=lines[:, 2],
                mode="lines",
                line={"color": colour, "width": 3},
                name=name,
                hoverinfo="skip",
            )
        )
    ends = states[:, -1]
    fig.add_trace(
        go.Scatter3d(
            x=ends[:, 0],
            y=ends[:, 1],
            z=ends[:, 2],
            mode="markers",
            marker={"size": 3},
            name="end",
            meta=INK,
            hovertemplate="(%{x:.3g}, %{y:.3g}, %{z:.3g})<extra>end</extra>",
        )
    )
    return fig


def _plane_trace(states: NDArray, plane: tuple[NDArray, NDArray]) -> go.Surface:
    """The part of the plane that the trajectories, projected on it, reach."""
    first, second = plane
    a, b = np.abs(states @ first).max(), np.abs(states @ second).max()
    corners = np.array([[a * s * first + b * t * second for t in (-1, 1)] for s in (-1, 1)])
    return go.Surface(
        x=corners[..., 0],
        y=corners[..., 1],
        z=corners[..., 2],
        opacity=0.3,
        showscale=False,
        showlegend=True,
        name="attracting plane",
        colorscale=[[0, "#7f8ea3"], [1, "#7f8ea3"]],
        hoverinfo="skip",
    )


def decay_figure(times: NDArray, transverse: NDArray) -> go.Figure:
    """|y₃| of each trajectory against time on top of its exact line |y₃(0)| e^(-t).

    Parameters
    ----------
    times : (T,) array
    transverse : (M, T) array
        y₃ as an integrator found it.
    """
    fig = figure("time t (in units of the decay time)", "|y₃|")
    fig.update_yaxes(type="log", exponentformat="power", dtick=1)
    exact = np.abs(transverse[:, :1]) * np.exp(-times)
    fig.add_trace(
        go.Scatter(
            x=_joined(np.broadcast_to(times, exact.shape)),
            y=_joined(exact),
            mode="lines",
            line={"width": 1.5},
            name="exact: |y₃(0)| e<sup>−t</sup>",
            meta=INK,
            hoverinfo="skip",
        )
    )
    fig.add_trace(
        go.Scatter(
            x=_joined(np.broadcast_to(times, exact.shape)),
            y=_joined(np.abs(transverse)),
            mode="markers",
            marker={"color": BELOW, "size": 6, "opacity": 0.8},
            name="integrated in all three coordinates",
            hovertemplate="t = %{x:.2f}, |y₃| = %{y:.3e}<extra></extra>",
        )
    )
    return fig


def _joined(lines: NDArray) -> NDArray:
    """(M, T, ...) lines as one, (M (T + 1), ...), with a gap after each."""
    gap = np.full((lines.shape[0], 1, *lines.shape[2:]), np.nan)
    return np.concatenate([lines, gap], axis=1).reshape(-1, *lines.shape[2:])
