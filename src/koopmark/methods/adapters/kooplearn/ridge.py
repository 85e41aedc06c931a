"""kooplearn: EDMD as ridge regression, of full and of reduced rank."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from koopmark.methods.adapters.kooplearn.library import KooplearnMethod, interleaved
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.readout import state_readout
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


def fitted_model(estimator: Any, dictionary: AnyDictionary, trajectories: Trajectories) -> Model:
    """The model of a `kooplearn.linear_model.Ridge` fitted to dictionary values."""
    states, _ = interleaved(trajectories)
    lift = dictionary.fitted(states)
    estimator.fit(lift(states))
    # Eigenfunctions at the unit vectors of feature space are their own coefficients.
    discrete, coefficients = estimator.eig(eval_right_on=np.eye(lift.size))
    modes = state_readout(coefficients, lift)
    dt = trajectories.dt
    return LinearModel(lift, coefficients, continuous(discrete, dt), dt, modes)


@dataclass(frozen=True)
class Ridge(KooplearnMethod):
    """`kooplearn.linear_model.Ridge`, by default as plain least squares.

    Parameters
    ----------
    dictionary : AnyDictionary
        The state with a constant: kooplearn adds none.
    alpha : float
        Ridge, against the mean square of the dictionary values.
    reduced_rank : bool
        Reduced-rank regression (Kostic et al. 2022) instead of projection on principal components.
        With `alpha` zero kooplearn gets it wrong (docs/library-notes.md).
    n_components : int, optional
        Rank; that of the dictionary by default.
    eigen_solver : "auto", "dense", "arpack" or "randomized"
        "randomized" sketches (Turri et al. 2023).
    seed : int
        The sketch.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    alpha: float = 0.0
    reduced_rank: bool = False
    n_components: int | None = None
    eigen_solver: Literal["auto", "dense", "arpack", "randomized"] = "auto"
    seed: int = 0

    loses: ClassVar[Mapping[str, str]] = {
        "units": "it cuts off in the units of the data",
    }

    def __post_init__(self) -> None:
        if not self.alpha >= 0:
            raise ValueError(f"alpha must not be negative, got {self.alpha}")
        if self.n_components is not None and self.n_components < 1:
            raise ValueError(f"n_components must be at least 1, got {self.n_components}")

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.linear_model import Ridge as Estimator

        estimator = Estimator(
            n_components=self.n_components,
            lag_time=len(trajectories.states),
            reduced_rank=self.reduced_rank,
            alpha=self.alpha,
            eigen_solver=self.eigen_solver,
            random_state=self.seed % 2**32,
        )
        return fitted_model(estimator, self.dictionary, trajectories)


@dataclass(frozen=True)
class ReducedRankRidge(Ridge):
    """Reduced-rank regression with a small ridge; parameters as for `Ridge`."""

    alpha: float = 1e-10
    reduced_rank: bool = True

    # The ridge.
    exactness: ClassVar[float] = 1e-7


@dataclass(frozen=True)
class RandomisedRidge(ReducedRankRidge):
    """Reduced-rank regression by a random sketch; parameters as for `Ridge`."""

    eigen_solver: Literal["auto", "dense", "arpack", "randomized"] = "randomized"


@dataclass(frozen=True)
class DefaultRidge(KooplearnMethod):
    """`kooplearn.linear_model.Ridge` with its defaults: reduced rank, a ridge of 1e-6.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `Ridge`.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)

    # The ridge of 1e-6 against a mean square of about 1.
    exactness: ClassVar[float] = 1e-4
    loses: ClassVar[Mapping[str, str]] = Ridge.loses

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.linear_model import Ridge as Estimator

        estimator = Estimator(lag_time=len(trajectories.states))
        return fitted_model(estimator, self.dictionary, trajectories)
