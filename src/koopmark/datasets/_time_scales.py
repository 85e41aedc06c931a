"""How fast a recording changes: correlations, rates of a linear fit, spectra, and drift."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation import Trajectories

Array = NDArray[np.float64]
NEAR_NYQUIST = 0.8
"""Frequencies above this share of Nyquist's are near it."""
MOST_RATE_ERROR = 0.3
"""Relative error up to which a rate of the linear fit is told."""
PARTS = 8
"""Into which trials are divided to see how far rates scatter."""


@dataclass(frozen=True, eq=False)
class TimeScales:
    """See the fields of `Measured` of the same names."""

    correlation_time: Array
    rates: NDArray[np.complex128]
    rate_errors: Array
    near_nyquist: float
    drift: float
    spread: float


def time_scales_of(data: Trajectories, dt: float, noise: Array, directions: int) -> TimeScales:
    """Of standardised channels, from states that follow one another one interval apart.

    Parameters
    ----------
    data : Trajectories
    dt : float
        The sampling interval, from which uneven times deviate.
    noise : (N,) array
        Standard deviation of the measurement noise in each channel, which is taken out.
    directions : int
        How many directions hold a signal.
    """
    states, starts, links = _series(data, dt)
    deviation = states.std(axis=0)
    varying = deviation > 0.0
    states = (states - states.mean(axis=0)) / np.where(varying, deviation, 1.0)
    floor = np.where(varying, noise / np.where(varying, deviation, 1.0), 0.0) ** 2
    floor = np.where(np.isfinite(floor), np.minimum(floor, 1.0), 0.0)
    lasts = _correlation_times(states, links, floor)
    known = lasts[np.isfinite(lasts) & varying]
    stride = max(1, int(np.rint(known.min() / 3.0))) if len(known) else 1
    longest = int(np.diff(np.flatnonzero(np.concatenate([[True], ~links, [True]]))).max())
    stride = max(1, min(stride, (longest - 1) // 4))
    rates, errors = _rates(states[:, varying], starts, links, directions, stride)
    drift, spread = _drift(data)
    return TimeScales(
        correlation_time=np.where(varying, lasts, np.nan) * dt,
        rates=rates / (stride * dt),
        rate_errors=errors / (stride * dt),
        near_nyquist=_near_nyquist(states, links, floor),
        drift=drift,
        spread=spread,
    )


def _series(data: Trajectories, dt: float) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
    """States (P, N), the trajectory of each (P,), and whether the next is one interval on."""
    recorded = data.recorded
    n = data.states.shape[2]
    states = np.asarray(data.states.reshape(-1, n)[recorded.rows], dtype=float)
    steps = recorded.steps
    return states, recorded.trajectory, recorded.follows & (steps <= 1.5 * dt)


def _pairs(links: NDArray[np.bool_], lag: int) -> NDArray[np.intp]:
    """Where each state is that another follows `lag` intervals later."""
    count = np.concatenate([[0], np.cumsum(links)])
    starts = np.arange(max(0, len(count) - lag))
    return starts[count[starts + lag] - count[starts] == lag]


def _correlation_times(states: Array, links: NDArray[np.bool_], floor: Array) -> Array:
    """Lag (N,), in intervals, from which on the autocorrelation is below 1/e; NaN if at none."""
    found = np.full(states.shape[1], np.nan)
    signal = np.maximum(1.0 - floor, 1e-12)
    before, last = np.ones(states.shape[1]), 0
    lag = 1
    while True:
        at = _pairs(links, lag)
        if len(at) < 30:
            return found
        now = np.einsum("ij,ij->j", states[at], states[at + lag]) / len(at) / signal
        crossed = np.isnan(found) & (now < np.exp(-1.0))
        share = (before - np.exp(-1.0)) / np.maximum(before - now, 1e-12)
        found[crossed] = (last + share * (lag - last))[crossed]
        if np.isfinite(found).all():
            return found
        before, last = now, lag
        lag = max(lag + 1, int(lag * 1.25))


def _rates(
    states: Array,
    which: NDArray[np.intp],
    links: NDArray[np.bool_],
    directions: int,
    stride: int,
) -> tuple[NDArray[np.complex128], Array]:
    """Eigenvalues (r,) of a linear fit per stride, and their errors, of those that are told.

    The fit x(t + 2s) ≈ A x(t + s) has x(t) as instruments, on which the noise of the other two does
    not depend: A = C(2s) C(s)⁺ in the leading directions of C(s).
    """
    none = np.zeros(0, complex), np.zeros(0)
    at = _pairs(links, 2 * stride)
    n = states.shape[1]
    rank = min(directions, n)
    if rank == 0 or len(at) < 10 * PARTS * max(rank, 1):
        return none
    # Parts are whole trials, or stretches of a single one.
    trials = np.unique(which[at])
    if len(trials) >= 2 * PARTS:
        part = np.searchsorted(trials, which[at]) * PARTS // len(trials)
    else:
        part = np.arange(len(at)) * PARTS // len(at)
    first, second = [], []
    for k in range(PARTS):
        rows = at[part == k]
        first.append(states[rows + stride].T @ states[rows])
        second.append(states[rows + 2 * stride].T @ states[rows])
    one, two = np.array(first), np.array(second)
    left, _, right = np.linalg.svd(one.sum(axis=0))
    left, right = left[:, :rank], right[:rank].T

    def eigenvalues(c1: Array, c2: Array) -> NDArray[np.complex128]:
        lead, ahead = left.T @ c1 @ right, left.T @ c2 @ right
        with np.errstate(all="ignore"):
            return np.log(np.linalg.eigvals(ahead @ np.linalg.pinv(lead)).astype(complex))

    whole = eigenvalues(one.sum(axis=0), two.sum(axis=0))
    if not np.isfinite(whole).all():
        return none
    # Jackknife: the error from what leaving out each part changes.
    changes = []
    for k in range(PARTS):
        other = eigenvalues(one.sum(axis=0) - one[k], two.sum(axis=0) - two[k])
        nearest = np.abs(whole[:, None] - other[None]).argmin(axis=1)
        changes.append(np.abs(other[nearest] - whole) ** 2)
    errors = np.sqrt((PARTS - 1) / PARTS * np.sum(changes, axis=0))
    # A negative multiplier is no rate of a flow.
    told = (errors <= MOST_RATE_ERROR * np.abs(whole)) & (np.abs(whole.imag) < 0.99 * np.pi)
    order = np.argsort(-whole[told].real, kind="stable")
    return whole[told][order], errors[told][order]


def _near_nyquist(states: Array, links: NDArray[np.bool_], floor: Array) -> float:
    """Share of the variance, noise taken out, at frequencies above NEAR_NYQUIST, of all channels.

    NaN without stretches of 16 states.
    """
    ends = np.concatenate([[-1], np.flatnonzero(~links), [len(states) - 1]])
    lengths = np.diff(ends)
    width = int(min(lengths.max(initial=0), 256))
    if width < 16:
        return float("nan")
    starts = [
        np.arange(end - length + 1, end - width + 2, width)
        for end, length in zip(ends[1:], lengths, strict=True)
        if length >= width
    ]
    at = np.concatenate(starts)[:512]
    window = np.hanning(width + 2)[1:-1, None]
    parts = states[at[:, None] + np.arange(width)]
    parts = parts - parts.mean(axis=1, keepdims=True)
    power = (np.abs(np.fft.rfft(parts * window, axis=1)) ** 2).mean(axis=0)
    power -= floor * (window**2).sum()
    frequencies = np.linspace(0.0, 1.0, len(power))
    total = np.maximum(power, 0.0)[1:].sum()
    high = power[frequencies > NEAR_NYQUIST].sum()
    return float(np.clip(high / total, 0.0, 1.0)) if total > 0.0 else 0.0


def _drift(data: Trajectories) -> tuple[float, float]:
    """How far the mean over trials moves from their first tenth to their last, in the deviations of
    all states; and the deviation about these means at the end over that at the start."""
    firsts, lasts = [], []
    recorded = data.recorded
    bounds = np.searchsorted(recorded.trajectory, np.arange(len(data) + 1))
    n = data.states.shape[2]
    flat = data.states.reshape(-1, n)
    for start, stop in pairwise(bounds):
        if stop - start < 2:
            continue
        part = max(1, (stop - start) // 10)
        firsts.append(np.asarray(flat[recorded.rows[start : start + part]], float).mean(axis=0))
        lasts.append(np.asarray(flat[recorded.rows[stop - part : stop]], float).mean(axis=0))
    if not firsts:
        return float("nan"), float("nan")
    early, late = np.array(firsts), np.array(lasts)
    both = np.concatenate([early, late])
    deviation = both.std(axis=0)
    varying = deviation > 0.0
    if not varying.any():
        return 0.0, float("nan")
    early, late = early[:, varying] / deviation[varying], late[:, varying] / deviation[varying]
    drift = float(np.sqrt(np.mean((late.mean(axis=0) - early.mean(axis=0)) ** 2)))
    if len(early) < 3:
        return drift, float("nan")
    at_start = np.sqrt(np.mean(early.var(axis=0)))
    return drift, float(np.sqrt(np.mean(late.var(axis=0))) / at_start) if at_start else float("nan")
