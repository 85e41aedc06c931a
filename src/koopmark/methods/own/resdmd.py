"""Residual DMD: the eigenpairs of EDMD whose residual says that they belong to the system."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from koopmark.methods._bounds import Positive, Tolerance
from koopmark.methods.dictionaries import AnyDictionary, Monomials, Observables
from koopmark.methods.method import Method
from koopmark.methods.own._factor import factorise, restricted_model
from koopmark.methods.own._noise import EXPLAINED, noise_shares, noise_variances
from koopmark.methods.own.qr_edmd import Eigenpairs, eigenpairs
from koopmark.methods.remarks import at_most
from koopmark.models import Model, continuous
from koopmark.simulation import Trajectories

LEAST = 1e-2
"""Residual that is allowed without noise."""

DECIDES = 0.7
"""Allowance beyond which a residual decides nothing: the half of the function's mean square."""


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
        explains, which is estimated from the data; a pair in which noise would explain any
        residual cannot be judged and is left out. It compares with Δt as well: a function that
        hardly changes in a step has a small residual with μ = 1. If no pair is below it the one
        with the smallest residual is kept. The model's note says which of these was the case.
    tolerance : float
        As for `QREDMD`.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    epsilon: Positive | None = None
    tolerance: Tolerance = 1e-10

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.states)
        factor = factorise(observables, trajectories.states)
        pairs = eigenpairs(factor, self.tolerance)
        kept, note = self._chosen(trajectories, observables, pairs)
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

    def _chosen(
        self,
        trajectories: Trajectories,
        observables: Observables,
        pairs: Eigenpairs,
    ) -> tuple[NDArray[np.bool_], str]:
        """Which pairs stay (s,), and a note that says by what."""
        what, count = "which pairs are kept", len(pairs.residuals)
        if self.epsilon is not None:
            kept = at_most(pairs.residuals, self.epsilon, what)
            return (
                kept,
                f"{kept.sum()} of {count} pairs have a residual of at most {self.epsilon:g}",
            )
        noise = noise_variances(trajectories)
        share = noise_shares(trajectories.states, observables, noise, pairs.coefficients)
        explained = EXPLAINED * np.sqrt(share * (1.0 + abs(pairs.discrete) ** 2))
        judged = explained <= DECIDES
        kept = at_most(pairs.residuals, np.hypot(LEAST, explained), what) & judged
        note = f"{kept.sum()} of {count} pairs have a residual of at most {LEAST:g} beyond noise"
        if not noise.settled:
            note += ", which is not told from dynamics that fast and may be less"
        if not judged.all():
            note += (
                f"; {np.sum(~judged)} are left out unjudged, since noise alone explains a residual "
                f"above {DECIDES:g} there"
            )
        return kept, note
