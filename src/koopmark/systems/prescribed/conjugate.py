"""Linear dynamics seen through a nonlinear change of coordinates: all of the spectrum is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from koopmark._arrays import real
from koopmark.systems.prescribed.coupling_layer import CouplingLayer
from koopmark.systems.system import Formula, LinearCoordinates, ProductSystem
from koopmark.truth import Eigenspace, PrincipalFunctions


@dataclass(frozen=True, eq=False)
class Conjugate(ProductSystem):
    """ẋ = DΨ(x)⁻¹ Λ Ψ(x): y = Ψ(x) obeys ẏ = Λy, so that x(t) = Ψ⁻¹(e^{Λt} Ψ(x(0))).

    With v the left eigenvectors of Λ all N functions vᵀΨ are eigenfunctions, and every product of
    them. Trajectories stay bounded where no eigenvalue of Λ has a positive real part.

    Parameters
    ----------
    layers : sequence of CouplingLayer
        Ψ, first layer first.
    matrix : (N, N) array
        Λ, not defective.

    Raises
    ------
    ValueError
        Where there is no layer, sizes disagree, or Λ is not finite or defective.
    """

    layers: Sequence[CouplingLayer]
    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "matrix", real(self.matrix, "matrix"))
        super().__post_init__()
        if not self.layers:
            raise ValueError("a conjugacy needs at least one layer")
        sizes = {layer.size for layer in self.layers}
        if len(sizes) > 1:
            raise ValueError(f"the layers are of different sizes: {sorted(sizes)}")
        if self.matrix.shape != (self.size, self.size):
            raise ValueError(
                f"matrix must have shape ({self.size}, {self.size}), one row for each coordinate, "
                f"got {self.matrix.shape}"
            )
        _ = self.principal

    @property
    def size(self) -> int:
        return self.layers[0].size

    def _facts(self) -> list[str]:
        count = len(self.layers)
        layers = f"{count} layers" if count > 1 else "1 layer"
        return [
            "ẋ = DΨ(x)⁻¹ΛΨ(x)",
            "y = Ψ(x)",
            "ẏ = Λy",
            *super()._facts(),
            f"Ψ: {layers} {self.layers[0].formula}",
        ]

    def straightened(self, states: NDArray) -> NDArray:
        """y = Ψ(x), (..., N) to (..., N)."""
        for layer in self.layers:
            states = layer(states)
        return states

    def inverse(self, y: NDArray) -> NDArray:
        """x = Ψ⁻¹(y), (..., N) to (..., N)."""
        for layer in reversed(self.layers):
            y = layer.inverse(y)
        return y

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        along = [states]
        for layer in self.layers:
            along.append(layer(along[-1]))
        velocity = along[-1] @ self.matrix.T
        for layer, x, y in zip(reversed(self.layers), along[-2::-1], along[:0:-1], strict=True):
            velocity = layer.inverse_tangent(y, x, velocity)
        if out is None:
            return velocity
        out[...] = velocity
        return out

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """States (M, T, N) at the times elapsed (T,) from states (M, N), exact to rounding."""
        y = self.straightened(states)
        steps = np.stack([expm(self.matrix * t) for t in elapsed])
        return self.inverse(np.einsum("tij,mj->mti", steps, y))

    @property
    def linear_coordinates(self) -> LinearCoordinates:
        return LinearCoordinates(self.inverse(np.zeros(self.size)), self.principal)

    def formula(self, spaces: Sequence[Eigenspace]) -> Formula | None:
        texts, arrays = zip(
            *(layer.in_words(f"layer{k}") for k, layer in enumerate(self.layers, start=1)),
            strict=True,
        )
        coordinates = (
            f"Here z is x after {len(self.layers)} layers in turn. The first {texts[0]}. The next "
            "have arrays of their own numbers."
        )
        return self._formula(spaces, coordinates, [one for each in arrays for one in each])

    @cached_property
    def principal(self) -> PrincipalFunctions:
        """The N eigenfunctions vᵀΨ."""
        return PrincipalFunctions.of_linear(self.straightened, self.matrix)
