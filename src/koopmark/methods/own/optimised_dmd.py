"""Optimised DMD over many trajectories: one set of exponentials for all of them."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from koopmark._arrays import real
from koopmark._tsqr import triangle_of
from koopmark.methods import papers
from koopmark.methods._method import Method, Skip, Tags
from koopmark.methods._options import Count
from koopmark.methods._signal import signal_basis, sizes
from koopmark.methods.dictionaries import Identity, Observables
from koopmark.methods.own._factor import SnapshotFactor, factorise
from koopmark.methods.own._noise import noise_variances
from koopmark.methods.remarks import remark
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories

RADII = (0.0, 1e-9, 1e-4, 1e-2, 0.05)
"""Relative distances within which starting values are tried as one eigenvalue of higher
multiplicity."""

APART = 1e-6
"""Relative distance to which starting values are moved apart where they are tried as several."""

STANDARD_ERRORS = 4.0
"""By how much more than chance an exponential must improve the fit."""

EXACT = 1e-11
"""Relative misfit that is rounding."""

CLOSE = 1e-2
"""Relative distance below which distinct eigenvalues are remarked."""

LEAST_NOISE = 1e-16
"""Variance of the noise, relative to that of a coordinate: without noise any weights will do."""

RANK = 1e-10
"""Singular values below this fraction of the largest are rounding."""


@dataclass(frozen=True)
class OptimisedDMD(Method):
    """Exponentials e^{λⱼt} that fit all trajectories at once, by variable projection.

    One set of λ is shared by the coordinates of every trajectory, whose amplitudes B are free:
    X ≈ E(λ) B with E the exponentials at the sampling times, as Askham and Kutz (2018) fit it to
    one trajectory. The modes of one λ are the leading directions of its amplitudes over the
    trajectories, as many as its multiplicity. Least squares from one snapshot to the next gives the
    starting values. Unlike it, this needs the whole state to be a sum of exponentials: it is
    exact for linear dynamics, and an approximation for others.

    Parameters
    ----------
    constant : bool
        Whether a constant is among the exponentials, which dynamics with an offset need.
    iterations : int
        Evaluations at most of the Levenberg-Marquardt algorithm.
    """

    constant: bool = True
    iterations: Count = 100

    tags = Tags(papers=(papers.ASKHAM_2018,))

    def promises(self) -> Tags:
        return replace(self.tags, min_states=2 + int(self.constant))

    def _fit(self, trajectories: Trajectories) -> Model:
        states, dt = real(trajectories.states, "states"), trajectories.dt
        lift = Identity(constant=self.constant).fitted(states)
        # The standard deviations of the noise, in whose units the misfit is measured.
        variances = noise_variances(trajectories).variances
        least = LEAST_NOISE * trajectories.states.var(axis=(0, 1), dtype=float)
        weights = np.sqrt(np.maximum(variances, least))
        weights[weights == 0.0] = 1.0
        reduced, readout = _reduced(factorise(lift, states), self.constant, weights)
        m, count, _ = states.shape
        times = trajectories.times - trajectories.times[0]
        columns = np.asarray(states @ reduced).swapaxes(0, 1).reshape(count, -1)
        # The misfit depends on the data (T, M k) through their triangular factor alone.
        data = qr(columns.T, mode="economic")[1].T
        # Those of least squares from one snapshot to the next.
        along = columns.reshape(count, m, -1)
        if self.constant:
            along = np.concatenate([np.ones((count, m, 1)), along], axis=2)
        x, y = (part.reshape(-1, along.shape[2]) for part in (along[:-1], along[1:]))
        discrete = np.linalg.eigvals(np.linalg.lstsq(x, y, rcond=None)[0])
        starts = _starting_values(continuous(discrete, dt), self.constant)
        room = count - int(self.constant) - 1
        fits = [
            _optimised(rates, multiplicities, times, data, self.constant, self.iterations)
            for rates, multiplicities in starts
            if len(rates) + int(np.sum(rates.imag > 0)) <= room
        ]
        if not fits:
            raise Skip(
                f"{count} states in a trajectory: too few for {len(starts[-1][0])} exponentials"
            )
        best = _simplest(fits, columns.shape)
        every = np.concatenate([best.rates, best.rates[best.rates.imag > 0].conj()])
        apart = abs(every[:, None] - every) + np.diag(np.full(len(every), np.inf))
        close = int(np.sum(apart.min(axis=0) <= CLOSE * abs(every)))
        if close:
            # They stand for a defective eigenvalue, or fit noise.
            remark(
                f"{close} eigenvalues nearly coincide: perhaps one without enough eigenvectors, "
                f"which sums of exponentials can only approach"
            )
        values = columns.reshape(count, m, -1)
        mean = states.mean(axis=(0, 1))
        return _model(best, times, values, reduced, readout, mean, lift, dt)


class _Fit(NamedTuple):
    """Distinct exponentials of the upper half-plane, and how well they fit."""

    rates: NDArray[np.complex128]
    multiplicities: list[int]
    misfit: float
    """Sum of squares."""
    size: float
    """The same of the data."""

    @property
    def exponentials(self) -> int:
        """How many, real ones and both of a pair."""
        return len(self.rates) + int(np.sum(self.rates.imag > 0))


def _reduced(factor: SnapshotFactor, constant: bool, weights: NDArray) -> tuple[NDArray, NDArray]:
    """B (N, k) with all of the signal in x B, and x - x̄ ≈ (x - x̄) B G, G (k, N).

    Noise with these standard deviations is white in x B.
    """
    now, ahead = np.split(factor.triangle, 2, axis=1)
    first = int(constant)
    whole = triangle_of(now[:, :first], now[:, first:], ahead[:, first:])
    scale = sizes(now[:, first:])
    now, ahead = np.split(whole[first:, first:], 2, axis=1)
    basis = signal_basis(now, ahead, factor.pairs, RANK, scale)
    basis = np.linalg.qr(basis * weights[:, None])[0] / weights[:, None]
    return basis, np.linalg.lstsq(now @ basis, now, rcond=None)[0]


def _starting_values(
    eigenvalues: NDArray[np.complex128], constant: bool
) -> list[tuple[NDArray[np.complex128], list[int]]]:
    """Distinct eigenvalues of the upper half-plane, and how often each is there, finest first."""
    usable = eigenvalues[np.isfinite(eigenvalues)]
    if constant and len(usable):
        usable = np.delete(usable, np.argmin(abs(usable)))
    found: list[tuple[NDArray[np.complex128], list[int]]] = []
    for radius in RADII:
        slow = abs(usable.imag) <= radius * abs(usable)
        above = np.concatenate([usable[slow].real, usable[~slow & (usable.imag > 0.0)]])
        groups: list[list[complex]] = []
        for value in above[np.argsort(-above.real, kind="stable")]:
            near = [abs(value - group[0]) <= radius * abs(group[0]) for group in groups]
            if radius == 0.0:
                equal = sum(abs(value - group[0]) <= APART * abs(value) for group in groups)
                groups.append([complex(value) * (1.0 + equal * APART)])
            elif any(near):
                groups[near.index(True)].append(complex(value))
            else:
                groups.append([complex(value)])
        rates = np.array([np.mean(group) for group in groups], dtype=complex)
        if not found or len(rates) != len(found[-1][0]) or np.any(rates.imag != found[-1][0].imag):
            found.append((rates, [*map(len, groups)]))
    return found


def _simplest(fits: list[_Fit], shape: tuple[int, int]) -> _Fit:
    """The fewest exponentials that fit as well as more of them, but for chance and rounding.

    Each exponential has an amplitude for every column of the data (T, C), and takes as many
    squares of the noise out of the misfit if there is nothing for it to fit.
    """
    times, columns = shape
    chosen = fits[0]
    for fit in fits[1:]:
        freedom = columns * max(times - chosen.exponentials, 1)
        fewer = columns * (chosen.exponentials - fit.exponentials) + 1
        chance = fewer + STANDARD_ERRORS * np.sqrt(2.0 * abs(fewer))
        explained = chosen.misfit * chance / freedom + EXACT**2 * chosen.size
        if fit.misfit <= chosen.misfit + max(explained, 0.0):
            chosen = fit
    return chosen


def _basis(
    rates: NDArray, oscillates: NDArray[np.bool_], times: NDArray, constant: bool
) -> tuple[NDArray, NDArray]:
    """Exponentials (T, k) as real functions, and their derivatives (T, k, parameters).

    A real rate has one function, one that oscillates the cosine and the sine; parameters are the
    real parts, then the imaginary parts of those. Growing exponentials end at 1.
    """
    pairs = np.flatnonzero(oscillates)
    parameters = len(rates) + len(pairs)
    functions, slopes = [], []
    for j, rate in enumerate(rates):
        value = np.exp(rate * (times - times[-1] if rate.real > 0 else times))
        parts = [value.real, value.imag] if j in pairs else [value.real]
        turned = [-value.imag, value.real]
        for part, other in zip(parts, turned, strict=False):
            slope = np.zeros((len(times), parameters))
            slope[:, j] = times * part
            if j in pairs:
                slope[:, len(rates) + int(np.searchsorted(pairs, j))] = times * other
            functions.append(part)
            slopes.append(slope)
    if constant:
        functions.append(np.ones(len(times)))
        slopes.append(np.zeros((len(times), parameters)))
    return np.stack(functions, axis=1), np.stack(slopes, axis=1)


def _optimised(
    rates: NDArray,
    multiplicities: list[int],
    times: NDArray,
    data: NDArray,
    constant: bool,
    iterations: int,
) -> _Fit:
    pairs = rates.imag > 0

    # A frequency may pass through zero on the way: it stays a parameter.
    def unpack(parameters: NDArray) -> NDArray:
        found = parameters[: len(rates)].astype(complex)
        found[pairs] += 1j * parameters[len(rates) :]
        return found

    def misfit(parameters: NDArray) -> NDArray:
        functions = _basis(unpack(parameters), pairs, times, constant)[0]
        return (data - functions @ np.linalg.lstsq(functions, data, rcond=None)[0]).ravel()

    def jacobian(parameters: NDArray) -> NDArray:
        functions, slopes = _basis(unpack(parameters), pairs, times, constant)
        q = np.linalg.qr(functions)[0]
        amplitudes = np.linalg.lstsq(functions, data, rcond=None)[0]
        # Kaufman (1975): the gradient is exact, the second-order part left out.
        moved = np.einsum("tkp,kc->tcp", slopes, amplitudes)
        outside = moved - np.einsum("ts,scp->tcp", q, np.einsum("ts,tcp->scp", q, moved))
        return -outside.reshape(-1, len(parameters))

    from scipy.optimize import least_squares

    start = np.concatenate([rates.real, rates.imag[pairs]])
    close = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    found = least_squares(misfit, start, jacobian, method="lm", max_nfev=iterations, **close)
    best = unpack(found.x)
    best = best.real + 1j * abs(best.imag)
    return _Fit(best, multiplicities, 2.0 * float(found.cost), float(np.sum(data**2)))


def _model(
    fit: _Fit,
    times: NDArray,
    data: NDArray,
    reduced: NDArray,
    readout: NDArray,
    mean: NDArray,
    lift: Observables,
    dt: float,
) -> LinearModel:
    """Modes from the amplitudes; eigenfunctions are the rows of their pseudo-inverse.

    `data` (T, M, k) are the states times `reduced` (N, k); `readout` (k, N) leads back, about the
    `mean` (N,) of the states.
    """
    count, m, k = data.shape
    constant = lift.constant
    functions = _basis(fit.rates, fit.rates.imag > 0, times, constant)[0]
    amplitudes = np.linalg.lstsq(functions, data.reshape(count, -1), rcond=None)[0]
    amplitudes = amplitudes.reshape(-1, m, k)
    every: list[complex] = []
    modes: list[NDArray] = []
    row = 0
    for rate, multiplicity in zip(fit.rates, fit.multiplicities, strict=True):
        turns = rate.imag > 0
        # c cos + s sin = Re (c - i s) e^{iωt}
        block = amplitudes[row] - 1j * amplitudes[row + 1] if turns else amplitudes[row]
        row += 2 if turns else 1
        leading = np.linalg.svd(block, full_matrices=False)[2][:multiplicity]
        every += [rate] * len(leading)
        modes.append(leading)
        if turns:
            every += [rate.conjugate()] * len(leading)
            modes.append(leading.conj())
    directions = np.vstack(modes).astype(complex)
    coefficients = reduced @ np.linalg.pinv(directions)
    directions = directions @ readout
    if not constant:
        return LinearModel(lift, coefficients, np.array(every), dt, directions)
    offset = amplitudes[-1].mean(axis=0)
    with_one = np.zeros((len(reduced) + 1, len(every) + 1), dtype=complex)
    with_one[1:, :-1] = coefficients
    with_one[0, :-1] = -offset @ np.linalg.pinv(np.vstack(modes).astype(complex))
    with_one[0, -1] = 1.0
    # x = x̄ + (xB - x̄B) G, of which the exponentials give xB.
    constants = mean + (offset - mean @ reduced) @ readout
    readout = np.vstack([directions, constants])
    return LinearModel(lift, with_one, np.array([*every, 0.0]), dt, readout)
