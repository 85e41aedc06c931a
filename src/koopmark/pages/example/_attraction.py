"""Trajectories that fall onto the plane, and a witness that knows nothing of the exact decay."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from koopmark._keys import generator
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import System

DRAWN = 24
"""Trajectories in the pictures; the fits use as many as a recipe would."""

TIMES = np.linspace(0.0, 8.0, 161)


@dataclass(frozen=True, eq=False)
class Geometry:
    """The change of variables in which the plane lies flat, y = Uᵀx with W = U Σ Vᵀ.

    The last column of U is the left null vector of W.
    """

    left: NDArray[np.float64]
    """(3, 3) U."""
    singular_values: NDArray[np.float64]
    """(3,) largest first."""

    @classmethod
    def of(cls, weights: NDArray) -> "Geometry":
        left, singular_values, _ = np.linalg.svd(weights)
        # The null vector is defined up to its sign: take (3, 1, 1) rather than its negative.
        signs = np.where(np.arange(3) == 2, np.sign(left[:, 2].sum()), 1.0)
        return cls(left * signs, singular_values)

    def coordinates(self, states: NDArray) -> NDArray[np.float64]:
        """y = Uᵀ x for states (..., 3)."""
        return states @ self.left


@dataclass(frozen=True, eq=False)
class Attraction:
    """The drawn trajectories as koopmark simulates them, and as SciPy integrates all of them."""

    shown: Trajectories
    independent: NDArray[np.float64]
    """(M, T, 3) the states by SciPy."""
    geometry: Geometry

    @property
    def y(self) -> NDArray[np.float64]:
        """(M, T, 3) y = Uᵀx of the simulated states."""
        return self.geometry.coordinates(self.shown.states)

    @property
    def transverse(self) -> NDArray[np.float64]:
        """(M, T) y₃ as SciPy found it."""
        return self.geometry.coordinates(self.independent)[..., 2]

    @property
    def exact(self) -> NDArray[np.float64]:
        """(M, T) y₃(0) e⁻ᵗ."""
        return self.transverse[:, :1] * np.exp(-self.shown.times)

    @property
    def deviation(self) -> float:
        """Largest |y₃ / (y₃(0) e⁻ᵗ) - 1| of SciPy's y₃."""
        return float(np.abs(self.transverse / self.exact - 1.0).max())

    @property
    def agreement(self) -> float:
        """Largest difference of any coordinate between the two ways of computing."""
        return float(np.abs(self.independent - self.shown.states).max())

    def table(self) -> pd.DataFrame:
        """trajectories.csv: a row for each trajectory and time."""
        count, steps, _ = self.y.shape
        table = pd.DataFrame(
            {
                "trajectory": np.repeat(np.arange(count), steps),
                "time": np.tile(self.shown.times, count),
            }
        )
        for prefix, values in (("x", self.shown.states), ("y", self.y)):
            for axis in range(3):
                table[f"{prefix}{axis + 1}"] = values[..., axis].ravel()
        table["y3_independent"] = self.transverse.ravel()
        return table


def attraction(system: System, geometry: Geometry) -> Attraction:
    shown = simulate(system, initial_states(DRAWN, "drawn"), TIMES)
    solution = solve_ivp(
        lambda _, flat: system.rhs(flat.reshape(DRAWN, 3)).ravel(),
        shown.times[[0, -1]],
        shown.states[:, 0].ravel(),
        method="DOP853",
        t_eval=shown.times,
        rtol=1e-12,
        atol=1e-14,
    )
    return Attraction(shown, np.moveaxis(solution.y.reshape(DRAWN, 3, -1), 2, 1), geometry)


def initial_states(count: int, purpose: str) -> NDArray[np.float64]:
    """(count, 3) uniform in [-3, 3]³; others for each purpose, the same for each call."""
    return generator("three_populations", purpose).uniform(-3.0, 3.0, (count, 3))
