"""Random recurrent networks ẋ = -x + Wσ(x) + θ of exactly low rank, from the literature.

All have `n` units, weights of rank `rank` (1 <= rank < n) with the spectral norm `gain`, the
`activation` σ, a name in `koopmark.systems.ACTIVATIONS`, and Gaussian offsets θ of standard
deviation `theta_scale`, unless their own text says otherwise. The same arguments and `seed` give
the same network. A parameter out of range raises a ValueError.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
from annotated_types import Interval, Lt
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.systems.low_rank.relaxation import Relaxation
from koopmark.systems.low_rank.rnn import offsets, rnn
from koopmark.systems.low_rank.weights import RANK_TOLERANCE, check_rank, scaled
from koopmark.systems.registry import Correlation, Count, NonNegative, Positive, Share, factory

Factor = NDArray[np.float64]

ATTEMPTS = 100


def independent(draw: Callable[[], Factor], what: str) -> Factor:
    """The first of at most `ATTEMPTS` random matrices with linearly independent columns.

    Factors with few distinct values (signs, zeros) may happen to be dependent.

    Raises
    ------
    ValueError
        If no draw is independent; the message names `what` was drawn.
    """
    for _ in range(ATTEMPTS):
        factor = draw()
        norms = np.linalg.norm(factor, axis=0)
        if norms.all():
            s = np.linalg.svd(factor / norms, compute_uv=False)
            # Far from the limit at which LowRank would refuse them.
            if s[-1] > 1e4 * RANK_TOLERANCE * s[0]:
                return factor
    raise ValueError(
        f"{factor.shape[1]} {what} of {factor.shape[0]} units came out linearly dependent "
        f"{ATTEMPTS} times: ask for a lower rank, or for more units"
    )


def _check_block(n: int, rank: int, between: float) -> None:
    check_rank(n, rank)
    if rank > 1 and between <= -1.0 / (rank - 1):
        low = -1.0 / (rank - 1)
        raise ValueError(f"between {between:g} with rank {rank}: between must be above {low:g}")


@factory("block_rnn", _check_block)
def block_rnn(
    n: Count,
    rank: Count,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    between: Annotated[float, Lt(1.0)] = 0.2,
    spread: Annotated[float, Interval(ge=0.0, le=10.0)] = 0.3,
    theta_scale: NonNegative = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """Network with the mean weights of a degree-corrected block model, Wᵢⱼ ∝ aᵢ B_{g(i) g(j)} bⱼ.

    The units form `rank` groups of equal size, give or take one; B is 1 within a group and
    `between` from one to another, above -1 / (rank - 1) and below 1, where B is positive definite.
    The propensities a (to receive) and b (to send) are log-normal, e^{spread ξ} (Karrer and
    Newman, Phys. Rev. E 83, 2011, for directed weights). The expectation has the rank of B; a
    network drawn from it would have this rank only nearly.
    """
    key = {"ensemble": "block", "n": n, "rank": rank, "seed": seed}
    receive, send = np.exp(spread * generator(key, "propensities").standard_normal((2, n)))
    member = np.eye(rank)[np.arange(n) % rank]
    blocks = np.full((rank, rank), between) + (1.0 - between) * np.eye(rank)
    weights = scaled(receive[:, None] * (member @ blocks), send[:, None] * member, gain)
    return rnn(weights, offsets(key, n, theta_scale), activation)


@factory("dale_rnn", check_rank)
def dale_rnn(
    n: Count,
    rank: Count,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    excitatory: Share = 0.8,
    theta_scale: NonNegative = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """Network that obeys Dale's law: W ∝ A Bᵀ D with A, B non-negative and D = diag(±1).

    A and B hold the absolute values of independent Gaussians, so that the rank is `rank`. The
    first `excitatory` n units, rounded, excite, at least one of each kind unless the share is 0 or
    1; the others inhibit, stronger by the ratio of the numbers, so that excitation and inhibition
    balance on average (Rajan and Abbott, Phys. Rev. Lett. 97, 2006). With an activation that is
    not negative (`logistic`, `relu`, `softplus`) outputs are firing rates.
    """
    key = {"ensemble": "dale", "n": n, "rank": rank, "seed": seed}
    left, right = np.abs(generator(key, "weights").standard_normal((2, n, rank)))
    exciting = round(excitatory * n)
    if 0 < excitatory < 1:
        exciting = min(max(exciting, 1), n - 1)
    strength = np.ones(n)
    strength[exciting:] = -exciting / (n - exciting) if 0 < exciting < n else -1.0
    weights = scaled(left, strength[:, None] * right, gain)
    return rnn(weights, offsets(key, n, theta_scale), activation)


def _check_hopfield(n: int, rank: int, sequence: float) -> None:
    check_rank(n, rank)
    if rank % 2 and abs(sequence - 0.5) < 1e-6:
        raise ValueError(
            f"sequence {sequence:g} with an odd rank {rank}: patterns and successors cancel, and "
            "the rank is lower than asked for"
        )


@factory("hopfield_rnn", _check_hopfield)
def hopfield_rnn(
    n: Count,
    rank: Count,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    sequence: Share = 0.0,
    theta_scale: NonNegative = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """Hopfield network that stores `rank` random ±1 patterns, as fixed points or as a sequence.

    The weights are W ∝ Σ_μ [(1 - sequence) ξ^μ + sequence ξ^{μ+1}] ξ^μᵀ.

    With `sequence` 0 these are the symmetric weights of the graded-response network (Hopfield,
    PNAS 81, 1984), with the diagonal kept, since removing it would raise the rank to N. Patterns
    that follow one another (Sompolinsky and Kanter, Phys. Rev. Lett. 57, 1986) make the network
    cycle: the last evokes the mirror image of the first, ξ^{r+1} = -ξ¹, so that no sum of all
    patterns evokes itself. With 0.5 and an odd number of patterns a combination of them evokes
    nothing, which is refused.
    """
    key = {"ensemble": "hopfield", "n": n, "rank": rank, "seed": seed}
    rng = generator(key, "patterns")
    patterns = independent(lambda: rng.choice([-1.0, 1.0], size=(n, rank)), "patterns")
    successors = np.hstack([patterns[:, 1:], -patterns[:, :1]])
    evoked = (1.0 - sequence) * patterns + sequence * successors
    return rnn(scaled(evoked, patterns, gain), offsets(key, n, theta_scale), activation)


@factory("sparse_rnn", check_rank)
def sparse_rnn(
    n: Count,
    rank: Count,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    density: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.3,
    theta_scale: NonNegative = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """Network W ∝ L Rᵀ with sparse factors of about `density` n Gaussian entries in each column.

    At least one entry is not zero. Units that receive nothing are rows of zeros in W: their own
    xᵢ - θᵢ is an eigenfunction.
    """
    key = {"ensemble": "sparse", "n": n, "rank": rank, "seed": seed}
    rng = generator(key, "weights")
    entries = max(1, round(density * n))

    def draw() -> Factor:
        factor = np.zeros((n, rank))
        for column in factor.T:
            column[rng.choice(n, size=entries, replace=False)] = rng.standard_normal(entries)
        return factor

    left, right = (independent(draw, "sparse columns") for _ in range(2))
    return rnn(scaled(left, right, gain), offsets(key, n, theta_scale), activation)


def _check_overlap(n: int, rank: int, angle: float) -> None:
    check_rank(n, rank)
    if angle and rank % 2:
        raise ValueError(f"rank {rank} with angle {angle:g}: turning pairs needs an even rank")


@factory("overlap_rnn", _check_overlap)
def overlap_rnn(
    n: Count,
    rank: Count,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    overlap: Correlation = 0.8,
    angle: Annotated[float, Interval(ge=-180.0, le=180.0)] = 0.0,
    input_scale: NonNegative = 0.0,
    input_overlap: Correlation = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """Network whose connectivity vectors m and n overlap and whose input vector overlaps with n.

    In the low-rank theory of recurrent networks W = Σ_k m⁽ᵏ⁾ n⁽ᵏ⁾ᵀ / N, and a unit is the vector
    (m⁽¹⁾ᵢ .. m⁽ʳ⁾ᵢ, n⁽¹⁾ᵢ .. n⁽ʳ⁾ᵢ, Iᵢ) of its loadings, I being a constant input. What the network
    does follows from how these are correlated (Mastrogiuseppe and Ostojic, Neuron 99, 2018).

    Every unit draws m ~ N(0, 1) and n = overlap C m + √(1 - overlap²) ξ, ξ ~ N(0, 1): C is the
    identity, or turns pairs of components by `angle`. The nonzero eigenvalues of W are then
    `overlap` e^{±i angle} up to a common factor and fluctuations of order N^{-1/2}: large overlaps
    make several fixed points, turned ones oscillations.

    Parameters
    ----------
    overlap : float
        Correlation of n with C m.
    angle : float
        In degrees. If it is not 0 the rank must be even.
    input_scale : float
        Standard deviation of the constant input I, which enters as θ.
    input_overlap : float
        Correlation of I with n⁽¹⁾.
    """
    turn = np.deg2rad(angle)
    pair = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    towards = np.kron(np.eye(rank // 2), pair) if angle else np.eye(rank)
    key = {"ensemble": "overlap", "n": n, "rank": rank, "seed": seed}
    return _of_loadings(key, n, gain, [towards], overlap, input_scale, input_overlap, activation)


def _check_mixture(n: int, rank: int, populations: int) -> None:
    check_rank(n, rank)
    if populations > n:
        allowed = f"populations must be between 1 and {n}"
        raise ValueError(f"populations {populations} with n {n}: {allowed}")


@factory("mixture_rnn", _check_mixture)
def mixture_rnn(
    n: Count,
    rank: Count,
    gain: Positive = 1.5,
    seed: int = 0,
    *,
    populations: Count = 2,
    overlap: Correlation = 0.8,
    input_scale: NonNegative = 0.0,
    input_overlap: Correlation = 0.0,
    activation: str = "tanh",
) -> Relaxation:
    """Network of several Gaussian populations, each with its own overlaps of connectivity vectors.

    As `overlap_rnn`, with a random orthogonal C for each of the populations, which have equally
    many units, give or take one: the loadings are a mixture of zero-mean Gaussians that differ in
    how m and n are correlated (Beiran, Dubreuil, Valente, Mastrogiuseppe and Ostojic, Neural
    Computation 33, 2021; Dubreuil et al., Nature Neuroscience 25, 2022). The random full-rank part
    of these papers is left out.
    """
    key = {"ensemble": "mixture", "n": n, "rank": rank, "populations": populations, "seed": seed}
    rng = generator(key, "populations")
    towards = []
    for _ in range(populations):
        # Uniform among orthogonal matrices: QR with the signs that make it unique.
        q, r = np.linalg.qr(rng.standard_normal((rank, rank)))
        towards.append(q * np.sign(np.diag(r)))
    return _of_loadings(key, n, gain, towards, overlap, input_scale, input_overlap, activation)


def _of_loadings(
    key: dict[str, Any],
    n: int,
    gain: float,
    towards: Sequence[NDArray],
    overlap: float,
    input_scale: float,
    input_overlap: float,
    activation: str,
) -> Relaxation:
    m, xi = generator(key, "weights").standard_normal((2, n, len(towards[0])))
    turned = np.einsum("ikl,il->ik", np.asarray(towards)[np.arange(n) % len(towards)], m)
    right = overlap * turned + np.sqrt(1.0 - overlap**2) * xi
    own = generator(key, "input").standard_normal(n)
    loading = input_overlap * right[:, 0] + np.sqrt(1.0 - input_overlap**2) * own
    theta = input_scale * loading if input_scale else 0.0
    return rnn(scaled(m, right, gain), theta, activation)
