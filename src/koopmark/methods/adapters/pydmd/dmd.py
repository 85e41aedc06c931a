"""PyDMD: exact DMD on snapshot pairs, at full rank, at its own defaults, and forward-backward."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.methods.model import LinearModel, Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class _Modes(PyDMDMethod):
    """A PyDMD class that gives eigenvalues and modes."""

    dictionary: AnyDictionary = STATE
    svd_rank: int = -1

    @abstractmethod
    def _estimator(self) -> Any:
        """The PyDMD object, not fitted."""

    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        dmd = self._estimator().fit(lift(x).T, lift(y).T)
        return LinearModel.from_modes(dmd.eigs, dmd.modes, trajectories.dt, lift, lift.state)


@dataclass(frozen=True)
class DMD(_Modes):
    """Least-squares DMD (Tu et al. 2014) as PyDMD computes it.

    Parameters
    ----------
    dictionary : AnyDictionary
        The state alone; dynamics with an offset θ ≠ 0 need `Identity()`, which holds the constant.
    svd_rank : int
        Directions kept: -1 for all. PyDMD's own default, 0, cuts at a threshold made for noise;
        that is the method `pydmd.dmd_default`.
    """

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.DMD(svd_rank=self.svd_rank)


@dataclass(frozen=True)
class DefaultDMD(PyDMDMethod):
    """`pydmd.DMD()` as a user calls it who sets nothing: the rank is chosen by a threshold."""

    # It keeps one direction of the linear data.
    recovers: ClassVar[str] = "line"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = trajectories.pairs()
        state = STATE.fitted(x)
        dmd = pydmd.DMD().fit(x.T, y.T)
        return LinearModel.from_modes(dmd.eigs, dmd.modes, trajectories.dt, state, state.state)


@dataclass(frozen=True)
class FbDMD(_Modes):
    """Forward-backward DMD (Dawson et al. 2016) as PyDMD computes it; parameters as for `DMD`.

    PyDMD multiplies its forward and its backward operator in two different bases, so this is not
    exact even on noise-free linear data (docs/library-notes.md).
    """

    # Exact in PyDMD where the singular vectors of X and Y agree.
    recovers: ClassVar[str] = "axes"

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.FbDMD(svd_rank=self.svd_rank)
