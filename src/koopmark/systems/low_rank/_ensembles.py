"""Low-rank networks by the joint statistics of their loadings: overlaps and populations.

In the low-rank theory of recurrent networks W = Σ_k m⁽ᵏ⁾ n⁽ᵏ⁾ᵀ / N, and a unit is the vector
(m⁽¹⁾ᵢ .. m⁽ʳ⁾ᵢ, n⁽¹⁾ᵢ .. n⁽ʳ⁾ᵢ, Iᵢ) of its loadings, I being a constant input. What the network
does follows from how these are correlated, population by population (Mastrogiuseppe and Ostojic,
Neuron 99, 2018; Beiran, Dubreuil, Valente, Mastrogiuseppe and Ostojic, Neural Computation 33, 2021;
Dubreuil et al., Nature Neuroscience 25, 2022). Their random full-rank part is left out.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.systems.ensembles.draw import check_share, check_sizes, scaled
from koopmark.systems.low_rank._network import Relaxation
from koopmark.systems.low_rank._rnn import rnn


@checked
def overlap_rnn(
    n: int,
    rank: int,
    gain: float = 1.5,
    seed: int = 0,
    *,
    overlap: float = 0.8,
    angle: float = 0.0,
    input_scale: float = 0.0,
    input_overlap: float = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """A network whose connectivity vectors m and n overlap, and whose input overlaps with n.

    Every unit draws m ~ N(0, 1) and n = overlap C m + √(1 - overlap²) ξ, ξ ~ N(0, 1): C is the
    identity, or turns pairs of components by `angle`. The nonzero eigenvalues of W are then
    `overlap` e^{±i angle} up to a common factor and fluctuations of order N^{-1/2}: large overlaps
    make several fixed points, turned ones oscillations.

    Parameters
    ----------
    n, rank : int
        Units and rank, 1 <= rank < n.
    gain : float
        Spectral norm of the weights.
    seed : int
        The same arguments and seed give the same network.
    overlap : float
        Correlation of n with C m, -1 to 1.
    angle : float
        In degrees. Where it is not 0 the rank must be even.
    input_scale : float
        Standard deviation of the constant input I, which enters as θ.
    input_overlap : float
        Correlation of I with n⁽¹⁾, -1 to 1.
    activation : str
        A name in `koopmark.systems.ACTIVATIONS`.

    Raises
    ------
    ValueError
        Where a parameter is out of range, or an odd rank is to be turned.
    """
    if angle and rank % 2:
        raise ValueError(f"rank {rank} with angle {angle:g}: turning pairs needs an even rank")
    turn = np.deg2rad(angle)
    pair = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    towards = np.kron(np.eye(rank // 2), pair) if angle else np.eye(rank)
    key = {"ensemble": "overlap", "n": n, "rank": rank, "seed": seed}
    return _network(key, n, gain, [towards], overlap, input_scale, input_overlap, activation)


@checked
def mixture_rnn(
    n: int,
    rank: int,
    gain: float = 1.5,
    seed: int = 0,
    *,
    populations: int = 2,
    overlap: float = 0.8,
    input_scale: float = 0.0,
    input_overlap: float = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """A network whose units belong to Gaussian populations, each with overlaps of its own.

    As `overlap_rnn`, with a random orthogonal C for each of the populations, which have equally
    many units, give or take one: the loadings are a mixture of zero-mean Gaussians that differ in
    how m and n are correlated.

    Raises
    ------
    ValueError
        Where a parameter is out of range.
    """
    if not 1 <= populations <= n:
        raise ValueError(f"populations {populations} with n {n}: it must be between 1 and {n}")
    check_sizes(n, rank, gain)
    key = {"ensemble": "mixture", "n": n, "rank": rank, "populations": populations, "seed": seed}
    rng = generator(key, "populations")
    towards = [_haar(rank, rng) for _ in range(populations)]
    return _network(key, n, gain, towards, overlap, input_scale, input_overlap, activation)


def _network(
    key: dict[str, Any],
    n: int,
    gain: float,
    towards: Sequence[NDArray],
    overlap: float,
    input_scale: float,
    input_overlap: float,
    activation: str,
) -> Relaxation:
    rank = len(towards[0])
    check_sizes(n, rank, gain)
    check_share("overlap", overlap, -1.0)
    check_share("input_overlap", input_overlap, -1.0)
    if not input_scale >= 0:
        raise ValueError(f"input_scale {input_scale}: a standard deviation is not negative")
    m, xi = generator(key, "weights").standard_normal((2, n, rank))
    population = np.arange(n) % len(towards)
    turned = np.einsum("ikl,il->ik", np.asarray(towards)[population], m)
    right = overlap * turned + np.sqrt(1.0 - overlap**2) * xi
    own = generator(key, "input").standard_normal(n)
    loading = input_overlap * right[:, 0] + np.sqrt(1.0 - input_overlap**2) * own
    theta = input_scale * loading if input_scale else 0.0
    return rnn(scaled(m, right, gain), theta, activation)


def _haar(rank: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A random orthogonal matrix, uniform: QR with the signs that make it unique."""
    q, r = np.linalg.qr(rng.standard_normal((rank, rank)))
    return q * np.sign(np.diag(r))
