"""pykoop: EDMD through its pipeline, with its own lifting functions and its own episodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.pykoop.library import PykoopMethod
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True, eq=False)
class Lifting:
    """The lifting functions of a fitted pipeline, (P, N) to (P, D)."""

    pipeline: Any

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        return np.asarray(self.pipeline.lift(states, episode_feature=False), dtype=float)


@dataclass(frozen=True)
class PolynomialEDMD(PykoopMethod):
    """`pykoop.KoopmanPipeline` with `PolynomialLiftingFn`, `ConstantLiftingFn` and `Edmd`.

    Each trajectory is an episode of its own.

    Parameters
    ----------
    degree : int
        Monomials up to this degree, the constant included.
    """

    degree: int = 2

    loses: ClassVar[Mapping[str, str]] = {
        "units": "it sees the data through Gram matrices, which square their units",
    }

    def __post_init__(self) -> None:
        if self.degree < 1:
            raise ValueError(f"degree must be at least 1, got {self.degree}")

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoop

        count, times, inputs = trajectories.states.shape
        episodes = np.repeat(np.arange(count, dtype=float), times)
        data = np.column_stack([episodes, trajectories.states.reshape(-1, inputs)])
        polynomial = pykoop.PolynomialLiftingFn(order=self.degree)
        pipeline = pykoop.KoopmanPipeline(
            lifting_functions=[("polynomial", polynomial), ("one", pykoop.ConstantLiftingFn())],
            regressor=pykoop.Edmd(),
        )
        pipeline.fit(data, n_inputs=0, episode_feature=True)
        discrete, vectors = np.linalg.eig(pipeline.regressor_.coef_)
        # Lifted states begin with the state.
        state = np.eye(len(vectors))[:, :inputs].astype(vectors.dtype)
        modes = np.linalg.lstsq(vectors, state, rcond=None)[0]
        dt = trajectories.dt
        return LinearModel(Lifting(pipeline), vectors, continuous(discrete, dt), dt, modes)
