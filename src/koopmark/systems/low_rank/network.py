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
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, of_width, real
from koopmark.systems._activation import Activation
from koopmark.systems._base import Formula, NamedArray, System
from koopmark.systems._elementwise import LOG, ElementwiseMap
from koopmark.systems._sensors import INDEPENDENT, Sensors
from koopmark.systems.low_rank.weights import LowRank
from koopmark.truth import (
    RELAXATION,
    SAME_EIGENVALUE,
    ConservedRatios,
    ConservedSums,
    Eigenspace,
    ExponentialEigenspace,
    LinearLaw,
    NullSpace,
    ProductEigenspace,
    SampledProducts,
)

LEFT = 1e-6
"""Of a vector, what must be left in a subspace to stand for it there."""


def _spanned(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """An orthonormal basis of the span of columns of norm 1 at most: what is below 1e-10 is 0."""
    left, s, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, s > INDEPENDENT]


Coupling = Activation | Callable[..., NDArray]
"""h(x, out=None): an Activation acts on each unit; any other callable may mix the whole state."""


@dataclass(frozen=True, eq=False)
class Network(System):
    """ẏ = linear(y) + W h(x) + B v, y = ζ(x), that is ẋ = [linear(ζ(x)) + W h(x) + B v] / ζ'(x).

    `input_weights` B (N, q) let inputs v (q,) in, held from one sampling time to the next; without
    them the network is autonomous.
    """

    weights: LowRank
    zeta: ElementwiseMap
    coupling: Coupling
    input_weights: NDArray[np.float64] | None = field(default=None, kw_only=True, repr=False)

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
        if self.input_weights is not None:
            given = finite(self.input_weights, "input_weights")
            if given.ndim != 2 or len(given) != self.size or not given.shape[1]:
                hint = ""
                if given.shape == (self.size,):
                    hint = ": for one input give B[:, None]"
                elif given.ndim == 2 and given.shape[1] == self.size:
                    hint = ": give B.T"
                raise ValueError(
                    f"input weights B must have shape ({self.size}, q), a row for each unit and a "
                    f"column for each of q inputs, 1 or more, got {given.shape}{hint}"
                )
            object.__setattr__(self, "input_weights", given)

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

    @property
    def inputs(self) -> int:
        return 0 if self.input_weights is None else self.input_weights.shape[1]

    def with_inputs(self, weights: ArrayLike | None) -> Self:
        """The same network with these input weights B (N, q), or without any."""
        given = None if weights is None else finite(weights, "input_weights")
        return replace(self, input_weights=given)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        velocity = self.weights.apply(self.coupling(states, out=out), out=out)
        velocity += self.linear(self.zeta(states))
        velocity /= self.zeta.derivative(states)
        return velocity

    def driven(self, states: NDArray, inputs: NDArray) -> NDArray:
        force = self._force(inputs)
        return self.rhs(states) + force / self.zeta.derivative(states)

    def _force(self, inputs: NDArray) -> NDArray:
        """B v (..., N) of inputs (..., q)."""
        if self.input_weights is None:
            raise ValueError(
                f"this {type(self).__name__} takes no inputs: with_inputs(B) makes one that does"
            )
        return of_width(inputs, self.inputs, "inputs") @ self.input_weights.T

    @property
    def undriven(self) -> NullSpace:
        """All u with Wᵀu = 0 and Bᵀu = 0: uᵀζ(x) obeys its law whatever the inputs do."""
        return self._null_space(None, undriven=True)

    def _null_space(self, sensors: Sensors | None, undriven: bool = False) -> NullSpace:
        """All v with vᵀCL = 0, of the channels; with `undriven` vᵀCB = 0 as well."""
        own, drive = self.weights.null_space, self.input_weights if undriven else None
        if sensors is None and drive is None:
            return own
        reached = own.complement
        if sensors is not None:
            reached = _spanned(sensors.seen(reached))
        if drive is not None:
            # By unit columns: how large inputs are says nothing of which directions they reach.
            size = np.linalg.norm(drive, axis=0)
            unit = drive / np.where(size > 0, size, 1.0)
            seen = unit if sensors is None else sensors.seen(unit)
            reached = np.hstack([reached, _spanned(seen - reached @ (reached.T @ seen))])
        return NullSpace(reached if sensors is None else sensors.in_channels(reached))

    def parameters(self) -> tuple[NamedArray, ...]:
        shape = "the weights are W = L Rᵀ, shape (N, r)"
        weights = (
            NamedArray("weights_left", self.weights.left, f"L: {shape}"),
            NamedArray("weights_right", self.weights.right, f"R: {shape}"),
        )
        if self.input_weights is None:
            return weights
        what = "B: inputs v enter as B v, beside W, shape (N, q)"
        return (*weights, NamedArray("input_weights", self.input_weights, what))

    @staticmethod
    def _named(zeta: ElementwiseMap, size: int) -> tuple[str, list[NamedArray]]:
        """What a ζ of so many channels is, for other languages, with the arrays that this names."""
        if zeta.theta is None:
            return f"ζ(x) = {zeta.formula}, unit by unit", []
        theta = np.broadcast_to(zeta.theta, size).copy()
        return "ζ(x) = x - θ with θ = `theta`", [NamedArray("theta", theta, f"θ, shape ({size},)")]

    def _by_vectors(
        self, text: str, arrays: Sequence[NamedArray], spaces: Sequence[Eigenspace]
    ) -> Formula | None:
        """Of functions of uᵀζ(x), from the vectors u of every space; None if one has none."""
        vectors: list[Sequence[NDArray]] = []
        zeta: Callable[[NDArray], NDArray] = self.zeta
        size = self.size
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
            # Through sensors both are those of the channels.
            zeta, size = space.zeta, len(vectors[-1][0])
        if not isinstance(zeta, ElementwiseMap) or not zeta.formula:
            return None
        named = [
            NamedArray(
                f"vectors_{target}_{number}",
                factor,
                f"u of factor {number} of the functions of target {target}, shape {factor.shape}",
            )
            for target, factors in enumerate(vectors, start=1)
            for number, factor in enumerate(factors, start=1)
        ]
        said, offset = self._named(zeta, size)
        return Formula(f"{text}; {said}.", (*offset, *arrays, *named))

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
    and P y(t) = e^{-decay t} P y(0) + velocity t (docs/theory.md, "More that is exact"). Under
    inputs P B w(t) comes on top, with w the inputs as the same law carries them on. Of a map
    P y(t) = μᵗ P y(0) + P B w(t).

    Parameters
    ----------
    network : Network
    law : LinearLaw
        Of the relaxation family or of a map; decay 0 for the drift family.
    rates : (N,) array, optional
        c of the drift family.
    """

    network: "Network"
    law: LinearLaw
    rates: NDArray[np.float64] | None = None

    @cached_property
    def velocity(self) -> NDArray[np.float64] | None:
        """(N,) -P c, what is added per unit of time; None for nothing."""
        return None if self.rates is None else -self.network.weights.null_space.project(self.rates)

    @cached_property
    def drive(self) -> NDArray[np.float64] | None:
        """(N, q) P B; None without inputs."""
        weights = self.network.input_weights
        return None if weights is None else self.network.weights.null_space.project(weights.T).T

    def scale(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Factor on P y(0) at each time elapsed."""
        return self.law.scale(t)


@dataclass(frozen=True, eq=False)
class Relaxation(Network):
    """ẋᵢ = [-ζᵢ(xᵢ) + Σⱼ Wᵢⱼ hⱼ(x)] / ζᵢ'(xᵢ): φ = uᵀζ(x) has eigenvalue -1."""

    @property
    def law(self) -> LinearLaw:
        """How uᵀζ(x) moves for every left null vector u."""
        return RELAXATION

    def linear(self, y: NDArray) -> NDArray:
        return -y

    def as_map(self, alpha: float) -> "RelaxationMap":
        """The network in steps of α time constants, y⁺ = (1-α) y + α (W h(x) + B v).

        Of a recurrent network x⁺ = (1-α) x + α (W σ(x) + θ + B v), as such networks are trained.

        Raises
        ------
        ValueError
            If α is not positive and finite.
        """
        if not (np.isfinite(alpha) and alpha > 0):
            raise ValueError(
                f"alpha {alpha}: the step over the time constant must be positive and finite, such "
                "as 0.1"
            )
        driven = self.input_weights
        return RelaxationMap(
            replace(self.weights, left=alpha * self.weights.left),
            self.zeta,
            self.coupling,
            multiplier=1.0 - alpha,
            input_weights=None if driven is None else alpha * driven,
        )

    @property
    def null_flow(self) -> NullFlow:
        return NullFlow(self, self.law)

    @property
    def null_functions(self) -> ProductEigenspace:
        return self._products(None, 1)

    def null_functions_seen(self, sensors: Sensors) -> ProductEigenspace | None:
        seen = self._products(sensors, 1)
        return seen if seen.null_space.dimension else None

    def _products(
        self, sensors: Sensors | None, degree: int, undriven: bool = False
    ) -> ProductEigenspace:
        """Products of so many uᵀζ(x) that the sensors see; of those no input reaches, or of all."""
        zeta, drive = self.zeta, None if undriven else self.input_weights
        if sensors is not None:
            zeta = sensors.zeta(zeta)
            drive = None if drive is None else sensors.of_columns(drive)
        null = self._null_space(sensors, undriven)
        if (
            drive is not None
            and self._null_space(sensors, undriven=True).dimension == null.dimension
        ):
            # No input reaches what is seen.
            drive = None
        # Fewer sensors than units see a part.
        whole = (sensors is None or sensors.channels == self.size) and self.law.alone(degree)
        return ProductEigenspace(null, zeta, degree, whole, self.law, drive)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Products of degree k: an eigenspace at -k, or at μᵏ of a map, for k = 1 .. `max_degree`.

        Of a network with inputs each is there twice: all products, which are eigenfunctions
        together with their response to the inputs, and those that no input reaches, if there are.
        Degrees at the eigenvalue of a lower one are left out (`LinearLaw.degrees`).
        """
        return self.observed(None, max_degree)

    def observed(self, sensors: Sensors | None, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        spaces: list[ProductEigenspace] = []
        for degree in self.law.degrees(max_degree):
            spaces.append(self._products(sensors, degree))
            if spaces[-1].driven:
                # Beside driven directions the others are a part.
                undriven = self._products(sensors, degree, undriven=True)
                spaces.append(replace(undriven, whole=False))
        return tuple(space for space in spaces if space.null_space.dimension)

    def hidden(self, sensors: Sensors) -> Eigenspace | None:
        """Of the uᵀζ(x) in the whole state the one nearest to the sensors, those of their span.

        None if all that they see is driven by the weights, or if uᵀζ(x) is conserved.
        """
        null = self.weights.null_space
        inside = null.project(sensors.in_units).T
        left, s, _ = np.linalg.svd(inside, full_matrices=False)
        if s[0] <= INDEPENDENT or not self.law.degrees(1):
            return None
        u = null.project(left[:, 0])
        return SampledProducts(u[None, :, None], self.zeta, law=self.law, drive=self.input_weights)

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Ratios of the eigenfunctions that no input reaches; none if there is but one.

        Of a map with μ = ±1 the functions, or the products of two, and none if μ = 0.
        """
        undriven = self._products(None, 1, undriven=True)
        degree = self.law.conserved_degree
        if degree is not None:
            products = replace(undriven, degree=degree, whole=False)
            return (products,) if undriven.null_space.dimension else ()
        if undriven.null_space.dimension <= 1 or not self.law.scale(1.0):
            return ()
        return (ConservedRatios(undriven.null_space, self.zeta, discrete=self.discrete),)

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
        degrees = self.law.degrees(max_degree)
        return [(self.law.eigenvalue(k), comb(null + k - 1, k)) for k in degrees]

    def _equation(self) -> str:
        driven = " + Bv" if self.inputs else ""
        if self.zeta.theta is not None:
            theta = " + θ" if self.zeta.theta.any() else ""
            return f"ẋ = -x + {self._coupled()}{theta}{driven}"
        return f"ẏ = -y + {self._coupled()}{driven}, {self._map()}"


@dataclass(frozen=True, eq=False)
class RelaxationMap(Relaxation):
    """The relaxation family in discrete time, y⁺ = μ y + W h(x) + B v: uᵀζ(x) is at μ.

    `rhs` is the next state, and the unit of time one step. The leaky network
    x⁺ = (1-α) x + α (W σ(x) + θ + B v) is one with μ = 1 - α and weights α W
    (`koopmark.systems.leaky_rnn`). μ = 0 is allowed: the functions are gone after a step.

    Parameters
    ----------
    multiplier : float
        μ.
    """

    multiplier: float = field(kw_only=True)

    def as_map(self, alpha: float) -> "RelaxationMap":
        """Refused: its steps are those that it has.

        Raises
        ------
        ValueError
        """
        raise ValueError(
            f"it is a map already, with μ = {self.multiplier:g}: α {alpha} is for flows"
        )

    @property
    def discrete(self) -> bool:
        return True

    @property
    def law(self) -> LinearLaw:
        return LinearLaw(multiplier=self.multiplier)

    def linear(self, y: NDArray) -> NDArray:
        return self.multiplier * y

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        return self._into(out, self.zeta.inverse(self._next(states)))

    def driven(self, states: NDArray, inputs: NDArray) -> NDArray:
        return self.zeta.inverse(self._next(states) + self._force(inputs))

    def _next(self, states: NDArray) -> NDArray:
        """ζ of the next state."""
        return self.weights.apply(self.coupling(states)) + self.linear(self.zeta(states))

    @property
    def bounded(self) -> bool:
        return super().bounded and abs(self.multiplier) < 1.0

    def _equation(self) -> str:
        driven = " + Bv" if self.inputs else ""
        if self.zeta.theta is not None:
            share = 1.0 - self.multiplier
            theta = f" + {'' if share == 1.0 else f'{share:g} '}θ" if self.zeta.theta.any() else ""
            own = f"{self.multiplier:g} x + " if self.multiplier else ""
            return f"x⁺ = {own}{self._coupled()}{theta}{driven}"
        # μ y, as people write it.
        leak = {0.0: "", 1.0: "y + ", -1.0: "-y + "}.get(
            self.multiplier, f"{self.multiplier:g} y + "
        )
        return f"y⁺ = {leak}{self._coupled()}{driven}, {self._map()}"


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
        return NullFlow(self, LinearLaw(decay=0.0), self.rates)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Products of up to `max_degree` chosen eigenfunctions, grouped by eigenvalue.

        Those that are conserved (uᵀc = 0) are no targets, and left out. Under inputs they are those
        of the nearest directions that no input reaches: elsewhere φ⁺ = e^{-uᵀcΔt} e^{uᵀBvΔt} φ,
        which no linear operator has for all v.
        """
        return self.observed(None, max_degree)

    def observed(self, sensors: Sensors | None, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        zeta = self.zeta if sensors is None else sensors.zeta(self.zeta)
        null = self._null_space(sensors, undriven=True)
        whole, chosen, rates = null.dimension == 1, self.exponents, self.rates
        if sensors is not None:
            rates, whole = sensors.of_columns(rates[:, None])[:, 0], False
        if null is not self.weights.null_space:
            chosen, whole = self._nearest(null, sensors, rates), False
        merged: list[ExponentialEigenspace] = []
        for degree in range(1, max_degree + 1):
            for columns in combinations_with_replacement(chosen.T, degree):
                u = np.sum(columns, axis=0)
                decay = float(u @ rates)
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
                    merged.append(ExponentialEigenspace(u[:, None], zeta, decay, whole, degree))
        return tuple(merged)

    def _nearest(
        self, null: NullSpace, sensors: Sensors | None, rates: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The chosen exponents where they are allowed to be, in the channels, as unit vectors.

        As many as are independent; their functions decay.
        """
        given = self.exponents if sensors is None else sensors.of_columns(self.exponents)
        kept = np.empty((len(rates), 0))
        for exact in given.T:
            u, size = null.project(exact), np.linalg.norm(exact)
            others = np.linalg.qr(kept)[0]
            if np.linalg.norm(u - others @ (others.T @ u)) <= LEFT * size:
                continue
            if np.linalg.norm(exact - u) <= INDEPENDENT * size:
                u = exact
            else:
                u = null.project(u / np.linalg.norm(u))
                u = u if u @ rates > 0 else -u
            kept = np.column_stack([kept, u])
        return kept

    def conserved(self) -> tuple[Eigenspace, ...]:
        """uᵀζ(x) for the null vectors u with uᵀc = 0."""
        vectors = (self.undriven if self.inputs else self.weights.null_space).basis
        decay = self.rates @ vectors
        if np.linalg.norm(decay) > SAME_EIGENVALUE * np.linalg.norm(self.rates):
            vectors = vectors @ np.linalg.svd(decay[None, :])[2][1:].T
        return (ConservedSums(vectors, self.zeta),) if vectors.shape[1] else ()

    def formula(self, spaces: Sequence[Eigenspace]) -> Formula | None:
        channels = {len(space.exponents) for space in spaces if hasattr(space, "exponents")}
        rates = "-uᵀc" if channels <= {self.size} else "-uᵀCc, C = `sensors`,"
        text = (
            "Function j of target K is φ(x) = exp(uᵀζ(x)) with u column j of `vectors_K_1`, at "
            f"λ = {rates} with c = `rates`"
        )
        return self._by_vectors(text, [NamedArray("rates", self.rates, "c, shape (N,)")], spaces)

    def _equation(self) -> str:
        if self.zeta is LOG and self._coupled() == "W x" and not self.inputs:
            return "ẋᵢ = xᵢ(-cᵢ + Σⱼ Wᵢⱼxⱼ)"
        return f"ẏ = -c + {self._coupled()}{' + Bv' if self.inputs else ''}, {self._map()}"
