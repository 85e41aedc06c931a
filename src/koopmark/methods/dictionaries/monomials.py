"""Monomials up to a degree, built degree by degree."""

from dataclasses import dataclass, field
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.dictionaries.dictionary import Dictionary, Observables, Terms


@dataclass(frozen=True)
class Monomials(Dictionary):
    """ψ(x) = all x₁^k₁ ⋯ x_N^k_N of total degree at most `degree`, in graded lexicographic order.

    `state` and `constant` say whether those of degree 1 and 0 are among them.
    """

    degree: int = 2
    state: bool = True
    constant: bool = True
    kind: Literal["monomials"] = field(default="monomials", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self.degree < 1:
            raise ValueError(f"degree must be at least 1, got {self.degree}")

    def fitted(self, states: NDArray) -> Observables:
        inputs = states.shape[-1]
        terms = None if self.degree == 1 else MonomialTerms(inputs, self.degree)
        return Observables(inputs, self.constant, self.state, terms)


@dataclass(frozen=True)
class MonomialTerms(Terms):
    """Monomials of degree 2 to `degree` in `inputs` variables.

    Those of degree k that start with xᵢ are xᵢ times those of degree k - 1 that start with xᵢ or
    a later variable, and these are the last columns of the previous degree: one product a column.
    """

    inputs: int
    degree: int

    @property
    def size(self) -> int:
        return sum(comb(self.inputs + k - 1, k) for k in range(2, self.degree + 1))

    def write(self, states: NDArray, out: NDArray) -> None:
        variables = np.asfortranarray(states)
        previous, column = variables, 0
        for k in range(2, self.degree + 1):
            first = column
            for i in range(self.inputs):
                tail = previous[:, previous.shape[1] - comb(self.inputs - i + k - 2, k - 1) :]
                following = column + tail.shape[1]
                np.multiply(variables[:, i : i + 1], tail, out=out[:, column:following])
                column = following
            previous = out[:, first:column]
