"""Time scales of a recording: correlation times, rates of a linear fit, spectra and drift."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from koopmark.datasets._delays import (
    PARTS,
    Parts,
    Spectrum,
    pairs_of,
    parts_of,
    rates_in_delays,
    rates_within,
    spectrum_of,
)
from koopmark.simulation import Trajectories

Array = NDArray[np.float64]
NEAR_NYQUIST = 0.8
"""Frequencies above this share of Nyquist's are near it."""
FEW_TRIALS = 3
"""Trials below which changes are taken within trials, and not between them."""
MOST_PAIRS = 50_000
"""From which each correlation is taken."""
FEW_CHANNELS = 3
"""Up to so many channels that vary, what they show at one time may be less than in time."""


@dataclass(frozen=True, eq=False)
class TimeScales:
    """Time scales; see the fields of `Measured` with the same names."""

    correlation_time: Array
    order: int
    rates: NDArray[np.complex128]
    rate_errors: Array
    near_nyquist: float
    drift: float
    spread: float


def time_scales_of(data: Trajectories, dt: float, noise: Array, directions: int) -> TimeScales:
    """Measure the time scales of standardised channels from successive states.

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
    rates, errors, order = rates / float(stride), errors / float(stride), directions
    spectrum = spectrum_of(states, links, floor)
    if varying.sum() <= FEW_CHANNELS and data.inputs is None:
        seen = None if spectrum is None else spectrum.of(varying)
        found = rates_in_delays(states[:, varying], starts, links, seen)
        if found[0] > directions:
            order, rates, errors = found
    drift, spread = _drift(data)
    return TimeScales(
        correlation_time=np.where(varying, lasts, np.nan) * dt,
        order=order,
        rates=rates / dt,
        rate_errors=errors / dt,
        near_nyquist=float("nan") if spectrum is None else _near_nyquist(spectrum),
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


def _correlation_times(states: Array, links: NDArray[np.bool_], floor: Array) -> Array:
    """Lag (N,), in intervals, from which on the autocorrelation is below 1/e; NaN if at none."""
    found = np.full(states.shape[1], np.nan)
    signal = np.maximum(1.0 - floor, 1e-12)
    before, last = np.ones(states.shape[1]), 0
    lag = 1
    while True:
        at = pairs_of(links, lag)
        if len(at) < 30:
            return found
        at = at[:: max(1, len(at) // MOST_PAIRS)]
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
    at = pairs_of(links, 2 * stride)
    n = states.shape[1]
    rank = min(directions, n)
    if rank == 0 or len(at) < 10 * PARTS * max(rank, 1):
        return none
    part = parts_of(which, at)
    first, second = [], []
    for k in range(PARTS):
        rows = at[part == k]
        first.append(states[rows + stride].T @ states[rows])
        second.append(states[rows + 2 * stride].T @ states[rows])
    return rates_within(Parts(np.array(first), np.array(second)), rank)


def _near_nyquist(spectrum: Spectrum) -> float:
    """Share of the variance, noise taken out, above NEAR_NYQUIST, of all channels."""
    power = spectrum.power
    total = np.maximum(power, 0.0)[1:].sum()
    high = power[spectrum.frequencies > NEAR_NYQUIST].sum()
    return float(np.clip(high / total, 0.0, 1.0)) if total > 0.0 else 0.0


def _drift(data: Trajectories) -> tuple[float, float]:
    """Change of the mean over the trials, and ratio of the spreads at their end and start.

    The first and last tenths of the trials are compared. The change is in standard deviations of
    both, and the spread is the standard deviation between trials. With fewer than three trials
    their halves are compared, and the spreads within these.
    """
    recorded, n = data.recorded, data.states.shape[2]
    flat = data.states.reshape(-1, n)
    bounds = np.searchsorted(recorded.trajectory, np.arange(len(data) + 1))
    # Of few trials what varies within a tenth says little of what does not.
    few = int((np.diff(bounds) >= 2).sum()) < FEW_TRIALS
    firsts, lasts, parts = [], [], 2 if few else 10
    for start, stop in pairwise(bounds):
        if stop - start >= 2:
            part = max(1, (stop - start) // parts)
            rows = recorded.rows[start : start + part], recorded.rows[stop - part : stop]
            firsts.append(np.asarray(flat[rows[0]], float))
            lasts.append(np.asarray(flat[rows[1]], float))
    if not firsts:
        return float("nan"), float("nan")
    if few:
        early, late = np.concatenate(firsts), np.concatenate(lasts)
    else:
        early, late = (np.array([one.mean(axis=0) for one in part]) for part in (firsts, lasts))
    deviation = np.concatenate([early, late]).std(axis=0)
    varying = deviation > 0.0
    if len(early) < FEW_TRIALS or not varying.any():
        return float("nan"), float("nan")
    early, late = early[:, varying] / deviation[varying], late[:, varying] / deviation[varying]
    drift = float(np.sqrt(np.mean((late.mean(axis=0) - early.mean(axis=0)) ** 2)))
    at_start, at_end = (float(np.sqrt(np.mean(one.var(axis=0)))) for one in (early, late))
    return drift, at_end / at_start if at_start > 0.0 else float("inf")
