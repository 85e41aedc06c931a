"""The triangular factor of snapshot pairs from Gram matrices, where these keep the digits.

A Gram matrix costs half of a QR factorisation, at twice its speed, and squares the condition
number. Columns that a sketch has made nearly orthonormal have none to speak of (randomised Cholesky
QR: Balabanov 2022, arXiv:2210.09953; Higgins, Szyld, Boman and Yamazaki 2023, arXiv:2309.05868).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack, solve_triangular

Blocks = Callable[[], Iterator[tuple[NDArray[np.float64], int]]]
"""All data, once more at each call: values ψ (k (t + 1), D) in Fortran order of t + 1 consecutive
snapshots of k trajectories, one time after another, and k. Ψ_Y is Ψ_X shifted by k rows."""

WELL = 8.0
"""Condition number up to which columns count as nearly orthonormal. The errors of a Gram matrix
grow with its square, and up to here are less than ten times those of QR, by measurement."""

INFLATED = 3.0
"""How many times larger the condition number of a sketch twice as tall as wide may be."""

ILL = 1e3
"""Condition number beyond which rounding in columns made orthonormal cannot be told from noise."""

SPREAD = 5.0
"""Factor by which a function may grow or shrink in a step if columns are mixed: one that is small
beside the others in a mixture loses digits."""

MANY = 16
"""Pairs for each function from which on a part of the pairs tells the condition of all: a part of
n pairs overstates it by up to (1 + √(D/n)) / (1 - √(D/n))."""

FREE = 1e-5
"""Least relative residual that a Gram matrix gives, to 1e-6 of it."""

ROUNDING = 300 * np.finfo(float).eps
"""Relative residual that counts as rounding."""

PROBES = 4
"""Random combinations of the relations that a sketch shows, of which all pairs are asked."""

SPARE = 64
"""Rows of the sketch beyond what the regression of Ψ_Y on Ψ_X and on itself can fit."""


class Plan(NamedTuple):
    """What a sketch says of the pairs, for columns V = Ψ P⁻¹ in place of Ψ.

    V_Y[:, rest] = V_X A + V_Y[:, free] T to rounding: only `free` columns take part in products.
    """

    scale: NDArray[np.float64]
    """(D,) norms of the columns of Ψ_X."""
    condition: float
    """Condition number of V_X in the sketch."""
    triangle: NDArray[np.float64] | None
    """P (D, D), upper triangular; None for that with `scale` on the diagonal."""
    free: NDArray[np.intp]
    rest: NDArray[np.intp]
    now: NDArray[np.float64]
    """A (D, rest)."""
    ahead: NDArray[np.float64]
    """T (free, rest)."""
    sizes: NDArray[np.float64]
    """(rest,) norms of the columns V_Y[:, rest]."""
    rounding: NDArray[np.float64]
    """R of what the relation leaves, (rest, rest)."""


class Moments(NamedTuple):
    """Gram matrices of all pairs."""

    xx: NDArray[np.float64]
    """V_Xᵀ V_X (D, D)."""
    xy: NDArray[np.float64]
    """V_Xᵀ V_Y (D, free)."""
    yy: NDArray[np.float64]
    """V_Yᵀ V_Y (free, free)."""
    unexplained: float
    """Relative residual of the relations of the plan, root mean square over all of them."""


def gram_triangle(blocks: Blocks, size: int, pairs: int) -> NDArray[np.float64] | None:
    """R (2D, 2D) of [Ψ_X Ψ_Y] with the digits of QR, or None where that takes QR itself.

    None if the pairs are few, if the condition number of the functions is above 1e3, if it is
    above 8 and a function grows or shrinks by more than 5 in a step, or if a residual is neither
    rounding nor at least 1e-5.

    Parameters
    ----------
    blocks : Blocks
        Read twice, or three times where the sketch takes the columns for better than they are.
    size, pairs : int
        D and P.
    """
    if pairs < 2 * (2 * size + SPARE):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return _planned_triangle(blocks, size, pairs)


def _planned_triangle(blocks: Blocks, size: int, pairs: int) -> NDArray[np.float64] | None:
    sketch = sketched(blocks, size, pairs, 2 * size + SPARE)
    for well in (INFLATED * WELL, 1.0):
        plan = planned(*sketch, well)
        if plan is None:
            return None
        moments = moments_of(blocks, plan)
        triangle = None if moments is None else _triangle(plan, moments)
        if triangle is not None or plan.triangle is not None:
            return triangle
    return None


def sketched(blocks: Blocks, size: int, pairs: int, rows: int) -> tuple[NDArray, NDArray]:
    """S Ψ_X and S Ψ_Y (rows, D): sums of pairs with random signs, each pair in one row.

    A CountSketch (Clarkson and Woodruff 2013): norms of all combinations of columns are kept to a
    part of them, and what vanishes vanishes.
    """
    rng = np.random.default_rng(0)
    x, y = np.zeros((2, size, rows))
    first = 0
    for values, shift in blocks():
        count = len(values) - shift
        signs = rng.choice([-1.0, 1.0], count)
        # Strips of neighbours, one on the other: what is alike in time or trajectory is parted.
        width = min(rows, -(-count * rows // pairs))
        whole = (count - 1) // width * width
        # The rows after those of the block before: every row gets about as many pairs.
        places = (first + np.arange(width)) % rows
        first += width
        for total, start in ((x, 0), (y, shift)):
            part = values.T[:, start : start + count]
            strips = part[:, :whole].reshape(size, -1, width)
            total[:, places] += np.einsum("dsw,sw->dw", strips, signs[:whole].reshape(-1, width))
            total[:, places[: count - whole]] += part[:, whole:] * signs[whole:]
    return x.T, y.T


def planned(x: NDArray, y: NDArray, well: float) -> Plan | None:
    """The plan from a sketch of the pairs; None if it does not keep the digits."""
    size = x.shape[1]
    scale = np.linalg.norm(x, axis=0)
    if not (np.isfinite(scale).all() and np.isfinite(y).all() and scale.all()):
        return None
    reflectors, tau, *_ = lapack.dgeqrf(x / scale, lwork=64 * size, overwrite_a=1)
    both, *_ = lapack.dormqr("L", "T", reflectors, tau, y / scale, 64 * size, overwrite_c=1)
    xx, xy, yy = np.triu(reflectors[:size]), both[:size], both[size:]
    # These are as large as the factor, and memory is to be a few times that.
    del reflectors
    condition = condition_of(xx)
    if not condition < ILL:
        return None
    triangle = None
    if condition > well:
        growth = np.linalg.norm(y, axis=0) / scale
        if growth.max() > SPREAD or growth.min() * SPREAD < 1.0:
            return None
        # In whitened columns the operator is R₁₂ R₁₁⁻¹, and what it leaves R₂₂ R₁₁⁻¹.
        triangle, condition = np.asfortranarray(xx * scale), 1.0
        operator, left = (blas.dtrsm(1.0, xx, part, side=1) for part in (xy, yy))
        sizes = np.hypot(*(np.linalg.norm(part, axis=0) for part in (operator, left)))
    else:
        operator, left = solve_triangular(xx, xy, check_finite=False), yy
        sizes = np.linalg.norm(both, axis=0)
    del both, xx, xy, yy
    sizes[sizes == 0.0] = 1.0
    relative = left / sizes
    del left
    # Pivoted Cholesky: the columns that are large beside what those before them explain.
    moments = relative.T @ relative
    _, order, rank, _ = lapack.dpstrf(moments, tol=FREE**2)
    if moments.diagonal().max() <= FREE**2:
        # The first pivot is not compared with the tolerance.
        rank = 0
    free, rest = np.sort(order[:rank] - 1), np.sort(order[rank:] - 1)
    q, upper = np.linalg.qr(relative[:, free])
    ahead = solve_triangular(upper, q.T @ relative[:, rest], check_finite=False)
    unexplained = relative[:, rest] - relative[:, free] @ ahead
    if np.linalg.norm(unexplained, axis=0).max(initial=0.0) > ROUNDING:
        return None
    ahead *= sizes[rest] / sizes[free, None]
    now = operator[:, rest] - operator[:, free] @ ahead
    rounding = np.asarray(np.linalg.qr(unexplained * sizes[rest], mode="r"))
    return Plan(scale, condition, triangle, free, rest, now, ahead, sizes[rest], rounding)


def condition_of(triangle: NDArray, steps: int = 20) -> float:
    """Condition number of an upper triangle, by power iteration; infinite if it is singular."""
    if not np.diag(triangle).all():
        return np.inf
    triangle = np.asfortranarray(triangle)
    large = small = np.random.default_rng(0).standard_normal(len(triangle))
    for _ in range(steps):
        large = triangle.T @ (triangle @ (large / np.linalg.norm(large)))
        small = blas.dtrsv(triangle, small / np.linalg.norm(small), trans=1)
        small = blas.dtrsv(triangle, small)
    return float(np.sqrt(np.linalg.norm(large) * np.linalg.norm(small)))


def moments_of(blocks: Blocks, plan: Plan) -> Moments | None:
    """The Gram matrices of the columns that are planned, each sum without a difference.

    None, and early, where the first pairs show columns that are worse than the sketch had them.
    """
    size, count = len(plan.scale), len(plan.free)
    inner, first, xy = np.zeros((size, size)), np.zeros((size, size)), np.zeros((size, count))
    last = np.zeros((count, count))
    now, ahead_of = _probes(plan)
    unexplained, seen = 0.0, 0
    due = MANY * size if plan.condition > WELL else np.inf
    for values, shift in blocks():
        if plan.triangle is None:
            columns = values
        else:
            columns = blas.dtrsm(1.0, plan.triangle, values, side=1, overwrite_b=1)
        pairs = len(columns) - shift
        start, middle = columns[:shift], columns[shift:pairs]
        ahead = columns[shift:, plan.free] if len(plan.rest) else columns[shift:]
        end = ahead[pairs - shift :]
        first += start.T @ start
        inner += middle.T @ middle
        last += end.T @ end
        xy += columns[:pairs].T @ ahead
        unexplained += np.sum((columns[shift:] @ ahead_of - columns[:pairs] @ now) ** 2)
        seen += pairs
        if seen >= due:
            due, share = 2 * seen, np.sqrt(size / seen)
            if _condition(inner + first, plan.scale) > WELL * (1.0 + share) / (1.0 - share):
                return None
    xx, yy = inner + first, inner[np.ix_(plan.free, plan.free)] + last
    if plan.triangle is None:
        unit = 1.0 / plan.scale
        xx *= np.outer(unit, unit)
        xy *= np.outer(unit, unit[plan.free])
        yy *= np.outer(unit[plan.free], unit[plan.free])
    return Moments(xx, xy, yy, float(np.sqrt(unexplained / max(now.shape[1] * len(plan.rest), 1))))


def _condition(moments: NDArray, scale: NDArray) -> float:
    """Condition number of columns with these moments, each by its scale."""
    try:
        return condition_of(np.linalg.cholesky(moments / np.outer(scale, scale)).T)
    except np.linalg.LinAlgError:
        return np.inf


def _probes(plan: Plan) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vectors (D, PROBES) with V_Y b - V_X a = (V_Y[:, rest] - V_X A - V_Y[:, free] T) g.

    g is random, with the relations in equal shares. What a sketch adds up may cancel; here the
    square of every pair counts.
    """
    rest = np.random.default_rng(0).standard_normal((len(plan.rest), PROBES))
    rest /= plan.sizes[:, None]
    now, ahead = plan.now @ rest, np.zeros((len(plan.scale), PROBES))
    ahead[plan.rest], ahead[plan.free] = rest, -plan.ahead @ rest
    if plan.triangle is None:
        return now / plan.scale[:, None], ahead / plan.scale[:, None]
    return now, ahead


def _triangle(plan: Plan, moments: Moments) -> NDArray[np.float64] | None:
    """R of [Ψ_X Ψ_Y] by Cholesky factors, if their condition keeps the digits."""
    size, count = moments.xy.shape
    if not moments.unexplained <= 2.0 * ROUNDING:
        return None
    try:
        now = np.linalg.cholesky(moments.xx).T
        if condition_of(now) > WELL:
            return None
        both = solve_triangular(now, moments.xy, trans=1, check_finite=False)
        left = np.linalg.cholesky(moments.yy - both.T @ both).T
    except np.linalg.LinAlgError:
        return None
    r = np.zeros((2 * size, 2 * size), order="F")
    xx, xy, yy = r[:size, :size], r[:size, size:], r[size:, size:]
    xx[:] = now
    xy[:, plan.free] = both
    xy[:, plan.rest] = both @ plan.ahead + now @ plan.now
    yy[:count, plan.free] = left
    yy[:count, plan.rest] = left @ plan.ahead
    yy[count:, plan.rest] = plan.rounding
    for part in (xx, xy, yy):
        part[:] = part * plan.scale if plan.triangle is None else part @ plan.triangle
    yy[:] = np.linalg.qr(yy, mode="r")
    return r
