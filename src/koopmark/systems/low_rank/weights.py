"""Low-rank weights stored as factors: W = L Rᵀ takes O(N r) memory and time per product."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite
from koopmark._repr import ReprMixin
from koopmark.systems.registry import Count, Positive, bounded
from koopmark.truth import NullSpace

RANK_TOLERANCE = 1e-10
"""Columns count as dependent when, at unit norm, their smallest singular value is below this
fraction of the largest."""


MOST_UNITS = 20_000
"""Of sparse weights, which are made dense to find their rank."""


@dataclass(frozen=True)
class RankCut:
    """The cut-off by which the rank of a matrix was determined, and the singular values around it.

    `kept` is the smallest singular value that counts and `dropped` the largest that does not, both
    relative to the largest of all.
    """

    tolerance: float
    kept: float
    dropped: float

    @classmethod
    def of(cls, s: NDArray, n: int, tolerance: float) -> tuple[int, "RankCut"]:
        """Numerical rank of n x n weights with singular values `s`, and its cut-off.

        Raises
        ------
        ValueError
            If there is no rank with a left null vector at this tolerance.
        """
        if not 0 < tolerance < 1:
            raise ValueError(f"tol {tolerance}: a relative tolerance lies between 0 and 1")
        rank = int(np.sum(s > tolerance * s[0])) if len(s) else 0
        if rank == 0:
            raise ValueError("weights are zero: there is no rank to factor")
        if rank == n:
            raise ValueError(
                f"weights have full rank {rank} at relative tolerance {tolerance:g} (smallest over "
                f"largest singular value: {s[-1] / s[0]:.1e}): no left null vector exists, and "
                f"without one no exact eigenfunctions{_where_they_drop(s / s[0])}"
            )
        relative = np.append(s, 0.0) / s[0]
        return rank, cls(tolerance, float(relative[rank - 1]), float(relative[rank]))

    def __str__(self) -> str:
        return (
            f"singular values to {self.kept:.2g} of the largest, the next {self.dropped:.2g}, "
            f"tolerance {self.tolerance:g}"
        )


def _where_they_drop(relative: NDArray) -> str:
    """What tolerance would cut where singular values fall most; nothing for one of them."""
    if len(relative) < 2:
        return ""
    place = int(np.argmax(relative[:-1] / relative[1:]))
    kept, dropped = relative[place], relative[place + 1]
    return (
        f"; they fall most from {kept:.2g} to {dropped:.2g} of the largest: weights that are meant "
        f"to be of rank {place + 1} are so at a tolerance of {np.sqrt(kept * dropped):.1g}, which "
        "makes a system with other weights"
    )


@dataclass(frozen=True, eq=False)
class LowRank(ReprMixin):
    """Weights W = L Rᵀ of rank r < N, stored as factors and never as an N x N matrix.

    Parameters
    ----------
    left, right : (N, r) arrays
        L and R, each of full column rank (checked: this is what makes the rank of W exactly r).
    cut : RankCut, optional
        How the rank was determined, if it was.

    Raises
    ------
    ValueError
        If the shapes disagree, an entry is complex or not finite, r is not in 1..N-1, or a factor
        is not of full column rank to the relative tolerance 1e-10.
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    cut: RankCut | None = None

    def __post_init__(self) -> None:
        for name in ("left", "right"):
            factor = finite(getattr(self, name), name)
            object.__setattr__(self, name, np.ascontiguousarray(factor))
        if self.left.ndim != 2 or self.left.shape != self.right.shape:
            raise ValueError(
                f"the factors must both have shape (N, r), got {self.left.shape} for left "
                f"and {self.right.shape} for right"
            )
        check_rank(*self.left.shape)
        for name in ("left", "right"):
            check_independent(
                f"the {name} factor",
                getattr(self, name),
                "; LowRank.from_dense(W, tol) factors a matrix of unknown rank",
            )

    @classmethod
    def from_dense(cls, weights: ArrayLike, tol: float = RANK_TOLERANCE) -> "LowRank":
        """Factor a dense N x N matrix by its SVD, keeping singular values above `tol` x largest.

        Raises
        ------
        ValueError
            If the matrix is not square, not real and finite, zero, or of full rank at this
            tolerance.
        """
        w = finite(weights, "weights")
        if w.ndim != 2 or w.shape[0] != w.shape[1] or not w.size:
            raise ValueError(f"weights must be a square matrix, got shape {w.shape}")
        u, s, vt = np.linalg.svd(w)
        rank, cut = RankCut.of(s, len(w), tol)
        root = np.sqrt(s[:rank])
        return cls(u[:, :rank] * root, vt[:rank].T * root, cut)

    @classmethod
    def from_factors(
        cls, left: ArrayLike, right: ArrayLike, tol: float = RANK_TOLERANCE
    ) -> "LowRank":
        """Weights W = L Rᵀ from factors (N, k) that may be rank-deficient, in O(N k) memory.

        Raises
        ------
        ValueError
            If the factors have other shapes, or as in `from_dense`.
        """
        factors = finite(left, "left"), finite(right, "right")
        shapes = [factor.shape for factor in factors]
        if shapes[0] != shapes[1] or len(shapes[0]) != 2 or not factors[0].size:
            raise ValueError(
                f"the factors must both have shape (N, k), for W = L Rᵀ, got {shapes[0]} for left "
                f"and {shapes[1]} for right"
            )
        (q, a), (p, b) = map(np.linalg.qr, factors)
        u, s, vt = np.linalg.svd(a @ b.T)
        rank, cut = RankCut.of(s, len(q), tol)
        root = np.sqrt(s[:rank])
        return cls(q @ u[:, :rank] * root, p @ vt[:rank].T * root, cut)

    @property
    def size(self) -> int:
        """N, the number of units."""
        return self.left.shape[0]

    @property
    def rank(self) -> int:
        """Rank r, the number of columns of each factor."""
        return self.left.shape[1]

    @cached_property
    def thin_qr(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Thin QR factorisation L = Q S: Q (N, r) with orthonormal columns and S (r, r)."""
        q, s = np.linalg.qr(self.left)
        return q, s

    @cached_property
    def null_space(self) -> NullSpace:
        """The left null space, all u with Wᵀ u = 0: the orthogonal complement of L's columns."""
        return NullSpace(self.thin_qr[0])

    @cached_property
    def singular_values(self) -> NDArray[np.float64]:
        """The r nonzero singular values of W, largest first."""
        _, s = self.thin_qr
        return np.linalg.svd(s @ np.linalg.qr(self.right)[1].T, compute_uv=False)

    def apply(self, vectors: NDArray, out: NDArray | None = None) -> NDArray:
        """The product W v = L Rᵀ v for each row v of `vectors` (..., N); `out` may be `vectors`."""
        return np.matmul(vectors @ self.right, self.left.T, out=out)

    def dense(self) -> NDArray[np.float64]:
        """The dense N x N matrix, for tests and small N."""
        return self.left @ self.right.T

    def _facts(self) -> list[str]:
        return [f"N = {self.size:,}", f"rank {self.rank}", *([str(self.cut)] if self.cut else [])]


def check_independent(what: str, columns: NDArray, hint: str = "") -> None:
    """Raise ValueError if columns (N, q) are zero or linearly dependent.

    Raises
    ------
    ValueError
        If they are; the message names `what` has these columns, and gives the `hint` if they are
        dependent.
    """
    norms = np.linalg.norm(columns, axis=0)
    if not norms.all():
        raise ValueError(f"column {int(np.argmin(norms))} of {what} is zero")
    s = np.linalg.svd(np.linalg.qr(columns / norms)[1], compute_uv=False)
    actual = int(np.sum(s > RANK_TOLERANCE * s.max(initial=0.0)))
    if actual < columns.shape[1]:
        raise ValueError(
            f"{what} has {columns.shape[1]} columns but rank {actual} (relative tolerance "
            f"{RANK_TOLERANCE:g}): its columns must be linearly independent{hint}"
        )


def check_rank(n: int, rank: int) -> None:
    """Raise ValueError for a rank at which weights have no left null vector.

    Raises
    ------
    ValueError
        If the rank is not in 1..n-1.
    """
    if not 1 <= rank < n:
        raise ValueError(f"rank {rank} with n {n}: rank must be between 1 and {n - 1}")


def scaled(left: NDArray, right: NDArray, gain: float) -> LowRank:
    """Weights W = c L Rᵀ, scaled by c > 0 to the spectral norm `gain`."""
    norm = np.linalg.norm(np.linalg.qr(left)[1] @ np.linalg.qr(right)[1].T, 2)
    return LowRank(left * (gain / norm), right)


@bounded
def gaussian_weights(n: Count, rank: Count, gain: Positive, rng: np.random.Generator) -> LowRank:
    """Weights W = L Rᵀ with factors of entries N(0, 1/N), scaled to the spectral norm `gain`."""
    check_rank(n, rank)
    left, right = rng.standard_normal((2, n, rank)) / np.sqrt(n)
    return scaled(left, right, gain)


def weights_with_singular_values(
    n: int, singular_values: Sequence[float] | NDArray, rng: np.random.Generator
) -> LowRank:
    """Weights W = U diag(s) Vᵀ with Haar-random orthonormal U, V (N, r) and the given s > 0."""
    s = finite(singular_values, "singular_values")
    if s.ndim != 1:
        raise ValueError(f"singular_values must have shape (rank,), got {s.shape}")
    check_rank(n, len(s))
    if not (s > 0).all():
        raise ValueError("singular values must all be positive: their number is the rank")
    left, right = (np.linalg.qr(rng.standard_normal((n, len(s))))[0] for _ in range(2))
    return LowRank(left * s, right)
