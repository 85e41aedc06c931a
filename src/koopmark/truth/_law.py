"""The linear law of the null component of a network, with and without inputs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SAME_EIGENVALUE = 1e-9
"""Relative distance up to which two eigenvalues count as equal; also the distance of μ from 1."""

INSEPARABLE = 1e-6
"""Relative distance up to which data cannot tell the functions of two eigenvalues apart."""


@dataclass(frozen=True)
class LinearLaw:
    """Linear law ż = -decay z + b v, or z⁺ = multiplier z + b v, of z = uᵀζ(x) with Wᵀu = 0.

    All answer keys of the relaxation family follow from it, for any sensors: the eigenvalues from
    `eigenvalue`, the gains on held inputs from `gain` (docs/explanation/theory/combinations.md).

    Parameters
    ----------
    decay : float
        Decay rate of a flow: 1 for the relaxation family, 0 for the drift family.
    multiplier : float, optional
        μ of a map, whose unit of time is one step; None for a flow.
    """

    decay: float = 1.0
    multiplier: float | None = None

    @property
    def discrete(self) -> bool:
        """Whether it is the law of a map."""
        return self.multiplier is not None

    @property
    def bounded(self) -> bool:
        """Whether z stays bounded without inputs."""
        return self.decay >= 0.0 if self.multiplier is None else abs(self.multiplier) <= 1.0

    def scale(self, elapsed: ArrayLike) -> NDArray[np.float64]:
        """Factor on z after each elapsed time without inputs."""
        t = np.asarray(elapsed, dtype=float)
        if self.multiplier is None:
            return np.exp(-self.decay * t)
        return np.power(float(self.multiplier), t)

    def gain(self, elapsed: ArrayLike) -> NDArray[np.float64]:
        """Factor on b v after an input v was held for each elapsed time."""
        t = np.asarray(elapsed, dtype=float)
        if self.multiplier is None:
            return t + 0.0 if self.decay == 0.0 else -np.expm1(-self.decay * t) / self.decay
        step = 1.0 - self.multiplier
        if step == 0.0:
            return t + 0.0
        if self.multiplier > 0.0:
            # Of a small step 1 - μᵗ would lose digits.
            return -np.expm1(t * np.log1p(-step)) / step
        return (1.0 - self.scale(t)) / step

    def eigenvalue(self, degree: int) -> complex:
        """Eigenvalue of a product of `degree` functions z: λ of a flow, μ per step of a map."""
        if self.multiplier is None:
            return complex(-self.decay * degree + 0.0)
        return complex(self.multiplier**degree)

    @property
    def conserved_degree(self) -> int | None:
        """Least degree at which products are constants of motion without inputs, or None.

        It is 1 if z is constant, and 2 for a map with μ = -1.
        """
        if self.multiplier is None:
            return None if self.decay else 1
        return next((k for k in (1, 2) if abs(self.eigenvalue(k) - 1.0) <= SAME_EIGENVALUE), None)

    def degrees(self, max_degree: int) -> tuple[int, ...]:
        """Degrees 1 .. `max_degree` whose products have an eigenvalue that no lower degree has.

        For a flow that decays these are all degrees. For a map, μᵏ repeats if μ is 0, 1 or -1: if
        μ = 0 every product is at 0, and if μ = -1 degree 3 has the eigenvalue of degree 1.
        Conserved products are left out.
        """
        kept: list[int] = []
        for degree in range(1, max_degree + 1):
            lower = [0, *kept]
            value = self.eigenvalue(degree)
            if all(abs(value - self.eigenvalue(k)) > SAME_EIGENVALUE for k in lower):
                kept.append(degree)
        return tuple(kept)

    def alone(self, degree: int) -> bool:
        """Whether no other degree, nor the constant, has an eigenvalue equal or close to this one.

        False if μᵏ repeats, or if |μ|ᵏ is below 1e-6, where all higher degrees are close as well.
        """
        if self.multiplier is None:
            return self.decay != 0.0
        # μᵏ is monotone over every other k: the neighbours are the nearest.
        others = {0, degree - 2, degree - 1, degree + 1, degree + 2} - {degree}
        value = self.eigenvalue(degree)
        near = INSEPARABLE * max(1.0, abs(value))
        return all(abs(value - self.eigenvalue(k)) > near for k in others if k >= 0)


RELAXATION = LinearLaw()
