"""Identical Kuramoto oscillators: one mean phase and many constants of motion."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from koopmark.systems._base import System
from koopmark.systems.registry import factory
from koopmark.systems.textbook.planar import without_products_of_both
from koopmark.truth import Eigenspace, PrincipalFunctions


@factory("kuramoto")
@dataclass(frozen=True, eq=False)
class Kuramoto(System):
    """Kuramoto oscillators θ̇ⱼ = ω + (K/n) Σₖ sin(θₖ - θⱼ), with state (cos θ, sin θ) in R^{2n}.

    The coupling is odd and does not move the mean phase, so Πⱼ zⱼ with z = e^{iθ} is an
    eigenfunction at inω. The dynamics conserve n - 3 independent cross ratios of the zⱼ (Watanabe
    and Strogatz, Physica D 74, 1994; as Koopman eigenfunctions at 0: Thibeault, Claveau, Allard
    and Desrosiers, "Kuramoto meets Koopman", 2025). Off the unit circles the radii are constant
    and have no effect.

    Parameters
    ----------
    oscillators : int
        n, at least 3; N = 2n.
    frequency : float
        ω, not 0.
    strength : float
        K: a positive K synchronises the phases, a negative K spreads them evenly.
    """

    oscillators: Annotated[int, Ge(3)] = 4
    frequency: float = 0.5
    strength: float = -0.5

    equation = "θ̇ⱼ = ω + (K/n) Σₖ sin(θₖ - θⱼ)"

    def __post_init__(self) -> None:
        super().__post_init__()
        if abs(self.frequency) < 1e-6:
            raise ValueError(f"frequency {self.frequency}: at 0 the product of phases is conserved")

    @property
    def size(self) -> int:
        return 2 * self.oscillators

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        x, y = self._on_circles(states)
        # (K/n) Σₖ sin(θₖ - θⱼ), from the sums of sines and of cosines.
        across = y.mean(axis=-1, keepdims=True) * x - x.mean(axis=-1, keepdims=True) * y
        rate = self.frequency + self.strength * across
        n = self.oscillators
        velocity = np.concatenate([-rate * states[..., n:], rate * states[..., :n]], axis=-1)
        return self._into(out, velocity)

    def _on_circles(self, states: NDArray) -> tuple[NDArray, NDArray]:
        x, y = states[..., : self.oscillators], states[..., self.oscillators :]
        radius = np.sqrt(x**2 + y**2)
        return x / radius, y / radius

    def straightened(self, states: NDArray) -> NDArray:
        """Real and imaginary part of the product Πⱼ zⱼ."""
        x, y = states[..., : self.oscillators], states[..., self.oscillators :]
        real, imaginary = x[..., 0], y[..., 0]
        for j in range(1, self.oscillators):
            real, imaginary = (
                real * x[..., j] - imaginary * y[..., j],
                real * y[..., j] + imaginary * x[..., j],
            )
        return np.stack([real, imaginary], axis=-1)

    @property
    def principal(self) -> PrincipalFunctions:
        """The product Πⱼ zⱼ and its conjugate."""
        turning = 1j * self.oscillators * self.frequency
        conjugates = np.array([[1.0, 1.0], [1j, -1j]])
        return PrincipalFunctions(self.straightened, conjugates, np.array([turning, -turning]))

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Eigenspaces of powers of Πⱼ zⱼ and its conjugate, up to `max_degree`.

        They are parts of larger eigenspaces if there are cross ratios, which are conserved.
        """
        spaces = self.principal.targets(max_degree)
        return without_products_of_both(spaces, 0, 1, whole=self.oscillators == 3)

    def conserved(self) -> tuple[Eigenspace, ...]:
        """The n - 3 squared cross ratios of the phases; empty for three oscillators."""
        return (CrossRatios(self),) if self.oscillators > 3 else ()


@dataclass(frozen=True, eq=False)
class CrossRatios(Eigenspace):
    """Constants of motion |z₁ - zⱼ|²|z₂ - z₃|² / (|z₁ - z₃|²|z₂ - zⱼ|²) for j = 4 .. n.

    They are singular where two phases agree, and so are used in checks but not as targets.
    """

    system: Kuramoto
    whole: bool = False

    @property
    def eigenvalue(self) -> complex:
        return 0j

    @property
    def dimension(self) -> int:
        return self.system.oscillators - 3

    def evaluate(self, states: NDArray) -> NDArray:
        x, y = self.system._on_circles(states)

        def chord(i: int, others: slice) -> NDArray:
            """Squared distance on the unit circle: 2 - 2 cos(θᵢ - θⱼ)."""
            dx, dy = x[..., i, None] - x[..., others], y[..., i, None] - y[..., others]
            return dx**2 + dy**2

        third, rest = slice(2, 3), slice(3, None)
        return chord(0, rest) * chord(1, third) / (chord(0, third) * chord(1, rest))

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:  # noqa: ARG002
        if count >= self.dimension:
            return self
        raise ValueError("cross ratios are not sampled: ask for all of them")
