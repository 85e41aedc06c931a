"""Eigenspaces made of products of given eigenfunctions, gathered by eigenvalue.

The generator is a derivation, so a product of eigenfunctions is one and the eigenvalues add: those
of all products form a lattice. Products whose eigenvalues agree share a space (docs/families.md).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, numeric
from koopmark._repr import Shown
from koopmark.truth.eigenspace import Eigenspace

SAME_EIGENVALUE = 1e-9
"""Relative distance up to which two eigenvalues are one."""

DEFECTIVE = 1e8
"""Condition number of the eigenvectors beyond which a matrix counts as defective."""

ONE = -1
"""Stands for the constant function among the factors of a product."""


@dataclass(frozen=True, eq=False)
class PrincipalFunctions(Shown):
    """Eigenfunctions vᵀz(x), the linear ones in coordinates z that obey ż = Λz.

    Parameters
    ----------
    coordinates : callable
        z, (..., N) to (..., p), with functionally independent entries.
    vectors : (p, q) array
        Left eigenvectors v of Λ as columns: vᵀΛ = λvᵀ.
    eigenvalues : (q,) array
    """

    coordinates: Callable[[NDArray], NDArray]
    vectors: NDArray
    eigenvalues: NDArray[np.complex128]

    @classmethod
    def of_linear(
        cls, coordinates: Callable[[NDArray], NDArray], matrix: ArrayLike
    ) -> "PrincipalFunctions":
        """Those of ż = Λz, from a real Λ (p, p): all p of them.

        Raises
        ------
        ValueError
            Where Λ is not a finite square matrix, or is defective: products of the generalised
            eigenfunctions hold further eigenfunctions then, and no list here would be whole.
        """
        square = finite(matrix, "matrix")
        if square.ndim != 2 or square.shape[0] != square.shape[1] or len(square) == 0:
            raise ValueError(f"matrix must be square, got shape {square.shape}")
        eigenvalues, vectors = np.linalg.eig(square.T)
        condition = np.linalg.cond(vectors)
        if condition > DEFECTIVE:
            raise ValueError(
                f"matrix is defective (condition of its eigenvectors: {condition:.0e}): a Jordan "
                "block has too few eigenfunctions, so move its eigenvalues apart"
            )
        return cls(coordinates, vectors, eigenvalues.astype(complex))

    def _facts(self) -> list[str]:
        return [f"{len(self.eigenvalues)} eigenfunctions"]

    def __call__(self, states: NDArray) -> NDArray:
        """Values (..., q) at states (..., N)."""
        return self.coordinates(numeric(states, "states")) @ self.vectors

    def columns(self, chosen: NDArray[np.intp]) -> "PrincipalFunctions":
        """Some of them, real where all of those are."""
        vectors = self.vectors[:, chosen]
        if np.iscomplexobj(vectors) and not vectors.imag.any():
            vectors = vectors.real
        return replace(self, vectors=vectors, eigenvalues=self.eigenvalues[chosen])


@dataclass(frozen=True, eq=False)
class LatticeEigenspace(Eigenspace):
    """Products of principal functions with one sum of eigenvalues.

    `factors` (dimension, degree) names the principal functions in each product; ONE fills up
    products of fewer.
    """

    principal: PrincipalFunctions
    factors: NDArray[np.intp]
    sum_of_eigenvalues: complex
    whole: bool = True

    @property
    def eigenvalue(self) -> complex:
        return self.sum_of_eigenvalues

    @property
    def dimension(self) -> int:
        return len(self.factors)

    def _functions(self) -> str:
        degree = self.factors.shape[1]
        return "principal" if degree == 1 else f"products of at most {degree} principal functions"

    @cached_property
    def _used(self) -> tuple[PrincipalFunctions, NDArray[np.intp]]:
        """The principal functions in use, and the factors as places among [them, 1]."""
        used = np.unique(self.factors[self.factors != ONE])
        places = np.where(self.factors == ONE, len(used), np.searchsorted(used, self.factors))
        return self.principal.columns(used), places

    def evaluate(self, states: NDArray) -> NDArray:
        functions, places = self._used
        values = functions(states)
        ones = np.ones((*values.shape[:-1], 1))
        return np.prod(np.concatenate([values, ones], axis=-1)[..., places], axis=-1)

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        if count >= self.dimension:
            return self
        rows = np.sort(rng.choice(self.dimension, size=count, replace=False))
        return replace(self, factors=self.factors[rows], whole=False)


def lattice(principal: PrincipalFunctions, max_degree: int) -> tuple[LatticeEigenspace, ...]:
    """All products of 1 .. `max_degree` principal functions, gathered by eigenvalue.

    Ordered by the least degree in them. Sums of eigenvalues that agree to a relative 1e-9 are one.
    """
    count = len(principal.eigenvalues)
    scale = SAME_EIGENVALUE * max(1e-300, float(np.abs(principal.eigenvalues).max(initial=0.0)))
    sums: list[complex] = []
    gathered: list[list[NDArray[np.intp]]] = []
    for degree in range(1, max_degree + 1):
        products = np.array(list(combinations_with_replacement(range(count), degree)), dtype=int)
        products = products.reshape(-1, degree)  # Where there are none, too.
        rest = principal.eigenvalues[products].sum(axis=1)
        padded = np.pad(products, ((0, 0), (0, max_degree - degree)), constant_values=ONE)
        for index, known in enumerate(sums):
            same = np.abs(rest - known) <= scale
            if same.any():
                gathered[index].append(padded[same])
                rest, padded = rest[~same], padded[~same]
        while len(rest):
            same = np.abs(rest - rest[0]) <= scale
            sums.append(_rounded(complex(rest[0]), scale))
            gathered.append([padded[same]])
            rest, padded = rest[~same], padded[~same]
    return tuple(
        LatticeEigenspace(principal, np.vstack(rows), eigenvalue)
        for eigenvalue, rows in zip(sums, gathered, strict=True)
    )


def targets_of(principal: PrincipalFunctions, max_degree: int) -> tuple[LatticeEigenspace, ...]:
    """The spaces of the lattice that are no constants of motion."""
    return tuple(space for space in lattice(principal, max_degree) if space.eigenvalue != 0)


def conserved_of(principal: PrincipalFunctions) -> tuple[LatticeEigenspace, ...]:
    """The constants of motion among principal functions and products of two: none or one space."""
    spaces = (space for space in lattice(principal, 2) if space.eigenvalue == 0)
    return tuple(replace(space, whole=False) for space in spaces)


def _rounded(eigenvalue: complex, scale: float) -> complex:
    """Without a real or imaginary part that is rounding."""
    real = eigenvalue.real if abs(eigenvalue.real) > scale else 0.0
    imaginary = eigenvalue.imag if abs(eigenvalue.imag) > scale else 0.0
    return complex(real, imaginary)
