"""What all ensembles share: factors with independent columns, scaled to a gain, and offsets."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.systems.low_rank._weights import RANK_TOLERANCE, LowRank

Factor = NDArray[np.float64]

ATTEMPTS = 100


def check_sizes(n: int, rank: int, gain: float) -> None:
    """Refuse sizes that no network with a left null vector has."""
    if not 1 <= rank < n:
        raise ValueError(f"rank {rank} with n {n}: rank must be between 1 and n - 1 = {n - 1}")
    if not (np.isfinite(gain) and gain > 0):
        raise ValueError(f"gain {gain}: the spectral norm of the weights must be positive")


def check_share(name: str, value: float, low: float = 0.0, high: float = 1.0) -> None:
    """Refuse a parameter outside [low, high]."""
    if not low <= value <= high:
        raise ValueError(f"{name} {value}: it must be between {low:g} and {high:g}")


def scaled(left: Factor, right: Factor, gain: float) -> LowRank:
    """W = c L Rᵀ with c > 0 such that the spectral norm of W is `gain`."""
    norm = np.linalg.norm(np.linalg.qr(left)[1] @ np.linalg.qr(right)[1].T, 2)
    return LowRank(left * (gain / norm), right)


def independent(draw: Callable[[], Factor], what: str) -> Factor:
    """The first of at most 100 draws whose columns are linearly independent.

    Factors with few distinct values (signs, zeros) may come out dependent.

    Raises
    ------
    ValueError
        Where none of them is, naming `what` was drawn.
    """
    for _ in range(ATTEMPTS):
        factor = draw()
        norms = np.linalg.norm(factor, axis=0)
        if norms.all():
            s = np.linalg.svd(factor / norms, compute_uv=False)
            # Far from the limit at which LowRank would refuse them.
            if s[-1] > 1e4 * RANK_TOLERANCE * s[0]:
                return factor
    raise ValueError(
        f"{factor.shape[1]} {what} of {factor.shape[0]} units came out linearly dependent "
        f"{ATTEMPTS} times: ask for a lower rank, or for more units"
    )


def offsets(key: dict[str, Any], n: int, scale: float) -> NDArray[np.float64] | float:
    """θ: independent Gaussian offsets (n,) of this standard deviation; 0 for none."""
    if not scale >= 0:
        raise ValueError(f"theta_scale {scale}: a standard deviation is not negative")
    return scale * generator(key, "theta").standard_normal(n) if scale else 0.0
