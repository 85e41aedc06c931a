"""Products of eigenfunctions, which are eigenfunctions."""

from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from koopmark.models import LinearModel


@dataclass(frozen=True, eq=False)
class ProductLift:
    """Products of the eigenfunctions of a model, as a dictionary of their own.

    Parameters
    ----------
    model : LinearModel
    factors : tuple of tuple of int
        For each product, which eigenfunctions it multiplies.
    """

    model: LinearModel
    factors: tuple[tuple[int, ...], ...]

    def __call__(self, states: NDArray) -> NDArray[np.complex128]:
        """Values (P, len(factors)) at states (P, N)."""
        values = self.model.eigenfunctions(states[:, None])
        products = np.empty((len(states), len(self.factors)), dtype=complex)
        for column, indices in enumerate(self.factors):
            np.prod(values[:, indices], axis=1, out=products[:, column])
        return products


def with_products(model: LinearModel, degree: int, limit: int) -> LinearModel:
    """The model with all products of up to `degree` of its eigenfunctions; eigenvalues add.

    Degrees are added as long as there are no more than `limit` functions altogether; the note of
    the model says where one was left out.
    """
    count, reached, total = len(model.eigenvalues), 1, len(model.eigenvalues)
    while reached < degree and total + comb(count + reached, reached + 1) <= limit:
        reached += 1
        total += comb(count + reached - 1, reached)
    if reached < degree:
        left_out = f"products of {reached + 1} would be more than {limit} functions"
        model = replace(model, note="; ".join(filter(None, [model.note, left_out])))
    if reached == 1:
        return model
    factors = tuple(
        indices
        for size in range(1, reached + 1)
        for indices in combinations_with_replacement(range(count), size)
    )
    rates = np.array([sum(model.eigenvalues[list(indices)]) for indices in factors])
    return LinearModel(
        ProductLift(model, factors), np.eye(len(factors)), rates, model.dt, note=model.note
    )
