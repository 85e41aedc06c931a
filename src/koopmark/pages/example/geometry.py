"""The change of variables in which the attracting plane lies flat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Geometry:
    """The SVD of the weights, W = U Σ Vᵀ: y = Uᵀx, and the last column of U is null.

    Parameters
    ----------
    left : (3, 3) array
        U.
    singular_values : (3,) array
        The diagonal of Σ, largest first.
    """

    left: NDArray[np.float64]
    singular_values: NDArray[np.float64]

    @classmethod
    def of(cls, weights: NDArray) -> "Geometry":
        left, singular_values, _ = np.linalg.svd(weights)
        # The null vector is defined up to its sign: take (3, 1, 1) rather than its negative.
        signs = np.where(np.arange(3) == 2, np.sign(left[:, 2].sum()), 1.0)
        return cls(left * signs, singular_values)

    def coordinates(self, states: NDArray) -> NDArray[np.float64]:
        """y = Uᵀ x for states (..., 3)."""
        return states @ self.left
