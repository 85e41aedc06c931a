"""The three-population example: pictures and numbers of a system whose answer is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from koopmark import methods, scoring
from koopmark._files import write_text
from koopmark._keys import generator
from koopmark.report import columns
from koopmark.report.numbers import scientific
from koopmark.report.page import views
from koopmark.report.page.figures.attraction import decay_figure, space_figure
from koopmark.report.page.render import render
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import System, three_populations

MAX_DEGREE = 3
DRAWN = 24
"""Trajectories in the pictures; the fits use as many as a recipe would."""

FITS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("DMD", "pydmd.dmd", {}),
    ("DMD, PyDMD's default rank", "pydmd.dmd_default", {}),
    (
        "EDMD, monomials to degree 3",
        "reference.qr_edmd",
        {"dictionary": {"kind": "monomials", "degree": 3, "constant": True}},
    ),
)
"""What the table calls a fit, the method, and its options."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """The SVD of the weights, W = U Σ Vᵀ: y = Uᵀx, and the last column of U is null."""

    left: NDArray[np.float64]

    @classmethod
    def of(cls, weights: NDArray) -> "Geometry":
        left, _, _ = np.linalg.svd(weights)
        # The null vector is defined up to its sign: take (3, 1, 1) rather than its negative.
        return cls(left * np.where(np.arange(3) == 2, np.sign(left[:, 2].sum()), 1.0))

    def coordinates(self, states: NDArray) -> NDArray[np.float64]:
        """y = Uᵀ x for states (..., 3)."""
        return states @ self.left


def example(out_dir: Path) -> Path:
    """Write index.html, trajectories.csv and recovered.csv; returns the path of the page."""
    system = three_populations()
    geometry = Geometry.of(system.weights.dense())
    shown = simulate(system, _initial_states(DRAWN, "drawn"), np.linspace(0.0, 8.0, 161))
    independent = _integrated_in_full(system, shown)
    recovered = _recovered(system)
    y = geometry.coordinates(shown.states)
    out_dir.mkdir(parents=True, exist_ok=True)
    write_text(out_dir / "trajectories.csv", _trajectory_table(shown, y).to_csv(index=False))
    write_text(out_dir / "recovered.csv", recovered.to_csv(index=False))
    page = out_dir / "index.html"
    write_text(page, _page(shown, independent, geometry, recovered))
    return page


def _initial_states(count: int, purpose: str) -> NDArray[np.float64]:
    return generator("three_populations", purpose).uniform(-3.0, 3.0, (count, 3))


def _integrated_in_full(system: System, shown: Trajectories) -> NDArray[np.float64]:
    """The same trajectories (M, T, 3) by SciPy, which knows nothing of the exact decay."""
    count = len(shown.states)
    solution = solve_ivp(
        lambda _, flat: system.rhs(flat.reshape(count, 3)).ravel(),
        shown.times[[0, -1]],
        shown.states[:, 0].ravel(),
        method="DOP853",
        t_eval=shown.times,
        rtol=1e-12,
        atol=1e-14,
    )
    return np.moveaxis(solution.y.reshape(count, 3, -1), 2, 1)


def _recovered(system: System) -> pd.DataFrame:
    """Scores of each fit of `FITS` on every exact eigenspace up to degree 3."""
    times = np.linspace(0.0, 5.0, 51)
    train = simulate(system, _initial_states(100, "train"), times)
    test = simulate(system, _initial_states(40, "test"), times)
    rows = []
    for name, method, options in FITS:
        model = methods.fit(method, train, **options)
        scores = scoring.score(model, system, test, max_degree=MAX_DEGREE)
        scores.insert(0, "method", name)
        rows.append(scores)
    return pd.concat(rows, ignore_index=True)


def _trajectory_table(shown: Trajectories, y: NDArray) -> pd.DataFrame:
    count, steps, _ = y.shape
    table = pd.DataFrame(
        {
            "trajectory": np.repeat(np.arange(count), steps),
            "time": np.tile(shown.times, count),
        }
    )
    for prefix, values in (("x", shown.states), ("y", y)):
        for axis in range(3):
            table[f"{prefix}{axis + 1}"] = values[..., axis].ravel()
    return table


def _page(
    shown: Trajectories,
    independent: NDArray,
    geometry: Geometry,
    recovered: pd.DataFrame,
) -> str:
    y, y_independent = geometry.coordinates(shown.states), geometry.coordinates(independent)
    exact = y_independent[:, :1, 2] * np.exp(-shown.times)
    side = y[:, 0, 2]
    basis = geometry.left
    every = slice(None, None, 8)
    # A few trajectories whose distances from the plane differ, so that no line hides another.
    spread = np.argsort(np.abs(side))[:: max(1, len(side) // 6)]
    figures = {
        "example": {
            "x": space_figure(shown.states, (basis[:, 0], basis[:, 1]), side, ("x₁", "x₂", "x₃")),
            "y": space_figure(y, (np.eye(3)[0], np.eye(3)[1]), side, ("y₁", "y₂", "y₃")),
            "decay": decay_figure(shown.times[every], y_independent[spread][:, every, 2]),
        }
    }
    return render(
        "example.html.j2",
        {},
        figures,
        title="Three populations: an exact Koopman eigenfunction",
        count=len(y),
        decaying=len(spread),
        horizon=f"{shown.times[-1]:g}",
        deviation=scientific(np.abs(y_independent[..., 2] / exact - 1.0).max()),
        agreement=scientific(np.abs(independent - shown.states).max()),
        columns=columns,
        fits=[
            (
                str(name),
                [
                    (
                        row["target"],
                        [views.score_cell(c, float(row[c.key])) for c in columns.TARGETS],
                    )
                    for _, row in rows.iterrows()
                ],
            )
            for name, rows in recovered.groupby("method", sort=False)
        ],
    )
