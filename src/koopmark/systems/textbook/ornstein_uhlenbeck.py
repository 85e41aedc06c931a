"""The Ornstein-Uhlenbeck process, whose stochastic Koopman operator has Hermite eigenfunctions."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product

import numpy as np
from numpy.polynomial import hermite_e
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, real
from koopmark._keys import generator
from koopmark.systems._base import StochasticSystem
from koopmark.systems.registry import Positive, factory
from koopmark.truth import Eigenspace, products_of

NODES = 12
"""Of the quadrature in each coordinate: exact for polynomials of degree 23."""

MAX_NODES = 20_000


@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck(StochasticSystem):
    """Process dX = -AX dt + σ dB with A = Q diag(θ) Qᵀ symmetric and positive definite.

    In the coordinates z = QᵀX, scaled to unit variance, the eigenfunctions are products of
    Hermite polynomials Π He_{k_i}(z_i) at -Σ k_i θ_i; k_1 + ... is the degree (Pavliotis,
    Stochastic Processes and Applications, Springer 2014, section 4.4).

    Parameters
    ----------
    rates : (N,) array
        θ, all positive.
    axes : (N, N) array
        Q, orthogonal.
    noise : float
        σ, positive.

    Raises
    ------
    ValueError
        If a rate or the noise is not positive, or Q is not orthogonal.
    """

    rates: NDArray[np.float64]
    axes: NDArray[np.float64]
    noise: Positive

    equation = "dX = -AX dt + σ dB"

    def __post_init__(self) -> None:
        for name in ("rates", "axes"):
            object.__setattr__(self, name, real(getattr(self, name), name))
        super().__post_init__()
        if self.rates.ndim != 1 or not len(self.rates) or not (self.rates > 0).all():
            raise ValueError(f"rates {self.rates}: all must be positive, and one at least")
        n = len(self.rates)
        if self.axes.shape != (n, n) or np.abs(self.axes.T @ self.axes - np.eye(n)).max() > 1e-12:
            raise ValueError(f"axes must be an orthogonal ({n}, {n}) matrix")

    @property
    def size(self) -> int:
        return len(self.rates)

    @cached_property
    def _matrix(self) -> NDArray[np.float64]:
        return (self.axes * self.rates) @ self.axes.T

    @property
    def spread(self) -> NDArray[np.float64]:
        """Stationary standard deviations σ/√(2θ) (N,) along the axes."""
        return self.noise / np.sqrt(2.0 * self.rates)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        return np.matmul(states, -self._matrix, out=out)

    def mean(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        decay = np.exp(-np.multiply.outer(elapsed, self.rates))
        return ((states @ self.axes)[:, None] * decay) @ self.axes.T

    def transition(self, states: NDArray, dt: float, rng: np.random.Generator) -> NDArray:
        mean, deviation = self._step(states, dt)
        return mean + (deviation * rng.standard_normal(states.shape)) @ self.axes.T

    def quadrature(
        self, states: NDArray, dt: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gauss-Hermite quadrature in each coordinate, exact for polynomials up to degree 23.

        Raises
        ------
        ValueError
            If there are too many coordinates for a product of quadratures.
        """
        if NODES**self.size > MAX_NODES:
            raise ValueError(f"quadrature in {self.size} coordinates has too many nodes")
        mean, deviation = self._step(states, dt)
        points, weights = hermite_e.hermegauss(NODES)
        grid = np.array(list(product(points, repeat=self.size)))
        shares = np.array(list(product(weights / weights.sum(), repeat=self.size))).prod(axis=1)
        return mean[..., None, :] + (deviation * grid) @ self.axes.T, shares

    def _step(self, states: NDArray, dt: float) -> tuple[NDArray, NDArray]:
        """Mean (..., N) and standard deviations along the axes (N,) a time dt later."""
        decay = np.exp(-self.rates * dt)
        mean = (states @ self.axes * decay) @ self.axes.T
        return mean, self.spread * np.sqrt(-np.expm1(-2.0 * self.rates * dt))

    @property
    def generators(self) -> NDArray[np.complex128]:
        return -self.rates.astype(complex)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Eigenspaces of the products of Hermite polynomials of degree 1 .. `max_degree`."""
        standard = partial(_standard, self.axes / self.spread)
        spaces = []
        for found in products_of(self.generators, max_degree):
            degrees = np.stack([(found.factors == i).sum(axis=1) for i in range(self.size)], axis=1)
            decay = float(degrees[0] @ self.rates)
            spaces.append(HermiteEigenspace(standard, degrees, decay, found.whole))
        return tuple(spaces)


@dataclass(frozen=True, eq=False)
class HermiteEigenspace(Eigenspace):
    """Products of Hermite polynomials He_k of standardised coordinates z, at eigenvalue -decay.

    `degrees` (dimension, N) has the k of each coordinate in each product.
    """

    standard: partial[NDArray]
    degrees: NDArray[np.intp]
    decay: float
    whole: bool = True

    @property
    def eigenvalue(self) -> complex:
        return complex(-self.decay)

    @property
    def dimension(self) -> int:
        return len(self.degrees)

    @property
    def degree(self) -> int:
        """Largest sum of the degrees k; He₁ is principal and He₂ counts as its square."""
        return int(self.degrees.sum(axis=1).max())

    def evaluate(self, states: NDArray) -> NDArray:
        z = self.standard(states)
        # (..., N, k): He_k of each coordinate, up to the highest degree in use.
        values = hermite_e.hermevander(z, int(self.degrees.max()))
        units = np.arange(z.shape[-1])
        return np.stack([values[..., units, k].prod(axis=-1) for k in self.degrees], axis=-1)

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        if count >= self.dimension:
            return self
        rows = np.sort(rng.choice(self.dimension, size=count, replace=False))
        return replace(self, degrees=self.degrees[rows], whole=False)


def _standard(scaled_axes: NDArray, states: NDArray) -> NDArray:
    return states @ scaled_axes


@factory("ornstein_uhlenbeck")
def ornstein_uhlenbeck(rates: ArrayLike, sigma: Positive = 1.0, seed: int = 0) -> OrnsteinUhlenbeck:
    """Ornstein-Uhlenbeck process with rates θ and noise σ along random orthogonal axes."""
    theta = finite(rates, "rates")
    rng = generator({"system": "ornstein_uhlenbeck", "n": theta.size, "seed": seed}, "axes")
    axes = np.linalg.qr(rng.standard_normal((theta.size, theta.size)))[0]
    return OrnsteinUhlenbeck(theta, axes, sigma)
