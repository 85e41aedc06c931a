"""EDMD by total least squares: noise on both sides of each snapshot pair."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.method import Method
from koopmark.methods.model import LinearModel, Model, continuous
from koopmark.methods.readout import state_readout
from koopmark.methods.reference.degenerate import eigenbasis
from koopmark.methods.reference.factor import factorise
from koopmark.methods.reference.noise import corrected_values, noise_variances
from koopmark.simulation import Trajectories

LEAST_NOISE = 1e-20
"""Variance of the noise, relative to that of a function: without noise any weights will do."""


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
        triangle = factorise(observables, states).triangle
        operator = total_least_squares(triangle, corrected.covariance, corrected.values.var(axis=0))
        discrete, vectors = eigenbasis(operator)
        rates, modes = continuous(discrete, trajectories.dt), state_readout(vectors, observables)
        return LinearModel(observables, vectors, rates, trajectories.dt, modes)


def total_least_squares(
    triangle: NDArray, covariance: NDArray, variances: NDArray
) -> NDArray[np.float64]:
    """K (D, D) in ψ(x⁺) = ψ(x) K.

    Parameters
    ----------
    triangle : (2D, 2D) array
        Of [Ψ_X Ψ_Y].
    covariance : (D, D) array
        Of the noise in ψ; zero for functions without noise.
    variances : (D,) array
        Of ψ on the data.

    Raises
    ------
    ValueError
        Where the data leave the operator undetermined.
    """
    size = len(covariance)
    noisy, certain = np.flatnonzero(np.diag(covariance)), np.flatnonzero(np.diag(covariance) == 0.0)
    noise = covariance[np.ix_(noisy, noisy)] + LEAST_NOISE * np.diag(variances[noisy])
    scale = np.sqrt(np.diag(noise))
    lower = cholesky(noise / np.outer(scale, scale), lower=True)
    white = solve_triangular(lower, np.diag(1.0 / scale), lower=True).T
    x, y = triangle[:, noisy] @ white, triangle[:, size + noisy] @ white
    # What the certain functions explain is taken out of both sides first.
    whole = triangle_of(triangle[:, certain], x, y)
    c, n = len(certain), len(noisy)
    right = np.linalg.svd(whole[c:, c:])[2][n:]
    now, ahead = right[:, :n].T, right[:, n:].T
    if np.linalg.cond(ahead) > 1.0 / np.finfo(float).eps:
        raise ValueError("total least squares has no solution: the data span too little")
    inner = -np.linalg.solve(ahead.T, now.T).T
    rest = whole[:c, c + n :] - whole[:c, c : c + n] @ inner
    offset = np.linalg.lstsq(whole[:c, :c], rest, rcond=None)[0]
    operator = np.zeros((size, size))
    operator[certain, certain] = 1.0
    unwhite = np.linalg.inv(white)
    operator[np.ix_(noisy, noisy)] = white @ inner @ unwhite
    operator[np.ix_(certain, noisy)] = offset @ unwhite
    return operator
