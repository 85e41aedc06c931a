"""Residual DMD: the eigenpairs of EDMD whose residual says that they belong to the system."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.dictionaries import AnyDictionary, Monomials, Observables
from koopmark.methods.method import Method
from koopmark.methods.model import Model, continuous
from koopmark.methods.reference.factor import factorise
from koopmark.methods.reference.noise import corrected_values, noise_variances
from koopmark.methods.reference.qr_edmd import Eigenpairs, eigenpairs
from koopmark.methods.reference.restricted import restricted_model
from koopmark.simulation import Trajectories

LEAST = 1e-2
"""Residual that is allowed without noise."""

EXPLAINED = 1.5
"""How many times the residual that noise leaves on average is put down to it."""


@dataclass(frozen=True)
class ResDMD(Method):
    """Residual DMD (Colbrook and Townsend 2024, algorithm 2), from the factor of the data.

    EDMD, of which only the pairs are kept whose residual ‖φ(x⁺) - μφ(x)‖ / ‖φ(x)‖ over the training
    pairs is at most `epsilon`. The residual is not computed from Gram matrices, where rounding
    hides what is below 1e-8.

    Parameters
    ----------
    dictionary : AnyDictionary
        ψ.
    epsilon : float, optional
        Largest residual kept. By default 0.01, and for each pair as much more as measurement noise
        explains, which is estimated from the data. It compares with Δt as well: a function that
        hardly changes in a step has a small residual with μ = 1. Where no pair is below it the one
        with the smallest residual is kept, and the model's note says so.
    tolerance : float
        As for `QREDMD`.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    epsilon: float | None = None
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        if self.epsilon is not None and not self.epsilon > 0:
            raise ValueError(f"epsilon must be positive, got {self.epsilon}")
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be at least 0 and below 1, got {self.tolerance}")

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.states)
        factor = factorise(observables, trajectories.states)
        pairs = eigenpairs(factor, self.tolerance)
        allowed = self._allowed(trajectories, observables, factor.pairs, pairs)
        kept = pairs.residuals <= allowed
        limit = f"{LEAST:g} beyond noise" if self.epsilon is None else f"{self.epsilon:g}"
        note = f"{kept.sum()} of {len(kept)} pairs have a residual of at most {limit}"
        if not kept.any():
            kept = pairs.residuals == pairs.residuals[0]
            note += f": kept is the smallest, {pairs.residuals[0]:.1e}"
        return restricted_model(
            factor,
            observables,
            trajectories.dt,
            pairs.coefficients[:, kept],
            continuous(pairs.discrete[kept], trajectories.dt),
            pairs.residuals[kept],
            note,
        )

    def _allowed(
        self, trajectories: Trajectories, observables: Observables, count: int, pairs: Eigenpairs
    ) -> NDArray[np.float64]:
        """(s,) the largest residual that each pair may have.

        White noise of covariance C in ψ leaves √((1 + |μ|²) cᴴ C c) between φ(x⁺) and μ φ(x), at
        each of the `count` pairs; φ = ψ c has unit norm over all of them.
        """
        if self.epsilon is not None:
            return np.full(len(pairs.residuals), self.epsilon)
        noise = noise_variances(trajectories)
        if not noise.settled:
            return np.full(len(pairs.residuals), LEAST)
        flat = trajectories.states.reshape(-1, trajectories.states.shape[2])
        covariance = corrected_values(observables, flat, noise).covariance
        c = pairs.coefficients
        noisy = np.sum(c.conj() * (covariance @ c), axis=0).real * (1 + abs(pairs.discrete) ** 2)
        return np.hypot(LEAST, EXPLAINED * np.sqrt(count * np.maximum(noisy, 0.0)))
