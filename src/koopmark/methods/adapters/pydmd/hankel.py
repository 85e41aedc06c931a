"""PyDMD: DMD of delay-embedded states, with and without a projection first."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.adapters.pydmd.modes import SequenceDefaults, longest, numerical_rank
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class HankelDMD(PyDMDMethod):
    """DMD of windows of states (Arbabi and Mezić 2017) as PyDMD computes it, longest trajectory.

    Parameters
    ----------
    delays : int
        States in a window.
    svd_rank : int, optional
        Directions kept: by default the numerical rank of the windows. What obeys a linear law
        within a window leaves some of their directions empty; -1 divides by the rounding there.
    """

    delays: int = 5
    svd_rank: int | None = None

    recovers: ClassVar[str] = "trajectory"

    def __post_init__(self) -> None:
        if self.delays < 1:
            raise ValueError(f"delays must be at least 1, got {self.delays}")

    def _fit(self, trajectories: Trajectories) -> Model:
        one, note = longest(trajectories)
        if len(one.times) <= self.delays:
            raise ValueError(
                f"windows of {self.delays} states need {self.delays + 1} states in a row, "
                f"got {len(one.times)}"
            )
        windows = one.delayed(self.delays).states[0]
        rank = numerical_rank(windows) if self.svd_rank is None else self.svd_rank
        fitted = self._estimator(rank).fit(one.states[0].T)
        lift, size = STATE.fitted(windows), one.states.shape[2]
        last = slice(size * (self.delays - 1), None)
        found = LinearModel.from_modes(fitted.eigs, self._modes(fitted), one.dt, lift, last)
        return replace(found, window=self.delays, note=note)

    def _estimator(self, rank: int) -> Any:
        import pydmd

        return pydmd.HankelDMD(d=self.delays, svd_rank=rank)

    def _modes(self, fitted: Any) -> NDArray:
        """(delays N, s), oldest state first."""
        return np.asarray(fitted.modes)


@dataclass(frozen=True)
class DefaultHankelDMD(SequenceDefaults):
    """`pydmd.HankelDMD()` as a user calls it who sets nothing: no delays, rank by a threshold."""

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.HankelDMD()


@dataclass(frozen=True)
class HODMD(HankelDMD):
    """Higher-order DMD (Le Clainche and Vega 2017) as PyDMD computes it, longest trajectory.

    `HankelDMD` after a projection of the states. Without a truncation, which is what is sensible
    for states of few dimensions, the two differ by a rotation.

    Parameters
    ----------
    delays, svd_rank
        As for `HankelDMD`.
    svd_rank_extra : int
        Directions of the states kept: -1 for all.
    """

    svd_rank_extra: int = -1

    def _estimator(self, rank: int) -> Any:
        import pydmd

        return pydmd.HODMD(d=self.delays, svd_rank=rank, svd_rank_extra=self.svd_rank_extra)

    def _modes(self, fitted: Any) -> NDArray:
        return np.kron(np.eye(self.delays), _projection(fitted)) @ fitted.modes


@dataclass(frozen=True)
class DefaultHODMD(SequenceDefaults):
    """`pydmd.HODMD()` as a user calls it who sets nothing: two ranks by a threshold."""

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.HODMD()

    def _modes(self, fitted: Any) -> NDArray:
        return np.asarray(_projection(fitted) @ fitted.modes)


def _projection(fitted: Any) -> NDArray:
    """(N, r) basis of the states that HODMD works with; its own modes are in this basis."""
    return np.asarray(fitted._sub_dmd._pre_processing_output)
