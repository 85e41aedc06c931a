"""Random Fourier features (Rahimi and Recht, 2007)."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.methods._sampling import spread
from koopmark.methods.dictionaries.dictionary import Drawn, Observables, Terms


@dataclass(frozen=True)
class RandomFourier(Drawn):
    """ψⱼ(x) = cos(wⱼᵀx + bⱼ), wⱼ ~ N(0, 1/ℓ²), bⱼ uniform, ℓ = `bandwidth` × spread of the data.

    The spread is the root-mean-square distance of the states from their mean.
    """

    kind: Literal["random_fourier"] = field(default="random_fourier", kw_only=True, repr=False)

    def fitted(self, states: NDArray) -> Observables:
        inputs = states.shape[-1]
        rng = generator({"seed": self.seed}, "random Fourier features")
        length = self.bandwidth * spread(states)
        frequencies = rng.standard_normal((inputs, self.count)) / length
        phases = rng.uniform(0.0, 2.0 * np.pi, self.count)
        return Observables(inputs, self.constant, self.state, Cosines(frequencies, phases))


@dataclass(frozen=True, eq=False)
class Cosines(Terms):
    """cos(wⱼᵀx + bⱼ), with wⱼ the columns of `frequencies` (N, count) and b the `phases`."""

    frequencies: NDArray[np.float64]
    phases: NDArray[np.float64]

    @property
    def size(self) -> int:
        return len(self.phases)

    def write(self, states: NDArray, out: NDArray) -> None:
        np.matmul(self.frequencies.T, states.T, out=out.T)
        out += self.phases
        np.cos(out, out=out)
