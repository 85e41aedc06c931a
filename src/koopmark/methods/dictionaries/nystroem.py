"""Nyström features of a kernel (Williams and Seeger, 2001): kernel EDMD for any number of pairs."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.methods._sampling import some_states
from koopmark.methods._signal import sizes
from koopmark.methods.dictionaries.dictionary import Dictionary, Observables, Terms
from koopmark.methods.kernels import GRAM_TOLERANCE, AnyKernel, Gaussian, Polynomial, gram
from koopmark.methods.remarks import numerical_rank


@dataclass(frozen=True)
class Nystroem(Dictionary):
    """ψ(x) = k(x, Z) U S^(-1/2), with K(Z, Z) = U S Uᵀ for `count` states Z drawn from the data.

    The functions k(x, zⱼ) made orthonormal in the kernel's own inner product; directions whose
    eigenvalue is rounding are left out, so there may be fewer than `count`. Where the data hold
    fewer than `count` states, every one is a landmark. The bandwidth of a Gaussian kernel is in
    units of the spread of the landmarks.
    """

    kernel: AnyKernel = field(default_factory=Gaussian)
    count: int = 100
    seed: int = 0
    state: bool = False
    constant: bool = True
    kind: Literal["nystroem"] = field(default="nystroem", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")

    def fitted(self, states: NDArray) -> Observables:
        rng = generator({"seed": self.seed}, "Nyström landmarks")
        landmarks = some_states(states, self.count, rng)
        units = np.ones(states.shape[-1])
        if isinstance(self.kernel, Polynomial):
            # Channels of any size weigh alike: the functions are the same, their rounding is not.
            units = sizes(landmarks) / np.sqrt(len(landmarks))
            landmarks = landmarks / units
        spectrum, vectors = np.linalg.eigh(gram(self.kernel, landmarks, landmarks))
        rank = numerical_rank(spectrum[::-1], GRAM_TOLERANCE, "the kernel matrix")
        whitening = vectors[:, -rank:] / np.sqrt(spectrum[-rank:])
        terms = Features(self.kernel, landmarks, whitening, units)
        return Observables(states.shape[-1], self.constant, self.state, terms)


@dataclass(frozen=True, eq=False)
class Features(Terms):
    """k(x / u, Z) `whitening`: Z the rows of `landmarks` (n, N), `whitening` (n, size), u the
    `units` (N,)."""

    kernel: Polynomial | Gaussian
    landmarks: NDArray[np.float64]
    whitening: NDArray[np.float64]
    units: NDArray[np.float64]

    @property
    def size(self) -> int:
        return self.whitening.shape[1]

    def write(self, states: NDArray, out: NDArray) -> None:
        values = gram(self.kernel, states / self.units, self.landmarks)
        np.matmul(self.whitening.T, values.T, out=out.T)
