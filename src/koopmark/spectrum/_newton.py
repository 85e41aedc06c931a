"""Zeros of F: R^k → R^k by Newton's method from many starts, with known zeros deflated."""

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.spectrum._equations import VALUES_AT_ONCE, Equations

Array = NDArray[np.float64]

STEPS, POLISH = 60, 60
"""Steps at most; between nearly coinciding zeros they converge linearly at first."""
LONGEST = 2.0
"""Newton steps are cut to this, times 1 + the size of the point: far steps leave the region."""
CONVERGED = 1e-9
"""Size of F, relative to 1 + that of the point, from which polishing starts."""
ZERO = 1e-11
"""Size at which a polished point counts as a zero."""
TINY = 1e-300
SAME = 1e-6
"""Zeros that are this close, relative to 1 + their size, are one."""
ROUNDING = 1e-15
"""Of F, relative to 1 + the size of the point."""
MARGIN, FURTHEST_OFF = 10.0, 1e-3
"""Zeros are one too if they are apart by so many times what they may be off; at a multiple zero,
where DF⁻¹ says nothing, that is a root of the rounding, and at most so much relative to 1 + its
size."""

STARTS, FEWEST_STARTS = 48, 3
"""Half as many in each round with the known zeros deflated."""
WORK = 1e9
"""Operations in Newton's steps from all starts: a large problem gets fewer of them."""
QUIET_ROUNDS = 2
"""So many rounds without a new zero end the search."""
MOST_ROUNDS = 12


def from_many_starts(equations: Equations, given: Array | None, odd: bool, effort: int) -> Array:
    """Zeros (m, k) found from zero, random states, relaxed states and the `given` points.

    If F is `odd` -p is a zero for each zero p. `effort` times as many starts are made as otherwise.
    """
    rng = generator("fixed points", "starts")
    k = equations.dimension
    affordable = int(min(WORK / (STEPS * k**2 * equations.size), VALUES_AT_ONCE / equations.size))
    count = effort * min(STARTS, max(FEWEST_STARTS, affordable))
    quiet_rounds = QUIET_ROUNDS if count > FEWEST_STARTS else 1
    drawn = equations.starts(count, rng)
    known = np.empty((0, k))
    besides = known if given is None else given[:count]
    first = np.vstack([np.zeros((1, k)), besides, equations.relaxed(drawn), drawn])
    known = _with_images(equations, known, zeros(equations, first, known), odd)
    quiet = 0
    for _ in range(MOST_ROUNDS):
        if quiet == quiet_rounds:
            break
        drawn = equations.starts((count + 1) // 2, rng)
        starts = np.vstack([drawn, *_about_lines(known, len(drawn), rng)])
        found = zeros(equations, starts, known)
        quiet = 0 if len(found) else quiet + 1
        known = _with_images(equations, known, found, odd)
    return known


def _about_lines(known: Array, count: int, rng: np.random.Generator) -> list[Array]:
    """Points about the lines through two known zeros: saddles lie between attractors.

    And halfway from each to the nearest other: between two that nearly coincide there is a third,
    too close to both to be met by chance.
    """
    if len(known) < 2:
        return []
    from scipy.spatial.distance import cdist

    first, second = (known[rng.integers(0, len(known), size=count)] for _ in range(2))
    share = rng.uniform(-0.2, 1.2, size=(count, 1))
    spread = 0.1 * np.linalg.norm(known, axis=1).mean()
    apart = cdist(known, known)
    np.fill_diagonal(apart, np.inf)
    return [
        first + share * (second - first) + spread * rng.standard_normal(first.shape),
        0.5 * (known + known[np.argmin(apart, axis=1)]),
    ]


def _with_images(equations: Equations, known: Array, found: Array, odd: bool) -> Array:
    """All of them, with -p for each p where the equations are odd."""
    known = np.vstack([known, found])
    return np.vstack([known, distinct(equations, -known, known)]) if odd else known


def zeros(equations: Equations, starts: Array, known: Array) -> Array:
    """Zeros (m, k) that Newton's method reaches from `starts` (B, k), without the `known` ones.

    Each known zero p is deflated: F is multiplied by 1 + 1/|a - p|², which takes it away as a
    zero and changes nothing far from it (Farrell, Birkisson and Funke 2015). Newton's step for
    the product is that for F times a number, by the Sherman-Morrison formula.
    """
    moving, arrived = starts, []
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            f = equations.value(moving)
            done = _size(f) <= CONVERGED * (1.0 + _size(moving))
            arrived.append(moving[done])
            moving, f = moving[~done], f[~done]
            if len(moving) == 0:
                break
            step = _newton_step(equations, moving, f)
            # 1 / (1 - ∇m·step / m) with m = Π (1 + 1/|a - p|²).
            away = moving - known[:, None]
            square = np.maximum(np.einsum("pbk,pbk->pb", away, away), TINY)
            along = np.einsum("pbk,bk->pb", away, step)
            slope = -np.sum(2.0 * along / (square * (square + 1.0)), axis=0)
            step *= (1.0 / (1.0 - slope))[:, None]
            cut = np.minimum(1.0, LONGEST * (1.0 + _size(moving)) / np.maximum(_size(step), TINY))
            moving = moving + cut[:, None] * step
            moving = moving[np.isfinite(moving).all(axis=1)]
        a = _polished(equations, _apart(np.vstack(arrived), known, 0.0))
        a = a[_size(equations.value(a)) <= ZERO * (1.0 + _size(a))]
        a = a[np.isfinite(equations.jacobian(a)).all(axis=(1, 2))]
    return distinct(equations, a, known)


def distinct(equations: Equations, found: Array, known: Array) -> Array:
    """The zeros in `found` that are neither among the `known` nor repeated, in order.

    Newton's method leaves a zero off by ‖DF⁻¹‖ times the rounding of F, which is much between zeros
    that nearly coincide: those that are not further apart than that are one.
    """
    if len(found) == 0:
        return found
    with np.errstate(all="ignore"):
        least = np.linalg.svd(equations.jacobian(found), compute_uv=False)[:, -1]
        scale = 1.0 + _size(found)
        residual = np.maximum(_size(equations.value(found)), ROUNDING * scale)
        off = np.minimum(MARGIN * residual / np.maximum(least, TINY), FURTHEST_OFF * scale)
    return _apart(found, known, off)


def _apart(found: Array, known: Array, off: Array | float) -> Array:
    """Those of `found` that are further than SAME, and than `off`, from all before them."""
    kept = list(known)
    for point, radius in zip(found, np.broadcast_to(off, len(found)), strict=True):
        near = max(SAME * (1.0 + np.linalg.norm(point)), radius)
        if not kept or np.linalg.norm(np.array(kept) - point, axis=1).min() > near:
            kept.append(point)
    return np.array(kept[len(known) :]).reshape(-1, found.shape[1])


def _polished(equations: Equations, a: Array) -> Array:
    """Newton's method without deflation, for as long as it halves F."""
    a, improving = a.copy(), np.arange(len(a))
    f = equations.value(a)
    for _ in range(POLISH):
        here = a[improving]
        there = here + _newton_step(equations, here, f)
        value = equations.value(there)
        before, after = _size(f), _size(value)
        a[improving[after < before]] = there[after < before]
        halved = after < 0.5 * before
        improving, f = improving[halved], value[halved]
        if len(improving) == 0:
            break
    return a


def _newton_step(equations: Equations, a: Array, f: Array) -> Array:
    jacobian = equations.jacobian(a)
    finite = np.isfinite(jacobian).all(axis=(1, 2))
    jacobian[~finite] = np.eye(a.shape[1])
    try:
        step = -np.linalg.solve(jacobian, f[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        step = -np.einsum("bij,bj->bi", np.linalg.pinv(jacobian, rcond=1e-14), f)
    step[~finite] = np.nan
    return np.asarray(step, dtype=float)


def _size(points: Array) -> Array:
    # What np.linalg.norm does of real numbers, without what it asks first.
    return np.sqrt(np.add.reduce(points * points, axis=1))
