"""Kernels by their hyperparameters, which each library spells in its own way."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.spatial.distance import cdist

from koopmark.methods.spread import spread


@dataclass(frozen=True)
class Polynomial:
    """k(x, x') = (x·x' + offset)^degree: all monomials up to `degree`."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    degree: int = 2
    offset: float = 1.0
    kind: Literal["polynomial"] = field(default="polynomial", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self.degree < 1:
            raise ValueError(f"degree must be at least 1, got {self.degree}")
        if not self.offset >= 0:
            raise ValueError(f"offset must not be negative, got {self.offset}")


@dataclass(frozen=True)
class Gaussian:
    """k(x, x') = exp(-|x - x'|² / 2ℓ²), ℓ = `bandwidth` × spread of the data.

    The spread is the root-mean-square distance of the states from their mean.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    bandwidth: float = 1.0
    kind: Literal["gaussian"] = field(default="gaussian", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not self.bandwidth > 0:
            raise ValueError(f"bandwidth must be positive, got {self.bandwidth}")

    def length(self, states: NDArray) -> float:
        """ℓ for states (P, N)."""
        return self.bandwidth * spread(states)


AnyKernel = Annotated[Polynomial | Gaussian, Field(discriminator="kind")]
"""A kernel by its kind: in a suite, `kernel = { kind = "polynomial", degree = 2 }`."""

GRAM_TOLERANCE = 1e-12
"""Relative to the largest eigenvalue of a kernel matrix: what lies below is rounding."""


def gram(kernel: Polynomial | Gaussian, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
    """Kernel values (P, n) of `rows` (P, N) with the training states `columns` (n, N)."""
    if isinstance(kernel, Polynomial):
        return (rows @ columns.T + kernel.offset) ** kernel.degree
    squares = cdist(rows, columns, "sqeuclidean")
    return np.exp(squares * (-0.5 / kernel.length(columns) ** 2))


def numerical_rank(kernel: Polynomial | Gaussian, states: NDArray) -> int:
    """Eigenvalues of the kernel matrix of `states` (n, N) that stand out of its rounding.

    For a polynomial kernel and enough data: the number of monomials. What lies below is noise,
    which a library asked for full rank divides by.
    """
    spectrum = np.linalg.eigvalsh(gram(kernel, states, states))
    return int(np.sum(spectrum > GRAM_TOLERANCE * spectrum[-1]))


@dataclass(frozen=True, eq=False)
class KernelColumns:
    """The functions k(x, xⱼ) of the training states xⱼ, (P, N) to (P, n)."""

    kernel: Polynomial | Gaussian
    training: NDArray[np.float64]

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        return gram(self.kernel, states, self.training)
