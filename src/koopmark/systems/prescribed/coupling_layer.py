"""Invertible coupling layers with fixed weights (Dinh, Sohl-Dickstein and Bengio 2017, RealNVP)."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import finite, numeric
from koopmark._repr import Shown
from koopmark.systems.prescribed.features import Features
from koopmark.systems.system import NamedArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CouplingLayer(Shown):
    """y = x on the kept coordinates; on the moved ones y = x exp(S f) + T f, f = f(x kept).

    Inverse and tangent are closed forms. Without S the layer is additive, preserves volume, and
    is a polynomial where f is.

    Parameters
    ----------
    kept, moved : (k,), (l,) arrays of int
        Every coordinate in one of them, once.
    features : Features
        f, of k units.
    shift : (l, m) array
        T.
    scale : (l, m) array, optional
        S; additive without.

    Raises
    ------
    ValueError
        Where shapes disagree, a value is not finite, or kept and moved do not share out the
        coordinates.
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
            if value is None:
                continue
            value = finite(value, name)
            if value.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {value.shape}")
            object.__setattr__(self, name, value)

    @property
    def formula(self) -> str:
        """What it does to the kept coordinates x₁ and the moved ones x₂."""
        stretched = "x₂" if self.scale is None else "x₂ exp(S f(x₁))"
        return f"(x₁, x₂) → (x₁, {stretched} + T f(x₁))"

    def in_words(self, name: str) -> tuple[str, list[NamedArray]]:
        """What it does, for other languages, with the arrays that this names `name`_..."""
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
        """N."""
        return len(self.kept) + len(self.moved)

    def __call__(self, x: NDArray) -> NDArray:
        """y at x, (..., N) each."""
        x = numeric(x, "x")
        f = self.features(x[..., self.kept])
        moved = x[..., self.moved] * self._stretch(f) + f @ self.shift.T
        return self._joined(x[..., self.kept], moved)

    def inverse(self, y: NDArray) -> NDArray:
        """x at y, (..., N) each."""
        y = numeric(y, "y")
        f = self.features(y[..., self.kept])
        moved = (y[..., self.moved] - f @ self.shift.T) / self._stretch(f)
        return self._joined(y[..., self.kept], moved)

    def inverse_tangent(self, y: NDArray, x: NDArray, vectors: NDArray) -> NDArray:
        """What the inverse makes of vectors at y, whose image x is known: (..., N) each."""
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
