"""Angles between spans of functions, from their values at test points.

All that an angle needs is the small triangular factor R of the values [S E] = Q R: what E holds
outside the span of S are the rows of R below the number of functions in S. Q is never formed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, solve_triangular

from koopmark._tsqr import triangle_of

TRUNCATION = 1e-10
"""Singular values below this fraction of the largest count as zero."""
POINTS_PER_FUNCTION = 4
"""Test points needed per function in a span, or its angles mean nothing."""
ESTIMATE_IS_OFF_BY = 10.0
"""Generous bound on the factor by which LAPACK's condition estimate errs."""
LEVEL = 300
"""Binary exponents beyond which columns are scaled: squares of 2^±500 leave the range of floats."""
CONJUGATE = 1e-13
"""Relative distance up to which two functions are each other's complex conjugates."""
BLOCK_COLUMNS = 64
"""Columns that `independent` takes at a time."""


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


def solve_truncated(triangle: NDArray, right: NDArray) -> tuple[NDArray, int]:
    """Solve R X = `right` (k, ·) with singular values above TRUNCATION, and count these."""
    if keeps_every_direction(triangle):
        return solve_triangular(triangle, right), len(triangle)
    u, s, vh = np.linalg.svd(triangle)
    rank = int(np.sum(s > TRUNCATION * s[0]))
    return vh[:rank].conj().T @ (u[:, :rank].conj().T @ right / s[:rank, None]), rank


def singular_values_kept(triangle: NDArray) -> NDArray[np.float64]:
    """Singular values of R (k, k) of at least TRUNCATION times the largest, decreasing."""
    values = np.linalg.svd(triangle, compute_uv=False)
    return values[values > TRUNCATION * values[:1]]


def independent(
    values: NDArray, tolerances: NDArray, most: int | None = None, given: NDArray | None = None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Which columns are linearly independent of the columns chosen before them.

    Gram-Schmidt on the triangular factor of the values, in the order of its columns and a block of
    them at a time; if every column is taken the diagonal of the factor says so.

    Parameters
    ----------
    values : (P, s) array
        Columns are scaled to unit norm.
    tolerances : (s,) array
        A column is taken if its part outside the span of those taken is larger than this.
    most : int, optional
        Take no more than so many.
    given : (P, k) array, optional
        Functions whose span counts as taken from the start.

    Returns
    -------
    places : (·,) array of int
        Of the columns taken, increasing.
    sizes : (s,) array
        Norms of the parts outside the span of those taken before.
    """
    parts = [values] if given is None else [given, values]
    triangle = triangle_of(*(unit_columns(level_columns(part)) for part in parts))
    before = triangle.shape[1] - values.shape[1]
    limits = np.concatenate([np.full(before, TRUNCATION), tolerances])
    sizes = np.abs(np.diagonal(triangle))
    if (sizes > limits).all():
        return np.arange(values.shape[1])[:most], sizes[before:]
    sizes = np.full(len(limits), np.nan)
    basis, taken = np.zeros((len(triangle), 0), triangle.dtype), list[int]()
    for start in range(0, len(limits), BLOCK_COLUMNS):
        block = triangle[:, start : start + BLOCK_COLUMNS]
        block = block - basis @ (basis.conj().T @ block)
        own = basis[:, :0]
        for place, column in enumerate(block.T, start - before):
            for _ in range(2):  # Once leaves rounding that a small remainder would show.
                column = column - own @ (own.conj().T @ column)
            size = sizes[before + place] = np.linalg.norm(column)
            if size > limits[before + place] and len(taken) != most:
                own = np.column_stack([own, column / size])
                taken += [place] if place >= 0 else []
        basis = np.hstack([basis, own])
    return np.array(taken, np.intp), sizes[before:]


def outside(
    targets: Sequence[NDArray],
    values: NDArray,
    counts: Sequence[int],
    truncation: float = TRUNCATION,
) -> list[NDArray]:
    """Part of `targets` outside the span of the first k columns of `values`, for k in `counts`.

    With E (P, Σ eᵢ) all targets side by side and S (P, s) the values, columns scaled to unit norm,
    G (·, Σ eᵢ) with GᴴG = Eᴴ (I - Q_S Q_Sᴴ) E for each count. Directions whose singular value is
    below `truncation` of the largest are dropped: only if there may be some does it take an SVD,
    of R.
    """
    values, size = real_where_possible(level_columns(values), counts), values.shape[1]
    triangle = triangle_of(unit_columns(values), *targets)
    parts = []
    for k in counts:
        part = triangle[k:, size:]
        if not keeps_every_direction(triangle[:k, :k], truncation):
            u, s, _ = np.linalg.svd(triangle[:k, :k])
            dropped = u[:, s <= truncation * s[0]]
            part = np.vstack([dropped.conj().T @ triangle[:k, size:], part])
        parts.append(part)
    return parts


def largest_and_rms(outside: NDArray) -> tuple[float, float]:
    """Largest and root-mean-square principal-angle sine from m orthonormal functions to a span.

    The sines are the singular values of what they hold `outside` (·, m) the span, so a direction
    that the span lacks counts 1, and extra ones in the span count nothing.
    """
    largest = float(np.linalg.norm(outside, 2))
    rms = float(np.linalg.norm(outside) / np.sqrt(outside.shape[1]))
    return min(largest, 1.0), min(rms, 1.0)


def sines(target: NDArray, triangle: NDArray, values: NDArray) -> tuple[float, float]:
    """The `largest_and_rms` sines from the span of a target (P, m) to that of `values` (P, s).

    `triangle` (m, m) is the R of the target: an orthonormal basis target R⁻¹ is not formed.
    """
    (part,) = outside([target], values, [values.shape[1]])
    return largest_and_rms(solve_triangular(triangle, part.T, trans="T").T)


def unit_columns(values: NDArray) -> NDArray:
    """The columns of `values` scaled to unit norm; zero columns stay zero."""
    norms = np.linalg.norm(values, axis=0)
    return values / np.where(norms > 0, norms, 1.0)


def sum_of_squares(values: NDArray) -> NDArray[np.float64]:
    """Σ |z|² down each column."""
    if np.iscomplexobj(values):
        return sum_of_squares(values.real) + sum_of_squares(values.imag)
    return np.einsum("ij,ij->j", values, values)


def level_columns(values: NDArray, like: NDArray | None = None) -> NDArray:
    """Columns of `values` (..., s) scaled so that their squares neither over- nor underflow.

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


def keeps_every_direction(triangle: NDArray, truncation: float = TRUNCATION) -> bool:
    """Whether the condition of R in the 1-norm excludes singular values below the truncation.

    σ_min / σ_max is at least 1 / (s κ₁), s the number of columns.
    """
    if len(triangle) == 0:
        return True
    estimate = lapack.ztrcon if np.iscomplexobj(triangle) else lapack.dtrcon
    reciprocal, _ = estimate(triangle)
    return bool(reciprocal > ESTIMATE_IS_OFF_BY * len(triangle) * truncation)


def real_where_possible(values: NDArray, counts: Sequence[int] = ()) -> NDArray:
    """Real columns with the same span, if the functions are real or come in conjugate pairs.

    A quarter of the work is left then. So it must be for the first k columns too, for every k of
    `counts`; otherwise `values` come back as they are.
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
