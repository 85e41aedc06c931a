"""Hebbian weights: a network that remembers patterns, or runs through them in a cycle."""

import numpy as np

from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.systems.ensembles.draw import check_share, check_sizes, independent, offsets, scaled
from koopmark.systems.low_rank._network import Relaxation
from koopmark.systems.low_rank._rnn import rnn


@checked
def hopfield_rnn(
    n: int,
    rank: int,
    gain: float = 1.5,
    seed: int = 0,
    *,
    sequence: float = 0.0,
    theta_scale: float = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """W ∝ Σ_μ [(1 - sequence) ξ^μ + sequence ξ^{μ+1}] ξ^μᵀ for `rank` random patterns of ±1.

    With `sequence` 0 these are the symmetric weights of the graded-response network (Hopfield,
    PNAS 81, 1984), with the diagonal kept, since removing it would raise the rank to N. Patterns
    that follow one another (Sompolinsky and Kanter, Phys. Rev. Lett. 57, 1986) make the network
    cycle: the last evokes the mirror image of the first, ξ^{r+1} = -ξ¹, so that no sum of all
    patterns evokes itself.

    Parameters
    ----------
    n, rank : int
        Units and patterns, 1 <= rank < n.
    gain : float
        Spectral norm of the weights.
    seed : int
        The same arguments and seed give the same network.
    sequence : float
        Share of the successor in what a pattern evokes, 0 to 1.
    theta_scale : float
        Standard deviation of the Gaussian offsets θ.
    activation : str
        A name in `koopmark.systems.ACTIVATIONS`.

    Raises
    ------
    ValueError
        Where a parameter is out of range, or where sequence 0.5 with an odd number of patterns
        makes a combination of them evoke nothing.
    """
    check_sizes(n, rank, gain)
    check_share("sequence", sequence)
    if rank % 2 and abs(sequence - 0.5) < 1e-6:
        raise ValueError(
            f"sequence {sequence:g} with an odd rank {rank}: patterns and successors cancel, and "
            "the rank is lower than asked for"
        )
    key = {"ensemble": "hopfield", "n": n, "rank": rank, "seed": seed}
    rng = generator(key, "patterns")
    patterns = independent(lambda: rng.choice([-1.0, 1.0], size=(n, rank)), "patterns")
    successors = np.hstack([patterns[:, 1:], -patterns[:, :1]])
    evoked = (1.0 - sequence) * patterns + sequence * successors
    return rnn(scaled(evoked, patterns, gain), offsets(key, n, theta_scale), activation)
