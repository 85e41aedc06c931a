"""Random conjugacies: linear dynamics behind coupling layers with seeded weights."""

import numpy as np
from numpy.typing import ArrayLike

from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.systems.prescribed._conjugate import Conjugate
from koopmark.systems.prescribed.coupling_layer import CouplingLayer
from koopmark.systems.prescribed.random_features import (
    POLYNOMIAL,
    of_norm,
    random_features,
    spectrum_of,
)


@checked
def random_coupling(
    n: int,
    matrix: ArrayLike,
    features: str = "tanh",
    strength: float = 1.0,
    seed: int = 0,
    *,
    layers: int = 2,
    count: int = 20,
    stretch: float = 0.0,
    degree: int = 2,
) -> Conjugate:
    """ẏ = Λy behind random coupling layers, which keep one half of the coordinates by turns.

    Parameters
    ----------
    n : int
        N, at least 2.
    matrix : (N, N) array
        Λ.
    features : str
        f: a layer of `koopmark.systems.LAYERS`, or polynomial.
    strength : float
        ‖T‖ of every layer's shift.
    seed : int
        The same arguments and seed give the same system.
    layers : int
        How many.
    count : int
        Hidden units of each.
    stretch : float
        ‖S‖ of every layer's scale; 0 for additive layers.
    degree : int
        Of polynomials.

    Raises
    ------
    ValueError
        Where the matrix does not fit or a number is out of range.
    """
    square = spectrum_of(matrix, n)
    if n < 2 or len(square) != n:
        raise ValueError(f"matrix has {len(square)} rows: a conjugacy of {n} units needs {n}")
    if not (strength > 0 and stretch >= 0 and layers >= 1):
        raise ValueError("strength must be positive, stretch not negative and layers at least 1")
    if features == POLYNOMIAL and stretch:
        raise ValueError("polynomial layers are additive: exp of a polynomial has no bound")
    rng = generator({"ensemble": "coupling", "n": n, "features": features, "seed": seed}, "layers")
    halves = np.arange((n + 1) // 2), np.arange((n + 1) // 2, n)
    made = []
    for number in range(layers):
        moved, kept = halves[(number + 1) % 2], halves[number % 2]
        layer = random_features(features, np.eye(len(kept)), count, 1.0, degree, rng)
        shift = of_norm(rng.standard_normal((len(moved), layer.count)), strength)
        scale = of_norm(rng.standard_normal(shift.shape), stretch) if stretch else None
        made.append(CouplingLayer(kept, moved, layer, shift, scale))
    return Conjugate(made, square)
