"""PyDMD: the optimal low-rank operator of Héas and Herzet."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.adapters.pydmd.modes import PairDefaults
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class OptDMD(PyDMDMethod):
    """Optimal low-rank DMD (Héas and Herzet 2016); parameters as for `DMD`.

    PyDMD computes A = P Qᴴ in ψ(x⁺) = A ψ(x). Its own eigenvectors lose every pair whose
    eigenvalue or normalisation has no positive real part (docs/library-notes.md), so they are
    computed here: zᵀ Qᴴ P = μ zᵀ gives the left eigenvector zᵀ Qᴴ of A.
    """

    dictionary: AnyDictionary = STATE
    svd_rank: int = -1

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        fitted = pydmd.OptDMD(factorization="svd", svd_rank=self.svd_rank).fit(lift(x).T, lift(y).T)
        p, q = fitted._output_space, fitted._input_space
        discrete, z = np.linalg.eig((q.conj().T @ p).T)
        modes = None if lift.state is None else _readout(discrete, z, p[lift.state])
        dt = trajectories.dt
        return LinearModel(lift, q.conj() @ z, continuous(discrete, dt), dt, modes)


@dataclass(frozen=True)
class DefaultOptDMD(PairDefaults):
    """`pydmd.OptDMD()` as a user calls it who sets nothing: its modes, rank by a threshold."""

    def _estimator(self) -> Any:
        import pydmd

        return pydmd.OptDMD()


def _readout(discrete: NDArray, z: NDArray, p: NDArray) -> NDArray:
    """Modes (s, N) in x ≈ φ(x) modes, from A ψ = P Z⁻ᵀ φ one step ahead: μ⁻¹ Z⁻¹ Pᵀ."""
    ahead = np.linalg.lstsq(z, p.T.astype(z.dtype), rcond=None)[0]
    present = np.zeros_like(ahead)
    np.divide(ahead, discrete[:, None], out=present, where=discrete[:, None] != 0)
    return present
