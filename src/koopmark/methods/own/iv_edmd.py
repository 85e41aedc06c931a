"""EDMD with instrumental variables: an earlier snapshot tells signal from noise."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from koopmark._tsqr import triangle_of
from koopmark.methods._bounds import Count
from koopmark.methods._signal import canonical_correlations, signal_basis, significant
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.method import Method, Skip, Tags
from koopmark.methods.own._linalg import eigenbasis
from koopmark.methods.own._noise import corrected_values, noise_variances
from koopmark.methods.remarks import remark
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories

RANK = 1e-12
"""Singular values below this fraction of the largest are rounding."""


@dataclass(frozen=True)
class InstrumentalEDMD(Method):
    """EDMD whose normal equations are formed with the snapshot before: Ψ₋ᵀ Ψ₀ K = Ψ₋ᵀ Ψ₊.

    The noise of different times is independent, so no product of noise with itself enters, and
    the estimate is consistent (instrumental variables: Söderström and Stoica 1983). The bias that
    noise gives to a nonlinear dictionary is removed first (`own/_noise.py`).

    Parameters
    ----------
    dictionary : AnyDictionary
        ψ.
    lag : int
        Sampling intervals from Ψ₀ to Ψ₊. More of them let the signal change more against the same
        noise; an oscillation of more than half a turn in this time is taken for a slower one.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    lag: Count = 1

    def promises(self) -> Tags:
        return replace(self.tags, min_states=self.lag + 2)

    def _fit(self, trajectories: Trajectories) -> Model:
        states = trajectories.states
        if states.shape[1] < self.lag + 2:
            raise Skip(
                f"{states.shape[1]} states in a trajectory: a lag of {self.lag} needs at least "
                f"{self.lag + 2}"
            )
        observables = self.dictionary.fitted(states)
        flat = states.reshape(-1, states.shape[2])
        corrected = corrected_values(observables, flat, noise_variances(trajectories))
        values = corrected.values.reshape(*states.shape[:2], -1)
        triangle = triangle_of(
            *(
                part.reshape(-1, observables.size)
                for part in (
                    values[:, : -self.lag - 1],
                    values[:, 1 : -self.lag],
                    values[:, 1 + self.lag :],
                )
            )
        )
        pairs = len(states) * (states.shape[1] - self.lag - 1)
        discrete, vectors = instrumental(triangle, pairs)
        rates = continuous(discrete, self.lag * trajectories.dt)
        modes = None
        if observables.state is not None:
            now = triangle[:, observables.size : 2 * observables.size]
            modes = np.linalg.lstsq(now @ vectors, now[:, observables.state], rcond=None)[0]
        return LinearModel(observables, vectors, rates, trajectories.dt, modes)


def instrumental(triangle: NDArray, pairs: int) -> tuple[NDArray, NDArray]:
    """μ (s,) and coefficients (D, s) of the eigenpairs of K with Ψ₋ᵀ (Ψ₀ K - Ψ₊) = 0.

    By Q of Ψ₋ = Q R instead of Ψ₋ itself, so that no condition number is squared, and with
    functions that hold a signal alone: a product with noise only would be divided by.

    Parameters
    ----------
    triangle : (3D, 3D) array
        R of [Ψ₋ Ψ₀ Ψ₊].
    pairs : int
        Rows that it stands for.
    """
    before, now, ahead = np.split(triangle, 3, axis=1)
    basis = signal_basis(before, now, pairs, RANK)
    size = basis.shape[1]
    projected = triangle_of(before @ basis, now @ basis, ahead @ basis)[:size, size:]
    instruments = canonical_correlations(before @ basis, ahead @ basis, RANK)[0]
    weak = size - significant(instruments, pairs)
    if weak:
        remark(
            f"weak instruments: in {weak} of {size} directions a snapshot says nothing about the "
            f"next but one, and their eigenvalues are as noise"
        )
    operator = np.linalg.lstsq(projected[:, :size], projected[:, size:], rcond=RANK)[0]
    discrete, vectors = eigenbasis(operator)
    return discrete, basis @ vectors
