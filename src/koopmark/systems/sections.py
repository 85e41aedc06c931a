"""Recipes of systems made for their eigenfunctions, and of networks of linear units."""

from math import comb
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from koopmark import systems
from koopmark.datasets.system_base import CheckedSystem
from koopmark.systems import System

Units = Annotated[int, Field(ge=1, le=1000)]
Hidden = Annotated[int, Field(ge=1, le=10_000)]
Degree = Annotated[int, Field(ge=2, le=6)]
LayerName = Literal["tanh", "erf", "logistic", "fourier"]
FeatureName = Literal["tanh", "erf", "logistic", "fourier", "polynomial"]
TargetName = Literal["bump", "ring", "wave"]
Number = Annotated[float, Field(ge=-1e6, le=1e6)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
NonNegative = Annotated[float, Field(ge=0, le=1e6)]
Vector = tuple[Number, ...]
Matrix = tuple[Vector, ...]

MAX_NUMBERS, MAX_MONOMIALS = 10**6, 2000
"""What the weights of a section may hold: more is evaluated for minutes, not seconds."""


def _rectangular(name: str, rows: Matrix) -> np.ndarray:
    if not rows:
        raise ValueError(f"{name}: it has no rows")
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"{name}: its rows must all have the same number of entries")
    return np.array(rows)


class Prescribed(CheckedSystem):
    """φ(x) = Bx + c + C σ(Dx + b) with φ̇ = Λφ, every number given; the same for each seed.

    The coordinates that this leaves free have a leaky drive of this gain.
    """

    kind: Literal["prescribed"]
    matrix: Matrix
    linear: Matrix
    weights: Matrix
    directions: Matrix
    offsets: Vector
    layer: LayerName = "tanh"
    offset: Vector = (0.0,)
    gain: Positive = 1.5

    @property
    def n(self) -> int:
        return max(len(row) for row in self.linear)

    @property
    def functions(self) -> int:
        return len(self.matrix)

    @property
    def drawn_anew(self) -> bool:
        """The same for every seed."""
        return False

    def build(self, seed: int) -> System:  # noqa: ARG002  the same system for every seed
        layer = systems.HiddenLayer(
            _rectangular("directions", self.directions), np.array(self.offsets), self.layer
        )
        functions = systems.PrescribedFunctions(
            _rectangular("linear", self.linear),
            _rectangular("weights", self.weights),
            layer,
            np.array(self.offset),
        )
        matrix = _rectangular("matrix", self.matrix)
        return systems.Prescribed(functions, matrix, systems.leaky_drive(functions, self.gain))


class _Spectrum(CheckedSystem):
    """Λ by its real eigenvalues and its pairs a ± bi, given as [a, b]."""

    n: Units
    real: Vector = ()
    oscillations: tuple[tuple[Number, Positive], ...] = ()

    @property
    def functions(self) -> int:
        """How many eigenfunctions everything else is made of."""
        return len(self.real) + 2 * len(self.oscillations)

    def _matrix(self) -> np.ndarray:
        if not 1 <= self.functions <= self.n:
            raise ValueError(
                f"real and oscillations make {self.functions} eigenvalues with n {self.n}: there "
                "must be between 1 and n"
            )
        return systems.block_diagonal(self.real, self.oscillations)


def _check_size(features: str, n: int, degree: int, count: int, layers: int = 1) -> None:
    monomials = comb(n + degree, degree)
    if features == "polynomial" and monomials > MAX_MONOMIALS:
        raise ValueError(
            f"polynomials of degree {degree} in {n} units have {monomials} monomials, of which "
            f"there may be {MAX_MONOMIALS}"
        )
    if n * count * layers > MAX_NUMBERS:
        raise ValueError(
            f"n times count times layers is {n * count * layers:.2g}, which may be at most "
            f"{MAX_NUMBERS:.0e}"
        )


class RandomPrescribed(_Spectrum):
    """Random functions as exact eigenfunctions of random bounded dynamics; new ones a seed."""

    kind: Literal["random_prescribed"]
    features: FeatureName = "tanh"
    strength: Positive = 0.5
    count: Hidden = 20
    steepness: Positive = 1.0
    degree: Degree = 2
    graph: bool = False
    gain: Positive = 1.5

    def build(self, seed: int) -> System:
        _check_size(self.features, self.n, self.degree, self.count)
        options = self.model_dump(exclude={"kind", "n", "real", "oscillations"})
        return systems.random_prescribed(self.n, self._matrix(), seed=seed, **options)


class PrescribedTarget(CheckedSystem):
    """The fit of a named function as the exact eigenfunction; a new one for each seed."""

    kind: Literal["random_prescribed_target"]
    n: Annotated[int, Field(ge=2, le=20)]
    target: TargetName
    functions: ClassVar[int] = 1
    rate: Positive = 1.0
    height: Number = 2.0
    count: Annotated[int, Field(ge=1, le=1000)] = 200
    gain: Positive = 1.5

    def build(self, seed: int) -> System:
        return systems.prescribed_target(**self.model_dump(exclude={"kind"}), seed=seed)


class RandomCoupling(_Spectrum):
    """Linear dynamics behind random coupling layers; new layers for each seed."""

    kind: Literal["random_coupling"]
    n: Annotated[int, Field(ge=2, le=1000)]
    features: FeatureName = "tanh"
    strength: Positive = 1.0
    layers: Annotated[int, Field(ge=1, le=100)] = 2
    count: Hidden = 20
    stretch: NonNegative = 0.0
    degree: Degree = 2

    def build(self, seed: int) -> System:
        _check_size(self.features, self.n, self.degree, self.count, self.layers)
        options = self.model_dump(exclude={"kind", "n", "real", "oscillations"})
        return systems.random_coupling(self.n, self._matrix(), seed=seed, **options)


class _Units(CheckedSystem):
    units: Annotated[int, Field(ge=2, le=2000)]
    rank: PositiveInt
    gain: Positive = 1.5

    @property
    def n(self) -> int:
        """Variables: two for each unit."""
        return 2 * self.units

    @property
    def functions(self) -> int:
        return 2 * (self.units - self.rank)


class RandomInertial(_Units):
    """Second-order units q̈ + γq̇ + ω²q = W tanh(q); new weights for each seed."""

    kind: Literal["random_inertial"]
    damping: Positive = 0.4
    frequency: Positive = 2.0

    def build(self, seed: int) -> System:
        return systems.random_inertial(
            self.units, self.rank, self.gain, self.damping, self.frequency, seed
        )


class RandomAdapting(_Units):
    """Units ẋ = -x - βa + W tanh(x) with adaptation τȧ = x - a; new weights for each seed."""

    kind: Literal["random_adapting"]
    strength: Number = 2.0
    time: Positive = 3.0

    def build(self, seed: int) -> System:
        return systems.random_adapting(
            self.units, self.rank, self.gain, self.strength, self.time, seed
        )


PrescribedSections = (
    Prescribed
    | RandomPrescribed
    | PrescribedTarget
    | RandomCoupling
    | RandomInertial
    | RandomAdapting
)
