"""The relaxation family ẏ = -y + W h(x) + B v, and its maps in discrete time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import comb

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import checked
from koopmark.systems._base import Formula
from koopmark.systems._sensors import INDEPENDENT, Sensors
from koopmark.systems.low_rank.network import Network, NullFlow
from koopmark.truth import (
    RELAXATION,
    ConservedRatios,
    Eigenspace,
    LinearLaw,
    ProductEigenspace,
    SampledProducts,
)


@dataclass(frozen=True, eq=False)
class Relaxation(Network):
    """Relaxation network ẋᵢ = [-ζᵢ(xᵢ) + Σⱼ Wᵢⱼ hⱼ(x)] / ζᵢ'(xᵢ), with φ = uᵀζ(x) at -1."""

    @property
    def law(self) -> LinearLaw:
        """The linear law that uᵀζ(x) obeys for every left null vector u."""
        return RELAXATION

    def linear(self, y: NDArray) -> NDArray:
        return -y

    @checked
    def as_map(self, alpha: float) -> "RelaxationMap":
        """The network as a map with steps of α time constants, y⁺ = (1-α) y + α (W h(x) + B v).

        For a recurrent network this is x⁺ = (1-α) x + α (W σ(x) + θ + B v), the form in which such
        networks are trained.

        Raises
        ------
        ValueError
            If α is not positive and finite.
        TypeError
            If α is not a number.
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
        if sensors.channels > self.size:
            # Their null vectors would be those of N dimensions among the channels.
            return None
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
        """Eigenspaces of products of degree k = 1 .. `max_degree`, at -k or, for a map, at μᵏ.

        A network with inputs lists each degree twice: all products, which are eigenfunctions
        together with their response to the inputs, and the products that no input reaches, if any.
        Degrees that share the eigenvalue of a lower one are left out (`LinearLaw.degrees`).
        """
        return self.observed(None, max_degree)

    def observed(self, sensors: Sensors | None, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        if sensors is not None and sensors.injective:
            mixed = self.zeta.theta is None and not sensors.plain
            if mixed or sensors.channels > self.size:
                return super().observed(sensors, max_degree)
        spaces: list[ProductEigenspace] = []
        for degree in self.law.degrees(max_degree):
            spaces.append(self._products(sensors, degree))
            if spaces[-1].driven:
                # Beside driven directions the others are a part.
                undriven = self._products(sensors, degree, undriven=True)
                spaces.append(replace(undriven, whole=False))
        return tuple(space for space in spaces if space.null_space.dimension)

    def hidden(self, sensors: Sensors, max_degree: int = 1) -> tuple[Eigenspace, ...]:  # noqa: ARG002
        """The function uᵀζ(x) of the full state that is nearest to the span of the sensors.

        Empty if the weights drive everything that the sensors see, or if uᵀζ(x) is conserved.
        """
        null = self.weights.null_space
        inside = null.project(sensors.in_units).T
        left, s, _ = np.linalg.svd(inside, full_matrices=False)
        if s[0] <= INDEPENDENT or not self.law.degrees(1):
            return ()
        u = null.project(left[:, 0])
        drive = self.input_weights
        return (SampledProducts(u[None, :, None], self.zeta, law=self.law, drive=drive),)

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Ratios of eigenfunctions that no input reaches; empty if there is only one.

        For a map with μ = 1 these are the functions themselves, with μ = -1 their products of two,
        and with μ = 0 there are none.
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
    """The relaxation family in discrete time, y⁺ = μ y + W h(x) + B v, with uᵀζ(x) at μ.

    `rhs` returns the next state, and the unit of time is one step. The leaky network
    x⁺ = (1-α) x + α (W σ(x) + θ + B v) has μ = 1 - α and weights α W
    (`koopmark.systems.leaky_rnn`). μ = 0 is allowed: the functions vanish after one step.

    Parameters
    ----------
    multiplier : float
        μ.
    """

    multiplier: float = field(kw_only=True)

    def as_map(self, alpha: float) -> "RelaxationMap":
        """Raise an error, since the network is a map already.

        Raises
        ------
        ValueError
            Always.
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
        share = 1.0 - self.multiplier
        scaled = ""
        if share > 0.0 and share != 1.0:
            # As `as_map` and `leaky_rnn` have it, whose users gave the weights of the flow.
            which = "W and B" if self.inputs else "W"
            scaled = f" ({which} of the flow times {share:g})"
        if self.zeta.theta is not None:
            theta = f" + {'' if share == 1.0 else f'{share:g} '}θ" if self.zeta.theta.any() else ""
            own = f"{self.multiplier:g} x + " if self.multiplier else ""
            return f"x⁺ = {own}{self._coupled()}{theta}{driven}{scaled}"
        # μ y, as people write it.
        leak = {0.0: "", 1.0: "y + ", -1.0: "-y + "}.get(
            self.multiplier, f"{self.multiplier:g} y + "
        )
        return f"y⁺ = {leak}{self._coupled()}{driven}{scaled}, {self._map()}"
