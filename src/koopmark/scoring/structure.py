"""What recovered eigenfunctions say about the weights: their rank and their null space."""

import numpy as np
from numpy.typing import NDArray

from koopmark.scoring.subspaces import orthonormal_basis, span
from koopmark.scoring.targets import CLUSTER_RADIUS, POINTS_PER_FUNCTION
from koopmark.systems import Relaxation, System

ANGLE_TOLERANCE = 1e-2
"""Sine below which an affine function counts as recovered."""


def score_structure(
    system: System,
    states: NDArray,
    eigenvalues: NDArray[np.complex128],
    values: NDArray[np.complex128],
    trajectories: int,
) -> tuple[float, float, str]:
    """`rank_error`, `null_space_error` and a note where they are missing.

    The affine functions of y = ζ(x) that lie in the span of the recovered eigenfunctions near
    -1 are, in theory, uᵀζ(x) plus a constant for the left null vectors u: their number is N - r
    and their linear parts span ker Wᵀ. Parameters as in `targets.score_target`; `trajectories` is
    how many the `states` come from.
    """
    if not isinstance(system, Relaxation):
        return np.nan, np.nan, "rank_error: only the relaxation family has affine eigenfunctions"
    near = values[:, np.abs(eigenvalues + 1.0) <= CLUSTER_RADIUS]
    n, d = system.size, system.weights.null_space.dimension
    if trajectories < d:
        # Along a trajectory uᵀζ(x) is known from its first value.
        return np.nan, np.nan, f"rank_error: {trajectories} test trajectories for {d} null vectors"
    if len(states) < POINTS_PER_FUNCTION * max(n + 1, near.shape[1]):
        functions = max(n + 1, near.shape[1])
        return np.nan, np.nan, f"rank_error: {len(states)} test points for {functions} functions"
    linear_parts = _shared_linear_parts(system.zeta(states), orthonormal_basis(near))
    found = linear_parts.shape[1]
    return (
        float(d - found),
        _null_space_error(system, linear_parts),
        "",
    )


def _shared_linear_parts(y: NDArray, recovered: NDArray) -> NDArray:
    """Orthonormal linear parts (N, found) of the affine functions of y in the recovered span."""
    affine = span(np.hstack([np.ones((len(y), 1)), y]))
    directions, cosines, _ = np.linalg.svd(affine.basis.T @ recovered, full_matrices=False)
    shared = directions[:, 1.0 - cosines**2 <= ANGLE_TOLERANCE**2]
    coefficients = affine.coefficients @ shared
    return np.linalg.qr(coefficients[1:])[0] if shared.shape[1] else coefficients[1:]


def _null_space_error(system: Relaxation, linear_parts: NDArray) -> float:
    """Largest sine from ker Wᵀ to the span F of `linear_parts`.

    With Z an orthonormal basis of the complement of F and P = I - QQᵀ the projector onto ker Wᵀ,
    it is the norm of Zᴴ P, that of Z - Q QᵀZ: N - dim F <= r columns, and small sines keep digits.
    """
    null_space = system.weights.null_space
    n, found = linear_parts.shape
    if found < null_space.dimension:
        return 1.0
    if found == n:
        return 0.0
    complement = np.linalg.qr(linear_parts, mode="complete")[0][:, found:]
    return min(float(np.linalg.norm(null_space.project(complement.T), 2)), 1.0)
