"""The base class of networks with closed-form Koopman eigenfunctions.

Both read ẏ = linear(y) + W h(ζ⁻¹(y)) in y = ζ(x), and every left null vector u of W gives an
eigenfunction, whatever ζ, h and c are (Claveau, Thibeault, Allard and Desrosiers).
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, of_width
from koopmark.systems._activation import Activation
from koopmark.systems._base import Formula, NamedArray, System
from koopmark.systems._elementwise import ElementwiseMap
from koopmark.systems._sensors import INDEPENDENT, Sensors
from koopmark.systems.low_rank.weights import LowRank
from koopmark.truth import (
    Eigenspace,
    ExponentialEigenspace,
    LinearLaw,
    NullSpace,
    ProductEigenspace,
    SampledProducts,
)


def _spanned(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """An orthonormal basis of the span of columns of norm 1 at most: what is below 1e-10 is 0."""
    left, s, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, s > INDEPENDENT]


INPUT_WEIGHTS = "input weights B"
"""What messages call them."""

Coupling = Activation | Callable[..., NDArray]
"""h(x, out=None): an Activation acts on each unit; any other callable may mix the whole state."""


@dataclass(frozen=True, eq=False)
class Network(System):
    """Network ẏ = linear(y) + W h(x) + B v with y = ζ(x), an elementwise map of the state.

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
            given = finite(self.input_weights, INPUT_WEIGHTS)
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
            if not given.any():
                raise ValueError(
                    "input weights B are all zero, and the inputs reach nothing: leave them out"
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
        """The activation h if it acts on each unit separately; None if it may mix units."""
        return self.coupling if isinstance(self.coupling, Activation) else None

    @abstractmethod
    def linear(self, y: NDArray) -> NDArray:
        """The part of ẏ that does not pass through the weights."""

    @property
    def inputs(self) -> int:
        return 0 if self.input_weights is None else self.input_weights.shape[1]

    def with_inputs(self, weights: ArrayLike | None) -> Self:
        """The same network with input weights B (N, q), or without inputs if None."""
        given = None if weights is None else finite(weights, INPUT_WEIGHTS)
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
        """Left null vectors u (Wᵀu = 0) that inputs do not reach either (Bᵀu = 0)."""
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
        weights: tuple[NamedArray, ...] = (
            NamedArray("weights_left", self.weights.left, f"L: {shape}"),
            NamedArray("weights_right", self.weights.right, f"R: {shape}"),
        )
        if self.zeta.theta is not None:
            theta = np.broadcast_to(self.zeta.theta, self.size).copy()
            weights += (NamedArray("theta", theta, f"θ of all units, shape ({self.size},)"),)
        if self.input_weights is None:
            return weights
        what = "B: inputs v enter as B v, beside W, shape (N, q)"
        return (*weights, NamedArray("input_weights", self.input_weights, what))

    def _named(self, zeta: ElementwiseMap, size: int) -> tuple[str, list[NamedArray]]:
        """What a ζ of so many channels is, for other languages, with the arrays that this names."""
        if zeta.theta is None:
            return f"ζ(x) = {zeta.formula}, unit by unit", []
        own = self.zeta.theta
        theta = np.broadcast_to(zeta.theta, size).copy()
        if own is not None and np.array_equal(theta, np.broadcast_to(own, self.size)):
            # Among the `parameters`.
            return "ζ(x) = x - θ with θ = `theta`", []
        what = f"Cθ, what the sensors show of θ, shape ({size},)"
        named = [NamedArray("channel_theta", theta, what)]
        return "ζ(x) = x - Cθ of the channels x, with Cθ = `channel_theta`", named

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
    """Closed-form motion of the null component P y of a network with linear(y) = -decay y - rates.

    With P the orthogonal projector onto the left null space of W, P W = 0: so P ẏ = P linear(y),
    and P y(t) = e^{-decay t} P y(0) + velocity t (docs/explanation/theory/exact_eigenfunctions.md).
    Under inputs P B w(t) comes on top, with w the inputs as the same law carries them on.
    Of a map P y(t) = μᵗ P y(0) + P B w(t).

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
        """The constant velocity -P c (N,) of the null component; None if it is zero."""
        return None if self.rates is None else -self.network.weights.null_space.project(self.rates)

    @cached_property
    def drive(self) -> NDArray[np.float64] | None:
        """The matrix P B (N, q) by which inputs move the null component; None without inputs."""
        weights = self.network.input_weights
        return None if weights is None else self.network.weights.null_space.project(weights.T).T

    def scale(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Factor on P y(0) at each elapsed time."""
        return self.law.scale(t)
