"""The page of the example: what its template prints, what its scripts draw from, its numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark._files import make_folder, write_text
from koopmark.analysis import columns
from koopmark.analysis.numbers import scientific
from koopmark.pages.example._attraction import Attraction, Geometry, attraction
from koopmark.pages.example._diagram import diagram
from koopmark.pages.example._recovery import (
    MAX_DEGREE,
    TEST,
    TIMES,
    TRAIN,
    Recovered,
    recover,
)
from koopmark.pages.web import TableCell, render, score_cell
from koopmark.systems import three_populations

VERIFIED = 1e-9
"""Residual below which the page calls a recovered pair exact."""

EVERY = 4
"""Of the times of the trajectories, one in so many has a dot of the independent integrator."""

SAMPLED = 20
"""Test trajectories along which the page draws eigenfunctions."""

TRY = """\
import numpy as np
from koopmark import fit, score, simulate, systems

system = systems.three_populations()
rng, times = np.random.default_rng(0), np.linspace(0, 5, 51)
train, test = (simulate(system, rng.uniform(-3, 3, (count, 3)), times) for count in (100, 40))
model = fit("koopmark.qr_edmd", train, dictionary={"kind": "monomials", "degree": 3})
scores = score(model, system, test, max_degree=3)
print(scores[["target", "eigenvalue_error", "eigenfunction_error"]])
"""
"""What a reader can run to see the numbers of EDMD."""


def write_example(out_dir: str | Path) -> Path:
    """Write the page index.html and its numbers as CSV; returns the path of the page.

    trajectories.csv holds what falls onto the plane, recovered.csv the scores of the fits, and
    eigenpairs.csv what they recovered.

    Raises
    ------
    ConfigError
        If the folder cannot be made or written to.
    """
    out_dir = make_folder(Path(out_dir))
    system = three_populations()
    weights = system.weights.dense().round(12) + 0.0
    falls = attraction(system, Geometry.of(weights))
    fits = recover(system)
    for name, table in (
        ("trajectories", falls.table()),
        ("recovered", pd.concat([fit.scores for fit in fits])),
        ("eigenpairs", pd.concat([fit.pairs for fit in fits])),
    ):
        write_text(out_dir / f"{name}.csv", table.to_csv(index=False))
    page = out_dir / "index.html"
    write_text(page, _html(weights, falls, fits))
    return page


def _html(weights: NDArray, falls: Attraction, fits: list[Recovered]) -> str:
    geometry = falls.geometry
    null = geometry.left[:, 2] / geometry.left[1, 2]
    return render(
        "example/page.html.j2",
        _data(falls, fits),
        figures="gl3d",
        title="Three populations: an exact Koopman eigenfunction",
        diagram=diagram(weights),
        weights=[[_signed(entry) for entry in row] for row in weights],
        null=[f"{entry:.3g}" for entry in null],
        left=[[_signed(entry, 3) for entry in row] for row in geometry.left],
        singular_values=[f"{value:.3f}" for value in geometry.singular_values[:2]],
        vanishing=scientific(geometry.singular_values[2]),
        count=len(falls.y),
        decaying=len(_spread(falls.y[:, 0, 2])),
        horizon=f"{falls.shown.times[-1]:g}",
        deviation=scientific(falls.deviation),
        agreement=scientific(falls.agreement),
        train=TRAIN,
        test=TEST,
        sampled=SAMPLED,
        dt=f"{TIMES[1] - TIMES[0]:g}",
        fitted_until=f"{TIMES[-1]:g}",
        names=[fit.name for fit in fits],
        degrees=range(1, MAX_DEGREE + 1),
        found=[_found(fit) for fit in fits],
        columns=columns,
        fits=[(fit.name, _rows(fit)) for fit in fits],
        code=TRY,
    )


def _signed(value: float, digits: int = 0) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _spread(side: NDArray) -> NDArray[np.intp]:
    """Trajectories whose distances from the plane differ, so that no line hides another."""
    return np.argsort(np.abs(side))[:: max(1, len(side) // 6)]


def _data(falls: Attraction, fits: list[Recovered]) -> dict[str, Any]:
    chosen, every = _spread(falls.y[:, 0, 2]), slice(None, None, EVERY)
    decay = {
        "trajectory": chosen,
        "times": falls.shown.times[every],
        "integrated": falls.transverse[chosen][:, every],
        "exact": falls.exact[chosen][:, every],
    }
    return {
        "trajectories": {
            "times": falls.shown.times[::2],
            "x": falls.shown.states[:, ::2],
            "y": falls.y[:, ::2],
            "U": falls.geometry.left,
        },
        "decay": decay,
        "pairs": pd.concat([fit.pairs for fit in fits], ignore_index=True),
        "functions": {
            "times": TIMES,
            "exact": [function.exact[:SAMPLED] for function in fits[0].functions],
            "fits": {
                fit.name: [
                    {
                        "re": function.eigenvalue.real,
                        "im": function.eigenvalue.imag,
                        "error": float(error),
                        "recovered": function.recovered[:SAMPLED],
                    }
                    for function, error in zip(
                        fit.functions, fit.scores["eigenfunction_error"], strict=True
                    )
                ]
                for fit in fits
            },
        },
        "scores": pd.concat([fit.scores for fit in fits], ignore_index=True),
    }


def _found(fit: Recovered) -> tuple[str, int, int, str]:
    """Name, eigenpairs, how many obey the dynamics to rounding, and their eigenvalues."""
    exact = fit.pairs[fit.pairs["residual"] < VERIFIED].sort_values("eigenvalue_re")
    listed = ", ".join(_signed(value + 0.0) for value in exact["eigenvalue_re"].round(6)[::-1])
    return fit.name, len(fit.pairs), len(exact), listed


def _rows(fit: Recovered) -> list[tuple[str, list[TableCell]]]:
    """The exact eigenvalue, and a cell for each score."""
    return [
        (
            str(row["target"]).replace("-", "−"),
            [score_cell(column, float(row[column.key])) for column in columns.TARGETS],
        )
        for _, row in fit.scores.iterrows()
    ]
