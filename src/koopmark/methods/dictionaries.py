"""Dictionaries of observables ψ(x): their functions, hyperparameters and evaluation.

Every dictionary is [constant | state | terms]. The constant and the state are optional, and the
kinds of dictionaries differ in their terms.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from math import comb
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from koopmark._arrays import Gate, Gated, numeric, real, stored
from koopmark._config import mistakes
from koopmark._errors import ConfigError
from koopmark._keys import generator
from koopmark.methods._options import Bounded, Count, Positive
from koopmark.methods._sampling import some_states, spread
from koopmark.methods._signal import sizes
from koopmark.methods.kernels import (
    GRAM_TOLERANCE,
    AnyKernel,
    Gaussian,
    Kernel,
    Polynomial,
    gaussian,
    gram,
)
from koopmark.methods.remarks import numerical_rank

STEP = 1e-100
"""h of complex steps."""


class Terms(ABC):
    """Nonlinear observables with all parameters fixed."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of observables."""

    @abstractmethod
    def write(self, states: NDArray, out: NDArray) -> None:
        """Write the values at `states` (P, N) into `out` (P, size)."""


@dataclass(frozen=True, eq=False)
class Observables:
    """Observables ψ from states (P, N) to values (P, D): the constant, the state, the terms."""

    inputs: int
    constant: bool
    with_state: bool
    terms: Terms | None = None

    def __post_init__(self) -> None:
        if self.size == 0:
            raise ValueError("an empty dictionary: neither constant nor state nor terms")

    @property
    def size(self) -> int:
        """Number D of observables."""
        terms = 0 if self.terms is None else self.terms.size
        return int(self.constant) + (self.inputs if self.with_state else 0) + terms

    @property
    def state(self) -> slice | None:
        """Columns of the state variables; None if the dictionary does not contain the state."""
        start = int(self.constant)
        return slice(start, start + self.inputs) if self.with_state else None

    def __call__(self, states: NDArray, out: NDArray | None = None) -> NDArray[np.float64]:
        """Values (P, D), written into `out` if given, else with contiguous columns.

        Values are float64. Complex states give the analytic continuation, and need a complex `out`.

        Raises
        ------
        ValueError
            If the states have another dimension than those the dictionary was fitted to, or are
            complex and `out` is not.
        """
        analytic = out is not None and np.iscomplexobj(out)
        states = numeric(states, "states") if analytic else real(states, "states")
        if states.shape[1:] != (self.inputs,):
            raise ValueError(
                f"states must have shape (P, {self.inputs}) for this dictionary, got {states.shape}"
            )
        if out is None:
            out = np.empty((len(states), self.size), order="F")
        if self.constant:
            out[:, 0] = 1.0
        if self.state is not None:
            out[:, self.state] = states
        if self.terms is not None:
            self.terms.write(states, out[:, self.size - self.terms.size :])
        return out

    def derivative(
        self, states: NDArray, directions: NDArray, out: NDArray | None = None
    ) -> NDArray[np.float64]:
        """Derivative F·∇ψ (P, D) at `states` (P, N) along `directions` F (P, N), to rounding.

        By the complex step Im ψ(x + ihF) / h (Squire and Trapp 1998). As ψ is analytic and h² is
        below rounding, the only error is that of evaluating ψ.
        """
        states, directions = real(states, "states"), real(directions, "directions")
        if states.ndim != 2 or states.shape != directions.shape:
            raise ValueError(
                f"states and directions must have one shape (P, N), got {states.shape} and "
                f"{directions.shape}"
            )
        values = self(states + 1j * STEP * directions, np.empty((len(states), self.size), complex))
        return np.divide(values.imag, STEP, out=out)


@dataclass(frozen=True)
class Dictionary(Bounded, Gated, ABC):
    """Hyperparameters of a dictionary; `fitted` fixes what depends on the data."""

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {"fitted": (stored, "states")}

    @abstractmethod
    def fitted(self, states: NDArray) -> Observables:
        """The observables for data like `states` (..., N), which are not copied.

        Raises
        ------
        ValueError
            If the dictionary would be empty, or the states are not real numbers.
        """

    @abstractmethod
    def most(self, inputs: int) -> int:
        """Number of functions in `inputs` variables, or a bound if it depends on the data."""

    def canonical(self) -> "Dictionary":
        """The dictionary with the same functions in the form in which dictionaries are compared."""
        return self

    @property
    def polynomial_degree(self) -> int | None:
        """The degree d if the functions are all monomials up to degree d; else None."""
        return None

    def as_degree(self) -> dict[str, Any] | None:
        """The dictionary as the `degree` of a method that uses all monomials, or None."""
        degree = self.polynomial_degree
        return None if degree is None else {"degree": degree}

    def as_kernel(self) -> dict[str, Any] | None:
        """The dictionary as a kernel whose functions span the same space; None if there is none."""
        degree = self.polynomial_degree
        return None if degree is None else {"kernel": asdict(Polynomial(degree))}


@dataclass(frozen=True)
class Drawn(Dictionary):
    """A dictionary of `count` random functions with a width of `bandwidth` × spread of the data."""

    count: Count = 100
    bandwidth: Positive = 1.0
    seed: int = 0
    state: bool = True
    constant: bool = True

    def most(self, inputs: int) -> int:
        return int(self.constant) + int(self.state) * inputs + self.count


@dataclass(frozen=True)
class Identity(Dictionary):
    """The constant and the state, ψ(x) = [1, x].

    The constant is what dynamics with an offset θ ≠ 0 need.
    """

    state: bool = True
    constant: bool = True
    kind: Literal["identity"] = field(default="identity", kw_only=True, repr=False)

    def fitted(self, states: NDArray) -> Observables:
        return Observables(states.shape[-1], self.constant, self.state)

    def most(self, inputs: int) -> int:
        return int(self.constant) + int(self.state) * inputs

    def canonical(self) -> "Monomials":
        return Monomials(1, self.state, self.constant)

    @property
    def polynomial_degree(self) -> int | None:
        return self.canonical().polynomial_degree


@dataclass(frozen=True)
class Monomials(Dictionary):
    """All monomials x₁^k₁ ⋯ x_N^k_N of degree at most `degree`, in graded lexicographic order.

    `state` and `constant` say whether monomials of degree 1 and 0 are included.
    """

    degree: Count = 2
    state: bool = True
    constant: bool = True
    kind: Literal["monomials"] = field(default="monomials", kw_only=True, repr=False)

    def fitted(self, states: NDArray) -> Observables:
        inputs = states.shape[-1]
        terms = None if self.degree == 1 else MonomialTerms(inputs, self.degree)
        return Observables(inputs, self.constant, self.state, terms)

    def most(self, inputs: int) -> int:
        higher = MonomialTerms(inputs, self.degree).size
        return int(self.constant) + int(self.state) * inputs + higher

    @property
    def polynomial_degree(self) -> int | None:
        return self.degree if self.state and self.constant else None


@dataclass(frozen=True)
class MonomialTerms(Terms):
    """Monomials of degree 2 to `degree` in `inputs` variables.

    Those of degree k that start with xᵢ are xᵢ times those of degree k - 1 that start with xᵢ or
    a later variable, and these are the last columns of the previous degree: one product a column.
    """

    inputs: int
    degree: int

    @property
    def size(self) -> int:
        return sum(comb(self.inputs + k - 1, k) for k in range(2, self.degree + 1))

    def write(self, states: NDArray, out: NDArray) -> None:
        variables = np.asfortranarray(states)
        previous, column = variables, 0
        for k in range(2, self.degree + 1):
            first = column
            for i in range(self.inputs):
                tail = previous[:, previous.shape[1] - comb(self.inputs - i + k - 2, k - 1) :]
                following = column + tail.shape[1]
                np.multiply(variables[:, i : i + 1], tail, out=out[:, column:following])
                column = following
            previous = out[:, first:column]


@dataclass(frozen=True)
class RandomFourier(Drawn):
    """Random Fourier features cos(wⱼᵀx + bⱼ), with wⱼ ~ N(0, 1/ℓ²) and bⱼ uniform.

    The length is ℓ = `bandwidth` × spread of the data.

    The spread is the root-mean-square distance of the states from their mean.
    """

    kind: Literal["random_fourier"] = field(default="random_fourier", kw_only=True, repr=False)

    def fitted(self, states: NDArray) -> Observables:
        inputs = states.shape[-1]
        rng = generator({"seed": self.seed}, "random Fourier features")
        length = self.bandwidth * spread(states)
        frequencies = rng.standard_normal((inputs, self.count)) / length
        phases = rng.uniform(0.0, 2.0 * np.pi, self.count)
        return Observables(inputs, self.constant, self.state, Cosines(frequencies, phases))


@dataclass(frozen=True, eq=False)
class Cosines(Terms):
    """The functions cos(wⱼᵀx + bⱼ) for given `frequencies` w (N, count) and `phases` b."""

    frequencies: NDArray[np.float64]
    phases: NDArray[np.float64]

    @property
    def size(self) -> int:
        return len(self.phases)

    def write(self, states: NDArray, out: NDArray) -> None:
        np.matmul(self.frequencies.T, states.T, out=out.T)
        out += self.phases
        np.cos(out, out=out)


@dataclass(frozen=True)
class RadialBasis(Drawn):
    """Gaussians exp(-|x - cⱼ|² / 2ℓ²) around random states cⱼ, with ℓ = `bandwidth` × spread.

    The spread is the root-mean-square distance of the states from their mean. If the data have
    fewer than `count` states, every state is a centre.
    """

    kind: Literal["radial_basis"] = field(default="radial_basis", kw_only=True, repr=False)

    def fitted(self, states: NDArray) -> Observables:
        rng = generator({"seed": self.seed}, "radial basis centres")
        centres = some_states(states, self.count, rng)
        terms = Gaussians(centres, self.bandwidth * spread(states))
        return Observables(states.shape[-1], self.constant, self.state, terms)


@dataclass(frozen=True, eq=False)
class Gaussians(Terms):
    """Gaussians exp(-|x - cⱼ|² / 2ℓ²) around the rows c of `centres` (count, N), ℓ = `length`."""

    centres: NDArray[np.float64]
    length: float

    @property
    def size(self) -> int:
        return len(self.centres)

    def write(self, states: NDArray, out: NDArray) -> None:
        gaussian(states, self.centres, self.length, out)


@dataclass(frozen=True)
class Nystroem(Dictionary):
    """Nyström features k(x, Z) U S^(-1/2) of a kernel, with `count` states Z drawn from the data.

    Here K(Z, Z) = U S Uᵀ.

    They are the functions k(x, zⱼ), made orthonormal in the kernel's inner product. Directions with
    an eigenvalue at rounding level are left out, so there may be fewer than `count`. If the data
    have fewer than `count` states, every state is a landmark. The bandwidth of a Gaussian kernel is
    in units of the spread of the landmarks.
    """

    kernel: AnyKernel = field(default_factory=Gaussian)
    count: Count = 100
    seed: int = 0
    state: bool = False
    constant: bool = True
    kind: Literal["nystroem"] = field(default="nystroem", kw_only=True, repr=False)

    def fitted(self, states: NDArray) -> Observables:
        rng = generator({"seed": self.seed}, "Nyström landmarks")
        landmarks = some_states(states, self.count, rng)
        units = np.ones(states.shape[-1])
        if isinstance(self.kernel, Polynomial):
            # Channels of any size weigh alike: the functions are the same, their rounding is not.
            units = sizes(landmarks) / np.sqrt(len(landmarks))
            landmarks = landmarks / units
        spectrum, vectors = np.linalg.eigh(gram(self.kernel, landmarks, landmarks))
        rank = numerical_rank(spectrum[::-1], GRAM_TOLERANCE, "the kernel matrix")
        whitening = vectors[:, -rank:] / np.sqrt(spectrum[-rank:])
        terms = Features(self.kernel, landmarks, whitening, units)
        return Observables(states.shape[-1], self.constant, self.state, terms)

    def most(self, inputs: int) -> int:
        return int(self.constant) + int(self.state) * inputs + self.count


@dataclass(frozen=True, eq=False)
class Features(Terms):
    """Kernel features k(x / u, Z) `whitening` of given landmarks.

    Z are the rows of `landmarks` (n, N), `whitening` has shape (n, size), and u are the `units`
    (N,).
    """

    kernel: Kernel
    landmarks: NDArray[np.float64]
    whitening: NDArray[np.float64]
    units: NDArray[np.float64]

    @property
    def size(self) -> int:
        return self.whitening.shape[1]

    def write(self, states: NDArray, out: NDArray) -> None:
        values = gram(self.kernel, states / self.units, self.landmarks)
        np.matmul(self.whitening.T, values.T, out=out.T)


AnyDictionary = Annotated[
    Identity | Monomials | RandomFourier | RadialBasis | Nystroem, Field(discriminator="kind")
]
"""A dictionary by its kind: in a suite, `dictionary = { kind = "monomials", degree = 2 }`."""


def described_by(options: Mapping[str, Any]) -> Dictionary:
    """The dictionary described by these options.

    Raises
    ------
    ConfigError
        If there is no such dictionary.
    """
    try:
        dictionary: Dictionary = _adapter().validate_python(dict(options))
    except ValidationError as error:
        raise ConfigError(f"dictionary: {mistakes(error, Dictionary)}") from None
    return dictionary


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(AnyDictionary)
