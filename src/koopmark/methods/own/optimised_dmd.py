"""Optimised DMD for many trajectories, with common exponentials."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from koopmark._tsqr import triangle_of
from koopmark.methods import papers
from koopmark.methods._method import Method, Skip, Tags
from koopmark.methods._options import Count
from koopmark.methods._sampling import together
from koopmark.methods._signal import signal_basis, sizes
from koopmark.methods.dictionaries import Identity, Observables
from koopmark.methods.own._factor import SnapshotFactor, factorise
from koopmark.methods.own._noise import noise_variances
from koopmark.methods.own._records import Record, integrated, records_of, successive, windows
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
    X ≈ E(λ) B with E the exponentials at its sampling times, as Askham and Kutz (2018) fit it to
    one trajectory; the times may be uneven and differ from one trajectory to another. The modes of
    one λ are the leading directions of its amplitudes over the trajectories, as many as its
    multiplicity. Least squares from one snapshot to the next gives the starting values. Unlike it,
    this needs the whole state to be a sum of exponentials: it is exact for linear dynamics, and an
    approximation for others.

    Parameters
    ----------
    constant : bool
        Whether a constant is among the exponentials, which dynamics with an offset need.
    iterations : int
        Evaluations at most of the Levenberg-Marquardt algorithm.
    """

    constant: bool = True
    iterations: Count = 100

    tags = Tags(sampling="any", papers=(papers.ASKHAM_2018,))

    def promises(self) -> Tags:
        return replace(self.tags, min_states=2 + int(self.constant))

    def _fit(self, trajectories: Trajectories) -> Model:
        dt = trajectories.dt
        records = records_of(trajectories, self.promises().min_states)
        parts = [record.values for record in records]
        states = together(parts)
        lift = Identity(constant=self.constant).fitted(states)
        # The standard deviations of the noise, in whose units the misfit is measured.
        variances = noise_variances(trajectories).variances
        least = LEAST_NOISE * states.var(axis=(0, 1))
        weights = np.sqrt(np.maximum(variances, least))
        weights[weights == 0.0] = 1.0
        # What has to do with the next state of a record is a signal, and so is what has to do with
        # the next one sampling interval later: of these the pairs may be few, the dynamics fast.
        several = [parts]
        if not trajectories.regular:
            several.append([block.states for block in trajectories.blocks()])
        reduced, readout = max(
            (_reduced(factorise(lift, *some), self.constant, weights) for some in several if some),
            key=lambda found: found[0].shape[1],
        )
        strands = [_Strand.of(record, reduced) for record in records]
        starts = [
            start
            for rates in _one_step(strands, self.constant, dt)
            for start in _starting_values(rates, self.constant)
        ]
        count = parts[0].shape[1]
        room = count - int(self.constant) - 1
        fits = [
            _optimised(rates, multiplicities, strands, self.constant, self.iterations)
            for rates, multiplicities in starts
            if len(rates) + int(np.sum(rates.imag > 0)) <= room
        ]
        if not fits:
            raise Skip(
                f"{count} states in a trajectory: too few for {len(starts[-1][0])} exponentials"
            )
        if not trajectories.regular:
            fits = _best_of_each_size(fits)
        best = _simplest(fits, [strand.shape for strand in strands])
        every = np.concatenate([best.rates, best.rates[best.rates.imag > 0].conj()])
        apart = abs(every[:, None] - every) + np.diag(np.full(len(every), np.inf))
        close = int(np.sum(apart.min(axis=0) <= CLOSE * abs(every)))
        if close:
            # They stand for a defective eigenvalue, or fit noise.
            remark(
                f"{close} eigenvalues nearly coincide: perhaps one without enough eigenvectors, "
                f"which sums of exponentials can only approach"
            )
        mean = states.mean(axis=(0, 1))
        return _model(best, strands, reduced, readout, mean, lift, dt)


@dataclass(frozen=True, eq=False)
class _Strand:
    """A record in the directions that hold a signal."""

    record: Record
    """Values (m, T, k), those of the states times `reduced`."""
    times: NDArray[np.float64]
    """(T,) since the first, or (m, T)."""
    data: NDArray[np.float64]
    """What the misfit depends on: (T, c) for all trajectories together, or (m, T, k)."""

    @classmethod
    def of(cls, record: Record, reduced: NDArray) -> "_Strand":
        values = np.asarray(record.values @ reduced)
        data = values
        if record.shared:
            # The misfit depends on the data (T, m k) through their triangular factor alone.
            columns = values.swapaxes(0, 1).reshape(values.shape[1], -1)
            data = qr(columns.T, mode="economic")[1].T
        return cls(record._replace(values=values), record.lapse, data)

    @property
    def shape(self) -> tuple[int, int]:
        """(T, C) how many times, and how many columns there are of them, m k."""
        m, times, k = self.record.values.shape
        return times, m * k

    def fitted(self, functions: NDArray, data: NDArray) -> NDArray[np.float64]:
        """Amplitudes (e, c) of functions (T, e) in data (T, c), or (m, e, c) of (m, T, e)."""
        if self.record.shared:
            return np.asarray(np.linalg.lstsq(functions, data, rcond=None)[0])
        return np.asarray(np.linalg.pinv(functions) @ data)


def _one_step(strands: list[_Strand], constant: bool, dt: float) -> list[NDArray[np.complex128]]:
    """λ of least squares from one snapshot to the next.

    And at uneven times those of what changes from each state to the next, however much later.
    """
    records = []
    for strand in strands:
        values = strand.record.values
        if constant:
            values = np.concatenate([np.ones((*values.shape[:2], 1)), values], axis=2)
        records.append(strand.record._replace(values=values))
    regular = len(records) == 1 and records[0].even
    pairs: list[NDArray] | None
    if regular:
        # One time after another.
        along = records[0].values.swapaxes(0, 1)
        size = along.shape[2]
        pairs = [part.reshape(-1, size) for part in (along[:-1], along[1:])]
    else:
        pairs = windows(records, 2, dt)
    found = []
    if pairs is not None:
        now, ahead = pairs
        discrete = np.linalg.eigvals(np.linalg.lstsq(now, ahead, rcond=None)[0])
        found.append(continuous(discrete, dt))
    if not regular:
        generator = integrated(*successive(records))
        found.append(np.linalg.eigvals(generator).astype(complex))
    return found


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


def _best_of_each_size(fits: list[_Fit]) -> list[_Fit]:
    """Of fits from several sources the best with each number of exponentials, most first."""
    best: dict[int, _Fit] = {}
    for fit in sorted(fits, key=lambda fit: fit.misfit):
        best.setdefault(fit.exponentials, fit)
    return [best[size] for size in sorted(best, reverse=True)]


def _simplest(fits: list[_Fit], shapes: list[tuple[int, int]]) -> _Fit:
    """The fewest exponentials that fit as well as more of them, but for chance and rounding.

    Each exponential has an amplitude for every column of the data, which have the `shapes` (T, C),
    and takes as many squares of the noise out of the misfit if there is nothing for it to fit.
    """

    def amplitudes(fit: _Fit) -> int:
        return sum(columns * min(times, fit.exponentials) for times, columns in shapes)

    chosen = fits[0]
    for fit in fits[1:]:
        freedom = max(sum(times * columns for times, columns in shapes) - amplitudes(chosen), 1)
        fewer = amplitudes(chosen) - amplitudes(fit) + 1
        chance = fewer + STANDARD_ERRORS * np.sqrt(2.0 * abs(fewer))
        explained = chosen.misfit * chance / freedom + EXACT**2 * chosen.size
        if fit.misfit <= chosen.misfit + max(explained, 0.0):
            chosen = fit
    return chosen


def _functions(
    rates: NDArray, oscillates: NDArray[np.bool_], times: NDArray, constant: bool
) -> NDArray[np.float64]:
    """Exponentials (..., T, k) at `times` (..., T) as real functions.

    A real rate has one function, one that oscillates the cosine and the sine. Growing exponentials
    end at 1.
    """
    functions = []
    for rate, turns in zip(rates, oscillates, strict=True):
        value = np.exp(rate * (times - times[..., -1:] if rate.real > 0 else times))
        functions += [value.real, value.imag] if turns else [value.real]
    if constant:
        functions.append(np.ones(times.shape))
    return np.stack(functions, axis=-1)


def _slopes(
    functions: NDArray, oscillates: NDArray[np.bool_], times: NDArray
) -> NDArray[np.float64]:
    """Their derivatives (..., T, k, parameters), but for multiples of themselves.

    Parameters are the real parts of the rates, then the imaginary parts of those that oscillate.
    """
    count = len(oscillates)
    slopes = np.zeros((*functions.shape, count + int(oscillates.sum())))
    column, pair = 0, count
    for j, turns in enumerate(oscillates):
        slopes[..., column, j] = times * functions[..., column]
        if turns:
            cosine, sine = functions[..., column], functions[..., column + 1]
            slopes[..., column + 1, j] = times * sine
            slopes[..., column, pair] = times * -sine
            slopes[..., column + 1, pair] = times * cosine
            pair += 1
        column += 1 + int(turns)
    return slopes


def _optimised(
    rates: NDArray,
    multiplicities: list[int],
    strands: list[_Strand],
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
        rests = []
        for strand in strands:
            functions = _functions(unpack(parameters), pairs, strand.times, constant)
            rest = strand.data - functions @ strand.fitted(functions, strand.data)
            rests.append(rest.ravel())
        return np.concatenate(rests)

    def jacobian(parameters: NDArray) -> NDArray:
        every = []
        for strand in strands:
            functions = _functions(unpack(parameters), pairs, strand.times, constant)
            slopes = _slopes(functions, pairs, strand.times)
            q = np.linalg.qr(functions)[0]
            amplitudes = strand.fitted(functions, strand.data)
            # Kaufman (1975): the gradient is exact, the second-order part left out.
            m = "" if strand.record.shared else "m"
            moved = np.einsum(f"{m}tkp,{m}kc->{m}tcp", slopes, amplitudes)
            inside = np.einsum(f"{m}ts,{m}tcp->{m}scp", q, moved)
            outside = moved - np.einsum(f"{m}ts,{m}scp->{m}tcp", q, inside)
            every.append(-outside.reshape(-1, len(parameters)))
        return every[0] if len(every) == 1 else np.concatenate(every)

    from scipy.optimize import least_squares

    start = np.concatenate([rates.real, rates.imag[pairs]])
    close = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    found = least_squares(misfit, start, jacobian, method="lm", max_nfev=iterations, **close)
    best = unpack(found.x)
    best = best.real + 1j * abs(best.imag)
    size = float(sum(np.sum(strand.data**2) for strand in strands))
    return _Fit(best, multiplicities, 2.0 * float(found.cost), size)


def _amplitudes(
    fit: _Fit, strands: list[_Strand], constant: bool
) -> tuple[NDArray, NDArray | None]:
    """Those of each function in each trajectory (e, M, k), and how certain each is (e, M).

    The reciprocal of its standard error under white noise; None if all trajectories have the same.
    One with fewer states than functions says nothing.
    """
    found, certain = [], []
    for strand in strands:
        values = strand.record.values
        m, count, k = values.shape
        functions = _functions(fit.rates, fit.rates.imag > 0, strand.times, constant)
        if strand.record.shared:
            data = values.swapaxes(0, 1).reshape(count, -1)
            amplitudes = strand.fitted(functions, data).reshape(-1, m, k)
        else:
            amplitudes = strand.fitted(functions, values).swapaxes(0, 1)
        found.append(amplitudes)
        if len(strands) == 1 and strand.record.shared:
            return amplitudes, None
        size = functions.shape[-1]
        certainty = np.zeros((m, size))
        if count >= size:
            certainty[:] = 1.0 / np.linalg.norm(np.linalg.pinv(functions), axis=-1)
        certain.append(certainty.T)
    return np.concatenate(found, axis=1), np.concatenate(certain, axis=1)


def _model(
    fit: _Fit,
    strands: list[_Strand],
    reduced: NDArray,
    readout: NDArray,
    mean: NDArray,
    lift: Observables,
    dt: float,
) -> LinearModel:
    """Modes from the amplitudes; eigenfunctions are the rows of their pseudo-inverse.

    The values of `strands` are the states times `reduced` (N, k); `readout` (k, N) leads back,
    about the `mean` (N,) of the states.
    """
    constant = lift.constant
    amplitudes, certainty = _amplitudes(fit, strands, constant)
    every: list[complex] = []
    modes: list[NDArray] = []
    row = 0
    for rate, multiplicity in zip(fit.rates, fit.multiplicities, strict=True):
        turns = rate.imag > 0
        # c cos + s sin = Re (c - i s) e^{iωt}
        block = amplitudes[row] - 1j * amplitudes[row + 1] if turns else amplitudes[row]
        if certainty is not None:
            block = block * certainty[row, :, None]
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
    if certainty is not None:
        offset = np.average(amplitudes[-1], axis=0, weights=certainty[-1] ** 2)
    with_one = np.zeros((len(reduced) + 1, len(every) + 1), dtype=complex)
    with_one[1:, :-1] = coefficients
    with_one[0, :-1] = -offset @ np.linalg.pinv(np.vstack(modes).astype(complex))
    with_one[0, -1] = 1.0
    # x = x̄ + (xB - x̄B) G, of which the exponentials give xB.
    constants = mean + (offset - mean @ reduced) @ readout
    readout = np.vstack([directions, constants])
    return LinearModel(lift, with_one, np.array([*every, 0.0]), dt, readout)
