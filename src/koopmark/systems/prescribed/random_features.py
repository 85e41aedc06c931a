"""What random prescribed systems are drawn from: rotations, hidden layers, spectra."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import checked, finite
from koopmark.systems.prescribed._features import Features, HiddenLayer, InnerMonomials

Array = NDArray[np.float64]

POLYNOMIAL = "polynomial"


@checked
def block_diagonal(real: ArrayLike = (), oscillations: ArrayLike = ()) -> Array:
    """Λ with these real eigenvalues, and a block [[a, -b], [b, a]] for every pair (a, b)."""
    values = finite(real, "real").reshape(-1)
    pairs = finite(oscillations, "oscillations").reshape(-1, 2)
    whole = np.zeros((len(values) + 2 * len(pairs),) * 2)
    whole[np.arange(len(values)), np.arange(len(values))] = values
    for index, (a, b) in enumerate(pairs):
        start = len(values) + 2 * index
        whole[start : start + 2, start : start + 2] = [[a, -b], [b, a]]
    return whole


def spectrum_of(matrix: ArrayLike, n: int) -> Array:
    square = finite(matrix, "matrix")
    if square.ndim != 2 or square.shape[0] != square.shape[1] or not 1 <= len(square) <= n:
        raise ValueError(
            f"matrix must be square with 1 to {n} rows, no more than units, got {square.shape}"
        )
    return square


def random_rotation(n: int, rng: np.random.Generator) -> Array:
    """A random orthogonal matrix, so that every unit takes part in everything."""
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def random_features(
    name: str,
    inner: Array,
    count: int,
    steepness: float,
    degree: int,
    rng: np.random.Generator,
) -> Features:
    """Features of the coordinates `inner` (k, N)."""
    if name == POLYNOMIAL:
        return InnerMonomials(inner, degree)
    directions = rng.standard_normal((count, len(inner))) * steepness / np.sqrt(len(inner))
    width = np.pi if name == "fourier" else 2.0 * steepness
    return HiddenLayer(directions @ inner, rng.uniform(-width, width, size=count), name)


def of_norm(matrix: Array, norm: float | np.floating) -> Array:
    return matrix * (norm / np.linalg.norm(matrix, 2))
