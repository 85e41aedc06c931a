"""Eigenspaces as functions of sensor values that determine the state."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from koopmark.truth._eigenspace import AffineProducts, Eigenspace


@dataclass(frozen=True, eq=False)
class AffineView:
    """Affine view s = Cx + b of rank N, with a left inverse: x = L(s - b).

    Parameters
    ----------
    matrix : (p, N) array
        C.
    left_inverse : (N, p) array
        L, with L C = 1.
    offset : (p,) array
        b.
    """

    matrix: NDArray[np.float64]
    left_inverse: NDArray[np.float64]
    offset: NDArray[np.float64]

    _columns: dict[int, tuple[NDArray, NDArray]] = field(default_factory=dict, repr=False)

    def state(self, seen: NDArray) -> NDArray[np.float64]:
        """States x (..., N) from sensor values s = Cx + b (..., p)."""
        states: NDArray[np.float64] = (np.asarray(seen) - self.offset) @ self.left_inverse.T
        return states

    def columns(self, vectors: NDArray) -> NDArray:
        """Lᵀv (p, k) for columns v (N, k), cached for each array."""
        # Spaces that share an array of vectors are known by that; it is kept, so that no other
        # array has its id.
        if id(vectors) not in self._columns:
            self._columns[id(vectors)] = (vectors, self.left_inverse.T @ vectors)
        return self._columns[id(vectors)][1]


@dataclass(frozen=True, eq=False)
class SeenEigenspace(Eigenspace):
    """Functions φ(L(s - b)) of sensor values, for every function φ of an eigenspace of the state.

    As s determines x, they obey the same eigenvalue along every trajectory of s
    (docs/explanation/theory/sensors.md).

    Parameters
    ----------
    space : Eigenspace
        Eigenspace of the states x.
    view : AffineView
    whole : bool
        As `space.whole`, since every smooth function of s is one of x.
    """

    space: Eigenspace
    view: AffineView = field(repr=False)
    whole: bool = True

    @classmethod
    def of(cls, space: Eigenspace, view: AffineView) -> "SeenEigenspace":
        return cls(space, view, space.whole)

    @property
    def eigenvalue(self) -> complex:
        return self.space.eigenvalue

    @property
    def discrete(self) -> bool:
        return self.space.discrete

    @property
    def driven(self) -> bool:
        return self.space.driven

    @property
    def dimension(self) -> int:
        return self.space.dimension

    @property
    def exact(self) -> bool:
        return self.space.exact

    @property
    def degree(self) -> int:
        return self.space.degree

    def multiplier(self, elapsed: float) -> complex:
        return self.space.multiplier(elapsed)

    def gains(self, elapsed: float) -> NDArray | None:
        return self.space.gains(elapsed)

    def advanced(self, states: NDArray, inputs: NDArray | None, elapsed: float) -> NDArray:
        return self.space.advanced(self.view.state(states), inputs, elapsed)

    def evaluate(self, states: NDArray) -> NDArray:
        return self.space.evaluate(self.view.state(states))

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        part = self.space.sample(count, rng)
        return self if part is self.space else SeenEigenspace.of(part, self.view)

    def deviation_bounds(self, elapsed: float) -> NDArray[np.float64]:
        return self.space.deviation_bounds(elapsed)

    def affine_products(self, most: int) -> AffineProducts | None:
        inner, view = self.space.affine_products(most), self.view
        if inner is None:
            return None
        # vᵀ(x - a) = (Lᵀv)ᵀ(s - b - Ca).
        return replace(
            inner,
            vectors=view.columns(inner.vectors),
            offset=view.offset + view.matrix @ np.broadcast_to(inner.offset, len(view.matrix.T)),
        )

    def _functions(self) -> str:
        return self.space._functions()
