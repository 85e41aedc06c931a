"""What DMD and EDMD recover of the example: scores, eigenvalues, eigenfunctions."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from koopmark import methods, scoring
from koopmark.datasets import AnswerKey
from koopmark.pages.example._attraction import initial_states
from koopmark.simulation import simulate
from koopmark.systems import System

MAX_DEGREE = 3
TRAIN, TEST = 100, 40
TIMES = np.linspace(0.0, 5.0, 51)

FITS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("DMD", "pydmd.dmd", {}),
    ("DMD, PyDMD's default rank", "pydmd.dmd_default", {}),
    (
        "EDMD, monomials to degree 3",
        "koopmark.qr_edmd",
        {"dictionary": {"kind": "monomials", "degree": 3, "constant": True}},
    ),
)
"""What the page calls a fit, the method, and its options."""


@dataclass(frozen=True, eq=False)
class Recovered:
    """One fit."""

    name: str
    scores: pd.DataFrame
    """A row for each exact eigenvalue -1, -2, -3 (columns of targets.csv)."""
    pairs: pd.DataFrame
    """A row for each recovered eigenpair (columns of eigenpairs.csv)."""
    functions: list["Function"]
    """For -1, -2, -3 the function that is recovered nearest to it."""


@dataclass(frozen=True, eq=False)
class Function:
    """A recovered eigenfunction beside the exact one, along the test trajectories (M, T)."""

    eigenvalue: complex
    exact: NDArray[np.float64]
    recovered: NDArray[np.float64]
    """Times the number that brings it nearest, real part."""


def recover(system: System) -> list[Recovered]:
    """Every fit of `FITS`, to the same trajectories and judged on the same others."""
    train = simulate(system, initial_states(TRAIN, "train"), TIMES)
    test = simulate(system, initial_states(TEST, "test"), TIMES)
    key, fits = AnswerKey.of(system, MAX_DEGREE), []
    for name, method, options in FITS:
        model = methods.fit(method, train, **options)
        scores = scoring.evaluate(model, key, test)
        fits.append(
            Recovered(
                name,
                pd.DataFrame([{"method": name, **asdict(row)} for row in scores.targets]),
                pd.DataFrame([{"method": name, **asdict(row)} for row in scores.eigenpairs]),
                [_nearest(model, degree, test.states) for degree in range(1, MAX_DEGREE + 1)],
            )
        )
    return fits


def _nearest(model: methods.Model, degree: int, states: NDArray) -> Function:
    """The function whose eigenvalue is nearest to -degree beside φ^degree, φ = 3x₁ + x₂ + x₃."""
    exact = (states @ np.array([3.0, 1.0, 1.0])) ** degree
    chosen = int(np.argmin(np.abs(model.eigenvalues + degree)))
    values = model.eigenfunctions(states.reshape(-1, 1, 3))[:, chosen].reshape(exact.shape)
    scale = np.vdot(values, exact) / np.vdot(values, values)
    return Function(complex(model.eigenvalues[chosen]), exact, (scale * values).real)
