"""Systems in the plane: the polynomial slow manifold and the Hopf normal form."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from koopmark.systems._base import LinearCoordinates, System
from koopmark.systems.registry import Negative, factory
from koopmark.truth import Eigenspace, LatticeEigenspace, PrincipalFunctions


@factory("slow_manifold")
@dataclass(frozen=True, eq=False)
class SlowManifold(System):
    """Polynomial slow manifold ẋ₁ = μx₁, ẋ₂ = λ(x₂ - x₁²).

    Its eigenfunctions are x₁ at μ and x₂ - λ/(λ - 2μ) x₁² at λ.

    Source: Tu, Rowley, Luchtenburg, Brunton and Kutz, J. Comput. Dyn. 1, 391 (2014); Brunton,
    Brunton, Proctor and Kutz, PLoS ONE 11, e0150171 (2016).

    Parameters
    ----------
    slow, fast : float
        μ and λ, both negative, λ ≠ 2μ, λ ≠ μ.

    Raises
    ------
    ValueError
        If one is not negative, or λ = 2μ: x₁² resonates and there is a Jordan block.
    """

    slow: Negative = -0.1
    fast: Negative = -1.0

    equation = "ẋ₁ = μx₁, ẋ₂ = λ(x₂ - x₁²)"

    def __post_init__(self) -> None:
        super().__post_init__()
        if abs(self.fast - 2 * self.slow) < 1e-6 or abs(self.fast - self.slow) < 1e-6:
            raise ValueError(
                f"fast {self.fast} with slow {self.slow}: fast may be neither slow nor twice slow"
            )

    @property
    def size(self) -> int:
        return 2

    @property
    def curvature(self) -> float:
        """Curvature λ/(λ - 2μ) of the slow manifold x₂ = curvature x₁²."""
        return self.fast / (self.fast - 2.0 * self.slow)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        x1, x2 = states[..., 0], states[..., 1]
        velocity = np.stack([self.slow * x1, self.fast * (x2 - x1**2)], axis=-1)
        return self._into(out, velocity)

    def straightened(self, states: NDArray) -> NDArray:
        """Coordinates (x₁, x₂ - curvature x₁²) in which the system is linear and diagonal."""
        x1, x2 = states[..., 0], states[..., 1]
        return np.stack([x1, x2 - self.curvature * x1**2], axis=-1)

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """States (M, T, 2) in closed form."""
        rates = np.exp(np.multiply.outer(elapsed, [self.slow, self.fast]))
        x1, y = np.moveaxis(self.straightened(states)[:, None] * rates, -1, 0)
        return np.stack([x1, y + self.curvature * x1**2], axis=-1)

    @property
    def principal(self) -> PrincipalFunctions:
        """The two eigenfunctions."""
        rates = np.array([self.slow, self.fast], dtype=complex)
        return PrincipalFunctions(self.straightened, np.eye(2), rates)

    @property
    def linear_coordinates(self) -> LinearCoordinates:
        return LinearCoordinates(np.zeros(self.size), self.principal)


@factory("hopf")
@dataclass(frozen=True, eq=False)
class HopfNormalForm(System):
    """Hopf normal form ż = (μ + iω)z - (1 + ib)|z|²z for z = x₁ + ix₂.

    With s = |z|², the eigenfunctions above the bifurcation (μ > 0) and away from the origin are
    ψ = 1 - μ/s at -2μ, which vanishes on the limit cycle, and φ = z/|z| e^{-ib ln|z|} with its
    conjugate at ±i(ω - bμ), which has the same phase along an isochron. Below it (μ < 0) they are
    φ = z (s - μ)^{-(1 + ib)/2} and its conjugate at μ ± iω, on all of the plane. Proofs:
    docs/explanation/ensembles/textbook_systems.md.

    Parameters
    ----------
    growth : float
        μ, not 0: at the bifurcation the approach is algebraic.
    frequency : float
        ω. Above the bifurcation ω ≠ bμ.
    shear : float
        b.

    Raises
    ------
    ValueError
        If μ = 0, or the frequency on the limit cycle is 0.
    """

    growth: float = 1.0
    frequency: float = 2.0
    shear: float = 0.0

    equation = "ż = (μ + iω)z - (1 + ib)|z|²z"

    def __post_init__(self) -> None:
        super().__post_init__()
        if abs(self.growth) < 1e-6:
            raise ValueError(f"growth {self.growth}: it may not be 0, the bifurcation itself")
        if self.growth > 0 and abs(self.turning) < 1e-6:
            raise ValueError(
                f"frequency {self.frequency} with shear {self.shear} and growth {self.growth}: the "
                "limit cycle would not turn"
            )

    @property
    def size(self) -> int:
        return 2

    @property
    def turning(self) -> float:
        """Frequency on the limit cycle, ω - bμ, above the bifurcation; ω below it."""
        return self.frequency - self.shear * max(self.growth, 0.0)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        x, y = states[..., 0], states[..., 1]
        s = x**2 + y**2
        radial, angular = self.growth - s, self.frequency - self.shear * s
        velocity = np.stack([radial * x - angular * y, angular * x + radial * y], axis=-1)
        return self._into(out, velocity)

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """States (M, T, 2) in closed form, since s = |z|² obeys a logistic equation."""
        z0 = (states[:, :1] + 1j * states[:, 1:]) * np.ones(len(elapsed))
        s0, mu = np.abs(z0) ** 2, self.growth
        # ∫s dt = ½ ln(1 + s₀(e^{2μt} - 1)/μ), written so that nothing overflows for μ > 0.
        if mu > 0:
            integral = mu * elapsed + 0.5 * np.log1p((s0 / mu - 1) * -np.expm1(-2 * mu * elapsed))
        else:
            integral = 0.5 * np.log1p(s0 / mu * np.expm1(2 * mu * elapsed))
        exponent = (mu + 1j * self.frequency) * elapsed - (1 + 1j * self.shear) * integral
        z = z0 * np.exp(exponent)
        return np.stack([z.real, z.imag], axis=-1)

    def straightened(self, states: NDArray) -> NDArray:
        """The coordinates (Re φ, Im φ), and ψ as a third one above the bifurcation."""
        x, y = states[..., 0], states[..., 1]
        s = x**2 + y**2
        q = s - min(self.growth, 0.0)
        size, turn = 1.0 / np.sqrt(q), 0.5 * self.shear * np.log(q)
        real = size * (x * np.cos(turn) + y * np.sin(turn))
        imaginary = size * (y * np.cos(turn) - x * np.sin(turn))
        transverse = [1.0 - self.growth / s] if self.growth > 0 else []
        return np.stack([real, imaginary, *transverse], axis=-1)

    @property
    def principal(self) -> PrincipalFunctions:
        """The eigenfunctions φ and φ̄, and ψ as a third one above the bifurcation."""
        rate = 1j * self.turning + min(self.growth, 0.0)
        conjugates = np.array([[1.0, 1.0], [1j, -1j]])
        if self.growth < 0:
            return PrincipalFunctions(
                self.straightened, conjugates, np.array([rate, rate.conjugate()])
            )
        rates = np.array([rate, rate.conjugate(), -2.0 * self.growth])
        return PrincipalFunctions(self.straightened, block_diag(conjugates, 1.0), rates)

    @property
    def linear_coordinates(self) -> LinearCoordinates | None:
        """The coordinates Re φ and Im φ below the bifurcation, None above it."""
        return None if self.growth > 0 else LinearCoordinates(np.zeros(2), self.principal)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Eigenspaces of products of up to `max_degree` eigenfunctions, grouped by eigenvalue.

        All are whole. Above the bifurcation φφ̄ = 1, so ikω' - 2μj has the one function φᵏψʲ.
        """
        spaces = self.principal.targets(max_degree)
        return without_products_of_both(spaces, 0, 1, whole=True) if self.growth > 0 else spaces

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Empty: above the bifurcation φφ̄ is constant, but equals 1."""
        return ()


def without_products_of_both(
    spaces: Iterable[LatticeEigenspace], first: int, second: int, whole: bool
) -> tuple[LatticeEigenspace, ...]:
    """The eigenspaces without products that contain both of these principal functions.

    If the product of both is constant, the removed products equal others in the list, and the rest
    may be `whole` although the lattice has infinitely many products.
    """
    left = []
    for space in spaces:
        has = [(space.factors == index).any(axis=1) for index in (first, second)]
        factors = space.factors[~(has[0] & has[1])]
        if np.size(factors):
            left.append(replace(space, factors=factors, whole=whole))
    return tuple(left)
