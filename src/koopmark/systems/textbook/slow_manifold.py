"""The polynomial slow manifold: the textbook system with a finite closed dictionary."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.systems.system import LinearCoordinates, ProductSystem
from koopmark.truth import PrincipalFunctions


@dataclass(frozen=True, eq=False)
class SlowManifold(ProductSystem):
    """ẋ₁ = μx₁, ẋ₂ = λ(x₂ - x₁²): φ = x₁ at μ and φ = x₂ - λ/(λ - 2μ) x₁² at λ.

    Source: Tu, Rowley, Luchtenburg, Brunton and Kutz, J. Comput. Dyn. 1, 391 (2014); Brunton,
    Brunton, Proctor and Kutz, PLoS ONE 11, e0150171 (2016).

    Parameters
    ----------
    slow, fast : float
        μ and λ, both negative, λ ≠ 2μ, λ ≠ μ.

    Raises
    ------
    ValueError
        Where one is not negative, or where λ = 2μ: x₁² resonates and there is a Jordan block.
    """

    slow: float = -0.1
    fast: float = -1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.slow < 0 and self.fast < 0):
            raise ValueError(f"slow {self.slow} and fast {self.fast}: both rates must be negative")
        if abs(self.fast - 2 * self.slow) < 1e-6 or abs(self.fast - self.slow) < 1e-6:
            raise ValueError(
                f"fast {self.fast} with slow {self.slow}: fast may be neither slow nor twice slow"
            )

    @property
    def size(self) -> int:
        return 2

    @property
    def curvature(self) -> float:
        """λ/(λ - 2μ): the slow manifold is x₂ = curvature x₁²."""
        return self.fast / (self.fast - 2.0 * self.slow)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        x1, x2 = states[..., 0], states[..., 1]
        velocity = np.stack([self.slow * x1, self.fast * (x2 - x1**2)], axis=-1)
        if out is None:
            return velocity
        out[...] = velocity
        return out

    def straightened(self, states: NDArray) -> NDArray:
        """(x₁, x₂ - curvature x₁²), which obey a diagonal linear equation."""
        x1, x2 = states[..., 0], states[..., 1]
        return np.stack([x1, x2 - self.curvature * x1**2], axis=-1)

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """States (M, T, 2) in closed form."""
        rates = np.exp(np.multiply.outer(elapsed, [self.slow, self.fast]))
        x1, y = np.moveaxis(self.straightened(states)[:, None] * rates, -1, 0)
        return np.stack([x1, y + self.curvature * x1**2], axis=-1)

    @property
    def principal(self) -> PrincipalFunctions:
        """The two eigenfunctions."""
        rates = np.array([self.slow, self.fast], dtype=complex)
        return PrincipalFunctions(self.straightened, np.eye(2), rates)

    @property
    def linear_coordinates(self) -> LinearCoordinates:
        return LinearCoordinates(np.zeros(self.size), self.principal)

    def _facts(self) -> list[str]:
        return ["ẋ₁ = μx₁, ẋ₂ = λ(x₂ - x₁²)", *super()._facts()]
