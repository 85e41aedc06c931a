"""A few eigenpairs of a matrix near given values, by shift and invert."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu_factor, lu_solve

STEPS = 9
"""Blocks of the Krylov space: each gains digits by the ratio of the distances from the shift of
what is wanted and of what is not."""

CONVERGED = 1e-8
"""Residual of a unit eigenvector, relative to the matrix, below which a pair is given."""

OFFSET = 1e-6
"""Relative distance of the shift from the value asked for, where an exact eigenvalue may sit."""


def eigenpairs_near(
    matrix: NDArray, values: NDArray, count: int
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """The `count` eigenpairs nearest to each value, each pair once.

    Block Arnoldi on (A - σ)⁻¹ with a random block of `count` vectors: a block, because a single
    vector sees only one direction of a degenerate eigenspace.

    Parameters
    ----------
    matrix : (D, D) array
    values : (v,) array
        Where to look.
    count : int
        How many pairs for each value; at least the multiplicity of what is looked for.

    Returns
    -------
    (s,), (D, s) arrays
        Eigenvalues and eigenvectors, s <= v count. A pair found from two values is given once,
        from the nearer. Left out is what has not converged, as happens in a crowded part of the
        spectrum to the pairs farthest from the value.
    """
    found = [_near_one(matrix, value, count) for value in values]
    parts = []
    for index, (eigenvalues, vectors) in enumerate(found):
        own = np.argmin(np.abs(eigenvalues[:, None] - values), axis=1) == index
        parts.append((eigenvalues[own], vectors[:, own]))
    return np.concatenate([part[0] for part in parts]), np.hstack([part[1] for part in parts])


def _near_one(
    matrix: NDArray, value: complex, count: int
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    if STEPS * count >= len(matrix):
        eigenvalues, vectors = np.linalg.eig(matrix)
        order = np.argsort(np.abs(eigenvalues - value), kind="stable")[:count]
        return np.asarray(eigenvalues[order], complex), np.asarray(vectors[:, order], complex)
    shift = value * (1.0 + OFFSET) if value else OFFSET
    factors = lu_factor(matrix - shift * np.eye(len(matrix)))
    block = np.random.default_rng(0).standard_normal((len(matrix), count))
    basis = np.empty((len(matrix), 0))
    for _ in range(STEPS):
        block = lu_solve(factors, block)
        for _ in range(2):
            block = block - basis @ (basis.conj().T @ block)
        block = np.linalg.qr(block)[0]
        basis = np.hstack([basis, block])
    inverse, small = np.linalg.eig(basis.conj().T @ lu_solve(factors, basis))
    order = np.argsort(-np.abs(inverse))[:count]
    eigenvalues, vectors = shift + 1.0 / inverse[order], basis @ small[:, order]
    residuals = np.linalg.norm(matrix @ vectors - vectors * eigenvalues, axis=0)
    good = residuals <= CONVERGED * np.linalg.norm(matrix)
    return np.asarray(eigenvalues[good], complex), np.asarray(vectors[:, good], complex)
