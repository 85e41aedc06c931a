"""The drift family, ẏ = -c + W h(x) + B v: φ = exp(uᵀζ(x)) for every left null vector u."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.systems._base import Formula, NamedArray
from koopmark.systems._elementwise import LOG
from koopmark.systems._sensors import INDEPENDENT, Sensors
from koopmark.systems.low_rank.network import Network, NullFlow
from koopmark.truth import (
    SAME_EIGENVALUE,
    ConservedSums,
    Eigenspace,
    ExponentialEigenspace,
    LinearLaw,
    NullSpace,
)

LEFT = 1e-6
"""Of a vector, what must be left in a subspace to stand for it there."""


@dataclass(frozen=True, eq=False)
class Drift(Network):
    """Drift network ẋᵢ = [-cᵢ + Σⱼ Wᵢⱼ hⱼ(x)] / ζᵢ'(xᵢ), with φ = exp(uᵀζ(x)) at -uᵀc.

    Every left null vector u gives an eigenfunction, so there is a continuum of them. The columns of
    `exponents` (N, m) are the chosen u, which generate the benchmark's targets.

    Raises
    ------
    ValueError
        If `rates` does not have shape (N,), or a column of `exponents` is zero or not a left null
        vector.
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
        """Products of up to `max_degree` of the chosen eigenfunctions, grouped by eigenvalue.

        Conserved functions (uᵀc = 0) are left out, since they are no targets. With inputs, the
        nearest directions that no input reaches are taken: in all others
        φ⁺ = e^{-uᵀcΔt} e^{uᵀBvΔt} φ, which no linear operator gives for all v.
        """
        return self.observed(None, max_degree)

    def observed(self, sensors: Sensors | None, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        if sensors is not None and sensors.injective and not sensors.plain:
            return super().observed(sensors, max_degree)
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
        """The constants of motion uᵀζ(x) for the null vectors u with uᵀc = 0."""
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
