"""The plane in which eigenvalues are compared: λ of a flow, μ per step of a map.

No logarithm holds μ = 0, and a negative μ sits on its branch cut: of a map nothing is scored in λ.
"""

from abc import ABC, abstractmethod
from cmath import phase, rect
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.simulation import SAME_INTERVAL

ROUNDING = 1e-9
"""Relative, of frequencies."""


class Plane(ABC):
    """Conventions for eigenvalues of flows or maps, with times in the unit of the eigenvalues."""

    discrete: ClassVar[bool]
    symbol: ClassVar[str]
    """What people write for an eigenvalue."""
    frequency_symbol: ClassVar[str]
    constant: ClassVar[complex]
    """The eigenvalue of the constant function."""

    @staticmethod
    def of(key: AnswerKey) -> "Plane":
        """The plane of the system that the key belongs to."""
        return MAP if key.discrete else FLOW

    @abstractmethod
    def eigenvalues(self, model: Model) -> tuple[NDArray[np.complex128], str]:
        """Eigenvalues (s,) of a model, and a note if they were converted."""

    @abstractmethod
    def over(self, eigenvalues: NDArray[np.complex128], elapsed: float) -> NDArray:
        """Factors φ(x(t)) / φ(x(0)) (s,) after this time, real if all are."""

    @abstractmethod
    def rates(
        self,
        residuals: NDArray[np.float64],
        eigenvalues: NDArray[np.complex128] | complex,
        elapsed: float,
    ) -> NDArray[np.float64]:
        """Rates |δ| at which functions violate their eigenvalues, as if they obeyed λ + δ.

        From the residuals ‖φ(x⁺) - μφ(x)‖ / ‖φ(x)‖ after this time; NaN if there are none.
        """

    @abstractmethod
    def per_step(self, rates: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
        """Rates converted to the unit of the thresholds for residuals."""

    @abstractmethod
    def unit(self, eigenvalue: complex, horizon: float) -> float:
        """Unit of the error of an eigenvalue; `horizon` is the length of trajectories."""

    def scale(self, eigenvalue: complex) -> float:  # noqa: ARG002
        """Factor on the radii of clusters, which are rates per unit of time.

        1 for a flow.
        """
        return 1.0

    @abstractmethod
    def held(self, eigenvalues: NDArray[np.complex128], elapsed: float) -> NDArray:
        """Effect (s,) of a unit input held for this time on functions with these eigenvalues."""

    @abstractmethod
    def frequencies(self, eigenvalues: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Angular frequencies (s,) per unit of time."""

    @abstractmethod
    def turned(self, eigenvalue: complex, frequency: float) -> complex:
        """The eigenvalue with the same decay and another frequency."""

    def expect_interval(self, dt: float, what: str) -> None:  # noqa: B027
        """Raise ValueError if `what` cannot have this sampling interval.

        Raises
        ------
        ValueError
            If that of data of a map is no whole number of steps.
        """

    def alias(self, eigenvalue: complex, highest: float) -> complex | None:
        """The eigenvalue with a frequency up to `highest` that the data cannot tell from this one.

        None if its own is so low.
        """
        frequency = float(self.frequencies(np.array([eigenvalue]))[0])
        if abs(frequency) <= highest * (1.0 + ROUNDING):
            return None
        turns = round(frequency / (2.0 * highest))
        return self.turned(eigenvalue, frequency - 2.0 * highest * turns)


class _Flow(Plane):
    discrete, symbol, frequency_symbol, constant = False, "λ", "|Im λ|", 0j

    def eigenvalues(self, model: Model) -> tuple[NDArray[np.complex128], str]:
        return np.asarray(model.eigenvalues, dtype=complex), ""

    def over(self, eigenvalues: NDArray[np.complex128], elapsed: float) -> NDArray:
        # λ = -inf, from μ = 0, predicts zero.
        step = np.where(np.isneginf(eigenvalues.real), 0.0, np.exp(eigenvalues * elapsed))
        return step if step.imag.any() else step.real

    def rates(
        self,
        residuals: NDArray[np.float64],
        eigenvalues: NDArray[np.complex128] | complex,
        elapsed: float,
    ) -> NDArray[np.float64]:
        """residual / (Δt |e^{λΔt}|), |δ| to first order.

        A residual alone says nothing after a step in which all of a function should decay: whatever
        vanishes at the attractor has a small one.
        """
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            rates = residuals / (elapsed * np.exp(np.asarray(eigenvalues).real * elapsed))
        return np.where(np.isnan(rates) & ~np.isnan(residuals), np.inf, rates)

    def per_step(self, rates: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
        return rates * dt

    def unit(self, eigenvalue: complex, horizon: float) -> float:
        """|λ| or, if that is larger, 1 / horizon: a lower rate is as good as none."""
        return max(abs(eigenvalue), 1.0 / horizon if horizon > 0 else 0.0) or 1.0

    def held(self, eigenvalues: NDArray[np.complex128], elapsed: float) -> NDArray:
        """(e^{λt} - 1) / λ; t at λ = 0."""
        with np.errstate(all="ignore"):
            grown = np.expm1(eigenvalues * elapsed) / eigenvalues
        return np.where(eigenvalues == 0.0, elapsed, grown)

    def frequencies(self, eigenvalues: NDArray[np.complex128]) -> NDArray[np.float64]:
        return eigenvalues.imag

    def turned(self, eigenvalue: complex, frequency: float) -> complex:
        return complex(eigenvalue.real, frequency)


class _Map(Plane):
    discrete, symbol, frequency_symbol, constant = True, "μ", "|arg μ|", 1.0 + 0j

    def eigenvalues(self, model: Model) -> tuple[NDArray[np.complex128], str]:
        """μ of one step; of several, the root with the least |arg μ|."""
        given = model.multipliers
        if given is None:
            with np.errstate(invalid="ignore", over="ignore"):
                found = FLOW.over(np.asarray(model.eigenvalues, dtype=complex), 1.0)
            return found.astype(complex), "the method gives λ but no μ: μ = e^λ was scored"
        found, steps = np.asarray(given, dtype=complex), round(getattr(model, "dt", 1.0))
        return found if steps == 1 else np.power(found, 1.0 / steps), ""

    def over(self, eigenvalues: NDArray[np.complex128], elapsed: float) -> NDArray:
        with np.errstate(over="ignore", invalid="ignore"):
            step = eigenvalues if round(elapsed) == 1 else eigenvalues ** round(elapsed)
        return step if step.imag.any() else step.real

    def rates(
        self,
        residuals: NDArray[np.float64],
        eigenvalues: NDArray[np.complex128] | complex,
        elapsed: float,
    ) -> NDArray[np.float64]:
        """(|μ|ⁿ + residual)^{1/n} - |μ| after n steps: of one step the residual itself."""
        steps = round(elapsed)
        if steps == 1:
            return np.asarray(residuals, dtype=float)
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.abs(np.asarray(eigenvalues))
            rates = (size**steps + residuals) ** (1.0 / steps) - size
        return np.where(np.isnan(rates) & ~np.isnan(residuals), np.inf, rates)

    def per_step(self, rates: NDArray[np.float64], dt: float) -> NDArray[np.float64]:  # noqa: ARG002
        return rates

    def unit(self, eigenvalue: complex, horizon: float) -> float:
        """|1 - μ|, what of a function changes in a step, or 1 / horizon if that is larger.

        Of a slow map it is that of the flow; of uᵀ(x - θ) of a leaky network it is α, and at μ = 0,
        where no error could be relative to μ, it is 1.
        """
        return max(abs(1.0 - eigenvalue), 1.0 / horizon if horizon > 0 else 0.0) or 1.0

    def scale(self, eigenvalue: complex) -> float:
        """|1 - μ|: to a slow map 0.05 per step would be a rate like that of the functions."""
        return abs(1.0 - eigenvalue) or 1.0

    def held(self, eigenvalues: NDArray[np.complex128], elapsed: float) -> NDArray:
        """1 + μ + … + μⁿ⁻¹ of n steps."""
        with np.errstate(all="ignore"):
            return np.sum([eigenvalues**k for k in range(round(elapsed))], axis=0)

    def frequencies(self, eigenvalues: NDArray[np.complex128]) -> NDArray[np.float64]:
        return np.angle(eigenvalues)

    def turned(self, eigenvalue: complex, frequency: float) -> complex:
        size = abs(eigenvalue)
        # On the axis it is real, without what rounding makes of a turn.
        if abs(frequency) <= ROUNDING:
            return complex(size)
        return rect(size, frequency)

    def alias(self, eigenvalue: complex, highest: float) -> complex | None:
        # The phase of zero is none.
        if abs(phase(eigenvalue)) <= highest * (1.0 + ROUNDING) or not eigenvalue:
            return None
        return super().alias(eigenvalue, highest)

    def expect_interval(self, dt: float, what: str) -> None:
        if round(dt) < 1 or abs(dt - round(dt)) > SAME_INTERVAL * dt:
            raise ValueError(
                f"{what} is sampled every {dt:.6g}, and the unit of time of a map is one step: "
                "give times in steps, 1 apart or another whole number"
            )


FLOW, MAP = _Flow(), _Map()
