"""The two families of networks with closed-form Koopman eigenfunctions.

Both read ẏ = linear(y) + W h(ζ⁻¹(y)) in y = ζ(x), and every left null vector u of W gives an
eigenfunction, whatever ζ, h and c are (Claveau, Thibeault, Allard and Desrosiers).
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.systems._activation import Activation
from koopmark.systems._base import Formula, NamedArray, System
from koopmark.systems._elementwise import LOG, ElementwiseMap
from koopmark.systems.low_rank.weights import LowRank
from koopmark.truth import (
    SAME_EIGENVALUE,
    ConservedRatios,
    ConservedSums,
    Eigenspace,
    ExponentialEigenspace,
    ProductEigenspace,
    SampledProducts,
)

Coupling = Activation | Callable[..., NDArray]
"""h(x, out=None): an Activation acts on each unit; any other callable may mix the whole state."""


@dataclass(frozen=True, eq=False)
class Network(System):
    """ẏ = linear(y) + W h(x), y = ζ(x), that is ẋ = [linear(ζ(x)) + W h(x)] / ζ'(x)."""

    weights: LowRank
    zeta: ElementwiseMap
    coupling: Coupling

    def __post_init__(self) -> None:
        if not isinstance(self.weights, LowRank):
            raise TypeError(
                f"weights must be a LowRank, got {type(self.weights).__name__}: "
                "koopmark.systems.from_weights makes a network of dense weights, "
                "LowRank.from_dense factors them"
            )
        super().__post_init__()
        theta = self.zeta.theta
        if theta is not None and theta.shape not in ((), (self.size,)):
            raise ValueError(
                f"theta must have shape () or ({self.size},), one for each unit, got {theta.shape}"
            )

    @property
    def size(self) -> int:
        return self.weights.size

    @property
    def rank(self) -> int:
        return self.weights.rank

    @property
    def activation(self) -> Activation | None:
        """h if it acts unit by unit; None if it may mix the whole state."""
        return self.coupling if isinstance(self.coupling, Activation) else None

    @abstractmethod
    def linear(self, y: NDArray) -> NDArray:
        """The part of ẏ that does not pass through the weights."""

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        velocity = self.weights.apply(self.coupling(states, out=out), out=out)
        velocity += self.linear(self.zeta(states))
        velocity /= self.zeta.derivative(states)
        return velocity

    def parameters(self) -> tuple[NamedArray, ...]:
        shape = "the weights are W = L Rᵀ, shape (N, r)"
        return (
            NamedArray("weights_left", self.weights.left, f"L: {shape}"),
            NamedArray("weights_right", self.weights.right, f"R: {shape}"),
        )

    def _zeta(self) -> tuple[str, list[NamedArray]]:
        """What ζ is, for other languages, with the arrays that this names."""
        if self.zeta.theta is None:
            return f"ζ(x) = {self.zeta.formula}, unit by unit", []
        theta = np.broadcast_to(self.zeta.theta, self.size).copy()
        return "ζ(x) = x - θ with θ = `theta`", [NamedArray("theta", theta, "θ, shape (N,)")]

    def _by_vectors(
        self, text: str, arrays: Sequence[NamedArray], spaces: Sequence[Eigenspace]
    ) -> Formula | None:
        """Of functions of uᵀζ(x), from the vectors u of every space; None if one has none."""
        vectors: list[Sequence[NDArray]] = []
        for space in spaces:
            # The u of uᵀζ(x) in each factor of its functions, (N, dimension) each.
            match space:
                case SampledProducts():
                    vectors.append(list(space.factors))
                case ExponentialEigenspace():
                    vectors.append([space.exponents])
                case ProductEigenspace():
                    basis = space.null_space.basis
                    products = combinations_with_replacement(range(basis.shape[1]), space.degree)
                    vectors.append([basis[:, list(each)] for each in zip(*products, strict=True)])
                case _:
                    return None
        if not self.zeta.formula:
            return None
        named = [
            NamedArray(
                f"vectors_{target}_{number}",
                factor,
                f"u of factor {number} of the functions of target {target}, "
                f"shape (N, {factor.shape[1]})",
            )
            for target, factors in enumerate(vectors, start=1)
            for number, factor in enumerate(factors, start=1)
        ]
        zeta, offset = self._zeta()
        return Formula(f"{text}; {zeta}.", (*offset, *arrays, *named))

    def _facts(self) -> list[str]:
        cut = f" ({self.weights.cut})" if self.weights.cut else ""
        return [self._equation(), *super()._facts(), f"rank {self.weights.rank}{cut}"]

    def _equation(self) -> str:
        return f"ẏ = linear(y) + {self._coupled()}, {self._map()}"

    def _coupled(self) -> str:
        """The term of the weights, such as `W tanh(x)`."""
        h = getattr(self.coupling, "name", "") or getattr(self.coupling, "__name__", "h")
        return "W x" if h == "identity" else f"W {h}(x)"

    def _map(self) -> str:
        """What y is, such as `y = sinh(x)`."""
        if self.zeta.theta is not None:
            return "y = x - θ" if self.zeta.theta.any() else "y = x"
        return f"y = {self.zeta.name}(x)"


@dataclass(frozen=True, eq=False)
class NullFlow:
    """The null component P y of a network with linear(y) = -decay y - rates, in closed form.

    With P the orthogonal projector onto the left null space of W, P W = 0: so P ẏ = P linear(y),
    and P y(t) = e^{-decay t} P y(0) + velocity t (docs/theory.md, "More that is exact").

    Parameters
    ----------
    network : Network
    decay : float
        1 for the relaxation family, 0 for the drift family.
    rates : (N,) array, optional
        c of the drift family.
    """

    network: "Network"
    decay: float
    rates: NDArray[np.float64] | None = None

    @cached_property
    def velocity(self) -> NDArray[np.float64] | None:
        """(N,) -P c, what is added per unit of time; None for nothing."""
        return None if self.rates is None else -self.network.weights.null_space.project(self.rates)

    def scale(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Factor on P y(0) at each time elapsed."""
        return np.exp(-self.decay * t)


@dataclass(frozen=True, eq=False)
class Relaxation(Network):
    """ẋᵢ = [-ζᵢ(xᵢ) + Σⱼ Wᵢⱼ hⱼ(x)] / ζᵢ'(xᵢ): φ = uᵀζ(x) has eigenvalue -1."""

    def linear(self, y: NDArray) -> NDArray:
        return -y

    @property
    def null_flow(self) -> NullFlow:
        return NullFlow(self, decay=1.0)

    @property
    def null_functions(self) -> ProductEigenspace:
        return ProductEigenspace(self.weights.null_space, self.zeta, 1)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Products of degree k: an eigenspace at -k, for k = 1 .. `max_degree`."""
        return tuple(
            ProductEigenspace(self.weights.null_space, self.zeta, degree)
            for degree in range(1, max_degree + 1)
        )

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Ratios of eigenfunctions; none where the null space is one-dimensional."""
        null_space = self.weights.null_space
        if null_space.dimension == 1:
            return ()
        return (ConservedRatios(null_space, self.zeta),)

    @property
    def bounded(self) -> bool:
        return self.activation is not None and bool(np.isfinite(self.activation.bound))

    def formula(self, spaces: Sequence[Eigenspace]) -> Formula | None:
        text = (
            "Function j of target K is the product over f of uᵀζ(x), with u column j of "
            "`vectors_K_f`"
        )
        return self._by_vectors(text, [], spaces)

    def _spectrum(self, max_degree: int) -> list[tuple[complex, int]]:
        # From N and r alone: the null space of large weights takes a factorisation.
        null = self.size - self.weights.rank
        degrees = range(1, max_degree + 1)
        return [(complex(-k), comb(null + k - 1, k)) for k in degrees]

    def _equation(self) -> str:
        if self.zeta.theta is not None:
            return f"ẋ = -x + {self._coupled()}{' + θ' if self.zeta.theta.any() else ''}"
        return f"ẏ = -y + {self._coupled()}, {self._map()}"


@dataclass(frozen=True, eq=False)
class Drift(Network):
    """ẋᵢ = [-cᵢ + Σⱼ Wᵢⱼ hⱼ(x)] / ζᵢ'(xᵢ): φ = exp(uᵀζ(x)) has eigenvalue -uᵀc.

    Every left null vector u gives an eigenfunction, a continuum of them: `exponents` (N, m) are
    the chosen ones, the generators of the benchmark's targets.

    Raises
    ------
    ValueError
        If `rates` is not of shape (N,) or a column of `exponents` is zero or no left null vector.
    """

    rates: NDArray[np.float64]
    exponents: NDArray[np.float64] = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("rates", "exponents"):
            object.__setattr__(self, name, real(getattr(self, name), name))
        super().__post_init__()
        if self.rates.shape != (self.size,):
            raise ValueError(f"rates must have shape ({self.size},), got {self.rates.shape}")
        if self.exponents.ndim != 2 or len(self.exponents) != self.size:
            raise ValueError(
                f"exponents must have shape ({self.size}, m), got {self.exponents.shape}"
            )
        reached = np.linalg.norm(self.weights.thin_qr[0].T @ self.exponents, axis=0)
        sizes = np.linalg.norm(self.exponents, axis=0)
        wrong = (reached > 1e-10 * sizes) | (sizes == 0)
        if wrong.any():
            column = int(np.argmax(wrong))
            why = "is not a left null vector of W" if sizes[column] else "is zero: φ is constant"
            raise ValueError(f"exponents: column {column} {why}")

    def linear(self, y: NDArray) -> NDArray:
        return np.broadcast_to(-self.rates, y.shape)

    @property
    def null_flow(self) -> NullFlow:
        return NullFlow(self, decay=0.0, rates=self.rates)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Products of up to `max_degree` chosen eigenfunctions, grouped by eigenvalue.

        Those that are conserved (uᵀc = 0) are no targets, and left out.
        """
        whole = self.weights.null_space.dimension == 1
        merged: list[ExponentialEigenspace] = []
        for degree in range(1, max_degree + 1):
            for columns in combinations_with_replacement(self.exponents.T, degree):
                u = np.sum(columns, axis=0)
                decay = float(u @ self.rates)
                if abs(decay) <= SAME_EIGENVALUE:
                    continue
                for index, other in enumerate(merged):
                    if abs(decay - other.decay) <= SAME_EIGENVALUE * abs(other.decay):
                        # Once, if another is the same up to rounding.
                        apart = np.linalg.norm(other.exponents - u[:, None], axis=0)
                        if apart.min() > SAME_EIGENVALUE * np.linalg.norm(u):
                            exponents = np.array([*other.exponents.T, u]).T
                            merged[index] = replace(other, exponents=exponents, degree=degree)
                        break
                else:
                    space = ExponentialEigenspace(u[:, None], self.zeta, decay, whole, degree)
                    merged.append(space)
        return tuple(merged)

    def conserved(self) -> tuple[Eigenspace, ...]:
        """uᵀζ(x) for the null vectors u with uᵀc = 0."""
        vectors = self.weights.null_space.basis
        decay = self.rates @ vectors
        if np.linalg.norm(decay) > SAME_EIGENVALUE * np.linalg.norm(self.rates):
            vectors = vectors @ np.linalg.svd(decay[None, :])[2][1:].T
        return (ConservedSums(vectors, self.zeta),) if vectors.shape[1] else ()

    def formula(self, spaces: Sequence[Eigenspace]) -> Formula | None:
        text = (
            "Function j of target K is φ(x) = exp(uᵀζ(x)) with u column j of `vectors_K_1`, at "
            "λ = -uᵀc with c = `rates`"
        )
        return self._by_vectors(text, [NamedArray("rates", self.rates, "c, shape (N,)")], spaces)

    def _equation(self) -> str:
        if self.zeta is LOG and self._coupled() == "W x":
            return "ẋᵢ = xᵢ(-cᵢ + Σⱼ Wᵢⱼxⱼ)"
        return f"ẏ = -c + {self._coupled()}, {self._map()}"
