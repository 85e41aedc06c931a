"""Directions of the data with a signal, and directions that inputs excite, in bounded memory."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from koopmark._tsqr import block_rows, eliminate
from koopmark.simulation._trajectories import Trajectories

Parts = tuple[NDArray, ...]

DOUBT = 1e-4
"""Probability that noise alone passes for a relation with the next sample."""

UNIT, FEW = 4.0, 4.0
"""Errors of data in units of their rounding; largest value of a channel without an offset, in
standard deviations."""

WELL_CONDITIONED = 1e-6
"""Least relative eigenvalue of a matrix of moments that keeps digits enough."""

PAIRS_EACH = 10
"""Snapshot pairs for each direction, of which fewer do not tell a signal from noise."""

SMOOTH, SAMPLED = 0.25, (4, 200)
"""Mean square of a change in a step, relative to that of the state, below which the state is
predicted; and the pairs, for each channel and at least, of a sample that shows it."""

EXCITES, DEPENDENT = 0.05, 1e-10
"""Part of the inputs that must be no function of the state: below it, the error of a gain exceeds
20 times that under white inputs. Relative singular values of the states that count as rounding."""


def overlapping(states: NDArray, rows: int, order: int = 1) -> Iterator[NDArray[np.float64]]:
    """Parts (m, t + order, N) of trajectories with every order + 1 successive states exactly once.

    Each part has about `rows` sequences of states, in float64.
    """
    steps = states.shape[1] - order
    length = min(steps, rows)
    together = max(1, rows // length)
    for first in range(0, len(states), together):
        for start in range(0, steps, length):
            part = states[first : first + together, start : start + length + order]
            yield np.asarray(part, dtype=float)


def canonical_correlations(
    now: NDArray, ahead: NDArray, tolerance: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Canonical correlations (k,) of two sets of functions (Hotelling 1936), and the functions.

    Parameters
    ----------
    now, ahead : (P, n) arrays
        Values at the present and the next samples, or the same columns of a triangular factor.
    tolerance : float
        Directions with a singular value below it, relative to the largest, are dropped.

    Returns
    -------
    (k,), (n, k), (n, k) arrays
        Correlations in descending order, and the coefficients of the canonical functions, which
        are orthonormal over the samples: `now` times the first, `ahead` times the second.
    """
    parts = []
    for values in (now, ahead):
        u, s, vt = np.linalg.svd(values, full_matrices=False)
        kept = s > tolerance * s[0] if s.size and s[0] > 0 else np.zeros(len(s), bool)
        parts.append((u[:, kept], vt[kept].T / s[kept]))
    (u, before), (v, after) = parts
    left, correlations, right = np.linalg.svd(u.T @ v, full_matrices=False)
    return correlations, before @ left, after @ right.T


def significant(correlations: NDArray, pairs: int) -> int:
    """Number of canonical correlations that are significant by Bartlett's test (1941).

    The statistic -P Σ log(1 - ρ²) over the smallest of them follows χ² if all of these are zero.
    """
    count = len(correlations)
    samples = pairs - 0.5 * (2 * count + 3)
    if samples <= count:
        return count
    lost = -samples * np.log1p(-(np.minimum(correlations, 1.0 - 1e-15) ** 2))
    remaining = np.cumsum(lost[::-1])[::-1]
    degrees = np.arange(count, 0, -1) ** 2
    noise = remaining < chdtri(degrees, DOUBT)
    return int(np.argmax(noise)) if noise.any() else count


def excitation_of(trajectories: Trajectories) -> NDArray[np.float64]:
    """Singular values (Q,) of the normalised inputs outside the span of [1, x]."""
    n, count = trajectories.states.shape[2], trajectories.held().shape[1]
    width = 1 + n + count
    triangle = np.zeros((width, width), order="F")
    for part in trajectories.blocks():
        assert part.inputs is not None
        both = np.concatenate([part.states, part.inputs], axis=2)
        for block in overlapping(both, block_rows(width)):
            flat = block[:, :-1].reshape(-1, n + count)
            rows = np.hstack([np.ones((len(flat), 1)), flat])
            triangle = eliminate(triangle, np.asfortranarray(rows))
    known, held = triangle[:, : n + 1], triangle[:, n + 1 :]
    scale, sizes = (np.linalg.norm(part, axis=0) for part in (known, held))
    scale[scale == 0.0], sizes[sizes == 0.0] = 1.0, 1.0
    u, s, _ = np.linalg.svd(known / scale, full_matrices=False)
    span = u[:, s > DEPENDENT * s[0]]
    units = held / sizes
    return np.asarray(np.linalg.svd(units - span @ (span.T @ units), compute_uv=False))


def rank_of(trajectories: Trajectories, margin: float = 1.0) -> "DataRank":
    """The `data_rank` of trajectories, from successive states or states one interval apart."""
    if trajectories.regular:
        return data_rank(trajectories.states, margin=margin)
    found = [
        data_rank(*(part.states for part in parts), margin=margin)
        for parts in (trajectories.records(2), trajectories.blocks())
        if parts
    ]
    best = max(found, key=lambda rank: rank.signal)
    return best._replace(close=any(rank.close for rank in found))


class DataRank(NamedTuple):
    """Number of directions in which states (M, T, N) vary, and in which they have a signal."""

    rank: int
    """Numerical rank about the mean, with columns scaled: at most N."""
    signal: int
    """Number of directions that predict the next sample; the others contain only noise."""
    close: bool = False
    """Whether a singular value lies within the margin of the cut-off, so that the rank is
    uncertain."""


def data_rank(*parts: NDArray, margin: float = 1.0) -> DataRank:
    """Numerical rank of states, in parts (M, T, N), and number of directions with a signal.

    A singular value counts if it exceeds rounding, which is the precision of the type (relative to
    the largest value of a channel, not to its variation) times the root of the number of samples.
    States must be finite; they are read a block at a time as float64. The result says whether a
    singular value is within a factor of `margin` of the cut-off.
    """
    n, pairs = parts[0].shape[2], sum(len(states) * (states.shape[1] - 1) for states in parts)
    if _evident(parts, pairs):
        return DataRank(n, n)
    mean, scale, resolution = _moments(parts)
    varying = np.flatnonzero(scale > 0.0)
    n = len(varying)
    if n == 0:
        return DataRank(0, 0)

    def standardised(block: NDArray) -> NDArray[np.float64]:
        return (block[..., varying] - mean[varying]) / scale[varying]

    tolerance = UNIT * float(resolution[varying].max()) * np.sqrt(pairs)
    if n > pairs / PAIRS_EACH:
        return _wide_rank(parts, standardised, n, pairs, tolerance, margin)
    now, ahead, cross = _second_moments(parts, standardised, n)
    left, right = _whitening(now), _whitening(ahead)
    if left is not None and right is not None:
        correlations = np.linalg.svd(left.T @ cross @ right, compute_uv=False)
        return DataRank(n, significant(correlations, pairs))
    triangle = np.zeros((2 * n, 2 * n), order="F")
    for block in _overlapping(parts, 2 * n):
        values = standardised(block)
        both = [part.reshape(-1, n) for part in (values[:, :-1], values[:, 1:])]
        triangle = eliminate(triangle, np.asfortranarray(np.hstack(both)))
    x, y = triangle[:, :n], triangle[:, n:]
    singular = np.linalg.svd(np.vstack([x, y]), compute_uv=False)
    rank, close = _numerical(singular, tolerance, margin)
    correlations = canonical_correlations(x, y, tolerance)[0]
    lost = len(correlations) - significant(correlations, pairs)
    return DataRank(rank, rank - lost, close)


def _evident(parts: Parts, pairs: int) -> bool:
    """Whether a sample of pairs changes little in a step, whatever combination of channels.

    No combination is noise then, and none vanishes. All pairs would cost as much as a fit.
    """
    n = parts[0].shape[2]
    count = max(SAMPLED[0] * n, SAMPLED[1])
    if pairs < 2 * count:
        return False
    # One of each of as many stretches, at random: no period of the data is missed.
    chosen = (np.arange(count) + np.random.default_rng(0).random(count)) * (pairs / count)
    now, changes, before = [], [], 0
    for states in parts:
        steps = states.shape[1] - 1
        here = chosen[(chosen >= before) & (chosen < before + len(states) * steps)] - before
        which, when = np.divmod(here.astype(int), steps)
        now.append(np.asarray(states[which, when], dtype=float))
        changes.append(states[which, when + 1] - now[-1])
        before += len(states) * steps
    x, change = np.concatenate(now), np.concatenate(changes)
    sizes = np.linalg.norm(x, axis=0)
    x -= x.mean(axis=0)
    norms = np.linalg.norm(x, axis=0)
    if not (norms > WELL_CONDITIONED * sizes).all():
        return False
    x /= norms
    change /= norms
    try:
        np.linalg.cholesky(
            SMOOTH * (x.T @ x) - change.T @ change - SMOOTH * WELL_CONDITIONED * n * np.eye(n)
        )
    except np.linalg.LinAlgError:
        return False
    return True


def _wide_rank(
    parts: Parts,
    standardised: Callable[[NDArray], NDArray],
    n: int,
    pairs: int,
    tolerance: float,
    margin: float,
) -> DataRank:
    """Of more channels than pairs can relate: noise alone would relate to the next sample.

    The signal is looked for in as many leading directions as there are PAIRS_EACH times as many
    pairs: which these are does not depend on the order of samples.
    """
    triangle = np.zeros((n, n), order="F")
    for block in _overlapping(parts, n):
        triangle = eliminate(
            triangle, np.asfortranarray(standardised(block[:, :-1]).reshape(-1, n))
        )
    _, singular, axes = np.linalg.svd(triangle)
    rank, close = _numerical(singular, tolerance, margin)
    lead = axes[: min(rank, max(1, int(pairs / PAIRS_EACH)))].T
    now, ahead = [], []
    for block in _overlapping(parts, n):
        values = standardised(block) @ lead
        now.append(values[:, :-1].reshape(-1, lead.shape[1]))
        ahead.append(values[:, 1:].reshape(-1, lead.shape[1]))
    x, y = np.concatenate(now), np.concatenate(ahead)
    correlations = canonical_correlations(x, y, tolerance)[0]
    return DataRank(rank, significant(correlations, pairs), close)


def _numerical(singular: NDArray, tolerance: float, margin: float) -> tuple[int, bool]:
    """How many singular values exceed the cut-off, and whether one is within the margin of it."""
    relative = singular / (singular[0] or 1.0)
    close = (relative > tolerance / margin) & (relative < tolerance * margin)
    return int(np.sum(relative > tolerance)), bool(close.any())


def _overlapping(parts: Parts, width: int) -> Iterator[NDArray[np.float64]]:
    """Blocks of all parts for matrices of so many columns."""
    for states in parts:
        yield from overlapping(states, block_rows(width))


def _moments(parts: Parts) -> tuple[NDArray, NDArray, NDArray]:
    """Mean and standard deviation of each channel (N,), and its rounding in units of the latter.

    A channel that varies by rounding alone has the standard deviation 0.
    """
    n, count = parts[0].shape[2], sum(states.shape[0] * states.shape[1] for states in parts)
    total, largest, squares = np.zeros(n), np.zeros(n), np.zeros(n)
    # Measured from one of the states: a channel that is constant has the mean to the last digit.
    origin = np.asarray(parts[0][0, 0], dtype=float)
    for block in _overlapping(parts, n):
        total += (block[:, :-1] - origin).sum(axis=(0, 1))
        largest = np.maximum(largest, abs(block).max(axis=(0, 1)))
    mean = origin + total / (count - sum(map(len, parts)))
    for block in _overlapping(parts, n):
        squares += np.sum((block[:, :-1] - mean) ** 2, axis=(0, 1))
    scale = np.sqrt(squares / count)
    dtype = parts[0].dtype
    floating = np.issubdtype(dtype, np.floating)
    precision = float(np.finfo(dtype if floating else float).eps)
    scale[scale <= UNIT * precision * largest] = 0.0
    resolution = np.divide(precision * largest, scale, out=np.zeros(n), where=scale > 0.0)
    # A channel without an offset reaches a few standard deviations.
    return mean, scale, np.maximum(resolution / FEW, precision)


def _second_moments(
    parts: Parts, standardised: Callable[[NDArray], NDArray], n: int
) -> tuple[NDArray, NDArray, NDArray]:
    """XᵀX, YᵀY and XᵀY (n, n) of the snapshot pairs; YᵀY differs from XᵀX by the ends alone."""
    now, ends, cross = (np.zeros((n, n)) for _ in range(3))
    for block in _overlapping(parts, n):
        values = standardised(block)
        x, y = (part.reshape(-1, n) for part in (values[:, :-1], values[:, 1:]))
        now += x.T @ x
        cross += x.T @ y
        first, last = values[:, 0], values[:, -1]
        ends += last.T @ last - first.T @ first
    return now, now + ends, cross


def _whitening(moment: NDArray) -> NDArray | None:
    """W (n, n) with Wᵀ moment W = 1; None where products have lost too many digits for it."""
    values, vectors = np.linalg.eigh(moment)
    if not values[0] > WELL_CONDITIONED * values[-1]:
        return None
    return np.asarray(vectors / np.sqrt(values))
