"""Optimised DMD over many trajectories: one set of exponentials for all of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.optimize import least_squares

from koopmark._arrays import real
from koopmark.methods.dictionaries import Identity
from koopmark.methods.method import Method, Skip
from koopmark.methods.model import LinearModel, Model
from koopmark.methods.reference.factor import factorise
from koopmark.methods.reference.qr_edmd import linear_model
from koopmark.simulation import Trajectories

DISTINCT = 0.05
"""Relative distance below which starting values count as one eigenvalue of higher multiplicity:
exponentials so close to each other cannot be told apart, and noise splits equal ones."""


@dataclass(frozen=True)
class OptimisedDMD(Method):
    """Exponentials e^{λⱼt} that fit all trajectories at once, by variable projection.

    Askham and Kutz (2018) fit X ≈ E(λ) B for one trajectory, E being the exponentials at the
    sampling times. Here the columns of X are the coordinates of every trajectory: λ is shared, the
    amplitudes are free. The modes of one λ are the leading directions of its amplitudes over the
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
    iterations: int = 100

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {self.iterations}")

    def _fit(self, trajectories: Trajectories) -> Model:
        states, dt = real(trajectories.states, "states"), trajectories.dt
        lift = Identity(constant=self.constant).fitted(states)
        simple = linear_model(factorise(lift, states), lift, dt)
        rates, multiplicities = _starting_values(simple.eigenvalues, self.constant)
        room = states.shape[1] - int(self.constant) - 1
        if len(rates) + int(np.sum(rates.imag > 0)) > room:
            raise Skip(
                f"{states.shape[1]} states in a trajectory: too few for {len(rates)} exponentials"
            )
        times = trajectories.times - trajectories.times[0]
        # The misfit depends on X (T, M N) through its triangular factor alone.
        columns = states.swapaxes(0, 1).reshape(len(times), -1)
        data = qr(columns.T, mode="economic")[1].T
        rates = _optimised(rates, times, data, self.constant, self.iterations)
        return _model(rates, multiplicities, trajectories, self.constant)


def _starting_values(
    eigenvalues: NDArray[np.complex128], constant: bool
) -> tuple[NDArray[np.complex128], list[int]]:
    """Distinct eigenvalues of the upper half-plane, and how often each is there."""
    usable = eigenvalues[np.isfinite(eigenvalues)]
    if constant and len(usable):
        usable = np.delete(usable, np.argmin(abs(usable)))
    slow = abs(usable.imag) <= DISTINCT * abs(usable)
    usable = np.concatenate([usable[slow].real, usable[~slow & (usable.imag > 0.0)]])
    groups: list[list[complex]] = []
    for value in usable[np.argsort(-usable.real, kind="stable")]:
        near = [abs(value - group[0]) <= DISTINCT * abs(group[0]) for group in groups]
        if any(near):
            groups[near.index(True)].append(complex(value))
        else:
            groups.append([complex(value)])
    return np.array([np.mean(group) for group in groups], dtype=complex), [*map(len, groups)]


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
    rates: NDArray, times: NDArray, data: NDArray, constant: bool, iterations: int
) -> NDArray[np.complex128]:
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

    start = np.concatenate([rates.real, rates.imag[pairs]])
    found = least_squares(
        misfit,
        start,
        jacobian,
        method="lm",
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
        max_nfev=iterations,
    )
    best = unpack(found.x)
    return best.real + 1j * abs(best.imag)


def _model(
    rates: NDArray, multiplicities: list[int], trajectories: Trajectories, constant: bool
) -> LinearModel:
    """Modes from the amplitudes; eigenfunctions are the rows of their pseudo-inverse."""
    states = real(trajectories.states, "states")
    times = trajectories.times - trajectories.times[0]
    m, _, n = states.shape
    functions = _basis(rates, rates.imag > 0, times, constant)[0]
    columns = states.swapaxes(0, 1).reshape(len(times), -1)
    amplitudes = np.linalg.lstsq(functions, columns, rcond=None)[0].reshape(-1, m, n)
    every: list[complex] = []
    modes: list[NDArray] = []
    row = 0
    for rate, multiplicity in zip(rates, multiplicities, strict=True):
        if rate.imag > 0:
            # c cos + s sin = Re (c - i s) e^{iωt}
            block = amplitudes[row] - 1j * amplitudes[row + 1]
            row += 2
        else:
            block = amplitudes[row]
            row += 1
        leading = np.linalg.svd(block, full_matrices=False)[2][:multiplicity]
        every += [rate] * len(leading)
        modes.append(leading)
        if rate.imag > 0:
            every += [rate.conjugate()] * len(leading)
            modes.append(leading.conj())
    directions = np.vstack(modes).astype(complex)
    coefficients = np.linalg.pinv(directions)
    lift = Identity(constant=constant).fitted(states)
    if not constant:
        return LinearModel(lift, coefficients, np.array(every), trajectories.dt, directions)
    offset = amplitudes[-1].mean(axis=0)
    with_one = np.zeros((n + 1, len(every) + 1), dtype=complex)
    with_one[1:, :-1] = coefficients
    with_one[0, :-1] = -offset @ coefficients
    with_one[0, -1] = 1.0
    readout = np.vstack([directions, offset])
    return LinearModel(lift, with_one, np.array([*every, 0.0]), trajectories.dt, readout)
