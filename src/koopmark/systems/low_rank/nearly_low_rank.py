"""Recurrent networks of full rank with decaying singular values and approximate eigenfunctions."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, real
from koopmark._keys import generator
from koopmark.systems._activation import Activation
from koopmark.systems._activation import activation as named_activation
from koopmark.systems._base import System
from koopmark.systems._elementwise import Shift
from koopmark.systems.low_rank.weights import check_rank
from koopmark.systems.registry import Count, NonNegative, Positive, Share, bounded, factory, named
from koopmark.truth import ApproximateEigenspace, Eigenspace

Spectrum = Literal["step", "exponential", "power"]


@dataclass(frozen=True, eq=False)
class NearlyLowRank(System):
    """Network ẋ = -x + Wσ(x) + θ with decaying singular values and φₖ = uₖᵀ(x - θ) near -1.

    𝒦φₖ = -φₖ + sₖ vₖᵀσ(x), so that |𝒦φₖ + φₖ| <= sₖ ‖vₖ‖₁ sup|σ|, which is small if sₖ is small.

    Parameters
    ----------
    left, right : (N, N) arrays
        U and V, orthogonal.
    singular_values : (N,) array
        s, not increasing, not negative.
    leading : int
        Left singular vectors after the first `leading` give the target functions.
    zeta : Shift
        x - θ.
    coupling : Activation
        σ.

    Raises
    ------
    ValueError
        If shapes disagree, U or V is not orthogonal, s increases, or `leading` is not in 1..N-1.
    """

    left: NDArray[np.float64] = field(repr=False)
    singular_values: NDArray[np.float64]
    right: NDArray[np.float64] = field(repr=False)
    leading: int
    zeta: Shift
    coupling: Activation

    def __post_init__(self) -> None:
        for name in ("left", "singular_values", "right"):
            object.__setattr__(self, name, real(getattr(self, name), name))
        super().__post_init__()
        if self.singular_values.ndim != 1:
            shape = self.singular_values.shape
            raise ValueError(f"singular values must have shape (N,), got {shape}")
        n, s = len(self.singular_values), self.singular_values
        for name in ("left", "right"):
            factor = getattr(self, name)
            if factor.shape != (n, n) or np.abs(factor.T @ factor - np.eye(n)).max() > 1e-12:
                raise ValueError(f"{name} must be an orthogonal ({n}, {n}) matrix")
        if (np.diff(s) > 0).any() or s[-1] < 0:
            raise ValueError("singular values must not increase, nor be negative")
        if self.zeta.theta.shape not in ((), (n,)):
            raise ValueError(f"theta must have shape () or ({n},), got {self.zeta.theta.shape}")
        if not 1 <= self.leading < n:
            raise ValueError(f"leading {self.leading} with n {n}: it must be between 1 and {n - 1}")

    @property
    def size(self) -> int:
        return len(self.singular_values)

    @cached_property
    def dense(self) -> NDArray[np.float64]:
        """The full weight matrix W (N, N)."""
        return (self.left * self.singular_values) @ self.right.T

    @property
    def effective_ranks(self) -> dict[str, float]:
        """Effective ranks of W by several measures (see `koopmark.systems.effective_ranks`)."""
        return effective_ranks(self.singular_values)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        return np.subtract(self.coupling(states) @ self.dense.T, self.zeta(states), out=out)

    @cached_property
    def generator_bounds(self) -> NDArray[np.float64]:
        """Bounds (N,) sₖ ‖vₖ‖₁ sup|σ| on |𝒦φₖ + φₖ|; infinite if σ is unbounded."""
        reached = self.singular_values * np.abs(self.right).sum(axis=0)
        # Zero times an infinite bound is zero: such a function is exact.
        return np.multiply(reached, self.coupling.bound, out=reached, where=reached > 0)

    def defect(self, states: NDArray) -> NDArray[np.float64]:
        """The defect 𝒦φₖ + φₖ = sₖ vₖᵀσ(x) at states (..., N), one column for each k."""
        return self.coupling(states) @ self.right * self.singular_values

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:  # noqa: ARG002
        """Empty, since no eigenspace is known exactly; see `targets`."""
        return ()

    def targets(self, max_degree: int = 1) -> tuple[ApproximateEigenspace, ...]:  # noqa: ARG002
        """The span of the functions φₖ after the `leading` ones, near -1, with error bounds."""
        weak = slice(self.leading, None)
        return (ApproximateEigenspace(self.left[:, weak], self.zeta, self.generator_bounds[weak]),)

    @property
    def exact(self) -> bool:
        return all(space.exact for space in self.targets())

    @property
    def bounded(self) -> bool:
        return bool(np.isfinite(self.coupling.bound))

    def _facts(self) -> list[str]:
        stable = self.effective_ranks["stable"]
        equation = f"ẋ = -x + W {self.coupling.name}(x)"
        return [equation, *super()._facts(), f"full rank, stable rank {stable:.2g}"]


def _check_spectrum(n: int, rank: int, spectrum: str) -> None:
    check_rank(n, rank)
    named("spectrum", spectrum, dict.fromkeys(get_args(Spectrum)))


@bounded
def decaying(
    n: Count, rank: Count, spectrum: Spectrum = "step", epsilon: Share = 0.01, decay: Positive = 1.0
) -> NDArray[np.float64]:
    """Relative singular values (n,) that decay from 1.

    `step`: 1 for the first `rank`, then `epsilon`. `exponential`: e^{-decay (k - 1)}.
    `power`: k^{-decay}.
    """
    _check_spectrum(n, rank, spectrum)
    k = np.arange(n)
    if spectrum == "step":
        return np.where(k < rank, 1.0, epsilon)
    if spectrum == "exponential":
        return np.exp(-decay * k)
    return np.power(1.0 + k, -decay)


@factory("nearly_low_rank_rnn", _check_spectrum)
def nearly_low_rank_rnn(
    n: Count,
    rank: Count,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    spectrum: Spectrum = "step",
    epsilon: Share = 0.01,
    decay: Positive = 1.0,
    theta_scale: NonNegative = 0.0,
    activation: str = "tanh",
) -> NearlyLowRank:
    """A network with Haar-random singular vectors and decaying singular values.

    Offsets θ are as in `koopmark.systems.random_rnn`.

    Parameters
    ----------
    n, rank : int
        Number of units, and of leading singular vectors that give no target function.
    gain : float
        The largest singular value.
    seed : int
        Seed of U, V and θ, which do not depend on the spectrum.
    spectrum, epsilon, decay
        As in `decaying`.
    activation : str
        A name in `koopmark.systems.ACTIVATIONS`; an unbounded one makes the bounds infinite.
    """
    s = gain * decaying(n, rank, spectrum, epsilon, decay)
    key = {"ensemble": "nearly_low_rank", "n": n, "seed": seed}
    rng = generator(key, "singular vectors")
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    theta = theta_scale * generator(key, "theta").standard_normal(n)
    return NearlyLowRank(left, s, right, rank, Shift(theta), named_activation(activation))


def effective_ranks(singular_values: ArrayLike) -> dict[str, float]:
    """Effective ranks of a matrix with these singular values (k,), each between 1 and k.

    Returns
    -------
    dict
        `stable`: Σs²/s₁². `nuclear`: Σs/s₁. `participation`: (Σs²)²/Σs⁴. `entropy`: e^H, H the
        entropy of s/Σs (Roy and Vetterli 2007). `energy`: the least number of singular values
        that hold 95 % of Σs². The measures of Thibeault, Allard and Desrosiers, "The low-rank
        hypothesis of complex systems", Nature Physics 20, 294 (2024), and of its sources.

    Raises
    ------
    ValueError
        If there are no singular values, one is negative or not finite, or all are zero.
    """
    s = finite(singular_values, "singular_values")
    if s.ndim == 1:
        s = np.sort(s)[::-1]
    if s.ndim != 1 or not len(s) or s[-1] < 0 or s[0] == 0:
        raise ValueError("singular values must be finite and not negative, one of them positive")
    s = s / s[0]
    squares = s**2
    shares = s[s > 0] / s.sum()
    held = np.cumsum(squares) / squares.sum()
    return {
        "stable": float(squares.sum()),
        "nuclear": float(s.sum()),
        "participation": float(squares.sum() ** 2 / np.sum(squares**2)),
        "entropy": float(np.exp(-np.sum(shares * np.log(shares)))),
        "energy": float(1 + np.searchsorted(held, 0.95)),
    }
