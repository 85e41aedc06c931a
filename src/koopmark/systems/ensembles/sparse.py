"""Sparse factors: few units send to a latent variable, few receive from it."""

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.systems.ensembles.draw import check_sizes, independent, offsets, scaled
from koopmark.systems.low_rank._network import Relaxation
from koopmark.systems.low_rank._rnn import rnn


@checked
def sparse_rnn(
    n: int,
    rank: int,
    gain: float = 1.5,
    seed: int = 0,
    *,
    density: float = 0.3,
    theta_scale: float = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """W ∝ L Rᵀ where each column of L and of R has `density` n Gaussian entries, rounded.

    At least one entry is not zero. Units that receive nothing are rows of zeros in W: their own
    xᵢ - θᵢ is an eigenfunction.

    Parameters
    ----------
    n, rank : int
        Units and rank, 1 <= rank < n.
    gain : float
        Spectral norm of the weights.
    seed : int
        The same arguments and seed give the same network.
    density : float
        Share of the units in a column, above 0 and up to 1.
    theta_scale : float
        Standard deviation of the Gaussian offsets θ.
    activation : str
        A name in `koopmark.systems.ACTIVATIONS`.

    Raises
    ------
    ValueError
        Where a parameter is out of range.
    """
    check_sizes(n, rank, gain)
    if not 0 < density <= 1:
        raise ValueError(f"density {density}: a share above 0 and up to 1")
    key = {"ensemble": "sparse", "n": n, "rank": rank, "seed": seed}
    rng = generator(key, "weights")
    entries = max(1, round(density * n))
    left, right = (
        independent(lambda: _sparse(n, rank, entries, rng), "sparse columns") for _ in range(2)
    )
    return rnn(scaled(left, right, gain), offsets(key, n, theta_scale), activation)


def _sparse(n: int, rank: int, entries: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n, rank) with `entries` Gaussian entries in each column, elsewhere 0."""
    factor = np.zeros((n, rank))
    for column in factor.T:
        column[rng.choice(n, size=entries, replace=False)] = rng.standard_normal(entries)
    return factor
