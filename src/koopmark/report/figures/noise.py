"""Error against noise, for datasets that differ in nothing else."""

import math
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from koopmark.report.figures.style import MethodStyle, figure, label
from koopmark.report.numbers import scientific
from koopmark.report.summary import summarise

LEAST = 1e-16
"""Errors are drawn no lower than this: zero has no place on a logarithmic axis."""


@dataclass(frozen=True)
class NoiseFamily:
    """Datasets of one system at several noise levels, least noise first."""

    name: str
    datasets: tuple[str, ...]
    noise: tuple[float, ...]


def noise_families(fits: pd.DataFrame) -> list[NoiseFamily]:
    """Groups of datasets with one base name, n, rank and dt, and at least two noise levels.

    The base name is that of the dataset without its `_noise_...` suffix.
    """
    datasets = fits[["dataset", "n", "rank", "dt", "noise"]].drop_duplicates("dataset")
    base = datasets["dataset"].map(lambda name: re.sub(r"_noise_.*$", "", name))
    families = []
    for key, rows in datasets.assign(base=base).groupby(
        ["base", "n", "rank", "dt"], sort=False, dropna=False
    ):
        ordered = rows.sort_values("noise")
        if ordered["noise"].nunique() > 1:
            families.append(
                NoiseFamily(
                    str(key[0]), tuple(ordered["dataset"]), tuple(ordered["noise"].astype(float))
                )
            )
    return families


def family_summary(family: NoiseFamily, fits: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The summary of a family's fits, by the targets that all of its datasets ask for.

    The worst of three targets without noise says nothing beside the worst of one with noise.
    """
    mine = targets[targets["dataset"].isin(family.datasets)]
    asked_by = mine.groupby(["seed", "target"])["dataset"].transform("nunique")
    return summarise(
        fits[fits["dataset"].isin(family.datasets)], mine[asked_by == len(family.datasets)]
    )


def noise_figure(
    family: NoiseFamily,
    summary: pd.DataFrame,
    score: str,
    score_label: str,
    styles: dict[str, MethodStyle],
) -> go.Figure:
    """One score of the family's summary against the noise level, one line per method.

    `summary` is that of `family_summary`, whose errors are those of the same targets throughout.
    """
    positions = _positions(family.noise)
    fig = figure("noise (standard deviation, relative to the signal)", score_label)
    fig.update_xaxes(
        type="log",
        tickvals=positions,
        ticktext=[f"{level:g}" for level in family.noise],
    )
    top = _failed_at(summary[score])
    decades = range(-16, math.floor(math.log10(top)), 2)
    fig.update_yaxes(
        type="log",
        tickvals=[*(10.0**k for k in decades), top],
        ticktext=[*("1" if k == 0 else f"10<sup>{k}</sup>" for k in decades), "failed"],
    )
    for method, style in styles.items():
        rows = summary[summary["method"] == method].set_index("dataset")
        mine = rows.reindex(list(family.datasets))
        if mine["status"].isna().all():
            continue
        fig.add_trace(_method_trace(method, mine, score, positions, top, style))
    return fig


def _method_trace(
    method: str,
    rows: pd.DataFrame,
    score: str,
    positions: list[float],
    failed_at: float,
    style: MethodStyle,
) -> go.Scatter:
    values = rows[score].to_numpy(dtype=float)
    ok = rows["ok"].fillna(0).to_numpy(dtype=float)
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
        text=[label(f"{scientific(x)} ({y})") for x, y in zip(values, status, strict=True)],
        hovertemplate="%{text}<extra>%{fullData.name}</extra>",
    )


def _failed_at(values: "pd.Series[float]") -> float:
    """Where infinite errors and fits that did not end ok are drawn: above every finite error."""
    finite = values[np.isfinite(values) & (values > 0)]
    return float(10 ** (math.ceil(math.log10(max(finite.max(), 1.0))) + 1)) if len(finite) else 10.0


def _positions(noise: tuple[float, ...]) -> list[float]:
    """Where each level goes on the logarithmic axis: zero one decade below the least above it."""
    least = min((level for level in noise if level > 0), default=1.0)
    return [level if level > 0 else least / 10 for level in noise]
