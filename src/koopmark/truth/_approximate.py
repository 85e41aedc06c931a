"""Functions that are eigenfunctions only nearly, with a bound on how far from it they are."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from koopmark.truth._eigenspace import Eigenspace

Elementwise = Callable[[NDArray], NDArray]


@dataclass(frozen=True, eq=False)
class ApproximateEigenspace(Eigenspace):
    """uᵀζ(x) for vectors u that the weights nearly annihilate: |𝒦φ + φ| <= `generator_bounds`.

    Not exact, and nowhere to be called so: what is scored against it is the distance to these
    functions. Along a trajectory |φ(x(t)) - e^{-t}φ(x(0))| <= (1 - e^{-t}) generator_bounds
    (docs/ensembles.md).

    Parameters
    ----------
    vectors : (N, m) array
        The u as columns, orthonormal.
    zeta : callable
        ζ, acting unit by unit.
    generator_bounds : (m,) array
        A bound for each of them, over all of state space; zeros where they are exact.
    """

    vectors: NDArray[np.float64]
    zeta: Elementwise
    generator_bounds: NDArray[np.float64]
    whole: bool = True

    @property
    def eigenvalue(self) -> complex:
        return -1.0 + 0.0j

    @property
    def dimension(self) -> int:
        return self.vectors.shape[1]

    @property
    def exact(self) -> bool:
        """Whether every bound is zero."""
        return not self.generator_bounds.any()

    def evaluate(self, states: NDArray) -> NDArray:
        return self.zeta(states) @ self.vectors

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        if count >= self.dimension:
            return self
        chosen = np.sort(rng.choice(self.dimension, size=count, replace=False))
        return replace(
            self, vectors=self.vectors[:, chosen], generator_bounds=self.generator_bounds[chosen]
        )

    def deviation_bounds(self, elapsed: float) -> NDArray[np.float64]:
        """(m,) bounds on |φ(x(t)) - e^{-t}φ(x(0))| a time `elapsed` later."""
        return -np.expm1(-elapsed) * self.generator_bounds

    def _functions(self) -> str:
        return f"uᵀζ(x), up to {self.generator_bounds.max(initial=0.0):.2g} in the generator"
