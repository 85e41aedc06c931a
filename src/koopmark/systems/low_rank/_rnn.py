"""Recurrent neural networks ẋ = -x + W σ(x) + θ, random and the three-population example."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import checked, finite
from koopmark._keys import generator
from koopmark.systems._activation import activation as named_activation
from koopmark.systems._elementwise import Shift
from koopmark.systems.low_rank._network import Relaxation
from koopmark.systems.low_rank._weights import LowRank


def rnn(weights: LowRank, theta: ArrayLike = 0.0, activation: str = "tanh") -> Relaxation:
    """The network ẋ = -x + W σ(x) + θ; `theta` has shape (N,) or ().

    Its eigenfunctions are uᵀ(x - θ) at -1, one for every left null vector u of W.
    """
    return Relaxation(weights, Shift(theta), named_activation(activation))


def three_populations() -> Relaxation:
    """Three neural populations with weights of rank 2: φ = 3x₁ + x₂ + x₃ decays as e^{-t}.

    Source: Claveau, Thibeault, Allard and Desrosiers.
    """
    return rnn(LowRank.from_dense([[-1.0, 0.0, -2.0], [3.0, 1.0, 2.0], [0.0, -1.0, 4.0]]))


def gaussian_weights(n: int, rank: int, gain: float, rng: np.random.Generator) -> LowRank:
    """W = L Rᵀ with Gaussian factors of entries N(0, 1/N), scaled to spectral norm `gain`."""
    _check_sizes(n, rank, gain)
    left, right = rng.standard_normal((2, n, rank)) / np.sqrt(n)
    norm = np.linalg.norm(np.linalg.qr(left)[1] @ np.linalg.qr(right)[1].T, 2)
    return LowRank(left * (gain / norm), right)


def weights_with_singular_values(
    n: int, singular_values: Sequence[float] | NDArray, rng: np.random.Generator
) -> LowRank:
    """W = U diag(s) Vᵀ with Haar-random orthonormal U, V of shape (N, r) and the given s > 0."""
    s = finite(singular_values, "singular_values")
    _check_sizes(n, len(s), float(np.max(s, initial=0.0)))
    if not (s > 0).all():
        raise ValueError("singular values must all be positive: their number is the rank")
    left, right = (np.linalg.qr(rng.standard_normal((n, len(s))))[0] for _ in range(2))
    return LowRank(left * s, right)


@checked
def random_rnn(
    n: int,
    rank: int,
    gain: float = 1.5,
    seed: int = 0,
    *,
    activation: str = "tanh",
    theta_scale: float = 0.0,
    singular_values: Sequence[float] | None = None,
) -> Relaxation:
    """A random network of `n` units whose weights have rank `rank`.

    Parameters
    ----------
    n, rank : int
        Units and rank of the weights, 1 <= rank < n.
    gain : float
        Spectral norm of the weights (their largest singular value).
    seed : int
        The same arguments and seed give the same network.
    activation : str
        A name in `koopmark.systems.ACTIVATIONS`.
    theta_scale : float
        Standard deviation of the Gaussian offsets θ; 0 for none.
    singular_values : sequence of `rank` positive numbers, optional
        Relative singular values: they are scaled so that the largest is `gain`. By default the
        factors are Gaussian.

    Raises
    ------
    ValueError
        Where rank, gain or the singular values are out of range.
    """
    if not theta_scale >= 0:
        raise ValueError(f"theta_scale {theta_scale}: a standard deviation is not negative")
    key = {"ensemble": "random_rnn", "n": n, "rank": rank, "seed": seed}
    rng = generator(key, "weights")
    if singular_values is None:
        weights = gaussian_weights(n, rank, gain, rng)
    else:
        s = finite(singular_values, "singular_values")
        if len(s) != rank:
            raise ValueError(f"rank {rank} needs {rank} singular values, got {len(s)}")
        weights = weights_with_singular_values(n, gain * s / np.max(s, initial=0.0), rng)
    theta = theta_scale * generator(key, "theta").standard_normal(n) if theta_scale else 0.0
    return rnn(weights, theta, activation)


def _check_sizes(n: int, rank: int, gain: float) -> None:
    if not 1 <= rank < n:
        raise ValueError(f"rank {rank} with n {n}: rank must be between 1 and n - 1 = {n - 1}")
    if not (np.isfinite(gain) and gain > 0):
        raise ValueError(f"gain {gain}: the spectral norm of the weights must be positive")
