"""Exact Koopman eigenspaces in closed form.

`F(x)·∇φ(x) = λ φ(x)` holds for every function of an eigenspace, so that
`φ(x(t)) = exp(λ t) φ(x(0))` along every trajectory. Derivations:
docs/explanation/theory/exact_eigenfunctions.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement, islice
from math import comb
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark import _repr
from koopmark._arrays import Gate, Gated, numeric, of_width
from koopmark.truth._law import RELAXATION, LinearLaw

Elementwise = Callable[[NDArray], NDArray]


def _combined(zeta: Elementwise, states: NDArray, vectors: NDArray) -> NDArray:
    """uᵀζ(x) for each column u of `vectors` (N, k), at states (..., N)."""
    return of_width(zeta(states), len(vectors), "states") @ vectors


ONE = -1
"""Index of the constant function among the factors of a product."""


@dataclass(frozen=True, eq=False)
class NullSpace(_repr.ReprMixin):
    """Left null space of low-rank weights: all u with Wᵀ u = 0, from the thin QR L = Q S.

    Only `complement` = Q, of shape (N, r), is stored: the null space is its orthogonal
    complement, and vectors are drawn from it as u = (I - Q Qᵀ) v.
    """

    complement: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number N of units."""
        return self.complement.shape[0]

    @property
    def dimension(self) -> int:
        """Dimension d = N - r."""
        return self.size - self.complement.shape[1]

    def project(self, vectors: NDArray) -> NDArray:
        """Orthogonal projection P v = v - Q (Qᵀ v) of each row v of `vectors` (..., N)."""
        q = self.complement
        return vectors - (vectors @ q) @ q.T

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Random null vectors of unit norm as columns, shape (N, count).

        They are independent with probability one if `count` <= d.
        """
        # Projecting twice removes what rounding left of the first projection.
        vectors = self.project(self.project(rng.standard_normal((count, self.size))))
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).T

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """Orthonormal basis as columns, shape (N, d); takes O(N²) memory."""
        full, _ = np.linalg.qr(self.complement, mode="complete")
        return full[:, self.complement.shape[1] :]

    def _facts(self) -> list[str]:
        return [f"N = {self.size:,}", f"dimension {self.dimension:,}"]


@dataclass(frozen=True, eq=False)
class AffineProducts:
    """Products of eigenfunctions φⱼ = uⱼᵀ(x - θ), which are affine in the state.

    Parameters
    ----------
    vectors : (N, q) array
        The u as columns, independent; complex ones with their conjugates.
    offset : (N,) or () array
        θ.
    eigenvalues : (q,) array
    factors : (m, degree) array
        Indices of the φⱼ in each product, filled up with ONE for products of fewer.
    """

    vectors: NDArray
    offset: NDArray[np.float64]
    eigenvalues: NDArray[np.complex128]
    factors: NDArray[np.intp]


def offset_of(coordinates: Callable) -> NDArray[np.float64] | None:
    """The offset θ if the map is x - θ, and None for any other map."""
    return getattr(coordinates, "theta", None)


class Eigenspace(_repr.ReprMixin, Gated, ABC):
    """A finite-dimensional space of eigenfunctions that share one eigenvalue."""

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {"evaluate": (numeric, "states")}

    @property
    @abstractmethod
    def eigenvalue(self) -> complex:
        """Eigenvalue λ per unit of time of a flow, or multiplier μ of one step of a map."""

    @property
    def discrete(self) -> bool:
        """Whether its functions are eigenfunctions of a map, φ(x⁺) = μ φ(x)."""
        return False

    def multiplier(self, elapsed: float) -> complex:
        """Factor φ(x(t)) / φ(x(0)) after this time without inputs: e^{λt}, or μᵗ for a map."""
        if self.discrete:
            return complex(self.eigenvalue**elapsed)
        return complex(np.exp(self.eigenvalue * elapsed))

    def gains(self, elapsed: float) -> NDArray | None:  # noqa: ARG002
        """Gains g (m, q) with φ(x(t)) = multiplier φ(x(0)) + g v for inputs v held that long.

        By default None: inputs do not reach the functions, or not only linearly.
        """
        return None

    @property
    def driven(self) -> bool:
        """Whether inputs change its functions beyond what their eigenvalue says."""
        return False

    def advanced(self, states: NDArray, inputs: NDArray | None, elapsed: float) -> NDArray:
        """Exact values (..., m) a time `elapsed` after `states` (..., N) under held inputs."""
        factor = self.multiplier(elapsed)
        values = self.evaluate(states) * (factor if factor.imag else factor.real)
        gains = self.gains(elapsed)
        return values if gains is None or inputs is None else values + inputs @ gains.T

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Number of linearly independent eigenfunctions."""

    @abstractmethod
    def evaluate(self, states: NDArray) -> NDArray:
        """Values of a basis at `states` (..., N): shape (..., dimension)."""

    @abstractmethod
    def sample(self, count: int, rng: np.random.Generator) -> "Eigenspace":
        """A subspace spanned by `count` random directions, for spaces too large to list.

        Returns the space itself if `count` >= dimension.
        """

    @property
    def exact(self) -> bool:
        """Whether its functions obey the eigenvalue exactly; False if there is only a bound."""
        return True

    @property
    def whole(self) -> bool:
        """Whether it has every smooth eigenfunction at its eigenvalue.

        Proofs: docs/explanation/theory/whole_eigenspaces.md.

        False if the space is, or may be, part of a larger eigenspace: an exact pair at this
        eigenvalue can then lie outside of it. This is so if there is a smooth constant of motion,
        since an eigenfunction times any function of it is another one; for a sample of directions;
        and if another eigenvalue differs by a relative 1e-6 or less.
        """
        return True

    @property
    def degree(self) -> int:
        """Largest number of principal eigenfunctions in the products that span the space.

        1 if all of them are principal, or are not known to be products.
        """
        return 1

    def as_part(self) -> "Eigenspace":
        """The same space marked as part of a larger eigenspace (not `whole`)."""
        # Every subclass is a dataclass with this field.
        return replace(self, whole=False)  # type: ignore[type-var]

    def deviation_bounds(self, elapsed: float) -> NDArray[np.float64]:  # noqa: ARG002
        """Bounds (m,) on |φ(x(t)) - e^{λt}φ(x(0))| after time `elapsed`; 0 for exact functions."""
        return np.zeros(self.dimension)

    def affine_products(self, most: int) -> AffineProducts | None:  # noqa: ARG002
        """Up to `most` basis functions as products of eigenfunctions that are affine in the state.

        By default None: they are not such products.
        """
        return None

    def _functions(self) -> str:
        """What the functions of the space look like; empty where that cannot be said briefly."""
        return ""

    def _facts(self) -> list[str]:
        symbol = "μ" if self.discrete else "λ"
        facts = [f"{symbol} = {_repr.eigenvalue(self.eigenvalue)}", f"dimension {self.dimension:,}"]
        driven = "driven by inputs" if self.driven else ""
        whole = "" if self.whole else "not whole"
        return [*filter(None, [*facts, self._functions(), driven, whole])]


@dataclass(frozen=True, eq=False)
class ProductEigenspace(Eigenspace):
    """Products of `degree` functions uᵀζ(x); in the relaxation family the eigenvalue is -degree.

    With z = Bᵀ ζ(x) and B a basis of the left null space, they are the monomials of that degree in
    z, a space of dimension C(d + degree - 1, degree). For sensor values, ζ and the null space are
    those of the sensors (docs/explanation/theory/sensors.md).

    Parameters
    ----------
    null_space : NullSpace
    zeta : callable
    degree : int
    whole : bool
    law : LinearLaw
        How z moves.
    drive : (N, q) array, optional
        Effect of inputs: z is driven by Bᵀ drive v. None without inputs.
    """

    null_space: NullSpace
    zeta: Elementwise
    degree: int = 1
    whole: bool = True
    law: LinearLaw = RELAXATION
    drive: NDArray[np.float64] | None = None

    @property
    def eigenvalue(self) -> complex:
        return self.law.eigenvalue(self.degree)

    @property
    def discrete(self) -> bool:
        return self.law.discrete

    @property
    def driven(self) -> bool:
        return self.drive is not None

    @property
    def dimension(self) -> int:
        return comb(self.null_space.dimension + self.degree - 1, self.degree)

    def _products(self, z: NDArray) -> NDArray:
        factors = combinations_with_replacement(range(z.shape[-1]), self.degree)
        columns = np.array(list(factors)).T
        return np.prod([z[..., column] for column in columns], axis=0)

    def evaluate(self, states: NDArray) -> NDArray:
        return self._products(_combined(self.zeta, states, self.null_space.basis))

    def gains(self, elapsed: float) -> NDArray | None:
        if self.drive is None or self.degree > 1:
            return None
        return self.law.gain(elapsed) * (self.null_space.basis.T @ self.drive)

    def advanced(self, states: NDArray, inputs: NDArray | None, elapsed: float) -> NDArray:
        if self.drive is None or inputs is None:
            return super().advanced(states, inputs, elapsed)
        basis = self.null_space.basis
        driven = self.law.gain(elapsed) * (inputs @ (self.drive.T @ basis))
        z = _combined(self.zeta, states, basis)
        return self._products(self.law.scale(elapsed) * z + driven)

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        if count >= self.dimension:
            return self
        factors = [self.null_space.sample(count, rng) for _ in range(self.degree)]
        return SampledProducts(np.stack(factors), self.zeta, law=self.law, drive=self.drive)

    def affine_products(self, most: int) -> AffineProducts | None:
        offset = offset_of(self.zeta)
        if offset is None:
            return None
        d = self.null_space.dimension
        factors = islice(combinations_with_replacement(range(d), self.degree), most)
        return AffineProducts(
            self.null_space.basis,
            offset,
            np.full(d, self.law.eigenvalue(1)),
            np.array(list(factors)),
        )

    def _functions(self) -> str:
        return "uᵀζ(x)" if self.degree == 1 else f"products of {self.degree} functions uᵀζ(x)"


@dataclass(frozen=True, eq=False)
class SampledProducts(Eigenspace):
    """A sample of `count` products of functions uᵀζ(x), for spaces too large to list.

    `factors` has shape (degree, N, count): function j is Π_k factors[k, :, j]ᵀ ζ(x). `law` and
    `drive` are as in `ProductEigenspace`.
    """

    factors: NDArray[np.float64]
    zeta: Elementwise
    whole: bool = False
    law: LinearLaw = RELAXATION
    drive: NDArray[np.float64] | None = None

    @property
    def eigenvalue(self) -> complex:
        return self.law.eigenvalue(len(self.factors))

    @property
    def discrete(self) -> bool:
        return self.law.discrete

    @property
    def driven(self) -> bool:
        return self.drive is not None

    @property
    def dimension(self) -> int:
        return self.factors.shape[2]

    @property
    def degree(self) -> int:
        return len(self.factors)

    def evaluate(self, states: NDArray) -> NDArray:
        y = of_width(self.zeta(states), self.factors.shape[1], "states")
        return np.prod([y @ vectors for vectors in self.factors], axis=0)

    def gains(self, elapsed: float) -> NDArray | None:
        if self.drive is None or self.degree > 1:
            return None
        return self.law.gain(elapsed) * (self.factors[0].T @ self.drive)

    def advanced(self, states: NDArray, inputs: NDArray | None, elapsed: float) -> NDArray:
        if self.drive is None or inputs is None:
            return super().advanced(states, inputs, elapsed)
        y = of_width(self.zeta(states), self.factors.shape[1], "states")
        y = self.law.scale(elapsed) * y + self.law.gain(elapsed) * (inputs @ self.drive.T)
        return np.prod([y @ vectors for vectors in self.factors], axis=0)

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        return replace(self, factors=_some_columns(self.factors, count, rng))

    def _functions(self) -> str:
        return f"random products of {len(self.factors)} functions uᵀζ(x)"


@dataclass(frozen=True, eq=False)
class ExponentialEigenspace(Eigenspace):
    """Functions exp(uᵀ ζ(x)) of the drift family, u the columns of `exponents`, at -uᵀc.

    All columns, shape (N, dimension), are left null vectors with the same uᵀc, `decay`. With two
    or more independent null vectors, infinitely many others (also complex ones) have the same
    value, so `whole` is False. Each u is a sum of at most `degree` chosen vectors, and its
    eigenfunction is the product of theirs.
    """

    exponents: NDArray[np.float64]
    zeta: Elementwise
    decay: float
    whole: bool = False
    degree: int = 1

    @property
    def eigenvalue(self) -> complex:
        return complex(-self.decay)

    @property
    def dimension(self) -> int:
        return self.exponents.shape[1]

    def evaluate(self, states: NDArray) -> NDArray:
        return np.exp(_combined(self.zeta, states, self.exponents))

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        if count >= self.dimension:
            return self
        exponents = _some_columns(self.exponents, count, rng)
        return replace(self, exponents=exponents, whole=False)

    def _functions(self) -> str:
        return "exp(uᵀζ(x))"


@dataclass(frozen=True, eq=False)
class ConservedRatios(Eigenspace):
    """Constants of motion uᵢᵀζ / u_dᵀζ of the relaxation family.

    They are singular where the denominator vanishes, and so are used in checks, not as targets.
    """

    null_space: NullSpace
    zeta: Elementwise
    whole: bool = False
    discrete: bool = False

    @property
    def eigenvalue(self) -> complex:
        return complex(self.discrete)

    @property
    def dimension(self) -> int:
        return self.null_space.dimension - 1

    def evaluate(self, states: NDArray) -> NDArray:
        z = _combined(self.zeta, states, self.null_space.basis)
        return z[..., :-1] / z[..., -1:]

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:  # noqa: ARG002
        if count >= self.dimension:
            return self
        raise ValueError("conserved ratios are not sampled: ask for all of them")

    def _functions(self) -> str:
        return "ratios of functions uᵀζ(x)"


@dataclass(frozen=True, eq=False)
class ConservedSums(Eigenspace):
    """Constants of motion uᵀζ with uᵀc = 0 of the drift family, at eigenvalue 0.

    `vectors`, shape (N, dimension), are left null vectors orthogonal to the rates c.
    """

    vectors: NDArray[np.float64]
    zeta: Elementwise
    whole: bool = False

    eigenvalue = 0j

    @property
    def dimension(self) -> int:
        return self.vectors.shape[1]

    def evaluate(self, states: NDArray) -> NDArray:
        return _combined(self.zeta, states, self.vectors)

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        return replace(self, vectors=_some_columns(self.vectors, count, rng))

    def _functions(self) -> str:
        return "uᵀζ(x) with uᵀc = 0"


@dataclass(frozen=True, eq=False)
class ApproximateEigenspace(Eigenspace):
    """Functions uᵀζ(x) with |𝒦φ + φ| <= `generator_bounds`, as Wᵀu is nearly zero.

    The eigenspace is not exact: scores measure the distance from these functions. Along a
    trajectory |φ(x(t)) - e^{-t}φ(x(0))| <= (1 - e^{-t}) generator_bounds
    (docs/explanation/ensembles/nearly_low_rank.md).

    Parameters
    ----------
    vectors : (N, m) array
        The u as columns, orthonormal.
    zeta : callable
        ζ, which acts unit by unit.
    generator_bounds : (m,) array
        A bound for each u over all of state space; zero for exact functions.
    """

    vectors: NDArray[np.float64]
    zeta: Elementwise
    generator_bounds: NDArray[np.float64]
    whole: bool = True

    @property
    def eigenvalue(self) -> complex:
        return -1.0 + 0.0j

    @property
    def dimension(self) -> int:
        return self.vectors.shape[1]

    @property
    def exact(self) -> bool:
        """Whether every bound is zero."""
        return not self.generator_bounds.any()

    def evaluate(self, states: NDArray) -> NDArray:
        return _combined(self.zeta, states, self.vectors)

    def sample(self, count: int, rng: np.random.Generator) -> Eigenspace:
        if count >= self.dimension:
            return self
        chosen = np.sort(rng.choice(self.dimension, size=count, replace=False))
        vectors, bounds = self.vectors[:, chosen], self.generator_bounds[chosen]
        return replace(self, vectors=vectors, generator_bounds=bounds)

    def deviation_bounds(self, elapsed: float) -> NDArray[np.float64]:
        """Bounds (m,) on |φ(x(t)) - e^{-t}φ(x(0))| after time `elapsed`."""
        return -np.expm1(-elapsed) * self.generator_bounds

    def _functions(self) -> str:
        return f"uᵀζ(x), up to {self.generator_bounds.max(initial=0.0):.2g} in the generator"


def _some_columns(array: NDArray, count: int, rng: np.random.Generator) -> NDArray:
    """`count` of the columns (last axis) of `array` at random, in order; all where it has fewer."""
    columns = array.shape[-1]
    if count >= columns:
        return array
    return array[..., np.sort(rng.choice(columns, size=count, replace=False))]
