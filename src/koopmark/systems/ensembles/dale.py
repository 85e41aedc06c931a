"""Dale's law: every unit only excites, or only inhibits."""

import numpy as np

from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.systems.ensembles.draw import check_sizes, offsets, scaled
from koopmark.systems.low_rank._network import Relaxation
from koopmark.systems.low_rank._rnn import rnn


@checked
def dale_rnn(
    n: int,
    rank: int,
    gain: float = 1.5,
    seed: int = 0,
    *,
    excitatory: float = 0.8,
    theta_scale: float = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """W ∝ A Bᵀ D with non-negative A, B and D = diag(±): each column has one sign.

    A and B hold the absolute values of independent Gaussians, so that the rank is `rank`. The
    first `excitatory` n units, rounded, excite; the others inhibit, stronger by the ratio of the
    numbers, so that excitation and inhibition balance on average (Rajan and Abbott, Phys. Rev.
    Lett. 97, 2006).

    Parameters
    ----------
    n, rank : int
        Units and rank, 1 <= rank < n.
    gain : float
        Spectral norm of the weights.
    seed : int
        The same arguments and seed give the same network.
    excitatory : float
        Share of units that excite, 0 to 1; at least one of each kind unless it is 0 or 1.
    theta_scale : float
        Standard deviation of the Gaussian offsets θ.
    activation : str
        A name in `koopmark.systems.ACTIVATIONS`; one of those that are not negative (`logistic`,
        `relu`, `softplus`) makes outputs firing rates.

    Raises
    ------
    ValueError
        Where a parameter is out of range.
    """
    check_sizes(n, rank, gain)
    if not 0 <= excitatory <= 1:
        raise ValueError(f"excitatory {excitatory}: a share is between 0 and 1")
    key = {"ensemble": "dale", "n": n, "rank": rank, "seed": seed}
    left, right = np.abs(generator(key, "weights").standard_normal((2, n, rank)))
    exciting = round(excitatory * n)
    if 0 < excitatory < 1:
        exciting = min(max(exciting, 1), n - 1)
    strength = np.ones(n)
    strength[exciting:] = -exciting / (n - exciting) if 0 < exciting < n else -1.0
    weights = scaled(left, strength[:, None] * right, gain)
    return rnn(weights, offsets(key, n, theta_scale), activation)
