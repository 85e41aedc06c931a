"""Which directions of the data hold a signal: those that have to do with the next sample.

White measurement noise fills every direction, so that no singular value tells a direction that
holds nothing else from one in which the dynamics are weak. Time does: a combination of channels,
or of functions of them, that is noise alone is uncorrelated with everything a sample later.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from koopmark.methods.remarks import numerical_rank

DOUBT = 1e-4
"""Probability that noise alone passes for a relation with the next sample."""


def canonical_correlations(
    now: NDArray, ahead: NDArray, tolerance: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Correlations (k,) of two sets of functions and the functions that have them (Hotelling 1936).

    Parameters
    ----------
    now, ahead : (P, n) arrays
        Values at the present and the next samples, or the same columns of a triangular factor.
    tolerance : float
        Directions below it, relative to the largest, are no functions at all.

    Returns
    -------
    (k,), (n, k), (n, k) arrays
        Correlations in descending order, and the coefficients of the canonical functions, which
        are orthonormal over the samples: `now` times the first, `ahead` times the second.
    """
    parts = []
    for values in (now, ahead):
        u, s, vt = np.linalg.svd(values, full_matrices=False)
        kept = s > tolerance * s[0] if s.size and s[0] > 0 else np.zeros(len(s), bool)
        parts.append((u[:, kept], vt[kept].T / s[kept]))
    (u, before), (v, after) = parts
    left, correlations, right = np.linalg.svd(u.T @ v, full_matrices=False)
    return correlations, before @ left, after @ right.T


def sizes(values: NDArray) -> NDArray[np.float64]:
    """Norms (n,) of the columns of `values`, 1 for a column of zeros."""
    norms = np.linalg.norm(values, axis=0)
    norms[norms == 0.0] = 1.0
    return np.asarray(norms)


def significant(correlations: NDArray, pairs: int) -> int:
    """How many canonical correlations noise does not explain, by Bartlett's test (1941).

    The statistic -P Σ log(1 - ρ²) over the smallest of them follows χ² if all of these are zero.
    """
    count = len(correlations)
    samples = pairs - 0.5 * (2 * count + 3)
    if samples <= count:
        return count
    lost = -samples * np.log1p(-(np.minimum(correlations, 1.0 - 1e-15) ** 2))
    remaining = np.cumsum(lost[::-1])[::-1]
    degrees = np.arange(count, 0, -1) ** 2
    noise = remaining < chdtri(degrees, DOUBT)
    return int(np.argmax(noise)) if noise.any() else count


def signal_basis(
    now: NDArray, ahead: NDArray, pairs: int, tolerance: float, scale: NDArray | None = None
) -> NDArray[np.float64]:
    """Combinations B (n, k) of functions that span all but rounding and noise.

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
