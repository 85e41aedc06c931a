"""What a call of `simulate` may ask for; anything else is refused in a sentence."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from koopmark._arrays import DOUBLE, SINGLE, check_finite, real
from koopmark.simulation._integrator import Tolerance

Array = NDArray[np.float64]

TIGHTEST = {DOUBLE: 1e-13, SINGLE: 1e-5}
"""Below it rounding, not the step, decides the error."""
DEFAULT = {DOUBLE: 1e-9, SINGLE: 1e-5}
LOOSEST = 1e-2


def initial_states_of(states: ArrayLike, size: int, what: str = "initial_states") -> Array:
    array = real(states, what)
    if array.ndim != 2 or array.shape[1] != size:
        raise ValueError(f"{what} must have shape (M, N) with N = {size}, got {array.shape}")
    check_finite(array, what)
    return array


def tolerance_of(rtol: float | None, atol: float | None, dtype: np.dtype) -> Tolerance:
    tightest = TIGHTEST[dtype]
    relative = DEFAULT[dtype] if rtol is None else rtol
    if not tightest <= relative <= LOOSEST:
        raise ValueError(
            f"rtol is {relative:g}: in {dtype} it must be between {tightest:g} and {LOOSEST:g}"
        )
    absolute = 0.0 if atol is None else atol
    if not 0.0 <= absolute < np.inf:
        raise ValueError(f"atol is {absolute:g}: it must be zero or positive, and finite")
    return Tolerance(relative, absolute)


def precision_of(dtype: DTypeLike) -> np.dtype:
    precision = np.dtype(dtype)
    if precision not in TIGHTEST:
        raise ValueError(f"dtype is {precision}: it must be float64 or float32")
    return precision


def jobs_of(jobs: int) -> int:
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}: it must be 1 or more")
    return jobs


def output_of(out: NDArray | None, shape: tuple[int, int, int], dtype: np.dtype) -> NDArray:
    if out is None:
        return np.empty(shape, dtype)
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(
            f"out must be a {dtype} array of shape {shape}, got {out.dtype} {out.shape}"
        )
    return out
