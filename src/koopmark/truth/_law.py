"""How the part of a network that its weights cannot reach moves, with inputs and without."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class LinearLaw:
    """ż = -decay z + b v, or z⁺ = multiplier z + b v of a map, for every z = uᵀζ(x) with Wᵀu = 0.

    All exact keys of the relaxation family follow from it: eigenvalues from `eigenvalue`, the gains
    on an input that is held from `gain`, both whatever sensors see (docs/theory.md).

    Parameters
    ----------
    decay : float
        Per unit of time, of a flow: 1 for the relaxation family, 0 for the drift family.
    multiplier : float, optional
        μ of a map, whose unit of time is one step; None for a flow.
    """

    decay: float = 1.0
    multiplier: float | None = None

    @property
    def discrete(self) -> bool:
        """Whether it is that of a map."""
        return self.multiplier is not None

    @property
    def bounded(self) -> bool:
        """Whether z never grows without inputs."""
        return self.decay >= 0.0 if self.multiplier is None else abs(self.multiplier) <= 1.0

    def scale(self, elapsed: ArrayLike) -> NDArray[np.float64]:
        """Factor on z after each time elapsed without inputs."""
        t = np.asarray(elapsed, dtype=float)
        if self.multiplier is None:
            return np.exp(-self.decay * t)
        return np.power(float(self.multiplier), t)

    def gain(self, elapsed: ArrayLike) -> NDArray[np.float64]:
        """Factor on b v, for an input v held for each time elapsed."""
        t = np.asarray(elapsed, dtype=float)
        if self.multiplier is None:
            return t + 0.0 if self.decay == 0.0 else -np.expm1(-self.decay * t) / self.decay
        if self.multiplier == 1.0:
            return t + 0.0
        return (1.0 - self.scale(t)) / (1.0 - self.multiplier)

    def eigenvalue(self, degree: int) -> complex:
        """Of products of so many z: λ of a flow, μ of one step of a map."""
        if self.multiplier is None:
            return complex(-self.decay * degree)
        return complex(self.multiplier**degree)


RELAXATION = LinearLaw()
