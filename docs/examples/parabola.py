"""A slow manifold: a system of one's own, in a file of one's own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.systems import System


@dataclass(frozen=True)
class Parabola(System):
    """ẋ = ax, ẏ = b(y - x²), with φ = x at a and φ = y - b/(b - 2a) x² at b."""

    slow: float = -0.3
    fast: float = -1.0

    size = 2

    def rhs(self, states: NDArray) -> NDArray:
        x, y = states[..., 0], states[..., 1]
        return np.stack([self.slow * x, self.fast * (y - x**2)], axis=-1)

    @property
    def eigenvalues(self) -> NDArray:
        return np.array([self.slow, self.fast])

    def eigenfunctions(self, states: NDArray) -> NDArray:
        x, y = states[..., 0], states[..., 1]
        curvature = self.fast / (self.fast - 2 * self.slow)
        return np.stack([x, y - curvature * x**2], axis=-1)
