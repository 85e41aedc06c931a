"""A model of some of the eigenpairs of a factor of the data, and what noise does to them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from koopmark.methods.dictionaries import Identity, Observables
from koopmark.methods.own._factor import SnapshotFactor, factorise
from koopmark.methods.own._noise import NoiseVariances, corrected_values
from koopmark.methods.products import real_product
from koopmark.models import LinearModel

EXPLAINED = 1.5
"""How many times the error that noise makes on average is put down to it."""


def restricted_model(
    factor: SnapshotFactor,
    observables: Observables,
    dt: float,
    coefficients: NDArray,
    rates: NDArray[np.complex128],
    residuals: NDArray[np.float64],
    note: str = "",
) -> LinearModel:
    """Eigenfunctions ψ C, with the state read from them alone in least squares.

    Parameters
    ----------
    factor : SnapshotFactor
        Of the training data; only R₁₁ is looked at.
    observables : Observables
        ψ, D functions.
    dt : float
    coefficients : (D, s) array
        C.
    rates : (s,) array
        Continuous-time eigenvalues.
    residuals : (s,) array
    note : str
    """
    return LinearModel(
        lift=observables,
        coefficients=coefficients,
        rates=rates,
        dt=dt,
        modes=readout(factor, coefficients, observables.state),
        training_residuals=residuals,
        note=note,
    )


def readout(factor: SnapshotFactor, coefficients: NDArray, state: slice | None) -> NDArray | None:
    """M (s, N) in x ≈ ψ(x) C M, in least squares over the training data; None without a state."""
    if state is None:
        return None
    wanted = factor.xx[:, state]
    if coefficients.shape[1] == 0:
        return np.zeros((0, wanted.shape[1]))
    values = real_product(factor.xx, coefficients)
    return lstsq(values, wanted, lapack_driver="gelsy", check_finite=False)[0]


def bounded(noise: NoiseVariances, states: NDArray) -> NoiseVariances:
    """The noise, bounded by the residual of a linear fit, to which it adds at least its variance.

    Dynamics that are fast for the sampling pass for noise in differences in time, but not there
    if they are linear.
    """
    linear = factorise(Identity().fitted(states), states)
    residual = np.sum(linear.yy[:, 1:] ** 2, axis=0) / linear.pairs
    return replace(noise, variances=np.minimum(noise.variances, residual))


def noise_shares(
    states: NDArray, observables: Observables, noise: NoiseVariances, coefficients: NDArray
) -> NDArray[np.float64]:
    """Share (s,) of the measurement noise in the mean square of functions φ = ψ C.

    White noise of covariance C in ψ has variance cᴴ C c in φ = ψ c.

    Parameters
    ----------
    states : (M, T, N) array
    observables : Observables
        ψ, D functions.
    noise : NoiseVariances
        Of the states; see `bounded`.
    coefficients : (D, s) array
    """
    flat = np.asarray(states, dtype=float).reshape(-1, states.shape[2])
    corrected = corrected_values(observables, flat, bounded(noise, states))
    noisy = np.sum(coefficients.conj() * (corrected.covariance @ coefficients), axis=0).real
    size = np.mean(abs(real_product(observables(flat), coefficients)) ** 2, axis=0)
    return np.asarray(np.clip(noisy / size, 0.0, 1.0))
