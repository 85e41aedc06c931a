"""Dynamics constructed so that given functions are eigenfunctions.

For any field g, F = g + Z(Jφ Z)⁻¹(Λφ - Jφ g) has Jφ F = Λφ at every state: it is the least
change to g along Z that makes φ̇ = Λφ exact. It equals Jφ⁺Λφ + (I - Jφ⁺Jφ)F, the form with the
pseudo-inverse, with a free part chosen so that the coordinates w = Qx move by ẇ = Q g
(docs/explanation/families/prescribed_functions.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import finite, real
from koopmark.systems._activation import tanh
from koopmark.systems._base import Formula, System
from koopmark.systems.prescribed.functions import PrescribedFunctions
from koopmark.truth import Eigenspace, PrincipalFunctions

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LeakyDrive:
    """Free dynamics ẇ = -γw + H tanh(Gx) with |w| at most the larger of |w(0)| and ‖H‖√m / γ.

    Parameters
    ----------
    leak : (q, N) array
        γQ.
    weights : (q, m) array
        H.
    directions : (m, N) array
        G.
    """

    leak: Array
    weights: Array
    directions: Array

    def __post_init__(self) -> None:
        for name in ("leak", "weights", "directions"):
            object.__setattr__(self, name, finite(getattr(self, name), name))
        leak, weights, directions = self.leak.shape, self.weights.shape, self.directions.shape
        square = len(leak) == len(weights) == len(directions) == 2
        if not square or leak != (weights[0], directions[1]) or weights[1] != directions[0]:
            raise ValueError(
                "leak must have shape (q, N), weights (q, m) and directions (m, N), got "
                f"{leak}, {weights} and {directions}"
            )

    def __call__(self, states: NDArray) -> NDArray:
        return tanh(states @ self.directions.T) @ self.weights.T - states @ self.leak.T


@dataclass(frozen=True, eq=False)
class Prescribed(System):
    """System with φ̇ = Λφ and ẇ = h(x) in the coordinates φ(x) and w = Qx.

    If the strength of φ is below 1, these are coordinates of the whole space. A trajectory then
    stays bounded if w does and no eigenvalue of Λ has a positive real part.

    Parameters
    ----------
    functions : PrescribedFunctions
        φ, with values in R^p.
    matrix : (p, p) array
        Λ, not defective. Its left eigenvectors v give the eigenfunctions vᵀφ.
    drive : callable, optional
        Any smooth h, (..., N) to (..., N - p). By default w is constant.

    Raises
    ------
    ValueError
        If Λ does not have shape (p, p), is not finite, or is defective.
    """

    functions: PrescribedFunctions
    matrix: Array
    drive: Callable[[NDArray], NDArray] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", real(self.matrix, "matrix"))
        super().__post_init__()
        p = self.functions.count
        if self.matrix.shape != (p, p):
            raise ValueError(
                f"matrix must have shape ({p}, {p}), one row for each function, got "
                f"{self.matrix.shape}"
            )
        _ = self.principal

    @property
    def size(self) -> int:
        return self.functions.size

    def _facts(self) -> list[str]:
        equation = ["ẋ = Z(Jφ Z)⁻¹Λφ"]
        if self.drive is not None and self.functions.count < self.size:
            equation = ["ẋ = g + Z(Jφ Z)⁻¹(Λφ - Jφ g)", "g = K h(x)"]
        return [
            *equation,
            self.functions.formula,
            f"p = {self.functions.count}",
            *super()._facts(),
        ]

    @cached_property
    def principal(self) -> PrincipalFunctions:
        """The p eigenfunctions vᵀφ."""
        return PrincipalFunctions.of_linear(self.functions, self.matrix)

    def formula(self, spaces: Sequence[Eigenspace]) -> Formula | None:
        phi, arrays = self.functions.in_words()
        return self._formula(spaces, f"Here z = {phi}.", arrays)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        functions = self.functions
        wanted = functions(states) @ self.matrix.T
        if self.drive is None or functions.count == self.size:
            free = np.zeros_like(states)
        else:
            free = self.drive(states) @ functions.fibre.T
            wanted -= functions.tangent(states, free)
        if not functions.is_graph:
            # s with (Jφ Z) s = values, from the rows of (Jφ Z)ᵀ (..., p, p).
            rows = functions.tangent(states[..., None, :], functions.section.T)
            if functions.count == 1:
                wanted = wanted / rows[..., 0]
            else:
                wanted = np.linalg.solve(np.swapaxes(rows, -1, -2), wanted[..., None])[..., 0]
        return np.add(free, wanted @ functions.section.T, out=out)
