"""Random prescribed systems, each from a few numbers and a seed."""

from math import isinf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.systems.prescribed._dynamics import LeakyDrive, Prescribed
from koopmark.systems.prescribed._features import Features
from koopmark.systems.prescribed._functions import PrescribedFunctions
from koopmark.systems.prescribed.random_features import (
    POLYNOMIAL,
    of_norm,
    random_features,
    random_rotation,
    spectrum_of,
)

Array = NDArray[np.float64]

LEAK = 0.9
"""γ of the free coordinates. A prescribed eigenvalue near it would be hard to tell from theirs."""


@checked
def random_prescribed(
    n: int,
    matrix: ArrayLike,
    features: str = "tanh",
    strength: float = 0.5,
    seed: int = 0,
    *,
    count: int = 20,
    steepness: float = 1.0,
    degree: int = 2,
    graph: bool = False,
    gain: float = 1.5,
) -> Prescribed:
    """Random functions φ = Bx + C f(x) as exact eigenfunctions of random bounded dynamics.

    Parameters
    ----------
    n : int
        N.
    matrix : (p, p) array
        Λ of φ̇ = Λφ, p at most N.
    features : str
        f: a layer of `koopmark.systems.LAYERS`, or polynomial.
    strength : float
        How far φ is from linear: the bound on ‖C f'‖ beside ‖B‖ = 1, below 1 unless φ is a graph.
        For polynomials ‖C‖.
    seed : int
        The same arguments and seed give the same system.
    count : int
        Hidden units, m.
    steepness : float
        Size of their directions D: the inverse of the length over which f bends.
    degree : int
        Of polynomials.
    graph : bool
        Whether f looks across B only, so that any strength is allowed; polynomials always do.
    gain : float
        ‖H‖ of the leaky drive of the free coordinates.

    Raises
    ------
    ValueError
        Where the matrix does not fit, p exceeds N, or the strength is not allowed.
    """
    square = spectrum_of(matrix, n)
    p = len(square)
    if features == POLYNOMIAL or graph:
        graph = True
        if p == n:
            raise ValueError(f"{p} functions of {n} units leave nothing to look across: p < N")
    if not strength > 0 or (not graph and strength >= 1):
        allowed = "positive" if graph else "between 0 and 1, or the functions a graph"
        raise ValueError(f"strength {strength:g}: it must be {allowed}")
    key = {"ensemble": "prescribed", "n": n, "p": p, "features": features, "seed": seed}
    rng = generator(key, "functions")
    frame = random_rotation(n, rng)
    inner = frame[p:] if graph else frame
    layer = random_features(features, inner, count, steepness, degree, rng)
    weights = rng.standard_normal((p, layer.count))
    functions = PrescribedFunctions(frame[:p], _scaled(weights, frame[:p], layer, strength), layer)
    return Prescribed(functions, square, leaky_drive(functions, gain, key))


@checked
def leaky_drive(
    functions: PrescribedFunctions, gain: float = 1.5, key: object = "leaky"
) -> LeakyDrive | None:
    """ẇ = -γw + H tanh(Gx) for the free coordinates, ‖H‖ = `gain`; None where none are free.

    H has full rank, so that no uᵀw is an eigenfunction beside φ. Equal `key`s draw equal H, G.
    """
    n, free = functions.size, functions.size - functions.count
    if not free:
        return None
    rng = generator(key, "drive")
    weights = of_norm(rng.standard_normal((free, free)), gain)
    directions = rng.standard_normal((free, n)) * 2.0 / np.sqrt(n)
    return LeakyDrive(LEAK * functions.complement, weights, directions)


def _scaled(weights: Array, linear: Array, features: Features, strength: float) -> Array:
    """Weights with this bound on ‖C f'(x) Z‖, or where that vanishes on ‖C‖ sup|f'| ‖D‖."""
    tiny = of_norm(weights, 1e-6) / np.linalg.norm(features.directions, 2)
    functions = PrescribedFunctions(linear, tiny, features)
    if not functions.is_graph:
        return tiny * (strength / functions.strength)
    slope = 1.0 if isinf(features.steepness) else features.steepness
    return of_norm(weights, strength / slope / np.linalg.norm(features.directions, 2))
