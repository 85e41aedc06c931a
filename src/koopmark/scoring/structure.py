"""What recovered eigenfunctions say about the weights: their rank and their null space."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.scoring.subspaces import TRUNCATION, keeps_every_direction, outside
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
    affine = np.hstack([np.ones((len(states), 1)), system.zeta(states)])
    found, constraints = _shared_affine_functions(affine, near)
    error = 1.0 if found < d else _null_space_error(system, constraints)
    return float(d - found), error, ""


def _shared_affine_functions(affine: NDArray, recovered: NDArray) -> tuple[int, NDArray]:
    """How many functions of span A lie in span S, and what their coefficients a obey: B a = 0.

    Parameters
    ----------
    affine : (P, N + 1) array
        A: the constant and y at the test points.
    recovered : (P, s) array
        S.

    Returns
    -------
    found : int
        Number of principal angles from span A to span S whose sine is at most ANGLE_TOLERANCE.
    constraints : (N + 1 - found, N + 1) array
        B. With A = U T⁻¹ D, U orthonormal and D the norms of the columns, A a lies in the span of
        the shared U v exactly if wᴴ T⁻¹ D a = 0 for all directions w that are not shared.
    """
    norms = np.linalg.norm(affine, axis=0)
    whole, part = outside([affine / norms], recovered, [0, recovered.shape[1]])
    triangle = triangle_of(whole)
    if keeps_every_direction(triangle):
        back, dropped = triangle, np.empty((0, len(norms)))
        rest = solve_triangular(triangle, part.conj().T, trans="T").conj().T
    else:
        _, s, vh = np.linalg.svd(triangle)
        kept = s > TRUNCATION * s[0]
        back, dropped = s[kept, None] * vh[kept], vh[~kept]
        rest = part @ (vh[kept].conj().T / s[kept])
    # Squaring the sines halves their digits, and 0.01 needs few.
    squares, directions = np.linalg.eigh(rest.conj().T @ rest)
    lacking = directions[:, squares > ANGLE_TOLERANCE**2]
    constraints = np.vstack([lacking.conj().T @ back, dropped]) * norms
    return len(norms) - len(constraints), constraints


def _null_space_error(system: Relaxation, constraints: NDArray) -> float:
    """Largest sine from ker Wᵀ to F, the linear parts l of all affine functions (c, l) that obey B.

    l is in F exactly if B_l l is a multiple of B_c; a rotation that leaves B_c one entry leaves
    the rows whose span is the complement of F, at most r of them. With Z their orthonormal basis
    and P = I - QQᵀ the projector onto ker Wᵀ the sine is the norm of P Z: small sines keep digits.
    """
    if len(constraints) <= 1:
        return 0.0
    rotation = np.linalg.qr(constraints[:, :1], mode="complete")[0]
    rows = (rotation.conj().T @ constraints)[1:, 1:]
    complement = np.linalg.qr(rows.conj().T)[0]
    missed = system.weights.null_space.project(complement.T)
    return min(float(np.linalg.norm(missed, 2)), 1.0)
