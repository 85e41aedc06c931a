"""A model of some of the eigenpairs that a factor of the data gives."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from koopmark.methods.dictionaries import Observables
from koopmark.methods.model import LinearModel
from koopmark.methods.products import real_product
from koopmark.methods.reference.factor import SnapshotFactor


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
