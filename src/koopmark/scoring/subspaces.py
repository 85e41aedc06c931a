"""Angles between spans of functions, from their values at test points.

All that an angle needs is the small triangular factor R of the values [S E] = Q R: what E holds
outside the span of S are the rows of R below the number of functions in S. Q is never formed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from koopmark._tsqr import triangle_of

TRUNCATION = 1e-10
"""Singular values below this fraction of the largest count as zero."""

ESTIMATE_IS_OFF_BY = 10.0
"""Generous bound on the factor by which LAPACK's condition estimate errs."""

LEVEL = 300
"""Binary exponents beyond which columns are scaled: squares of 2^±500 leave the range of floats."""

CONJUGATE = 1e-13
"""Relative distance up to which two functions are each other's complex conjugates."""


def orthonormal_basis(values: NDArray) -> NDArray:
    """Orthonormal basis (P, rank) of the span of the columns of `values` (P, s).

    Columns are scaled to unit norm first, so that the scale of a function does not decide
    whether it counts; zero columns span nothing.
    """
    values = level_columns(values[:, np.any(values, axis=0)])
    q, triangle = np.linalg.qr(unit_columns(values))
    if keeps_every_direction(triangle):
        return q
    u, s, _ = np.linalg.svd(triangle)
    return q @ u[:, s > TRUNCATION * s[0]]


def outside(targets: Sequence[NDArray], values: NDArray, counts: Sequence[int]) -> list[NDArray]:
    """What `targets` hold outside the span of the first k columns of `values`, for k of `counts`.

    Parameters
    ----------
    targets : sequence of (P, eᵢ) arrays
    values : (P, s) array
        Columns are scaled to unit norm; directions whose singular value is below TRUNCATION of
        the largest are dropped. Only where there may be one does it take an SVD, of R.
    counts : sequence of int

    Returns
    -------
    list of (·, Σ eᵢ) arrays
        G with GᴴG = Eᴴ (I - Q_S Q_Sᴴ) E, with E all targets side by side, for each count.
    """
    values, size = real_where_possible(level_columns(values), counts), values.shape[1]
    triangle = triangle_of(unit_columns(values), *targets)
    parts = []
    for k in counts:
        part = triangle[k:, size:]
        if not keeps_every_direction(triangle[:k, :k]):
            u, s, _ = np.linalg.svd(triangle[:k, :k])
            dropped = u[:, s <= TRUNCATION * s[0]]
            part = np.vstack([dropped.conj().T @ triangle[:k, size:], part])
        parts.append(part)
    return parts


def largest_and_rms(outside: NDArray) -> tuple[float, float]:
    """Largest and root-mean-square principal-angle sine from m orthonormal functions to a span.

    Parameters
    ----------
    outside : (·, m) array
        What they hold outside the span. The sines are its singular values, so a direction that
        the span lacks counts 1, and extra ones in the span count nothing.
    """
    largest = float(np.linalg.norm(outside, 2))
    rms = float(np.linalg.norm(outside) / np.sqrt(outside.shape[1]))
    return min(largest, 1.0), min(rms, 1.0)


def sines(target: NDArray, values: NDArray) -> tuple[float, float]:
    """`largest_and_rms` from an orthonormal `target` (P, m) to the span of `values` (P, s)."""
    (part,) = outside([target], values, [values.shape[1]])
    return largest_and_rms(part)


def unit_columns(values: NDArray) -> NDArray:
    """`values`, level, with columns of unit norm; zero columns stay zero."""
    norms = np.linalg.norm(values, axis=0)
    return values / np.where(norms > 0, norms, 1.0)


def level_columns(values: NDArray, like: NDArray | None = None) -> NDArray:
    """`values` (..., s), the largest of each column about 1: no square over- or underflows.

    They are divided by powers of two, which changes no digit; `values` come back where that is not
    needed. With `like` (..., s) the powers are those of its columns.
    """
    measured = values if like is None else like
    parts = (measured.real, measured.imag) if np.iscomplexobj(measured) else (measured,)
    rows = tuple(range(measured.ndim - 1))
    largest = np.max([np.abs(part).max(axis=rows, initial=0.0) for part in parts], axis=0)
    exponents = np.where(np.isfinite(largest), np.frexp(largest)[1], 0)
    if not ((exponents < -LEVEL) | (exponents > LEVEL)).any():
        return values
    # In two factors: the whole may be beyond what a float holds.
    half = exponents // 2
    return values * np.ldexp(1.0, -half) * np.ldexp(1.0, half - exponents)


def keeps_every_direction(triangle: NDArray) -> bool:
    """Whether no singular value of R can be below the truncation, by its condition in the 1-norm.

    σ_min / σ_max is at least 1 / (s κ₁), s the number of columns.
    """
    if len(triangle) == 0:
        return True
    estimate = lapack.ztrcon if np.iscomplexobj(triangle) else lapack.dtrcon
    reciprocal, _ = estimate(triangle)
    return bool(reciprocal > ESTIMATE_IS_OFF_BY * len(triangle) * TRUNCATION)


def real_where_possible(values: NDArray, counts: Sequence[int] = ()) -> NDArray:
    """Real columns with the same span, where the functions are real or come in conjugate pairs.

    A quarter of the work is left then. So it must be for the first k columns too, for every k of
    `counts`; where it cannot be, `values` come back as they are.
    """
    if not np.iscomplexobj(values):
        return values
    imaginary = np.any(values.imag, axis=0).tolist()
    columns = values.real.copy()
    first = 0
    while first < values.shape[1]:
        if not imaginary[first]:
            first += 1
            continue
        pair = values[:, first : first + 2]
        if pair.shape[1] < 2 or first + 1 in counts:
            return values
        apart = np.linalg.norm(pair[:, 0] - pair[:, 1].conj())
        if not apart <= CONJUGATE * np.linalg.norm(pair[:, 0]):
            return values
        columns[:, first + 1] = pair[:, 0].imag
        first += 2
    return columns
