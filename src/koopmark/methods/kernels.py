"""Kernels with the same hyperparameters for every library."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from koopmark._arrays import numeric, real
from koopmark.methods import remarks
from koopmark.methods._options import Bounded, Count, NotNegative, Positive
from koopmark.methods._sampling import spread


@dataclass(frozen=True)
class Linear(Bounded):
    """The linear kernel k(x, x') = x·x'."""

    kind: Literal["linear"] = field(default="linear", kw_only=True, repr=False)

    def length(self, states: NDArray) -> float:  # noqa: ARG002
        """Always 1, since the kernel has no length scale."""
        return 1.0

    def values(self, rows: NDArray, columns: NDArray, length: float) -> NDArray:  # noqa: ARG002
        """Kernel values from inner products; see `gram`."""
        return np.asarray(rows @ columns.T)

    def in_sklearn(self, states: NDArray) -> tuple[str, dict[str, Any]]:  # noqa: ARG002
        """Metric and parameters for scikit-learn's `pairwise_kernels`, for data `states` (P, N)."""
        return "linear", {}


@dataclass(frozen=True)
class Polynomial(Bounded):
    """The polynomial kernel (x·x' / ℓ² + offset)^degree, which spans all monomials up to `degree`.

    ℓ is the root-mean-square norm of the states, so that neither the kernel nor its numerical rank
    depends on the units of the data.
    """

    degree: Count = 2
    offset: NotNegative = 1.0
    kind: Literal["polynomial"] = field(default="polynomial", kw_only=True, repr=False)

    def length(self, states: NDArray) -> float:
        """Length ℓ for states (P, N) that are not all zero."""
        largest = float(abs(states).max())
        return largest * float(np.sqrt(np.sum((states / largest) ** 2) / len(states)))

    def values(self, rows: NDArray, columns: NDArray, length: float) -> NDArray:
        base = (rows / length) @ (columns / length).T + self.offset
        values = base.copy()
        # NumPy's power of three and more is several times slower than products.
        for _ in range(self.degree - 1):
            values *= base
        return values

    def in_sklearn(self, states: NDArray) -> tuple[str, dict[str, Any]]:
        gamma = self.length(states) ** -2
        return "poly", {"degree": self.degree, "gamma": gamma, "coef0": self.offset}


@dataclass(frozen=True)
class Gaussian(Bounded):
    """The Gaussian kernel exp(-|x - x'|² / 2ℓ²), with ℓ = `bandwidth` × spread of the data.

    The spread is the root-mean-square distance of the states from their mean.
    """

    bandwidth: Positive = 1.0
    kind: Literal["gaussian"] = field(default="gaussian", kw_only=True, repr=False)

    def length(self, states: NDArray) -> float:
        """Length ℓ for states (P, N)."""
        return self.bandwidth * spread(states)

    def values(self, rows: NDArray, columns: NDArray, length: float) -> NDArray:
        return gaussian(rows, columns, length)

    def in_sklearn(self, states: NDArray) -> tuple[str, dict[str, Any]]:
        return "rbf", {"gamma": 0.5 / self.length(states) ** 2}


Kernel = Linear | Polynomial | Gaussian
AnyKernel = Annotated[Kernel, Field(discriminator="kind")]
"""A kernel by its kind: in a suite, `kernel = { kind = "polynomial", degree = 2 }`."""

GRAM_TOLERANCE = 1e-12
"""Relative to the largest eigenvalue of a kernel matrix: what lies below is rounding."""


def gaussian(
    rows: NDArray, columns: NDArray, length: float, out: NDArray | None = None
) -> NDArray[np.float64]:
    """Values exp(-|x - c|² / 2ℓ²) (P, n) for x in `rows` (P, N) and c in `columns` (n, N).

    With a and b measured from the mean of `columns` in units of ℓ, -|a - b|²/2 is the product
    of [a, 1, -|a|²/2] and [b, -|b|²/2, 1]: one product of matrices for all.
    """
    if out is None:
        dtype = complex if np.iscomplexobj(rows) else float
        out = np.empty((len(rows), len(columns)), dtype, order="F")
    centre = columns.mean(axis=0)
    a, b = (rows - centre) / length, (columns - centre) / length
    a_square, b_square = (-0.5 * np.sum(z**2, axis=1, keepdims=True) for z in (a, b))
    left = np.hstack([a, np.ones_like(a_square), a_square])
    right = np.hstack([b, b_square, np.ones_like(b_square)])
    np.matmul(right, left.T, out=out.T)
    # Rounding may lift the exponent of equal states above zero.
    np.minimum(out, 0.0, out=out)
    return np.exp(out, out=out)


def gram(
    kernel: Kernel, rows: NDArray, columns: NDArray, length: float | None = None
) -> NDArray[np.float64]:
    """Kernel values (P, n) of `rows` (P, N) with the training states `columns` (n, N).

    The kernel's ℓ is that of `columns` unless given as `length`.
    """
    rows, columns = numeric(rows, "rows"), real(columns, "columns")
    return kernel.values(rows, columns, kernel.length(columns) if length is None else length)


def numerical_rank(kernel: Kernel, states: NDArray) -> int:
    """Number of eigenvalues of the kernel matrix of `states` (n, N) above its rounding errors.

    For a polynomial kernel and enough data this is the number of monomials. Smaller eigenvalues are
    rounding errors, by which a library at full rank would divide.
    """
    spectrum = np.linalg.eigvalsh(gram(kernel, states, states))[::-1]
    return remarks.numerical_rank(spectrum, GRAM_TOLERANCE, "the kernel matrix")


@dataclass(frozen=True, eq=False)
class KernelColumns:
    """Functions k(x, xⱼ) of the training states xⱼ, from (P, N) to (P, n); `length` is ℓ."""

    kernel: Kernel
    training: NDArray[np.float64]
    length: float | None = None

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        return gram(self.kernel, states, self.training, self.length)
