"""Eigenpairs of a matrix near given values, by shift-and-invert iteration."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu_factor, lu_solve, qr

from koopmark.methods.own._linalg import real_product

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

OFFSET = 1e-4
"""Relative distance of the shift from the value asked for, where an exact eigenvalue may sit."""

SMALL = 5
"""A matrix of at most so many times the number of pairs is decomposed in full."""

ROUNDS = 20
"""Searches for missed pairs after which the matrix is decomposed in full."""

PROBE = 2
"""Pairs that such a search looks for."""

PRECISION, RESTARTS = 1e-12, 40
"""Of ARPACK's Ritz values, relative, and how long to wait for it."""

DEPENDENT = 1e-8
"""Part of a found vector that is new, below which it is one found before; likewise for values."""


def eigenpairs_near(
    matrix: NDArray, values: NDArray, count: int
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """The `count` eigenpairs nearest to each value, without duplicates.

    Implicitly restarted Arnoldi on (A - σ)⁻¹ (ARPACK: Lehoucq, Sorensen and Yang 1998). A Krylov
    space may see only one direction of a degenerate eigenspace, so the search goes on in the
    orthogonal complement of what has been found, until nothing nearer is left there.
    `count` is at least the multiplicity of what is looked for. Of a `matrix` (D, D) and `values`
    (v,) the eigenvalues (s,) and eigenvectors (D, s) are given, s <= v count, a pair found from two
    values once, from the nearer.
    """
    found = [_near_one(matrix, value, count) for value in values]
    parts = []
    for index, (eigenvalues, vectors) in enumerate(found):
        own = np.argmin(np.abs(eigenvalues[:, None] - values), axis=1) == index
        parts.append((eigenvalues[own], vectors[:, own]))
    return np.concatenate([part[0] for part in parts]), np.hstack([part[1] for part in parts])


def _near_one(
    matrix: NDArray, value: float, count: int
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    size = len(matrix)
    if size <= SMALL * count:
        return _nearest(*np.linalg.eig(matrix), value, count)
    from scipy.sparse.linalg import ArpackError, eigs

    shift = value * (1.0 + OFFSET) if value else OFFSET
    factors = lu_factor(matrix - shift * np.eye(size), overwrite_a=True, check_finite=False)
    rng = np.random.default_rng(0)
    basis = np.empty((size, 0))
    eigenvalues, small = np.empty(0, dtype=complex), np.empty((0, 0), dtype=complex)
    for search in range(ROUNDS):
        try:
            inverse, vectors = eigs(
                _inverse(factors, basis),
                PROBE if search else count,
                v0=rng.standard_normal(size),
                tol=PRECISION,
                maxiter=RESTARTS,
            )
        except ArpackError:
            break
        if search:
            farthest = np.abs(1.0 / (eigenvalues - shift)).min()
            if np.abs(inverse).max() <= farthest * (1.0 + DEPENDENT):
                return eigenvalues, real_product(basis, small)
        new = np.hstack([vectors.real, vectors.imag])
        q, r, _ = qr(new - basis @ (basis.T @ new), mode="economic", pivoting=True)
        q = q[:, np.abs(np.diag(r)) > DEPENDENT]
        # Rounding leaves a part of what the first projection removes.
        basis = np.hstack([basis, np.linalg.qr(q - basis @ (basis.T @ q))[0]])
        projected = basis.T @ lu_solve(factors, basis, check_finite=False)
        inverse, small = np.linalg.eig(projected)
        eigenvalues, small = _nearest(shift + 1.0 / inverse, small, value, count)
    return _nearest(*np.linalg.eig(matrix), value, count)


def _inverse(factors: tuple[NDArray, NDArray], basis: NDArray) -> "LinearOperator":
    """(A - σ)⁻¹ in the complement of an invariant space: its other eigenvalues, and zeros."""
    from scipy.sparse.linalg import LinearOperator

    def apply(vector: NDArray) -> NDArray:
        vector = vector - basis @ (basis.T @ vector)
        image = lu_solve(factors, vector, check_finite=False)
        return image - basis @ (basis.T @ image)

    return LinearOperator((len(basis), len(basis)), matvec=apply, dtype=np.float64)


def _nearest(
    eigenvalues: NDArray, vectors: NDArray, value: float, count: int
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    order = np.argsort(np.abs(eigenvalues - value), kind="stable")[:count]
    return eigenvalues[order].astype(complex), vectors[:, order].astype(complex)
