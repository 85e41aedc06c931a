"""PyKoopman: EDMD with its radial basis functions, random Fourier features or own functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from koopmark.methods._sampling import spread
from koopmark.methods.adapters.pykoopman.library import PyKoopmanMethod, fitted
from koopmark.models import Model
from koopmark.simulation import Trajectories

Function = Literal["square", "cube", "product", "sin", "cos", "tanh", "exp"]

# PyKoopman counts the arguments: one for each variable, two for each pair of variables.
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "square": lambda x: x**2,
    "cube": lambda x: x**3,
    "product": lambda x, y: x * y,
    "sin": lambda x: np.sin(x),
    "cos": lambda x: np.cos(x),
    "tanh": lambda x: np.tanh(x),
    "exp": lambda x: np.exp(x),
}


@dataclass(frozen=True)
class RadialEDMD(PyKoopmanMethod):
    """`pykoopman.regression.EDMD` with `RadialBasisFunction`, the state included, no constant.

    Parameters
    ----------
    count : int
        Gaussians, at centres drawn uniformly from the box that the data span. PyKoopman stretches
        them to its sides, and divides 0 by 0 where there is only one.
    bandwidth : float
        Length of the Gaussians, in units of the spread of the data.
    seed : int
        The centres, which PyKoopman draws from NumPy's global generator.
    """

    count: int = 50
    bandwidth: float = 1.0
    seed: int = 0

    recovers: ClassVar[str] = "Gaussians of the state are not closed under a linear map"

    def __post_init__(self) -> None:
        if self.count < 2:
            raise ValueError(f"count must be at least 2, got {self.count}")
        if not self.bandwidth > 0:
            raise ValueError(f"bandwidth must be positive, got {self.bandwidth}")

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        x, y = trajectories.pairs()
        # PyKoopman's Gaussian is exp(-w² r²).
        width = float(np.sqrt(0.5)) / (self.bandwidth * spread(trajectories.states))
        observables = pykoopman.observables.RadialBasisFunction(
            rbf_type="gauss", n_centers=self.count, kernel_width=width
        )
        regressor = pykoopman.regression.EDMD()
        koopman = pykoopman.Koopman(observables=observables, regressor=regressor)
        return fitted(koopman, x, y, trajectories.dt)


@dataclass(frozen=True)
class FourierEDMD(PyKoopmanMethod):
    """`pykoopman.regression.EDMD` with `RandomFourierFeatures` and no constant.

    Parameters
    ----------
    count : int
        Frequencies: each gives a cosine and a sine.
    bandwidth : float
        Length of the Gaussian kernel they approximate, in units of the spread of the data.
    state : bool
        Whether the state is included.
    seed : int
        The frequencies.
    """

    count: int = 50
    bandwidth: float = 0.5
    state: bool = True
    seed: int = 0

    recovers: ClassVar[str] = "waves in the state are not closed under a linear map"

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")
        if not self.bandwidth > 0:
            raise ValueError(f"bandwidth must be positive, got {self.bandwidth}")

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        x, y = trajectories.pairs()
        observables = pykoopman.observables.RandomFourierFeatures(
            include_state=self.state,
            gamma=0.5 / (self.bandwidth * spread(trajectories.states)) ** 2,
            D=self.count,
            random_state=self.seed % 2**32,
        )
        regressor = pykoopman.regression.EDMD()
        koopman = pykoopman.Koopman(observables=observables, regressor=regressor)
        return fitted(koopman, x, y, trajectories.dt)


@dataclass(frozen=True)
class CustomEDMD(PyKoopmanMethod):
    """`pykoopman.regression.EDMD` with `CustomObservables`: the state and functions of it.

    Parameters
    ----------
    functions : tuple of str
        Each of "square", "cube", "sin", "cos", "tanh" and "exp" of every variable, "product" of
        every two.
    """

    functions: tuple[Function, ...] = ("square", "product")

    loses: ClassVar[Mapping[str, str]] = {
        "low rank": "at full rank it divides by the rounding of directions without data",
        "constant": "at full rank it divides by the rounding of directions without data",
    }

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        observables = pykoopman.observables.CustomObservables(
            [FUNCTIONS[name] for name in self.functions]
        )
        regressor = pykoopman.regression.EDMD()
        koopman = pykoopman.Koopman(observables=observables, regressor=regressor)
        return fitted(koopman, *trajectories.pairs(), trajectories.dt)
