"""Gaussian radial basis functions around states of the data."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.methods._sampling import some_states, spread
from koopmark.methods.dictionaries.dictionary import Drawn, Observables, Terms
from koopmark.methods.kernels import gaussian


@dataclass(frozen=True)
class RadialBasis(Drawn):
    """ψⱼ(x) = exp(-|x - cⱼ|² / 2ℓ²), cⱼ drawn from the data, ℓ = `bandwidth` × their spread.

    The spread is the root-mean-square distance of the states from their mean. Where the data
    hold fewer than `count` states, every one is a centre.
    """

    kind: Literal["radial_basis"] = field(default="radial_basis", kw_only=True, repr=False)

    def fitted(self, states: NDArray) -> Observables:
        rng = generator({"seed": self.seed}, "radial basis centres")
        centres = some_states(states, self.count, rng)
        terms = Gaussians(centres, self.bandwidth * spread(states))
        return Observables(states.shape[-1], self.constant, self.state, terms)


@dataclass(frozen=True, eq=False)
class Gaussians(Terms):
    """exp(-|x - cⱼ|² / 2ℓ²), with cⱼ the rows of `centres` (count, N) and ℓ the `length`."""

    centres: NDArray[np.float64]
    length: float

    @property
    def size(self) -> int:
        return len(self.centres)

    def write(self, states: NDArray, out: NDArray) -> None:
        gaussian(states, self.centres, self.length, out)
