"""EDMD by total least squares: noise on both sides of each snapshot pair."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.methods._signal import signal_basis, sizes
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.method import Method
from koopmark.methods.own._factor import SnapshotFactor, factorise, readout
from koopmark.methods.own._linalg import eigenbasis
from koopmark.methods.own._noise import corrected_values, noise_variances
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories

LEAST_NOISE = 1e-20
"""Variance of the noise, relative to that of a function: without noise any weights will do."""

RANK = 1e-10
"""Singular values below this fraction of the largest are rounding."""


@dataclass(frozen=True)
class TotalLeastSquaresEDMD(Method):
    """EDMD whose operator is the total-least-squares solution of ψ(x⁺) = ψ(x) K.

    Total-least-squares DMD (Dawson, Hemati, Williams and Rowley 2016; Hemati, Rowley, Deem and
    Cattafesta 2017), with two additions: functions without noise (the constant) are fitted in
    ordinary least squares (Golub, Hoffman and Stewart 1987), and the others are weighted by the
    covariance of their noise, which is estimated from the data.

    Parameters
    ----------
    dictionary : AnyDictionary
        ψ.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)

    def _fit(self, trajectories: Trajectories) -> Model:
        states = trajectories.states
        observables = self.dictionary.fitted(states)
        flat = states.reshape(-1, states.shape[2])
        corrected = corrected_values(observables, flat, noise_variances(trajectories))
        factor = factorise(observables, states)
        variances = corrected.values.var(axis=0)
        discrete, vectors = total_least_squares(factor, corrected.covariance, variances)
        rates = continuous(discrete, trajectories.dt)
        modes = readout(factor, vectors, observables.state)
        return LinearModel(observables, vectors, rates, trajectories.dt, modes)


def total_least_squares(
    factor: SnapshotFactor, covariance: NDArray, variances: NDArray
) -> tuple[NDArray, NDArray]:
    """μ (s,) and coefficients (D, s) of the eigenpairs of K in ψ(x⁺) = ψ(x) K.

    Functions that noise alone or rounding makes up take no part: they would have any eigenvalue.

    Parameters
    ----------
    factor : SnapshotFactor
        Of ψ, D functions.
    covariance : (D, D) array
        Of the noise in ψ; zero for functions without noise.
    variances : (D,) array
        Of ψ on the data.

    Raises
    ------
    ValueError
        If the data leave the operator undetermined.
    """
    size, triangle = factor.size, factor.triangle
    noisy, certain = np.flatnonzero(np.diag(covariance)), np.flatnonzero(np.diag(covariance) == 0.0)
    # What the certain functions explain is taken out of both sides first.
    now, ahead = triangle[:, noisy], triangle[:, size + noisy]
    whole, c = triangle_of(triangle[:, certain], now, ahead), len(certain)
    now, ahead = whole[c:, c : c + len(noisy)], whole[c:, c + len(noisy) :]
    basis = signal_basis(now, ahead, factor.pairs, RANK, sizes(triangle[:, noisy]))
    noise = covariance[np.ix_(noisy, noisy)] + LEAST_NOISE * np.diag(variances[noisy])
    noise = basis.T @ noise @ basis
    scale = np.sqrt(np.diag(noise))
    lower = cholesky(noise / np.outer(scale, scale), lower=True)
    white = basis @ solve_triangular(lower, np.diag(1.0 / scale), lower=True).T
    n = white.shape[1]
    right = np.linalg.svd(np.hstack([now @ white, ahead @ white]))[2][n:]
    present, future = right[:, :n].T, right[:, n:].T
    if np.linalg.cond(future) > 1.0 / np.finfo(float).eps:
        raise ValueError("total least squares has no solution: the data span too little")
    inner = -np.linalg.solve(future.T, present.T).T
    before = whole[:c, c:] @ np.vstack([-white @ inner, white])
    offset = np.linalg.lstsq(whole[:c, :c], before, rcond=None)[0]
    operator = np.block([[np.eye(c), offset], [np.zeros((n, c)), inner]])
    discrete, vectors = eigenbasis(operator)
    coefficients = np.zeros((size, c + n), dtype=vectors.dtype)
    coefficients[certain], coefficients[noisy] = vectors[:c], white @ vectors[c:]
    return discrete, coefficients
