"""Angles between spans of functions, from their values at test points."""

import numpy as np
from numpy.typing import NDArray

TRUNCATION = 1e-10
"""Singular values below this fraction of the largest count as zero."""


def orthonormal_basis(values: NDArray) -> NDArray:
    """Orthonormal basis (P, rank) of the span of the columns of `values` (P, s).

    Columns are scaled to unit norm first, so that the scale of a function does not decide
    whether it counts; zero columns span nothing.
    """
    norms = np.linalg.norm(values, axis=0)
    scaled = values[:, norms > 0] / norms[norms > 0]
    if scaled.shape[1] == 0:
        return scaled
    u, s, _ = np.linalg.svd(scaled, full_matrices=False)
    return u[:, s > TRUNCATION * s[0]]


def sines(target: NDArray, recovered: NDArray) -> tuple[float, float]:
    """Largest and root-mean-square principal-angle sine from one span to another.

    Parameters
    ----------
    target, recovered : (P, m), (P, k) arrays
        Orthonormal bases. The sines are the singular values of (I - Q_S Q_Sᴴ) Q_E, so a
        direction of `target` that `recovered` lacks counts 1, and extra ones count nothing.
    """
    outside = target - recovered @ (recovered.conj().T @ target)
    s = np.linalg.svd(outside, compute_uv=False)
    largest = min(float(s[0]), 1.0)
    return largest, min(float(np.linalg.norm(s) / np.sqrt(target.shape[1])), 1.0)
