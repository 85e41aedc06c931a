"""`[system]` sections of the textbook systems (docs/ensembles.md)."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from koopmark import systems
from koopmark.datasets.system_base import CheckedSystem
from koopmark.systems import System

Few = Annotated[int, Field(ge=2, le=300)]
NegativeRate = Annotated[float, Field(lt=0.0)]
Rates = Annotated[tuple[PositiveFloat, ...], Field(min_length=1, max_length=4)]


class Linear(CheckedSystem):
    """ẋ = Ax with prescribed eigenvalues; another A for each seed."""

    kind: Literal["linear"]
    n: Few
    matrix: Literal["normal", "non_normal", "defective"] = "normal"
    pairs: int = Field(default=0, ge=0)
    condition: float = Field(default=100.0, ge=1.0, lt=1e6)
    frequency: PositiveFloat = 1.0
    channels: Few | None = None

    @property
    def functions(self) -> int:
        """How many eigenfunctions everything else is made of."""
        return self.n

    def check_targets(self, max_degree: int) -> None:
        """Nothing: the rates are not the recipe's, and of many some products are always close.

        Their eigenspaces are not `whole`.
        """

    def build(self, seed: int) -> System:
        return systems.random_linear(
            self.n,
            self.matrix,
            seed,
            pairs=self.pairs,
            condition=self.condition,
            frequency=self.frequency,
            channels=self.channels,
        )


class SlowManifold(CheckedSystem):
    """ẋ₁ = μx₁, ẋ₂ = λ(x₂ - x₁²); the same for every seed."""

    kind: Literal["slow_manifold"]
    slow: NegativeRate = -0.1
    fast: NegativeRate = -1.0

    @property
    def n(self) -> int:
        """The plane."""
        return 2

    @property
    def drawn_anew(self) -> bool:
        """The same for every seed."""
        return False

    def build(self, seed: int) -> System:  # noqa: ARG002
        return systems.SlowManifold(self.slow, self.fast)


class Hopf(CheckedSystem):
    """The Hopf normal form; the same for every seed."""

    kind: Literal["hopf"]
    growth: float = 1.0
    frequency: float = 2.0
    shear: float = 0.0

    @property
    def n(self) -> int:
        """The plane."""
        return 2

    @property
    def drawn_anew(self) -> bool:
        """The same for every seed."""
        return False

    def build(self, seed: int) -> System:  # noqa: ARG002
        return systems.HopfNormalForm(self.growth, self.frequency, self.shear)


class KuramotoSection(CheckedSystem):
    """Identical Kuramoto oscillators as (cos, sin); the same for every seed."""

    kind: Literal["kuramoto"]
    oscillators: Annotated[int, Field(ge=3, le=500)] = 4
    frequency: float = 0.5
    strength: float = -0.5

    @property
    def n(self) -> int:
        """Variables: two for each oscillator."""
        return 2 * self.oscillators

    @property
    def drawn_anew(self) -> bool:
        """The same for every seed."""
        return False

    def build(self, seed: int) -> System:  # noqa: ARG002
        return systems.Kuramoto(self.oscillators, self.frequency, self.strength)


class OrnsteinUhlenbeckSection(CheckedSystem):
    """dX = -AX dt + σ dB with these rates; other axes for each seed."""

    kind: Literal["ornstein_uhlenbeck"]
    rates: Rates
    sigma: PositiveFloat = 1.0

    @property
    def n(self) -> int:
        """Coordinates."""
        return len(self.rates)

    @property
    def functions(self) -> int:
        """Hermite polynomials of degree 1."""
        return len(self.rates)

    @property
    def drawn_anew(self) -> bool:
        """One coordinate has one axis."""
        return self.n > 1

    def build(self, seed: int) -> System:
        return systems.ornstein_uhlenbeck(self.rates, self.sigma, seed)


TextbookSections = Linear | SlowManifold | Hopf | KuramotoSection | OrnsteinUhlenbeckSection
