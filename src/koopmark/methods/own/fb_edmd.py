"""Forward-backward EDMD: the bias of one direction of time undoes that of the other."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from koopmark.methods._bounds import Tolerance
from koopmark.methods._signal import signal_basis
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.method import Method
from koopmark.methods.own._factor import SnapshotFactor, factorise, readout
from koopmark.methods.own._linalg import eigenbasis
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class ForwardBackwardEDMD(Method):
    """EDMD with K = (K_f K_b⁻¹)^{1/2} of the operators forwards and backwards in time.

    Dawson, Hemati, Williams and Rowley (2016), with both operators in one basis. Noise shrinks
    both by the same factor, which cancels. Of the two square roots of an eigenvalue the one is
    taken that is nearer to what K_f does to its eigenfunction.

    Parameters
    ----------
    dictionary : AnyDictionary
        ψ.
    tolerance : float
        Directions of the dictionary below it, relative to the largest, are dropped.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    tolerance: Tolerance = 1e-10

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.states)
        factor = factorise(observables, trajectories.states)
        discrete, coefficients = forward_backward(factor, self.tolerance)
        dt = trajectories.dt
        modes = readout(factor, coefficients, observables.state)
        return LinearModel(observables, coefficients, continuous(discrete, dt), dt, modes)


def forward_backward(
    factor: SnapshotFactor, tolerance: float
) -> tuple[NDArray[np.complex128], NDArray]:
    """μ (s,) and coefficients (D, s) of the forward-backward operator.

    Both operators act on the functions that hold a signal: backwards in time, noise alone and
    rounding would be blown up.
    """
    now, ahead = np.split(factor.triangle, 2, axis=1)
    basis = signal_basis(now, ahead, factor.pairs, tolerance)
    now, ahead = now @ basis, ahead @ basis
    forward = np.linalg.lstsq(now, ahead, rcond=None)[0]
    backward = np.linalg.lstsq(ahead, now, rcond=None)[0]
    squared, vectors = eigenbasis(np.linalg.lstsq(backward.T, forward.T, rcond=None)[0].T)
    root = np.sqrt(squared.astype(complex))
    size_squared = np.sum(abs(vectors) ** 2, axis=0)
    seen = np.sum(vectors.conj() * (forward @ vectors), axis=0) / size_squared
    root = np.where(abs(root + seen) < abs(root - seen), -root, root)
    return root, basis @ vectors
