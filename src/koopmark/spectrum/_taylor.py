"""Taylor coefficients of analytic functions by Cauchy's formula, and remainders from them.

The trapezoidal rule on a circle of M points gives the coefficients a_k ρ^k, k < M, of an analytic
function to rounding, once they have decayed by k = M (Trefethen and Weideman 2014, section 3).
So a remainder Σ_{k>=2} a_k δ^k keeps its digits for any small δ, whatever the function is.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

POINTS = 64
TERMS = 40
"""Terms kept: at half the radius the rest is below rounding."""
RADII = (0.5, 0.2, 0.05, 0.01)
NOISE = 1e-13
"""Relative size below which a coefficient is rounding."""


class NotAnalytic(ValueError):
    """A function has no Taylor series that could be found; the text says which."""


def coefficients_by_unit(
    function: Callable[[NDArray], NDArray], centre: Array, name: str
) -> tuple[Array, Array]:
    """Coefficients (TERMS, N) of an elementwise function about `centre` (N,), scaled by ρ^k.

    Returns them with the radii ρ (N,): per unit the largest of RADII at which they decay.

    Raises
    ------
    NotAnalytic
        Where the function takes no complex arguments, or is not analytic about some unit's centre.
    """
    scaled = np.zeros((TERMS, len(centre)))
    radius = np.zeros(len(centre))
    for rho in RADII:
        found = _on_circle(lambda step: function(centre + step[:, None]), rho, name)
        good = _decays(found) & (radius == 0.0)
        scaled[:, good], radius[good] = found[:TERMS, good], rho
    if (radius == 0.0).any():
        raise NotAnalytic(
            f"{name} has no Taylor series about {centre[np.argmin(radius)]:g} that can be found: "
            "it is not analytic there"
        )
    return scaled, radius


def remainder_by_unit(scaled: Array, radius: Array, delta: Array) -> Array:
    """Σ_{k>=2} a_k δ^k at δ (..., N), for |δ| up to half the radius."""
    share = delta / radius
    total = np.zeros_like(share)
    for row in scaled[:1:-1]:
        total = total * share + row
    return total * share**2


def coefficients_along(
    function: Callable[[NDArray], NDArray], centre: Array, directions: Array, name: str
) -> tuple[Array, float]:
    """Coefficients (TERMS, M, N) of s ↦ function(centre + s d) for directions d (M, N), by ρ^k.

    Raises
    ------
    NotAnalytic
        Where the function takes no complex arguments, or a coefficient does not decay.
    """
    for rho in RADII:
        found = _on_circle(
            lambda step: function(centre + step[:, None, None] * directions), rho, name
        )
        if _decays(found).all():
            return found[:TERMS], rho
    raise NotAnalytic(f"{name} has no Taylor series that can be found: it is not analytic there")


def _on_circle(function: Callable[[NDArray], NDArray], rho: float, name: str) -> Array:
    points = rho * np.exp(2j * np.pi * np.arange(POINTS) / POINTS)
    with np.errstate(all="ignore"):
        try:
            values = np.asarray(function(points))
        except TypeError:
            raise NotAnalytic(f"{name} takes no complex arguments") from None
        spectrum = np.fft.fft(values, axis=0) / POINTS
    # A real function has real coefficients; what stands beyond half the points is negative powers.
    return np.where(np.isfinite(spectrum.real), spectrum.real, np.inf)


def _decays(found: Array) -> NDArray[np.bool_]:
    """Whether no power beyond TERMS, which holds the negative ones too, is above rounding."""
    size = np.max(np.abs(found[:TERMS]), axis=0)
    return np.isfinite(size) & (np.max(np.abs(found[TERMS:]), axis=0) <= NOISE * size)
