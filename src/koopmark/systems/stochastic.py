"""Stochastic systems: the Koopman operator is an expectation over the next state."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import Gate, real
from koopmark.systems.system import System


@dataclass(frozen=True, eq=False)
class StochasticSystem(System):
    """A Markov process with exact transitions: E[φ(X(t)) | X(0) = x] = e^{λt} φ(x).

    `rhs` is the drift. Eigenfunctions obey their eigenvalue on average and on no single path.
    """

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {
        **System._gates,
        "mean": (real, "states"),
        "transition": (real, "states"),
        "quadrature": (real, "states"),
    }

    @property
    def process(self) -> "StochasticSystem":
        return self

    @abstractmethod
    def mean(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """E[X(t) | X(0) = x], (M, N) and (T,) to (M, T, N)."""

    @abstractmethod
    def transition(self, states: NDArray, dt: float, rng: np.random.Generator) -> NDArray:
        """States (M, N) a time dt after states (M, N), drawn from the exact transition density."""

    @abstractmethod
    def quadrature(
        self, states: NDArray, dt: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Nodes (..., q, N) and weights (q,) with E[f(X(dt)) | x] ≈ Σ weights f(nodes).

        States are (..., N).
        """

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray | None:  # noqa: ARG002
        raise ValueError(
            f"a {type(self).__name__} is stochastic and has no trajectory that follows from its "
            "initial state: draw paths with koopmark.simulation.sample_paths"
        )
