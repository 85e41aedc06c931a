"""What a nonlinearity does beyond its tangent, σ(a + δ) - σ(a) - σ'(a) δ, without cancellation.

Near a fixed point the tangent takes all digits: at δ = 1e-9 the plain difference has none left of a
remainder of 1e-18. Each activation has a form here that keeps its digits for every δ.
"""

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Remainder = Callable[[Array, Array], Array]
"""(a, δ), arrays that broadcast, to the remainder."""

NEAR = 0.5
"""Beyond this |δ| the plain difference loses no digits worth having."""

_TANH = tuple(2 * k / np.prod(np.arange(1.0, 2 * k + 2)) for k in range(1, 9))
"""δ cosh δ - sinh δ = Σ 2k δ^{2k+1} / (2k+1)!."""
_EXP = tuple(1.0 / np.prod(np.arange(1.0, k + 1)) for k in range(2, 16))
"""e^δ - 1 - δ = Σ δ^k / k!, k >= 2."""
_ATANH = tuple(2.0 / (2 * k + 1) for k in range(1, 17))
"""2 atanh s - 2 s = Σ 2 s^{2k+1} / (2k+1)."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def _series(coefficients: tuple[float, ...], x: Array) -> Array:
    total = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def tanh(a: Array, delta: Array) -> Array:
    """σ'(a) [(T - δ) - t T δ] / (1 + t T), t = tanh a and T = tanh δ, by the addition theorem."""
    t, slope = np.tanh(a), np.cosh(np.clip(a, -350.0, 350.0)) ** -2.0
    d = np.clip(delta, -NEAR, NEAR)
    moved = np.tanh(d)
    bent = -(d**3) * _series(_TANH, d * d) / np.cosh(d)
    near = slope * (bent - t * moved * d) / (1.0 + t * moved)
    return np.where(np.abs(delta) <= NEAR, near, np.tanh(a + delta) - t - slope * delta)


def logistic(a: Array, delta: Array) -> Array:
    """(1 + tanh(x/2)) / 2 is the logistic function."""
    return 0.5 * tanh(0.5 * a, 0.5 * delta)


def erf(a: Array, delta: Array) -> Array:
    """σ'(a) ∫₀^δ (e^{-2aτ - τ²} - 1) dτ by Gauss-Legendre, 16 nodes."""
    from scipy import special

    slope = 2.0 / sqrt(pi) * np.exp(-(a**2))
    share = np.where(np.abs(a) > 1.0, 1.0 / np.maximum(np.abs(a), 1.0), 1.0)
    limit = NEAR * share
    d = np.clip(delta, -limit, limit)
    near = np.zeros(np.broadcast_shapes(np.shape(a), np.shape(delta)))
    for node, weight in zip(0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS, strict=True):
        near += weight * np.expm1(-node * d * (2.0 * a + node * d))
    plain = special.erf(a + delta) - special.erf(a) - slope * delta
    return np.where(np.abs(delta) <= limit, slope * d * near, plain)


def softplus(a: Array, delta: Array) -> Array:
    """log(1 + p (e^δ - 1)) - p δ, p = σ'(a).

    The remainder is that of -a and -δ, as log(1 + e^x) = x + log(1 + e^{-x}): p <= 1/2 then.
    """
    sign = np.where(a > 0.0, -1.0, 1.0)
    a, delta = a * sign, delta * sign
    p = 0.5 + 0.5 * np.tanh(0.5 * a)
    d = np.clip(delta, -NEAR, NEAR)
    bent = d * d * _series(_EXP, d)
    z = p * (d + bent)
    s = z / (2.0 + z)
    near = p * bent - s * z + s**3 * _series(_ATANH, s * s)
    plain = np.logaddexp(a + delta, 0.0) - np.logaddexp(a, 0.0) - p * delta
    return np.where(np.abs(delta) <= NEAR, near, plain)


def relu(a: Array, delta: Array) -> Array:
    """Nothing while a + δ stays on its side of the kink."""
    x = a + delta
    return np.where(a > 0.0, np.maximum(-x, 0.0), np.maximum(x, 0.0))


def identity(a: Array, delta: Array) -> Array:
    """A line has no remainder."""
    return np.zeros(np.broadcast_shapes(np.shape(a), np.shape(delta)))


REMAINDERS: dict[str, Remainder] = {
    "tanh": tanh,
    "logistic": logistic,
    "erf": erf,
    "softplus": softplus,
    "relu": relu,
    "identity": identity,
}
"""By the name of the activation."""
