"""Recurrent networks of full rank with decaying singular values: eigenfunctions up to a bound."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import checked, real
from koopmark._keys import generator
from koopmark.systems.activation import Activation
from koopmark.systems.activation import activation as named_activation
from koopmark.systems.effective_rank import effective_ranks
from koopmark.systems.elementwise import Shift
from koopmark.systems.system import System
from koopmark.truth import Eigenspace
from koopmark.truth.approximate import ApproximateEigenspace

Spectrum = Literal["step", "exponential", "power"]


@dataclass(frozen=True, eq=False)
class NearlyLowRank(System):
    """ẋ = -x + Wσ(x) + θ with W = U diag(s) Vᵀ of full rank: φₖ = uₖᵀ(x - θ) is nearly at -1.

    𝒦φₖ = -φₖ + sₖ vₖᵀσ(x), so that |𝒦φₖ + φₖ| <= sₖ ‖vₖ‖₁ sup|σ|: little where sₖ is small.

    Parameters
    ----------
    left, right : (N, N) arrays
        U and V, orthogonal.
    singular_values : (N,) array
        s, not increasing, not negative.
    leading : int
        The left singular vectors after the first `leading` give the functions that are asked for.
    zeta : Shift
        x - θ.
    coupling : Activation
        σ.

    Raises
    ------
    ValueError
        Where shapes disagree, U or V is not orthogonal, s increases, or `leading` is not in 1..N-1.
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
        """W."""
        return (self.left * self.singular_values) @ self.right.T

    @property
    def effective_ranks(self) -> dict[str, float]:
        """By several measures (`koopmark.systems.effective_ranks`)."""
        return effective_ranks(self.singular_values)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        return np.subtract(self.coupling(states) @ self.dense.T, self.zeta(states), out=out)

    @cached_property
    def generator_bounds(self) -> NDArray[np.float64]:
        """(N,) sₖ ‖vₖ‖₁ sup|σ| for every left singular vector; infinite where σ is unbounded."""
        reached = self.singular_values * np.abs(self.right).sum(axis=0)
        # Zero times an infinite bound is zero: such a function is exact.
        return np.multiply(reached, self.coupling.bound, out=reached, where=reached > 0)

    def defect(self, states: NDArray) -> NDArray[np.float64]:
        """𝒦φₖ + φₖ = sₖ vₖᵀσ(x) at each state, (..., N) to (..., N), one column for each k."""
        return self.coupling(states) @ self.right * self.singular_values

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:  # noqa: ARG002
        """None is known exactly: see `targets`."""
        return ()

    def targets(self, max_degree: int = 1) -> tuple[ApproximateEigenspace, ...]:  # noqa: ARG002
        """The span of the functions after the `leading` ones, near -1, with their bounds."""
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


def decaying(
    n: int, rank: int, spectrum: Spectrum = "step", epsilon: float = 0.01, decay: float = 1.0
) -> NDArray[np.float64]:
    """Relative singular values (n,), the largest 1.

    `step`: 1 for the first `rank`, then `epsilon`. `exponential`: e^{-decay (k - 1)}.
    `power`: k^{-decay}.

    Raises
    ------
    ValueError
        Where a parameter is out of range.
    """
    if not 1 <= rank < n:
        raise ValueError(f"rank {rank} with n {n}: rank must be between 1 and n - 1 = {n - 1}")
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon {epsilon}: it must be between 0 and 1")
    if not 0 < decay < np.inf:
        raise ValueError(f"decay {decay}: it must be positive")
    k = np.arange(n)
    if spectrum == "step":
        return np.where(k < rank, 1.0, epsilon)
    if spectrum == "exponential":
        return np.exp(-decay * k)
    if spectrum == "power":
        return np.power(1.0 + k, -decay)
    raise ValueError(f"unknown spectrum {spectrum!r}: choose one of step, exponential, power")


@checked
def nearly_low_rank_rnn(
    n: int,
    rank: int,
    gain: float = 1.5,
    seed: int = 0,
    *,
    spectrum: Spectrum = "step",
    epsilon: float = 0.01,
    decay: float = 1.0,
    theta_scale: float = 0.0,
    activation: str = "tanh",
) -> NearlyLowRank:
    """A network with Haar-random singular vectors and decaying singular values.

    Parameters
    ----------
    n, rank : int
        Units, and how many leading singular vectors give no function that is asked for.
    gain : float
        The largest singular value.
    seed : int
        Draws U, V and θ; the spectrum does not change them.
    spectrum, epsilon, decay
        As in `decaying`.
    theta_scale : float
        Standard deviation of the Gaussian offsets θ.
    activation : str
        A name in `koopmark.systems.ACTIVATIONS`; where it is unbounded, so are the bounds.

    Raises
    ------
    ValueError
        Where a parameter is out of range.
    """
    if not (np.isfinite(gain) and gain > 0):
        raise ValueError(f"gain {gain}: the spectral norm of the weights must be positive")
    if not theta_scale >= 0:
        raise ValueError(f"theta_scale {theta_scale}: a standard deviation is not negative")
    s = gain * decaying(n, rank, spectrum, epsilon, decay)
    key = {"ensemble": "nearly_low_rank", "n": n, "seed": seed}
    rng = generator(key, "singular vectors")
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    theta = theta_scale * generator(key, "theta").standard_normal(n)
    return NearlyLowRank(left, s, right, rank, Shift(theta), named_activation(activation))
