"""Activation functions σ: values, derivatives, bounds and Taylor remainders.

A new activation is one entry of `ACTIVATIONS`. Its remainder σ(a + δ) - σ(a) - σ'(a) δ is what it
does beyond its tangent. Near a fixed point the tangent takes all digits: at δ = 1e-9 the plain
difference has none left of a remainder of 1e-18. Each one here keeps its digits for every δ.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from math import inf, pi, sqrt

import numpy as np
from numpy.lib.introspect import opt_func_info
from numpy.typing import NDArray
from scipy import special
from scipy.linalg.blas import dasum

from koopmark._arrays import DOUBLE, inexact
from koopmark.systems.registry import named

Array = NDArray[np.float64]

NEAR = 0.5
"""Beyond this |δ| the plain difference loses no digits worth having."""

_TANH = tuple(2 * k / np.prod(np.arange(1.0, 2 * k + 2)) for k in range(1, 9))
"""δ cosh δ - sinh δ = Σ 2k δ^{2k+1} / (2k+1)!."""
_EXP = tuple(1.0 / np.prod(np.arange(1.0, k + 1)) for k in range(2, 16))
"""e^δ - 1 - δ = Σ δ^k / k!, k >= 2."""
_ATANH = tuple(2.0 / (2 * k + 1) for k in range(1, 17))
"""2 atanh s - 2 s = Σ 2 s^{2k+1} / (2k+1)."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_NODES_OF_UNIT, _WEIGHTS_OF_UNIT = (0.5 * (_NODES + 1.0)).tolist(), (0.5 * _WEIGHTS).tolist()


@dataclass(frozen=True)
class Activation:
    """An activation function h that acts on each unit separately.

    `value(x, out=None)` writes into `out` where given; `derivative(x)` is its slope; `bound` is
    sup |σ|; `lipschitz` is sup |σ'|, infinite if no bound is known; `remainder(a, δ)`, of arrays
    that broadcast, is σ(a + δ) - σ(a) - σ'(a) δ without cancellation, or None.
    """

    name: str
    value: Callable[..., NDArray] = field(repr=False)
    derivative: Callable[[NDArray], NDArray] = field(repr=False)
    bound: float
    lipschitz: float = inf
    remainder: Callable[[Array, Array], Array] | None = field(default=None, repr=False)

    def __call__(self, x: NDArray, out: NDArray | None = None) -> NDArray:
        return self.value(inexact(x, "x"), out=out)


def _series(coefficients: tuple[float, ...], x: Array) -> Array:
    total = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= x
        total += coefficient
    return total


NODES_A_UNIT = 2048
"""Nodes of the table of tanh on an interval of length 1."""
LAST_NODE = int(19.1 * NODES_A_UNIT)
"""There tanh is 1 in float64, and so it is beyond."""
LARGEST = 1e11
"""Sum of the sizes of numbers below which each can be rounded to a node."""
BLOCK, SMALLEST = 16_384, 768
"""Numbers at a time, which stay in the L2 cache; how many are worth it."""


def tanh_by_table(x: NDArray, out: NDArray | None = None) -> NDArray:
    """As np.tanh, in a third of its time on processors for which NumPy has no quick loop.

    With a the nearest node of a table and d = x - a, tanh x = (tanh a + tanh d) / (1 + tanh a tanh
    d). The relative error is at most 2^-51, and the function is odd. Small arrays, strided ones and
    those of another type are left to NumPy.
    """
    if x.dtype != DOUBLE or x.size < SMALLEST:
        return np.tanh(x, out=out)
    out = np.empty_like(x) if out is None else out
    by_row = x.flags.c_contiguous and out.flags.c_contiguous
    alike = by_row or (x.flags.f_contiguous and out.flags.f_contiguous)
    overlapping = out is not x and np.may_share_memory(x, out)
    if not alike or overlapping or x.shape != out.shape or out.dtype != DOUBLE:
        return np.tanh(x, out=out)
    numbers, values = x.ravel("K"), out.ravel("K")
    if x.size <= BLOCK:
        _tanh_of(numbers, values)
        return out
    for start in range(0, x.size, BLOCK):
        _tanh_of(numbers[start : start + BLOCK], values[start : start + BLOCK])
    return out


class _Memory(threading.local):
    """Three blocks of numbers for each thread."""

    def __init__(self) -> None:
        self.blocks = np.empty((3, BLOCK))


# Constants are arrays, which NumPy takes faster than numbers.
_ONE = np.array(1.0)
_ROUNDER = np.array(1.5 * 2.0**52 / NODES_A_UNIT)
"""A number of moderate size plus this is rounded to a node, which its last digits count."""
_FIRST_NODE = np.array(_ROUNDER.view(np.int64) - LAST_NODE)
_CUBIC = np.array(-1 / 3 + 2 / 15 * 0.828 / (2 * NODES_A_UNIT) ** 2)
"""tanh d = d - d³/3 + 2d⁵/15, the last term at best by one in d³: to 1e-16."""
_memory = _Memory()


@cache
def _table() -> Array:
    # With -0.0 in the middle, so that zeros keep their signs.
    return -np.tanh(np.arange(LAST_NODE, -LAST_NODE - 1, -1) / NODES_A_UNIT)


def _tanh_of(x: Array, out: Array) -> None:
    if not dasum(x) < LARGEST:
        np.tanh(x, out=out)
        return
    d, moved, at_node = _memory.blocks[:, : len(x)]
    np.add(x, _ROUNDER, d)
    index = np.subtract(d.view(np.int64), _FIRST_NODE, moved.view(np.int64))
    np.subtract(d, _ROUNDER, d)
    np.subtract(x, d, d)
    _table().take(index, out=at_node, mode="clip")
    np.multiply(d, d, moved)
    np.multiply(moved, _CUBIC, moved)
    np.add(moved, _ONE, moved)
    np.multiply(d, moved, d)
    np.multiply(at_node, d, moved)
    np.add(moved, _ONE, moved)
    np.add(at_node, d, d)
    np.divide(d, moved, out)


def numpy_is_slow() -> bool:
    """Whether this is an x86 processor on which NumPy computes tanh without AVX-512."""
    loops = opt_func_info(func_name="^tanh$", signature="float64").get("tanh", {}).get("dd", {})
    on_x86 = any(name in loops.get("available", "") for name in ("AVX", "SSE", "X86"))
    return on_x86 and not any(name in loops["current"] for name in ("AVX512", "X86_V4"))


tanh_of_real: Callable[..., NDArray] = tanh_by_table if numpy_is_slow() else np.tanh
"""tanh(x, out=None) of arrays of real numbers, the quicker one on this processor."""


def tanh(x: NDArray) -> NDArray:
    """Hyperbolic tangent of real or complex numbers, faster than NumPy's for complex ones."""
    if not np.iscomplexobj(x):
        return tanh_of_real(x)
    t, u = np.tanh(x.real), np.tan(x.imag)
    result = np.empty_like(x)
    scale = 1.0 / (1.0 + (t * u) ** 2)
    np.multiply(t * (1.0 + u**2), scale, out=result.real)
    np.multiply(u * ((1.0 - t) * (1.0 + t)), scale, out=result.imag)
    return result


def _tanh_slope(x: NDArray) -> NDArray:
    return 1.0 - tanh(x) ** 2


def _tanh_remainder(a: Array, delta: Array) -> Array:
    """σ'(a) [(T - δ) - t T δ] / (1 + t T), t = tanh a and T = tanh δ, by the addition theorem."""
    t, slope = np.tanh(a), np.cosh(np.minimum(np.maximum(a, -350.0), 350.0)) ** -2.0
    is_near = np.abs(delta) <= NEAR
    all_near = is_near.all()
    # Not np.clip, which is slow to enter.
    d = delta if all_near else np.minimum(np.maximum(delta, -NEAR), NEAR)
    moved = t * np.tanh(d)
    beyond = -(d**3) * _series(_TANH, d * d) / np.cosh(d)
    near = slope * (beyond - moved * d) / (1.0 + moved)
    if all_near:
        return near
    return np.where(is_near, near, np.tanh(a + delta) - t - slope * delta)


def _logistic(x: NDArray, out: NDArray | None = None) -> NDArray:
    # 1/(1+e^-x) as a hyperbolic tangent: three times faster than scipy's expit, no overflow.
    out = np.multiply(x, 0.5, out=out)
    tanh_of_real(out, out=out)
    np.multiply(out, 0.5, out=out)
    return np.add(out, 0.5, out=out)


def _logistic_slope(x: NDArray) -> NDArray:
    value = _logistic(x)
    return value * (1.0 - value)


def _logistic_remainder(a: Array, delta: Array) -> Array:
    """(1 + tanh(x/2)) / 2 is the logistic function."""
    return 0.5 * _tanh_remainder(0.5 * a, 0.5 * delta)


def _erf_slope(x: NDArray) -> NDArray:
    return 2.0 / sqrt(pi) * np.exp(-(x**2))


def _erf_remainder(a: Array, delta: Array) -> Array:
    """σ'(a) ∫₀^δ (e^{-2aτ - τ²} - 1) dτ by Gauss-Legendre, 16 nodes."""
    slope = _erf_slope(a)
    share = np.where(np.abs(a) > 1.0, 1.0 / np.maximum(np.abs(a), 1.0), 1.0)
    limit = NEAR * share
    d = np.clip(delta, -limit, limit)
    near = np.zeros(np.broadcast_shapes(np.shape(a), np.shape(delta)))
    twice = 2.0 * a
    for node, weight in zip(_NODES_OF_UNIT, _WEIGHTS_OF_UNIT, strict=True):
        part = node * d
        near += weight * np.expm1(-part * (twice + part))
    plain = special.erf(a + delta) - special.erf(a) - slope * delta
    return np.where(np.abs(delta) <= limit, slope * d * near, plain)


def _relu(x: NDArray, out: NDArray | None = None) -> NDArray:
    return np.maximum(x, 0.0, out=out)


def _relu_slope(x: NDArray) -> NDArray:
    return np.where(np.asarray(x) > 0.0, 1.0, 0.0)


def _relu_remainder(a: Array, delta: Array) -> Array:
    """Nothing while a + δ stays on its side of the kink."""
    x = a + delta
    return np.where(a > 0.0, np.maximum(-x, 0.0), np.maximum(x, 0.0))


def _softplus_remainder(a: Array, delta: Array) -> Array:
    """log(1 + p (e^δ - 1)) - p δ, p = σ'(a).

    The remainder is that of -a and -δ, as log(1 + e^x) = x + log(1 + e^{-x}): p <= 1/2 then.
    """
    sign = np.where(a > 0.0, -1.0, 1.0)
    a, delta = a * sign, delta * sign
    p = 0.5 + 0.5 * np.tanh(0.5 * a)
    d = np.clip(delta, -NEAR, NEAR)
    beyond = d * d * _series(_EXP, d)
    z = p * (d + beyond)
    s = z / (2.0 + z)
    near = p * beyond - s * z + s**3 * _series(_ATANH, s * s)
    plain = np.logaddexp(a + delta, 0.0) - np.logaddexp(a, 0.0) - p * delta
    return np.where(np.abs(delta) <= NEAR, near, plain)


def _identity_remainder(a: Array, delta: Array) -> Array:
    """A line has no remainder."""
    return np.zeros(np.broadcast_shapes(np.shape(a), np.shape(delta)))


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("tanh", tanh_of_real, _tanh_slope, 1.0, 1.0, _tanh_remainder),
        Activation("logistic", _logistic, _logistic_slope, 1.0, 0.25, _logistic_remainder),
        Activation("erf", special.erf, _erf_slope, 1.0, 2.0 / sqrt(pi), _erf_remainder),
        Activation("relu", _relu, _relu_slope, inf, 1.0, _relu_remainder),
        Activation(
            "softplus", partial(np.logaddexp, 0.0), _logistic, inf, 1.0, _softplus_remainder
        ),
        Activation("identity", np.positive, np.ones_like, inf, 1.0, _identity_remainder),
    )
}


def activation(name: str) -> Activation:
    """Return the activation function of this name."""
    return named("activation", name, ACTIVATIONS)
