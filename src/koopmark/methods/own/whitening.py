"""Combinations of a dictionary that are orthonormal on the training states."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from koopmark.methods.remarks import numerical_rank


def whitening(xx: NDArray, tolerance: float) -> tuple[NDArray, NDArray | None]:
    """W (D, k) with R₁₁ W = U orthonormal, and U (D, k); None for U stands for the identity.

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
