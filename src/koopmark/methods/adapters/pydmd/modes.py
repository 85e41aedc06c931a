"""PyDMD's objects that give eigenvalues and modes, fitted to snapshot pairs or to one sequence."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.dictionaries import AnyDictionary, Observables
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories

RANK_TOLERANCE = 1e-12
"""Relative to the largest singular value: what lies below is rounding."""


def from_pairs(
    dmd: Any, x: NDArray, y: NDArray, dt: float, dictionary: AnyDictionary = STATE
) -> LinearModel:
    """The model of an unfitted `dmd` that takes pairs (X, Y), rows of (P, N) each."""
    lift = dictionary.fitted(x)
    fitted = dmd.fit(lift(x).T, lift(y).T)
    return LinearModel.from_modes(fitted.eigs, fitted.modes, dt, lift, lift.state)


def numerical_rank(values: NDArray) -> int:
    """Singular values of `values` (D, T) that stand out of rounding; at least 1."""
    spectrum = np.linalg.svd(values, compute_uv=False)
    return max(1, int(np.sum(spectrum > RANK_TOLERANCE * spectrum[0])))


def longest(trajectories: Trajectories) -> tuple[Trajectories, str]:
    """The one trajectory that a method without pairs is fitted to, and what to say about it."""
    one, count = trajectories.longest(), len(trajectories.states)
    length = f"{len(one.times)} states"
    return one, f"fitted to one trajectory, the longest of {count}: {length}" if count > 1 else ""


@dataclass(frozen=True, eq=False)
class Sequence:
    """Dictionary values (D, T) along one trajectory, as columns, for methods that take no pairs."""

    values: NDArray[np.float64]
    times: NDArray[np.float64]
    dt: float
    lift: Observables
    note: str

    @classmethod
    def of(cls, trajectories: Trajectories, dictionary: AnyDictionary = STATE) -> "Sequence":
        """The values along the longest of the trajectories."""
        one, note = longest(trajectories)
        states = one.states[0]
        lift = dictionary.fitted(states)
        return cls(lift(states).T, one.times, one.dt, lift, note)

    def rank(self, wanted: int | None) -> int:
        """`wanted`, or the numerical rank of the values where none is wanted.

        Values along one trajectory often fill fewer dimensions than there are; at full rank PyDMD
        divides by what is left of the others, which is rounding.
        """
        return numerical_rank(self.values) if wanted is None else wanted

    def model(self, eigenvalues: NDArray, modes: NDArray) -> LinearModel:
        """From discrete eigenvalues (s,) and modes (D, s)."""
        found = LinearModel.from_modes(eigenvalues, modes, self.dt, self.lift, self.lift.state)
        return replace(found, note=self.note)

    def continuous_model(self, rates: NDArray, modes: NDArray) -> LinearModel:
        """From continuous-time eigenvalues (s,) and modes (D, s)."""
        return replace(self.model(np.ones(len(rates)), modes), rates=np.asarray(rates, complex))


@dataclass(frozen=True)
class _Defaults(PyDMDMethod):
    """A class of PyDMD as a user calls it who sets nothing."""

    # The rank is chosen by a threshold, which keeps one direction of the linear data.
    recovers: ClassVar[str] = "line"

    @abstractmethod
    def _estimator(self) -> Any:
        """The PyDMD object, not fitted."""


@dataclass(frozen=True)
class PairDefaults(_Defaults):
    """One that takes snapshot pairs."""

    def _fit(self, trajectories: Trajectories) -> Model:
        return from_pairs(self._estimator(), *trajectories.pairs(), trajectories.dt)


@dataclass(frozen=True)
class SequenceDefaults(_Defaults):
    """One that takes a single sequence."""

    def _fit(self, trajectories: Trajectories) -> Model:
        sequence = Sequence.of(trajectories)
        fitted = self._estimator().fit(sequence.values)
        return sequence.model(fitted.eigs, self._modes(fitted))

    def _modes(self, fitted: Any) -> NDArray:
        """(N, s)."""
        return np.asarray(fitted.modes)
