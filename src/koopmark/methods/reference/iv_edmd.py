"""EDMD with instrumental variables: an earlier snapshot tells signal from noise."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from koopmark._tsqr import triangle_of
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.method import Method, Skip
from koopmark.methods.model import LinearModel, Model, continuous
from koopmark.methods.readout import state_readout
from koopmark.methods.reference.degenerate import eigenbasis
from koopmark.methods.reference.noise import corrected_values, noise_variances
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class InstrumentalEDMD(Method):
    """EDMD whose normal equations are formed with the snapshot before: Ψ₋ᵀ Ψ₀ K = Ψ₋ᵀ Ψ₊.

    The noise of different times is independent, so no product of noise with itself enters, and
    the estimate is consistent (instrumental variables: Söderström and Stoica 1983). The bias that
    noise gives to a nonlinear dictionary is removed first (`reference/noise.py`).

    Parameters
    ----------
    dictionary : AnyDictionary
        ψ.
    lag : int
        Sampling intervals from Ψ₀ to Ψ₊. More of them let the signal change more against the same
        noise; an oscillation of more than half a turn in this time is taken for a slower one.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    lag: int = 1

    def __post_init__(self) -> None:
        if self.lag < 1:
            raise ValueError(f"lag must be at least 1, got {self.lag}")

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
        operator = instrumental(
            values[:, : -self.lag - 1], values[:, 1 : -self.lag], values[:, 1 + self.lag :]
        )
        discrete, vectors = eigenbasis(operator)
        duration = self.lag * trajectories.dt
        rates = continuous(discrete, duration)
        modes = state_readout(vectors, observables)
        return LinearModel(observables, vectors, rates, trajectories.dt, modes)


def instrumental(before: NDArray, now: NDArray, ahead: NDArray) -> NDArray[np.float64]:
    """K (D, D) with Ψ₋ᵀ (Ψ₀ K - Ψ₊) = 0, from values (M, T', D) each.

    By Q of Ψ₋ = Q R instead of Ψ₋ itself, so that no condition number is squared.
    """
    size = now.shape[2]
    parts = [part.reshape(-1, size) for part in (before, now, ahead)]
    scale = np.linalg.norm(parts[1], axis=0)
    scale[scale == 0.0] = 1.0
    triangle = triangle_of(*(part / scale for part in parts))
    projected = triangle[:size, size:]
    operator = np.linalg.lstsq(projected[:, :size], projected[:, size:], rcond=1e-12)[0]
    return operator * scale / scale[:, None]
