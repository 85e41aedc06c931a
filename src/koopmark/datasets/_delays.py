"""Order and rates of linear dynamics seen through few channels, from several samples in a row."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Array = NDArray[np.float64]

PARTS = 8
"""Into which trials are divided to see how far what is found scatters."""
MOST_RATE_ERROR = 0.3
"""Relative error up to which a rate of a linear fit is told."""
WINDOW = 24
"""Values in a window."""
LEAST_DELAYS, WORTH = 3, 8
"""Samples in the shortest windows; for so many, samples of windows may be closer than need be."""
STARTS = 0.3
"""Share of the samples that start windows, at least: longer ones leave short stretches out."""
CHANCE = 2e-4
"""Probability that noise alone passes for a direction."""
BAND = 0.5
"""Share of π per sample of windows up to which what stands out of the spectrum lies."""
FAINT, NOISY = 1e-3, 6.0
"""Power, relative to the largest and in units of its scatter, from which on it stands out."""
FAINTEST = 1e-4
"""Singular value, relative to the largest, below which there may be an error of the mean."""
SEGMENT = 256
"""Samples of which a spectrum is taken."""


class Spectrum(NamedTuple):
    """Power spectra of channels, with the power of the noise.

    `power` (F, N) without noise at frequencies (F,) in units of π per sample, the noise (N,), and
    the number of segments averaged.
    """

    frequencies: Array
    power: Array
    noise: Array
    segments: int

    def of(self, channels: NDArray[np.bool_]) -> "Spectrum":
        """The spectra of some channels."""
        return self._replace(power=self.power[:, channels], noise=self.noise[channels])


class Parts(NamedTuple):
    """Covariances of windows and their successors in each part of the data, (PARTS, m, m) each."""

    ahead: Array
    further: Array


def spectrum_of(states: Array, links: NDArray[np.bool_], floor: Array) -> Spectrum | None:
    """Spectra of standardised states (P, N) with noise variances `floor`.

    None if all segments are too short.

    The mean over stretches of up to SEGMENT samples, of at least 16.
    """
    ends = np.concatenate([[-1], np.flatnonzero(~links), [len(states) - 1]])
    lengths = np.diff(ends)
    width = int(min(lengths.max(initial=0), SEGMENT))
    if width < 16:
        return None
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
    noise = floor * (window**2).sum()
    return Spectrum(np.linspace(0.0, 1.0, len(power)), power - noise, noise, len(at))


def pairs_of(links: NDArray[np.bool_], lag: int) -> NDArray[np.intp]:
    """Indices of the states that have another one `lag` intervals later."""
    count = np.concatenate([[0], np.cumsum(links)])
    starts = np.arange(max(0, len(count) - lag))
    return starts[count[starts + lag] - count[starts] == lag]


def parts_of(which: NDArray[np.intp], at: NDArray[np.intp]) -> NDArray[np.intp]:
    """Part of the data of each of the rows `at`: whole trials, or segments if trials are few."""
    trials = np.unique(which[at])
    if len(trials) >= 2 * PARTS:
        return np.searchsorted(trials, which[at]) * PARTS // len(trials)
    return np.arange(len(at)) * PARTS // max(len(at), 1)


def rates_within(found: Parts, rank: int) -> tuple[NDArray[np.complex128], Array]:
    """Eigenvalues (r,) of A in further = A ahead, in its `rank` leading directions, with errors.

    Those of which the jackknife's error is at most MOST_RATE_ERROR, the slowest decay first.
    """
    one, two = found
    left, _, right = np.linalg.svd(one.sum(axis=0))
    left, right = left[:, :rank], right[:rank].T

    def eigenvalues(c1: Array, c2: Array) -> NDArray[np.complex128]:
        lead, ahead = left.T @ c1 @ right, left.T @ c2 @ right
        with np.errstate(all="ignore"):
            return np.log(np.linalg.eigvals(ahead @ np.linalg.pinv(lead)).astype(complex))

    whole = eigenvalues(one.sum(axis=0), two.sum(axis=0))
    if not np.isfinite(whole).all():
        return np.zeros(0, complex), np.zeros(0)
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


def rates_in_delays(
    states: Array,
    which: NDArray[np.intp],
    links: NDArray[np.bool_],
    spectrum: Spectrum | None,
) -> tuple[int, NDArray[np.complex128], Array]:
    """Order of the linear dynamics of standardised channels, its rates and their errors.

    Rates are per sampling interval. C(τ) = ⟨s(t + τ) s(t)ᵀ⟩ of linear dynamics of order n are
    C e^{Aτ} G, so that a block Hankel matrix of them has rank n, and that of the next lags is it
    times e^{A} in its range (Ho and Kalman 1966). White noise of the measurement is in C(0) alone,
    which has no place in it. The order is how many singular values are there in parts of the data
    that their directions were not found from.

    Parameters
    ----------
    states : (P, N) array
    which : (P,) array
        The trial of each.
    links : (P - 1,) array
        Whether the next is one interval later.
    spectrum : Spectrum, optional
    """
    n = states.shape[1]
    longest = int(np.diff(np.flatnonzero(np.concatenate([[True], ~links, [True]]))).max(initial=0))
    stride = max(1, min(_stride(spectrum), longest // (4 * WORTH)))
    tried: list[tuple[int, Parts]] = []
    delays = min(WINDOW // n, longest // (4 * stride))
    # Long windows tell near frequencies apart, short ones what does not keep its phase.
    while delays >= LEAST_DELAYS:
        at = pairs_of(links, 2 * delays * stride)
        if len(at) >= max(2 * PARTS * delays * n, STARTS * len(states)):
            found, sizes = _moments(states, at, parts_of(which, at), stride, delays)
            tried.append((_order(found.ahead, sizes), found))
        delays = int(delays / 1.4)
    # What windows of one length alone show is chance more often than CHANCE says.
    orders = sorted((shown for shown, _ in tried), reverse=True)[:2]
    order = orders[-1] if orders else 0
    if not order:
        return 0, np.zeros(0, complex), np.zeros(0)
    longest_that_shows = next(found for shown, found in tried if shown >= order)
    rates, errors = rates_within(longest_that_shows, order)
    return order, rates / stride, errors / stride


def _moments(
    states: Array, at: NDArray[np.intp], part: NDArray[np.intp], stride: int, delays: int
) -> tuple[Parts, Array]:
    """Of windows that begin `at` and those that follow; (PARTS, 2, m, m) their second moments."""
    ahead, further, sizes = [], [], []
    shifts = stride * np.arange(delays)
    begun = (0, delays * stride, (delays + 1) * stride)
    # A constant, of which the mean of all samples tells little, has no part in what varies.
    means = [states[at[:, None] + start + shifts].mean(axis=0) for start in begun]
    for k in range(PARTS):
        rows = at[part == k][:, None]
        past, now, after = (
            (states[rows + start + shifts] - mean).reshape(len(rows), -1)
            for start, mean in zip(begun, means, strict=True)
        )
        ahead.append(now.T @ past)
        further.append(after.T @ past)
        sizes.append([now.T @ now, past.T @ past])
    return Parts(np.array(ahead), np.array(further)), np.array(sizes)


def _stride(spectrum: Spectrum | None) -> int:
    """Intervals between samples of a window: what stands out of the spectrum is not aliased."""
    if spectrum is None:
        return 1
    power, noise = spectrum.power, spectrum.noise / np.sqrt(spectrum.segments)
    stands = (power > FAINT * power.max(axis=0)) & (power > NOISY * noise)
    at = spectrum.frequencies[stands.any(axis=1)]
    highest = float(at.max(initial=0.0))
    return max(1, int(BAND / highest)) if highest > 0.0 else 1


def _order(parts: Array, sizes: Array) -> int:
    """In how many directions past and future of each part (PARTS, m, m) are correlated.

    Those are singular vectors u, v of the covariance of all other parts, so that the correlation of
    uᵀfuture and vᵀpast in a part is 0 on average if there is nothing but chance; Student's t of
    the parts tells. `sizes` (PARTS, 2, m, m) are second moments of the future and of the past.
    """
    whole = parts.sum(axis=0)
    shown = []
    for one, (future, past) in zip(parts, sizes, strict=True):
        left, _, right = np.linalg.svd(whole - one)
        right = right.T
        size = np.sum(left * (future @ left), axis=0) * np.sum(right * (past @ right), axis=0)
        along = np.sum(left * (one @ right), axis=0)
        shown.append(along / np.sqrt(np.maximum(size, np.finfo(float).tiny)))
    values = np.array(shown)
    spread = np.maximum(values.std(axis=0, ddof=1), 1e-12)
    stands = values.mean(axis=0) / spread * np.sqrt(PARTS) > stdtrit(PARTS - 1, 1.0 - CHANCE)
    singular = np.linalg.svd(whole, compute_uv=False)
    stands &= singular > FAINTEST * singular[0]
    return int(np.argmin(np.append(stands, False)))
