"""What a path integral holds beyond the time where it is cut: a bound, and its leading part."""

import numpy as np
from numpy.typing import NDArray

from koopmark.spectrum._linearisation import Linearisation

Array = NDArray[np.float64]

TAIL_SAFETY = 2.0
EIGENVALUE_ROUNDING = 1e-14
"""Of eigenvalues of order 1: what their differences are known to."""


def bound(about: Linearisation, delta: Array, time: float, chosen: NDArray) -> Array:
    """Bound (M, p) on what the integrals hold beyond `time`, δ being (M, N) there.

    Unit by unit |δ(s)| stays below b e^{ρ(s - T)}, b = Σ |vᵢ wᵢᵀδ| + |the rest|, as far as the
    motion is linear by then; so |n| stays below its larger value at ±b times e^{2ρ(s - T)} (3ρ).
    """
    parts = delta @ about.covectors.T
    rest = delta - (parts @ about.vectors.T).real
    most = np.abs(parts) @ np.abs(about.vectors).T + np.abs(rest)
    weights = np.abs(about.reduced_covectors[chosen] @ about.gather)
    rates = about.eigenvalues[chosen].real
    integrand = np.exp(-rates * time) * (about.bent_at_most(most) @ weights.T)
    return TAIL_SAFETY * integrand / gaps(about, rates)


def leading(
    about: Linearisation, delta: Array, time: float, chosen: NDArray
) -> tuple[NDArray[np.complex128], Array]:
    """(M, p) what the integrals hold beyond `time` where one real mode is left, and its error.

    Along v of the slowest rate ρ, n falls as e^{2ρs} (e^{3ρs}): the rest is the integrand over
    λ - 2ρ (3ρ). The error is what the other modes may add to n, what n holds of higher order, and
    the rounding of the eigenvalues over their small difference. Where the slowest is a pair nothing
    is added, and the error is the bound on all of it.
    """
    whole = bound(about, delta, time, chosen)
    eigenvalues = about.eigenvalues
    if np.isinf(about.order):
        return np.zeros(whole.shape, dtype=complex), whole
    parts = delta @ about.covectors.T
    if eigenvalues[0].real < about.growth:
        slow = delta - (parts @ about.vectors.T).real
    elif eigenvalues[0].imag == 0.0:
        slow = parts[:, :1].real * about.vectors[:, 0].real
    else:
        return np.zeros(whole.shape, dtype=complex), whole
    bent = about.nonlinearity.remainder(slow)
    covectors = about.reduced_covectors[chosen] @ about.gather
    chosen_ones = eigenvalues[chosen]
    apart = chosen_ones - about.order * about.growth
    rest = np.exp(-chosen_ones * time) * (bent @ covectors.T) / apart
    others = np.linalg.norm(delta - slow, axis=1) / np.linalg.norm(slow, axis=1)
    share = others * (2.0 + others) * about.order + np.linalg.norm(slow, axis=1)
    share = np.nan_to_num(share, nan=np.inf)[:, None]
    rounding = EIGENVALUE_ROUNDING * (1.0 + np.abs(chosen_ones)) / np.abs(apart)
    rounding = rounding * (1.0 + time * np.abs(apart))
    uncertain = whole * np.minimum(share, 1.0) + np.abs(rest) * rounding
    sound = share < 1.0
    return np.where(sound, rest, 0.0), np.where(sound, uncertain, whole)


def gaps(about: Linearisation, eigenvalues: NDArray) -> Array:
    """Rates at which the integrands decay; where n = 0 near the point they end, at no rate."""
    if np.isinf(about.order):
        return np.full(len(eigenvalues), abs(about.growth))
    return eigenvalues.real - about.order * about.growth
