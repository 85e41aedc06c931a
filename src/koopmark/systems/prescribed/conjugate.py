"""Linear dynamics in nonlinear coordinates, whose Koopman spectrum is known completely."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from koopmark._arrays import finite, numeric, of_width, real
from koopmark._repr import ReprMixin
from koopmark.systems._base import Formula, LinearCoordinates, NamedArray, System
from koopmark.systems.prescribed.features import Features
from koopmark.truth import Eigenspace, PrincipalFunctions

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CouplingLayer(ReprMixin):
    """An invertible layer: y = x for kept coordinates, y = x exp(S f) + T f for moved ones.

    Here f = f(x kept).

    After RealNVP (Dinh, Sohl-Dickstein and Bengio 2017). Inverse and tangent are closed forms.
    Without S the layer is additive, preserves volume, and is a polynomial if f is.

    Parameters
    ----------
    kept, moved : (k,), (l,) arrays of int
        Indices that together contain every coordinate exactly once.
    features : Features
        f, of k units.
    shift : (l, m) array
        T.
    scale : (l, m) array, optional
        S; without it the layer is additive.

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite, or `kept` and `moved` do not contain every
        coordinate exactly once.
    """

    kept: NDArray[np.intp]
    moved: NDArray[np.intp]
    features: Features
    shift: Array
    scale: Array | None = field(default=None)

    def __post_init__(self) -> None:
        for name in ("kept", "moved"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=int))
        every = np.concatenate([self.kept, self.moved])
        if sorted(every.tolist()) != list(range(len(every))):
            raise ValueError(
                "kept and moved must hold every coordinate once, got "
                f"{self.kept.tolist()} and {self.moved.tolist()}"
            )
        if self.features.directions.shape[1] != len(self.kept):
            raise ValueError(
                f"features are of {self.features.directions.shape[1]} coordinates, "
                f"{len(self.kept)} are kept"
            )
        shape = (len(self.moved), self.features.count)
        for name in ("shift", "scale"):
            value = getattr(self, name)
            if value is None and name == "scale":
                continue
            value = finite(value, name)
            if value.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {value.shape}")
            object.__setattr__(self, name, value)

    @property
    def formula(self) -> str:
        """The layer's formula for the kept coordinates x₁ and the moved coordinates x₂."""
        stretched = "x₂" if self.scale is None else "x₂ exp(S f(x₁))"
        return f"(x₁, x₂) → (x₁, {stretched} + T f(x₁))"

    def in_words(self, name: str) -> tuple[str, list[NamedArray]]:
        """The layer's formula in words for other languages; its arrays are named `name`_..."""
        inner, arrays = self.features.in_words(name)
        kept, moved = (
            NamedArray(
                f"{name}_{part}",
                getattr(self, part).astype(float) + 1.0,
                f"coordinates {part}, counted from 1",
            )
            for part in ("kept", "moved")
        )
        shift = NamedArray(f"{name}_shift", self.shift, "T, shape (moved, m)")
        stretched, scale, scales = "x₂", "", []
        if self.scale is not None:
            stretched, scale = "x₂ exp(S f(x₁))", f", S = `{name}_scale`"
            scales = [NamedArray(f"{name}_scale", self.scale, "S, shape (moved, m)")]
        text = (
            f"leaves the coordinates x₁ that `{name}_kept` numbers and makes the others, x₂, those "
            f"of `{name}_moved`, into {stretched} + T f(x₁), with T = `{name}_shift`{scale}; "
            f"{inner}"
        )
        return text, [kept, moved, shift, *scales, *arrays]

    def _facts(self) -> list[str]:
        return [f"N = {self.size}", "additive" if self.scale is None else "affine"]

    @property
    def size(self) -> int:
        """Number N of coordinates."""
        return len(self.kept) + len(self.moved)

    def __call__(self, x: NDArray) -> NDArray:
        """y at x, (..., N) each."""
        x = of_width(numeric(x, "x"), self.size, "x")
        f = self.features(x[..., self.kept])
        moved = x[..., self.moved] * self._stretch(f) + f @ self.shift.T
        return self._joined(x[..., self.kept], moved)

    def inverse(self, y: NDArray) -> NDArray:
        """The inverse of the layer, from y (..., N) to x (..., N)."""
        y = of_width(numeric(y, "y"), self.size, "y")
        f = self.features(y[..., self.kept])
        moved = (y[..., self.moved] - f @ self.shift.T) / self._stretch(f)
        return self._joined(y[..., self.kept], moved)

    def inverse_tangent(self, y: NDArray, x: NDArray, vectors: NDArray) -> NDArray:
        """The derivative of the inverse at y = layer(x), applied to vectors (..., N)."""
        kept = y[..., self.kept]
        f, moved = self.features(kept), vectors[..., self.kept]
        change = self.features.tangent(kept, moved)
        along = (vectors[..., self.moved] - change @ self.shift.T) / self._stretch(f)
        if self.scale is not None:
            along = along - x[..., self.moved] * (change @ self.scale.T)
        return self._joined(moved, along)

    def _stretch(self, f: NDArray) -> NDArray | float:
        return 1.0 if self.scale is None else np.exp(f @ self.scale.T)

    def _joined(self, kept: NDArray, moved: NDArray) -> NDArray:
        whole = np.empty((*kept.shape[:-1], self.size), np.result_type(kept, moved))
        whole[..., self.kept], whole[..., self.moved] = kept, moved
        return whole


@dataclass(frozen=True, eq=False)
class Conjugate(System):
    """System conjugate to ẏ = Λy by y = Ψ(x): ẋ = DΨ(x)⁻¹ Λ Ψ(x), x(t) = Ψ⁻¹(e^{Λt} Ψ(x(0))).

    For each left eigenvector v of Λ, vᵀΨ is an eigenfunction, and so are all products of these.
    Trajectories stay bounded if no eigenvalue of Λ has a positive real part.

    Parameters
    ----------
    layers : sequence of CouplingLayer
        Ψ, first layer first.
    matrix : (N, N) array
        Λ, not defective.

    Raises
    ------
    ValueError
        If there is no layer, sizes disagree, or Λ is not finite or defective.
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
        """The coordinates y = Ψ(x) in which the system is linear, (..., N) to (..., N)."""
        for layer in self.layers:
            states = layer(states)
        return states

    def inverse(self, y: NDArray) -> NDArray:
        """The state x = Ψ⁻¹(y), (..., N) to (..., N)."""
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
        return self._into(out, velocity)

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """States (M, T, N) at elapsed times (T,) from states (M, N), exact to rounding."""
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
