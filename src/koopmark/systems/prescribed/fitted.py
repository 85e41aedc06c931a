"""Any function as a prescribed eigenfunction: its least-squares fit, which is what is exact."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import finite
from koopmark.systems.prescribed._features import Features
from koopmark.systems.prescribed._functions import PrescribedFunctions


@dataclass(frozen=True, eq=False)
class FunctionFit:
    """A fit φ = Bx + c + C f(x) to given functions.

    `error` (p,) is the root mean square of fit minus function over the states of the fit, relative
    to the function's standard deviation over them.
    """

    functions: PrescribedFunctions
    error: NDArray[np.float64]


def fit_functions(
    target: Callable[[NDArray], NDArray],
    states: NDArray,
    features: Features,
    ridge: float = 1e-10,
) -> FunctionFit:
    """The best φ = Bx + c + C f(x) for given functions: those approximated, φ itself exact.

    Not every function can be an eigenfunction: at a critical point with a value other than zero no
    field gives F·∇φ = λφ, so that a bump by itself cannot (docs/families.md). A graph can:
    s(x) - bump(w(x)), with s linear and `features` that do not look along s.

    Parameters
    ----------
    target : callable
        (P, N) to (P, p).
    states : (P, N) array
        Where they are fitted.
    features : Features
        f.
    ridge : float
        Weight on |C|², relative to the mean square of the features: larger ones give weaker C.

    Raises
    ------
    ValueError
        Where shapes disagree, there are fewer states than coefficients, a value is not finite, or
        the fit cannot be an eigenfunction (see `PrescribedFunctions`).
    """
    x = finite(states, "states")
    values = finite(target(x), "values of the target")
    if values.ndim != 2 or len(values) != len(x):
        raise ValueError(f"target must give an array ({len(x)}, p), it gave {values.shape}")
    if not ridge >= 0:
        raise ValueError(f"ridge {ridge}: it must not be negative")
    n, m = x.shape[1], features.count
    if len(x) < n + m + 1:
        raise ValueError(f"{len(x)} states for {n + m + 1} coefficients: at least as many")
    table = np.hstack([x, np.ones((len(x), 1)), features(x)])
    scale = np.linalg.norm(table[:, n + 1 :]) / np.sqrt(m)
    penalty = np.hstack([np.zeros((m, n + 1)), np.sqrt(ridge) * scale * np.eye(m)])
    wanted = np.vstack([values, np.zeros((m, values.shape[1]))])
    found = np.linalg.lstsq(np.vstack([table, penalty]), wanted, rcond=None)[0]
    functions = PrescribedFunctions(found[:n].T, found[n + 1 :].T, features, found[n])
    error = np.sqrt(np.mean((table @ found - values) ** 2, axis=0)) / values.std(axis=0)
    return FunctionFit(functions, error)
