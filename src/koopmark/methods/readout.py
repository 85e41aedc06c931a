"""How a method that is linear in a dictionary gives the state back."""

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.dictionaries import Observables


def state_readout(coefficients: NDArray, lift: Observables) -> NDArray | None:
    """Modes M (s, N) with x ≈ ψ(x) C M, in least squares over the coefficients.

    Parameters
    ----------
    coefficients : (D, s) array
        C: column j holds eigenfunction j in the dictionary ψ.
    lift : Observables
        ψ; where the state is not part of it, there are no modes.
    """
    if lift.state is None:
        return None
    state = np.eye(lift.size)[:, lift.state].astype(coefficients.dtype)
    return np.linalg.lstsq(coefficients, state, rcond=None)[0]
