"""What every model's note says where the data leave room for doubt, whatever the method was."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koopmark._repr import number
from koopmark._tsqr import block_rows, eliminate
from koopmark.methods._sampling import overlapping
from koopmark.methods._signal import canonical_correlations, significant
from koopmark.methods.remarks import numerical_rank, remark
from koopmark.models import Model
from koopmark.simulation import Trajectories

Parts = tuple[NDArray, ...]

UNIT, FEW = 4.0, 4.0
"""Errors of data in units of their rounding; largest value of a channel without an offset, in
standard deviations."""

WELL_CONDITIONED = 1e-6
"""Least relative eigenvalue of a matrix of moments that keeps digits enough."""

SHARE, LASTING = 0.9, 1e-2
"""Frequencies above this share of Nyquist's are doubted if the pair keeps this much in a step."""


FADED, SLOW, STEADY = 10.0, 0.1, 1e-6
"""|Re λ|T above which hardly anything of the span T shows an eigenfunction, below which it hardly
changes, and below which it does not."""

EXCITES, DEPENDENT, ROUNDING = 0.05, 1e-10, 1e-12
"""Part of the inputs that must be no function of the state: below it a gain is off by more than
20 times what noise does to one under white inputs. Relative singular values of the states that are
rounding, and the part of the inputs that is."""

SUM, ADDENDS = 1e-4, 8
"""Relative distance up to which an eigenvalue is a sum of others; one of these must be among so
many of the slowest, so that sums do not lie everywhere."""


def diagnose(model: Model, trajectories: Trajectories) -> None:
    """Remark data of lower rank than channels, directions of noise alone, aliased frequencies,
    eigenvalues that the data are too short or too long for."""
    size = trajectories.states.shape[2]
    rank, signal = _rank_of(trajectories)
    if rank < size:
        remark(f"numerical rank {rank} of {size} channels")
    if signal < rank:
        remark(f"rank {signal} of {rank} above noise, which is all that other directions hold")
    # Some processors call what is gone after a step, λ = -∞, invalid.
    with np.errstate(invalid="ignore"):
        steps = np.asarray(model.eigenvalues) * trajectories.dt
    steps = steps[np.isfinite(steps)]
    fast = (abs(steps.imag) > SHARE * np.pi) & (steps.real > np.log(LASTING))
    if fast.any():
        count = int(fast.sum())
        remark(
            f"{count} of {len(model.eigenvalues)} eigenvalues may be aliased: frequency near "
            f"Nyquist, |Im λ|Δt > {SHARE:g}π, sample more often (those of a map are right)"
        )

    remark_edges(model.eigenvalues, _span(trajectories))


def remark_edges(eigenvalues: NDArray, span: float) -> None:
    """Remark eigenvalues at the edge of what data of this span show.

    Neither what stands still, such as the constant, nor a sum of other eigenvalues, which belongs
    to the product of their eigenfunctions and is as certain as they are.
    """
    rates = np.asarray(eigenvalues, dtype=complex)
    rates = rates[np.isfinite(rates)]
    changes = abs(rates.real) * span
    slow = int(np.sum((changes > STEADY) & (changes < SLOW)))
    order = np.argsort(changes, kind="stable")
    known = rates[order][changes[order] <= FADED]
    addends: list[complex] = []
    for rate in known[abs(known) * span > STEADY]:
        if len(addends) < ADDENDS and all(abs(rate - one) > SUM * abs(rate) for one in addends):
            addends.append(complex(rate))
    faded = 0
    for rate in rates[order][len(known) :]:
        distances = abs(rate - np.array(addends)[:, None] - known)
        if distances.min(initial=np.inf) <= SUM * abs(rate):
            known = np.append(known, rate)
        else:
            faded += 1
    if slow or faded:
        which = [
            f"{count} with |Re λ|T {what}"
            for count, what in (
                (faded, f"above {FADED:g} and no sum of others"),
                (slow, f"below {SLOW:g}"),
            )
            if count
        ]
        remark(
            f"{slow + faded} of {len(eigenvalues)} eigenvalues may be beyond what a span "
            f"T = {number(span)} shows: {', '.join(which)}"
        )


def remark_excitation(trajectories: Trajectories) -> None:
    """Remark inputs whose effect the data do not tell from that of the state.

    Of the inputs, scaled to unit norm, the part counts that no combination of a constant and the
    states is: its least singular value is 1 for white inputs, and 0 for constant ones, for feedback
    and for channels that repeat each other. Errors of a gain are the residual of the fit over it.
    """
    excitation = excitation_of(trajectories)
    poor = int(np.sum(excitation < EXCITES))
    if poor:
        least = float(excitation.min())
        far = "to rounding" if least < ROUNDING else f"all but a part of {number(least)}"
        remark(
            f"the inputs do not excite: in {poor} of {len(excitation)} directions they are "
            f"combinations of the state, a constant and each other, {far}, so that gains there are "
            "undetermined: white inputs, steps, or dither beside feedback would determine them"
        )


def excitation_of(trajectories: Trajectories) -> NDArray[np.float64]:
    """Singular values (Q,) of the inputs of unit norm outside of the span of [1, x]."""
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


def _span(trajectories: Trajectories) -> float:
    """How long the longest trajectory was recorded."""
    if trajectories.regular:
        return float(trajectories.times[-1] - trajectories.times[0])
    return max(float(record.times[-1] - record.times[0]) for record in trajectories.records())


def _rank_of(trajectories: Trajectories) -> "DataRank":
    """`data_rank` of what follows in a row; of what is one interval apart if that says more."""
    if trajectories.regular:
        return data_rank(trajectories.states)
    found = [
        data_rank(*(part.states for part in parts))
        for parts in (trajectories.records(2), trajectories.blocks())
        if parts
    ]
    return max(found, key=lambda rank: rank.signal)


class DataRank(NamedTuple):
    """In how many directions states (M, T, N) vary."""

    rank: int
    """Numerical rank about the mean, with columns scaled: at most N."""
    signal: int
    """How many of these have to do with the next sample: the others hold noise alone."""


def data_rank(*parts: NDArray) -> DataRank:
    """The numerical rank of states, in parts (M, T, N), and how many directions hold a signal.

    A singular value counts if it exceeds rounding, which is the precision of the type (relative to
    the largest value of a channel, not to its variation) times the root of the number of samples.
    States are finite; they are read a block at a time, as float64.
    """
    mean, scale, resolution = _moments(parts)
    varying = np.flatnonzero(scale > 0.0)
    n, pairs = len(varying), sum(len(states) * (states.shape[1] - 1) for states in parts)
    if n == 0:
        return DataRank(0, 0)

    def standardised(block: NDArray) -> NDArray[np.float64]:
        return (block[..., varying] - mean[varying]) / scale[varying]

    tolerance = UNIT * float(resolution[varying].max()) * np.sqrt(pairs)
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
    rank = numerical_rank(singular, tolerance, "the data")
    correlations = canonical_correlations(x, y, tolerance)[0]
    lost = len(correlations) - significant(correlations, pairs)
    return DataRank(rank, rank - lost)


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
