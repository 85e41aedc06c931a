"""Stochastic block structure in expectation: weights between groups, with degrees of their own."""

import numpy as np

from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.systems.ensembles.draw import check_sizes, offsets, scaled
from koopmark.systems.low_rank._network import Relaxation
from koopmark.systems.low_rank._rnn import rnn


@checked
def block_rnn(
    n: int,
    rank: int,
    gain: float = 1.5,
    seed: int = 0,
    *,
    between: float = 0.2,
    spread: float = 0.3,
    theta_scale: float = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """Wᵢⱼ ∝ aᵢ B_{g(i) g(j)} bⱼ: the expected weights of a degree-corrected block model.

    The units form `rank` groups of equal size, give or take one; B is 1 within a group and
    `between` from one to another. The propensities a (to receive) and b (to send) are
    log-normal, e^{spread ξ} (Karrer and Newman, Phys. Rev. E 83, 2011, for directed weights). The
    expectation has the rank of B; a network drawn from it would have this rank only nearly.

    Parameters
    ----------
    n, rank : int
        Units and groups, 1 <= rank < n.
    gain : float
        Spectral norm of the weights.
    seed : int
        The same arguments and seed give the same network.
    between : float
        Above -1 / (rank - 1) and below 1, where B is positive definite.
    spread : float
        Standard deviation of the logarithm of the propensities.
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
    low = -1.0 / (rank - 1) if rank > 1 else -np.inf
    if not low < between < 1.0:
        raise ValueError(f"between {between} with rank {rank}: it must be above {low:g}, below 1")
    if not spread >= 0:
        raise ValueError(f"spread {spread}: a standard deviation is not negative")
    key = {"ensemble": "block", "n": n, "rank": rank, "seed": seed}
    receive, send = np.exp(spread * generator(key, "propensities").standard_normal((2, n)))
    member = np.eye(rank)[np.arange(n) % rank]
    blocks = np.full((rank, rank), between) + (1.0 - between) * np.eye(rank)
    weights = scaled(receive[:, None] * (member @ blocks), send[:, None] * member, gain)
    return rnn(weights, offsets(key, n, theta_scale), activation)
