"""The search for fixed points: many starts, then again with the known ones deflated."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from koopmark._keys import generator
from koopmark.spectrum._equations import Full, Reduced
from koopmark.spectrum._newton import STEPS, distinct, zeros

Array = NDArray[np.float64]

STARTS, FEWEST_STARTS = 48, 3
"""Half as many in each round with the known zeros deflated."""
WORK = 1e9
"""Operations in Newton's steps from all starts: a large problem gets fewer of them."""
VALUES_AT_ONCE = 1_000_000
"""Numbers in the states of all starts together, likewise."""
QUIET_ROUNDS = 2
"""So many rounds without a new zero end the search."""
MOST_ROUNDS = 12


def from_many_starts(
    equations: Reduced | Full, size: int, given: Array | None, odd: bool, effort: int
) -> Array:
    """Zeros (m, k) from zero, from random states, from what these relax to, and from `given`.

    Parameters
    ----------
    equations : Reduced or Full
    size : int
        N, the number of units: what one evaluation costs.
    given : (B, k) array or None
        Starts besides.
    odd : bool
        Whether -p is a zero where p is one.
    effort : int
        Times as many starts as otherwise.
    """
    rng = generator("fixed points", "starts")
    k = equations.dimension
    affordable = int(min(WORK / (STEPS * k**2 * size), VALUES_AT_ONCE / size))
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
        starts = np.vstack([drawn, _between(known, len(drawn), rng), _halfway(known)])
        found = zeros(equations, starts, known)
        quiet = 0 if len(found) else quiet + 1
        known = _with_images(equations, known, found, odd)
    return known


def _halfway(known: Array) -> Array:
    """Points halfway from each known zero to the nearest other: between two that nearly coincide
    there is a third, too close to both to be met by chance."""
    if len(known) < 2:
        return known[:0]
    apart = cdist(known, known)
    np.fill_diagonal(apart, np.inf)
    return 0.5 * (known + known[np.argmin(apart, axis=1)])


def _between(known: Array, count: int, rng: np.random.Generator) -> Array:
    """Points about the lines through two known zeros: saddles lie between attractors."""
    if len(known) < 2:
        return known[:0]
    first, second = (known[rng.integers(0, len(known), size=count)] for _ in range(2))
    share = rng.uniform(-0.2, 1.2, size=(count, 1))
    spread = 0.1 * np.linalg.norm(known, axis=1).mean()
    return first + share * (second - first) + spread * rng.standard_normal(first.shape)


def _with_images(equations: Reduced | Full, known: Array, found: Array, odd: bool) -> Array:
    """All of them, with -p for each p where the equations are odd."""
    known = np.vstack([known, found])
    return np.vstack([known, distinct(equations, -known, known)]) if odd else known
