"""Residual DMD: the eigenpairs of EDMD whose residual says that they belong to the system."""

from dataclasses import dataclass, field

import numpy as np

from koopmark.methods.dictionaries import AnyDictionary, Monomials
from koopmark.methods.method import Method
from koopmark.methods.model import Model, continuous
from koopmark.methods.reference.factor import factorise
from koopmark.methods.reference.qr_edmd import eigenpairs
from koopmark.methods.reference.restricted import restricted_model
from koopmark.simulation import Trajectories


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
    epsilon : float
        Largest residual kept. It compares with the size of the noise, and with Δt: a function
        that hardly changes in a step has a small residual with μ = 1. Where no pair is below it
        the one with the smallest residual is kept, and the model's note says so.
    tolerance : float
        As for `QREDMD`.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    epsilon: float = 1e-2
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        if not self.epsilon > 0:
            raise ValueError(f"epsilon must be positive, got {self.epsilon}")
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be at least 0 and below 1, got {self.tolerance}")

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.states)
        factor = factorise(observables, trajectories.states)
        pairs = eigenpairs(factor, self.tolerance)
        kept = int(np.sum(pairs.residuals <= self.epsilon))
        note = f"{kept} of {len(pairs.residuals)} pairs have a residual of at most {self.epsilon:g}"
        if kept == 0:
            kept = int(np.sum(pairs.residuals == pairs.residuals[0]))
            note += f": kept is the smallest, {pairs.residuals[0]:.1e}"
        return restricted_model(
            factor,
            observables,
            trajectories.dt,
            pairs.coefficients[:, :kept],
            continuous(pairs.discrete[:kept], trajectories.dt),
            pairs.residuals[:kept],
            note,
        )
