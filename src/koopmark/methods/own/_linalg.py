"""Accurate products, orthonormal combinations and eigenvectors."""

from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, solve_triangular

from koopmark._tsqr import eliminate
from koopmark.methods.remarks import numerical_rank

EQUAL = 1e-9
"""Eigenvalues that differ by less, relative to the largest, are taken for one."""

FEW, SPARE = 8, 10
"""Rank of a matrix, as a part of its size, below which its rows are drawn at random; and how many
more are drawn."""

INDEPENDENT = 1e-4
"""Least singular value of unit eigenvectors that count as independent."""

NEGLIGIBLE = 10 * np.finfo(float).eps
"""Size of rounding in a matrix, relative to its norm."""


def real_product(real: NDArray, vectors: NDArray) -> NDArray:
    """The product real @ vectors, without a complex copy of the real matrix."""
    if not np.iscomplexobj(vectors):
        return real @ vectors
    product = np.empty((len(real), vectors.shape[1]), dtype=complex)
    product.real = real @ vectors.real
    # Of a real matrix most eigenvectors may be real.
    turning = vectors.imag.any(axis=0)
    product.imag[:, ~turning] = 0.0
    product.imag[:, turning] = real @ vectors.imag[:, turning]
    return product


def whitening(xx: NDArray, tolerance: float) -> tuple[NDArray, NDArray | None]:
    """W (D, k) with R₁₁ W = U orthonormal, and U (D, k); None for U means the identity.

    With column scales d and R₁₁ d⁻¹ = U S Vᵀ cut at `tolerance`, W = d⁻¹ V S⁻¹. Where the condition
    number shows that nothing would be cut, W = R₁₁⁻¹ is as good and spares the SVD.

    Scaling the columns of R is scaling those of the data: Householder QR treats each alike.
    """
    scale = np.linalg.norm(xx, axis=0)
    scale[scale == 0.0] = 1.0
    scaled = xx / scale
    # The condition in the 2-norm is at most D times that in the 1-norm, which is estimated to a
    # factor of about 3.
    reciprocal = lapack.dtrcon(scaled)[0]
    if reciprocal > 10 * len(xx) * tolerance:
        return lapack.dtrtri(scaled)[0] / scale[:, None], None
    u, s, vt = np.linalg.svd(scaled)
    rank = numerical_rank(s, tolerance, "the dictionary")
    return (vt[:rank] / s[:rank, None]).T / scale[:, None], u[:, :rank]


def eigenbasis(matrix: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    """Eigenvalues (D,) and eigenvectors (D, D) of a real matrix, independent if possible.

    LAPACK solves for eigenvectors in the triangular Schur form, where the copies of one eigenvalue
    differ by rounding: of several hundred, most come out as combinations of the others, though
    the matrix has as many independent ones. Where that happens, the null space of A - μ takes
    their place; an eigenvalue that truly lacks eigenvectors keeps what LAPACK gives.
    """
    return with_independent(matrix, *np.linalg.eig(matrix))


def with_independent(
    matrix: NDArray[np.float64], values: NDArray, vectors: NDArray
) -> tuple[NDArray, NDArray]:
    """The same eigenpairs, with dependent eigenvectors of repeated eigenvalues replaced.

    `values` and `vectors` are overwritten.
    """
    size = float(np.max(abs(values), initial=0.0))
    groups = _split(np.arange(len(values)), values.real, EQUAL * size)
    for members in chain(*(_split(group, values.imag, EQUAL * size) for group in groups)):
        if len(members) == 1:
            continue
        if _independent(vectors[:, members]):
            continue
        centre = values[members].mean()
        real = bool(abs(centre.imag) <= EQUAL * size)
        shift = centre.real if real else centre
        basis = _null_space(matrix - shift * np.eye(len(matrix)), len(members), EQUAL * size)
        if basis is None:
            continue
        vectors[:, members] = basis
        values[members] = np.sum(basis.conj() * (matrix @ basis), axis=0)
    return values, vectors


def _independent(vectors: NDArray) -> bool:
    """Whether the least singular value of unit vectors (D, m) exceeds INDEPENDENT."""
    if not vectors.imag.any():
        vectors = vectors.real
    moments = vectors.conj().T @ vectors
    try:
        np.linalg.cholesky(moments - INDEPENDENT**2 * np.eye(len(moments)))
    except np.linalg.LinAlgError:
        return False
    return True


def _null_space(matrix: NDArray, dimension: int, zero: float) -> NDArray | None:
    """Orthonormal vectors (D, dimension) that the matrix makes vanish; None if there are fewer."""
    rank = len(matrix) - dimension
    if FEW * (rank + SPARE) < len(matrix):
        # The rows have as many dimensions as a random combination of them shows.
        drawn = np.random.default_rng(0).standard_normal((len(matrix), rank + SPARE))
        u = np.linalg.svd(matrix.conj().T @ drawn)[0]
        basis = u[:, rank:]
        return basis if np.linalg.norm(matrix @ basis, 2) <= zero else None
    # Inverse iteration with AᴴA + δ², δ of the size of rounding: without it the smallest singular
    # value would outweigh the others that are rounding, too.
    size = np.linalg.norm(matrix)
    if size == 0.0:
        return np.eye(len(matrix), dimension)
    shift = NEGLIGIBLE * size * np.eye(len(matrix), dtype=matrix.dtype, order="F")
    triangle = eliminate(shift, matrix.copy(order="F"))
    basis = np.random.default_rng(0).standard_normal((len(matrix), dimension))
    for _ in range(2):
        for side in ("C", "N"):
            basis = solve_triangular(triangle, basis, trans=side, check_finite=False)
        basis = np.linalg.qr(basis)[0]
    left = matrix @ basis
    if not np.linalg.norm(left) <= min(zero, NEGLIGIBLE * size):
        # Copies that differ by more than rounding keep their own directions.
        _, s, vh = np.linalg.svd(left, full_matrices=False)
        if not s[0] <= zero:
            return None
        basis = basis @ vh.conj().T
    return basis


def _split(indices: NDArray[np.intp], keys: NDArray, distance: float) -> list[NDArray[np.intp]]:
    """The indices in groups of neighbours by `keys`."""
    ordered = indices[np.argsort(keys[indices], kind="stable")]
    return np.split(ordered, 1 + np.flatnonzero(np.diff(keys[ordered]) > distance))
