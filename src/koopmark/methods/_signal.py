"""Directions of the data with a signal: those that predict the next sample.

White measurement noise fills every direction, so that no singular value tells a direction that
holds nothing else from one in which the dynamics are weak. Time does: a combination of channels,
or of functions of them, that is noise alone is uncorrelated with everything a sample later.
"""

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.remarks import numerical_rank
from koopmark.simulation import canonical_correlations, significant


def sizes(values: NDArray) -> NDArray[np.float64]:
    """Norms (n,) of the columns of `values`, with 1 for columns of zeros."""
    norms = np.linalg.norm(values, axis=0)
    norms[norms == 0.0] = 1.0
    return np.asarray(norms)


def signal_basis(
    now: NDArray, ahead: NDArray, pairs: int, tolerance: float, scale: NDArray | None = None
) -> NDArray[np.float64]:
    """Combinations B (n, k) of functions that span everything but rounding and noise.

    The functions that noise alone makes up are left out by taking those that are uncorrelated with
    them, the leading canonical functions of the present and of the next samples: no estimate
    of the noise is needed. Where every direction holds a signal, k = n.

    Parameters
    ----------
    now, ahead : (P, n) arrays
        As for `canonical_correlations`.
    pairs : int
        How many pairs of samples they stand for.
    tolerance : float
        Directions of both together below it, relative to the largest and with columns scaled to
        unit norm, are rounding.
    scale : (n,) array, optional
        Norms of the columns before something was taken out of them, to which rounding is relative.
    """
    if scale is None:
        scale = sizes(now)
    _, s, vt = np.linalg.svd(np.vstack([now, ahead]) / scale, full_matrices=False)
    rank = numerical_rank(s, tolerance, "the functions")
    white = (vt[:rank] / s[:rank, None]).T / scale[:, None]
    correlations, first, second = canonical_correlations(now @ white, ahead @ white, tolerance)
    signal = significant(correlations, pairs)
    if signal == len(correlations):
        return white
    both = np.hstack([np.linalg.qr(part[:, :signal])[0] for part in (first, second)])
    return white @ np.linalg.svd(both, full_matrices=False)[0][:, :signal]
