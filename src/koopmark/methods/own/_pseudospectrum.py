"""Pseudospectra: the smallest residual that any function has at each complex number."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lapack, schur

from koopmark._tsqr import eliminate
from koopmark.methods.own._factor import SnapshotFactor
from koopmark.methods.own._linalg import whitening

PRECISION = 1e-8
"""Relative change of a Lanczos estimate at which it is taken."""

MAX_STEPS = 60


def pseudospectrum(
    factor: SnapshotFactor, grid: ArrayLike, tolerance: float = 1e-10
) -> NDArray[np.float64]:
    """Smallest residual ‖φ(x⁺) - zφ(x)‖ / ‖φ(x)‖ of any φ on the training pairs, at each z.

    φ runs through all functions of the dictionary's span. Where this is below ε, z lies in the
    approximate point ε-pseudospectrum (Colbrook and Townsend 2024, algorithm 3); at the
    eigenvalue of an eigenfunction in the span it vanishes, and it is nowhere above the residual
    of an eigenpair with μ = z.

    It is the smallest singular value of [R₁₂ - zR₁₁; R₂₂] W, with ψ W orthonormal on the training
    states: a Schur factorisation K̃ = Z T Zᴴ once, then for each z the triangular factor of
    [T - z; S Z] and a few steps of inverse Lanczos with it. Nothing is squared: what vanishes does
    so to rounding, not to its root.

    Parameters
    ----------
    factor : SnapshotFactor
        From `factorise`.
    grid : array of complex
        Discrete-time z = e^{λΔt}, any shape.
    tolerance : float
        Directions of the dictionary that are dropped, as for `QREDMD`.

    Returns
    -------
    array
        Residuals, in the shape of `grid`.
    """
    points = np.asarray(grid, dtype=complex)
    # K̃ = Uᵀ R₁₂ W (k, k), and the triangle (k, k) of what R₁₂ W and R₂₂ W hold outside of U.
    w, u = whitening(factor.xx, tolerance)
    compressed, rest = factor.xy @ w, factor.yy @ w
    if u is not None:
        ahead, compressed = compressed, u.T @ compressed
        rest = np.vstack([ahead - u @ compressed, rest])
    rest = np.linalg.qr(rest)[1]
    t, z = schur(compressed, output="complex")
    rest = np.asfortranarray(np.linalg.qr(rest @ z)[1], dtype=complex)
    values = [_smallest_singular_value(t, rest, point) for point in points.ravel()]
    return np.array(values).reshape(points.shape)


def _smallest_singular_value(t: NDArray, rest: NDArray, z: complex) -> float:
    """Of [T - z; S], T and S upper triangular, by Lanczos on (RᴴR)⁻¹ (Golub and Van Loan)."""
    size = len(t)
    shifted = np.asfortranarray(t - z * np.eye(size))
    triangle = eliminate(shifted, rest.copy(order="F"), triangular=True)
    if not np.diag(triangle).all():
        return 0.0
    start = np.random.default_rng(0).standard_normal(size).astype(complex)
    basis = [start / np.linalg.norm(start)]
    diagonal: list[float] = []
    beside: list[float] = []
    largest = 0.0
    for _ in range(min(MAX_STEPS, size)):
        image = lapack.ztrtrs(triangle, basis[-1], trans=2)[0]
        image = lapack.ztrtrs(triangle, image)[0]
        diagonal.append(float(np.vdot(basis[-1], image).real))
        known = np.array(basis)
        for _ in range(2):
            image = image - (known.conj() @ image) @ known
        tridiagonal = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        before, largest = largest, float(np.linalg.eigvalsh(tridiagonal)[-1])
        length = float(np.linalg.norm(image))
        if largest - before <= PRECISION * largest or length <= np.finfo(float).tiny:
            break
        beside.append(length)
        basis.append(image / length)
    return 1.0 / float(np.sqrt(largest))
