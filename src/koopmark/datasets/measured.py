"""Properties of a recording: sampling, noise, rank and time scales."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koopmark._repr import ReprMixin, number
from koopmark.datasets._driving import Driving, driving_of
from koopmark.datasets._lengths import blocks_of, lengths_of
from koopmark.datasets._time_scales import time_scales_of
from koopmark.simulation import Trajectories, measurement_noise, rank_of

Array = NDArray[np.float64]
MOST_VALUES = 1_000_000
"""Values that ranks, noise and time scales are measured from; of more an even choice is."""
STRETCHES = 64
"""Into which a single long trial is thinned."""
LATEST_COPY, COPIED = 10, 1e-9
"""Samples by which a copy may be late, and what a correlation lacks of 1 that is rounding."""
COPY_PLACES, FEWEST_PLACES = 256, 30
"""Samples that channels are compared at, spread evenly."""
COPIED_NOISE = 3e-4
"""Noise, relative to a channel, that no two channels have in common unless one is a copy."""


class Copy(NamedTuple):
    """A channel that equals an earlier sample of another one, up to scale and offset.

    They share their noise too, so that noise is not white over both.
    """

    channel: int
    of: int
    later: int


@dataclass(frozen=True, eq=False)
class Measured(ReprMixin):
    """Measured properties of a recording.

    Parameters
    ----------
    trials, channels : int
        M and N, including channels without any recorded value.
    samples : int
        States of which at least one value was recorded.
    looked_at : int
        Number of states from which ranks, noise and time scales were measured, spread evenly.
    steps, pairs : int
        Number of pairs of successive complete samples in a trial, and of those one dt apart, to 1
        %.
    lengths : (3,) tuple of int
        Lengths of the shortest, median and longest trial in samples, including missing ones.
    gaps : float
        Share of the states of trials that are missing in gaps.
    gap : float
        Mean length of a gap, in samples; 0 without gaps.
    missing : float
        Share of single missing values outside gaps. With one channel, all missing values count as
        gaps.
    infinite : int
        Number of infinite values, which count as missing.
    dt : float
        Sampling interval; NaN if no trial has two samples.
    jitter : float
        Unevenness of times: independent uniform deviations of up to this share of dt from a grid
        would be as large.
    on_grid : bool
        Whether deviations of times from a grid do not accumulate along a trial.
    horizon : float
        Duration of the longest trial, in units of time.
    mean, deviation : (N,) arrays
        Mean and standard deviation of each channel; NaN for a channel that was not recorded.
    constant : (N,) array of bool
        Which channels are constant to rounding, or were not recorded.
    noise : (N,) array
        Standard deviation of the white measurement noise in each channel; NaN if too few samples
        are successive.
    noise_error : (N,) array
        Relative standard error of the noise.
    noise_settled : (N,) array of bool
        Whether the noise was separated from the dynamics; otherwise it is an upper bound.
    copies : tuple of Copy
        Channels that equal another one up to LATEST_COPY samples earlier, noise included.
    noise_grows : (N,) array of bool
        Whether the noise estimate is larger from every second sample, as for noise in the dynamics;
        it is then not settled.
    rank : int
        Numerical rank of the states about their mean, with scaled channels.
    signal : int
        Number of directions in which the states predict the next ones; others contain only noise.
    correlation_time : (N,) array
        Time at which the autocorrelation of a channel, without noise, falls below 1/e; NaN if the
        trials are too short.
    order : int
        Number of variables that linear dynamics need to explain the data: `signal`, or more if
        several successive samples of few channels show more, as for one channel that oscillates.
    rates : (r,) complex array
        Eigenvalues λ of a linear fit without noise bias, per unit of time, the slowest decay first.
        Only rates that vary by less than 30 % between parts of the data are listed. The fit is to
        windows of samples if `order` is above `signal`.
    rate_errors : (r,) array
        Standard errors of the rates.
    near_nyquist : float
        Share of the variance, without noise, at frequencies above 80 % of π/Δt.
    drift : float
        Change of the mean from the first to the last tenth of the trials, in standard deviations of
        both.
    spread : float
        Ratio of the standard deviations between trials in their last and first tenths; below 1,
        trials approach each other. With fewer than three trials, drift and spread compare their
        halves, and the spread is the one within these.
    inputs : Driving or None
        Properties of the inputs, if these were recorded.
    """

    trials: int
    channels: int
    samples: int
    looked_at: int
    steps: int
    pairs: int
    lengths: tuple[int, int, int]
    gaps: float
    gap: float
    missing: float
    infinite: int
    dt: float
    jitter: float
    on_grid: bool
    horizon: float
    mean: Array
    deviation: Array
    constant: NDArray[np.bool_]
    noise: Array
    noise_error: Array
    noise_settled: NDArray[np.bool_]
    copies: tuple[Copy, ...]
    noise_grows: NDArray[np.bool_]
    rank: int
    signal: int
    order: int
    correlation_time: Array
    rates: NDArray[np.complex128]
    rate_errors: Array
    near_nyquist: float
    drift: float
    spread: float
    inputs: Driving | None

    @classmethod
    def of(cls, data: Trajectories) -> "Measured":
        """Measure a recording in one pass, a block at a time.

        Raises
        ------
        TypeError
            If `data` is not Trajectories.
        ValueError
            If there is no trajectory, no time or no channel.
        """
        data = Trajectories.expected(data, "Measured.of")
        if not data.states.size:
            raise ValueError(f"states of shape {data.states.shape} hold nothing to measure")
        mean, deviation, constant, recorded = _moments(data)
        when = lengths_of(data, int(recorded.sum()))
        n = data.states.shape[2]
        some = _thinned(data, np.flatnonzero(recorded))
        known = np.flatnonzero(~constant)
        noise, error = np.full(n, np.nan), np.full(n, np.nan)
        settled, grows = np.zeros(n, bool), np.zeros(n, bool)
        lasts = np.full(n, np.nan)
        noise[constant & recorded] = 0.0
        rank = signal = order = 0
        copies: tuple[Copy, ...] = ()
        rates, rate_errors = np.zeros(0, complex), np.zeros(0)
        near, drift, spread = float("nan"), float("nan"), float("nan")
        varying = some.select(np.searchsorted(np.flatnonzero(recorded), known))
        if len(known) and varying.neighbours:
            try:
                found = measurement_noise(varying)
                noise[known], error[known] = found.deviations, found.error / 2.0
                settled[known], grows[known] = found.channels_settled, found.grows
            except ValueError:
                pass  # Too few samples follow one another: the noise stays unknown.
            noisy = np.flatnonzero(noise[known] > COPIED_NOISE * deviation[known])
            copies = tuple(
                Copy(int(known[one.channel]), int(known[one.of]), one.later)
                for one in (_copies(varying, noisy) if len(noisy) > 1 else ())
            )
            rank, signal, _ = rank_of(varying)
            scales = time_scales_of(varying, when.dt, noise[known], signal)
            lasts[known] = scales.correlation_time
            order, rates, rate_errors = scales.order, scales.rates, scales.rate_errors
            near, drift, spread = scales.near_nyquist, scales.drift, scales.spread
        lengths = when.lengths if len(when.lengths) else np.zeros(1, int)
        return cls(
            trials=len(data),
            channels=n,
            samples=when.samples,
            looked_at=min(when.samples, some.states.shape[0] * some.states.shape[1]),
            steps=data.neighbours,
            pairs=_pairs(data),
            lengths=(int(lengths.min()), int(np.median(lengths)), int(lengths.max())),
            gaps=when.gaps,
            gap=when.gap,
            missing=when.missing,
            infinite=when.infinite,
            dt=when.dt,
            jitter=when.jitter,
            on_grid=when.on_grid,
            horizon=when.horizon,
            mean=mean,
            deviation=deviation,
            constant=constant,
            noise=noise,
            noise_error=error,
            noise_settled=settled,
            copies=copies,
            noise_grows=grows,
            rank=rank,
            signal=signal,
            order=order,
            correlation_time=lasts,
            rates=rates,
            rate_errors=rate_errors,
            near_nyquist=near,
            drift=drift,
            spread=spread,
            inputs=driving_of(some),
        )

    @property
    def relative_noise(self) -> Array:
        """Noise (N,) relative to the standard deviation of the signal.

        Infinite if there is no signal, NaN for constant channels.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.noise / self.deviation
            return np.asarray(share / np.sqrt(np.maximum(1.0 - share**2, 0.0)))

    @property
    def gaps_drawn(self) -> float:
        """Share of missing states in gaps, as the `[trials]` section of a twin defines it.

        Gaps at the ends of a trial make it shorter instead: with a share g in gaps of length l on
        average, of a trial that seems S long a share s = g (S - 2 (1 - g) l) / S is missing.
        """
        span, length = float(self.lengths[1]), self.gap
        if not self.gaps or span <= 2.0 * length:
            return self.gaps
        half = (span - 2.0 * length) / (4.0 * length)
        return float(np.sqrt(half**2 + self.gaps * span / (2.0 * length)) - half)

    def _facts(self) -> list[str]:
        known = self.relative_noise[np.isfinite(self.relative_noise)]
        facts = [
            f"{self.trials:,} trials of {self.lengths[0]:,} to {self.lengths[2]:,} samples",
            f"{self.channels:,} channels",
            f"Δt = {number(self.dt)}",
            f"rank {self.signal} above noise of {self.rank}",
        ]
        if self.order > self.signal:
            facts.append(f"order {self.order} in time")
        if len(known):
            facts.append(
                f"noise {100 * known.min():.2g} to {100 * known.max():.2g} % of the signal"
            )
        if self.gaps:
            facts.append(f"{100 * self.gaps:.2g} % of the samples in gaps")
        if self.inputs is not None:
            facts.append(f"{self.inputs.channels:,} {self.inputs.kind} inputs")
        return facts


def _pairs(data: Trajectories) -> int:
    """How many snapshot pairs there are."""
    return data.neighbours if data.regular else int(data.recorded.linked.sum())


def _copies(data: Trajectories, channels: NDArray[np.intp]) -> Iterator[Copy]:
    """Which of some channels are another of them; each as late as it is least."""
    recorded, n = data.recorded, data.states.shape[2]
    told = set[int]()
    for later in range(LATEST_COPY + 1):
        rows = recorded.windows(later + 1)[:, [0, -1]]
        if len(rows) < FEWEST_PLACES:
            return
        places = np.linspace(0, len(rows) - 1, min(COPY_PLACES, len(rows))).astype(int)
        states = data.states.reshape(-1, n)
        before, after = (
            _standard(np.asarray(states[at][:, channels], dtype=float)) for at in rows[places].T
        )
        same = np.abs(after.T @ before) > 1.0 - COPIED
        # A channel is no copy of itself, and without delay the later of two is.
        same &= ~np.eye(len(channels), dtype=bool) if later else np.tri(len(channels), k=-1) > 0
        for one in np.flatnonzero(same.any(axis=1)):
            if one not in told:
                told.add(int(one))
                yield Copy(int(channels[one]), int(channels[same[one].argmax()]), later)


def _standard(values: Array) -> Array:
    """Columns of mean 0 and norm 1; 0 if they do not vary here."""
    largest = np.abs(values).max(axis=0)
    values = values / np.where(largest > 0.0, largest, 1.0)
    values = values - values.mean(axis=0)
    size = np.linalg.norm(values, axis=0)
    return np.asarray(values / np.where(size > 0.0, size, 1.0))


def _moments(
    data: Trajectories,
) -> tuple[Array, Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Mean and deviation (N,) of all finite values; which channels are constant, and recorded."""
    n = data.states.shape[2]
    count, total, squares, largest = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    origin = np.full(n, np.nan)
    for block, _ in blocks_of(data):
        values = np.asarray(block, dtype=float).reshape(-1, n)
        finite = np.isfinite(values)
        values = np.where(finite, values, np.nan)
        fresh = np.isnan(origin) & finite.any(axis=0)
        origin[fresh] = values[finite.argmax(axis=0), np.arange(n)][fresh]
        largest = np.fmax(largest, np.fmax.reduce(np.abs(values), axis=0, initial=0.0))
        off = np.where(finite, values - np.where(np.isnan(origin), 0.0, origin), 0.0)
        count += finite.sum(axis=0)
        total += off.sum(axis=0)
        squares += (off**2).sum(axis=0)
    recorded = count > 0
    held = np.maximum(count, 1.0)
    mean = np.where(recorded, origin + total / held, np.nan)
    deviation = np.sqrt(np.maximum(squares / held - (total / held) ** 2, 0.0))
    dtype = data.states.dtype
    precision = np.finfo(dtype if dtype.kind == "f" else float).eps
    constant = ~(deviation > 4.0 * precision * largest)
    return mean, np.where(recorded, np.where(constant, 0.0, deviation), np.nan), constant, recorded


def _thinned(data: Trajectories, channels: NDArray[np.intp]) -> Trajectories:
    """At most MOST_VALUES of some channels: trials spread evenly, or stretches of a single one."""
    count, length, n = data.states.shape
    if data.states.size > MOST_VALUES:
        if count >= STRETCHES:
            kept = max(1, MOST_VALUES // (length * n))
            data = data[np.unique(np.linspace(0, count - 1, min(kept, count)).astype(int))]
            count = len(data)
        if data.states.size > MOST_VALUES:
            parts = max(1, STRETCHES // count)
            width = max(2, MOST_VALUES // (count * parts * n))
            starts = np.linspace(0, length - width, parts).astype(int)
            clock = np.broadcast_to(data.times, (count, length))
            where = [slice(start, start + width) for start in starts]
            data = Trajectories(
                np.concatenate([data.states[:, one] for one in where]),
                np.concatenate([clock[:, one] for one in where]),
                inputs=None
                if data.inputs is None
                else np.concatenate([data.inputs[:, one] for one in where]),
            )
    if len(channels) < n:
        data = data.select(channels)
    if data.states.size and not np.isfinite(data.states).all():
        states = np.where(np.isinf(data.states), np.nan, data.states)
        data = replace(data.without_origin(), states=states)
    return data.without_origin()
