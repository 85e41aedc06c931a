"""Products of functions on a circle: φ φ̄ is a constant, and no function of its own."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from koopmark.truth import LatticeEigenspace


def without_both(
    spaces: Iterable[LatticeEigenspace], first: int, second: int, whole: bool
) -> tuple[LatticeEigenspace, ...]:
    """The spaces without the products that hold both of these principal functions.

    If their product is constant, such a product is one that is in the list already, and what is
    left may be `whole` though the lattice has infinitely many products.
    """
    left = []
    for space in spaces:
        has = [(space.factors == index).any(axis=1) for index in (first, second)]
        factors = space.factors[~(has[0] & has[1])]
        if np.size(factors):
            left.append(replace(space, factors=factors, whole=whole))
    return tuple(left)
