"""EDMD for noisy data, in three ways that remove the bias of least squares."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.methods import papers
from koopmark.methods._method import Method, Skip, Tags
from koopmark.methods._options import Count, Tolerance
from koopmark.methods._sampling import along, together
from koopmark.methods._signal import signal_basis, sizes
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.own._factor import SnapshotFactor, factor_of, readout
from koopmark.methods.own._linalg import eigenbasis
from koopmark.methods.own._noise import corrected_values, noise_variances
from koopmark.methods.remarks import remark
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories, canonical_correlations, significant

LEAST_NOISE = 1e-20
"""Variance of the noise, relative to that of a function: without noise any weights will do."""

RANK, INSTRUMENT_RANK = 1e-10, 1e-12
"""Singular values below this fraction of the largest are rounding."""


@dataclass(frozen=True)
class TotalLeastSquaresEDMD(Method):
    """EDMD whose operator is the total-least-squares solution of ψ(x⁺) = ψ(x) K.

    Total-least-squares DMD (Dawson, Hemati, Williams and Rowley 2016; Hemati, Rowley, Deem and
    Cattafesta 2017), with two additions: functions without noise (the constant) are fitted in
    ordinary least squares (Golub, Hoffman and Stewart 1987), and the others are weighted by the
    covariance of their noise, which is estimated from the data.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)

    tags = Tags(
        sampling="segments",
        inputs=True,
        papers=(papers.DAWSON_2016, papers.HEMATI_2017, papers.GOLUB_1987),
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.snapshots())
        parts = [block.states for block in trajectories.blocks()]
        flat = together(parts).reshape(-1, observables.inputs)
        corrected = corrected_values(observables, flat, noise_variances(trajectories))
        factor = factor_of(observables, trajectories)
        variances = corrected.values.var(axis=0)
        discrete, vectors, gains = total_least_squares(factor, corrected.covariance, variances)
        rates = continuous(discrete, trajectories.dt)
        modes = readout(factor, vectors, observables.state)
        return LinearModel(
            observables,
            vectors,
            rates,
            trajectories.dt,
            modes,
            discrete=discrete,
            input_gains=gains if factor.terms else None,
        )


def total_least_squares(
    factor: SnapshotFactor, covariance: NDArray, variances: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """Eigenpairs of K in ψ(x⁺) = ψ(x) K + v B by total least squares.

    Returns μ (s,), coefficients (D, s) and gains (s, q).

    Functions that noise alone or rounding makes up take no part: they would have any eigenvalue.
    The `covariance` (D, D) is that of the noise in ψ, zero for functions without noise, and the
    `variances` (D,) are those of ψ on the data.

    Raises
    ------
    ValueError
        If the data leave the operator undetermined.
    """
    size, (every, inputs, following) = factor.size, factor.columns
    noisy, certain = np.flatnonzero(np.diag(covariance)), np.flatnonzero(np.diag(covariance) == 0.0)
    # What the certain functions and inputs explain is taken out of both sides first.
    now, ahead, c, given = every[:, noisy], following[:, noisy], len(certain), len(certain)
    given += factor.terms
    whole = triangle_of(every[:, certain], inputs, now, ahead)
    now, ahead = whole[given:, given : given + len(noisy)], whole[given:, given + len(noisy) :]
    basis = signal_basis(now, ahead, factor.pairs, RANK, sizes(every[:, noisy]))
    if not basis.shape[1]:
        raise ValueError("total least squares: the data are noise in all directions")
    noise = covariance[np.ix_(noisy, noisy)] + LEAST_NOISE * np.diag(variances[noisy])
    noise = basis.T @ noise @ basis
    scale = np.sqrt(np.diag(noise))
    lower = _lower(noise / np.outer(scale, scale))
    white = basis @ solve_triangular(lower, np.diag(1.0 / scale), lower=True).T
    n = white.shape[1]
    right = np.linalg.svd(np.hstack([now @ white, ahead @ white]))[2][n:]
    present, future = right[:, :n].T, right[:, n:].T
    if np.linalg.cond(future) > 1.0 / np.finfo(float).eps:
        raise ValueError("total least squares has no solution: the data span too little")
    inner = -np.linalg.solve(future.T, present.T).T
    before = whole[:given, given:] @ np.vstack([-white @ inner, white])
    scale = sizes(whole[:given, :given]) if factor.terms else np.ones(given)
    offset = np.linalg.lstsq(whole[:given, :given] / scale, before, rcond=None)[0] / scale[:, None]
    operator = np.block([[np.eye(c), offset[:c]], [np.zeros((n, c)), inner]])
    discrete, vectors = eigenbasis(operator)
    coefficients = np.zeros((size, c + n), dtype=vectors.dtype)
    coefficients[certain], coefficients[noisy] = vectors[:c], white @ vectors[c:]
    return discrete, coefficients, (offset[c:] @ vectors[c:]).T


def _lower(correlation: NDArray) -> NDArray:
    """The Cholesky factor of a covariance, which rounding may leave a little below zero."""
    try:
        return cholesky(correlation, lower=True)
    except np.linalg.LinAlgError:
        values, axes = np.linalg.eigh(correlation)
        least = len(values) * np.finfo(float).eps * values[-1]
        return cholesky((axes * np.maximum(values, 4.0 * least)) @ axes.T, lower=True)


@dataclass(frozen=True)
class ForwardBackwardEDMD(Method):
    """EDMD with K = (K_f K_b⁻¹)^{1/2} of the operators forwards and backwards in time.

    Noise shrinks both by the same factor, which cancels (Dawson, Hemati, Williams and Rowley 2016);
    here both operators are in one basis. Of the two square roots of an eigenvalue the one is
    taken that is nearer to what K_f does to its eigenfunction.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    tolerance: Tolerance = 1e-10

    tags = Tags(
        sampling="segments",
        inputs=True,
        papers=(papers.DAWSON_2016,),
        loses={"map": "there is no operator backwards in time of what is gone after a step"},
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        observables = self.dictionary.fitted(trajectories.snapshots())
        factor = factor_of(observables, trajectories)
        discrete, coefficients = forward_backward(factor, self.tolerance)
        dt = trajectories.dt
        modes = readout(factor, coefficients, observables.state)
        rates, (now, inputs, ahead) = continuous(discrete, dt), factor.columns
        gains = None
        if factor.terms:
            gains = gains_of(inputs, now @ coefficients, ahead @ coefficients, discrete)
        return LinearModel(
            observables, coefficients, rates, dt, modes, discrete=discrete, input_gains=gains
        )


def forward_backward(
    factor: SnapshotFactor, tolerance: float
) -> tuple[NDArray[np.complex128], NDArray]:
    """Eigenvalues μ (s,) and coefficients (D, s) of the forward-backward operator.

    Both operators act on the functions that hold a signal: backwards in time, noise alone and
    rounding would be blown up.
    """
    now, inputs, ahead = factor.columns
    if factor.terms:
        now, ahead = outside_of(inputs, now, ahead)
    basis = signal_basis(now, ahead, factor.pairs, tolerance)
    now, ahead = now @ basis, ahead @ basis
    forward = np.linalg.lstsq(now, ahead, rcond=None)[0]
    backward = np.linalg.lstsq(ahead, now, rcond=None)[0]
    squared, vectors = eigenbasis(np.linalg.lstsq(backward.T, forward.T, rcond=None)[0].T)
    root = np.sqrt(squared.astype(complex))
    size_squared = np.sum(abs(vectors) ** 2, axis=0)
    seen = np.sum(vectors.conj() * (forward @ vectors), axis=0) / size_squared
    root = np.where(abs(root + seen) < abs(root - seen), -root, root)
    return root, basis @ vectors


@dataclass(frozen=True)
class InstrumentalEDMD(Method):
    """EDMD whose normal equations are formed with the snapshot before: Ψ₋ᵀ Ψ₀ K = Ψ₋ᵀ Ψ₊.

    The noise of different times is independent, so no product of noise with itself enters, and
    the estimate is consistent (instrumental variables: Söderström and Stoica 1983). The bias that
    noise gives to a nonlinear dictionary is removed first (`own/_noise.py`).

    Parameters
    ----------
    lag : int
        Sampling intervals from Ψ₀ to Ψ₊. More of them let the signal change more against the same
        noise; an oscillation of more than half a turn in this time is taken for a slower one.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    lag: Count = 1

    tags = Tags(sampling="segments", inputs=True, papers=(papers.SOEDERSTROEM_1983,))

    def promises(self) -> Tags:
        return replace(self.tags, min_states=self.lag + 2)

    def _fit(self, trajectories: Trajectories) -> Model:
        parts = [block.states for block in trajectories.blocks(self.lag + 2)]
        if not parts:
            raise Skip(
                f"{trajectories.states.shape[1]} states in a trajectory: a lag of {self.lag} needs "
                f"at least {self.lag + 2}"
            )
        observables = self.dictionary.fitted(trajectories.snapshots())
        flat = together(parts).reshape(-1, observables.inputs)
        corrected = corrected_values(observables, flat, noise_variances(trajectories))
        values = along(corrected.values, parts)
        times = (slice(-self.lag - 1), slice(1, -self.lag), slice(1 + self.lag, None))
        shifted = [
            together([part[:, when] for part in values]).reshape(-1, observables.size)
            for when in times
        ]
        held = _held(trajectories, self.lag)
        triangle = triangle_of(*shifted) if held is None else triangle_of(*shifted, held)
        free, inputs = np.split(triangle, [3 * observables.size], axis=1)
        if held is not None:
            # Of inputs one knows no noise: they are instruments of their own.
            free = np.hstack(outside_of(inputs, free))
        discrete, vectors = instrumental(free, len(shifted[0]))
        rates = continuous(discrete, self.lag * trajectories.dt)
        modes = gains = None
        if observables.state is not None:
            now = triangle[:, observables.size : 2 * observables.size]
            modes = np.linalg.lstsq(now @ vectors, now[:, observables.state], rcond=None)[0]
        if held is not None:
            size, q = observables.size, held.shape[1] // self.lag
            now, ahead = (triangle[:, k * size : (k + 1) * size] @ vectors for k in (1, 2))
            # Those of the last interval: the functions carry on what came before.
            gains = gains_of(inputs, now, ahead, discrete)[:, -q:]
        # Of a longer lag only a power of μ is known.
        step = discrete if self.lag == 1 else None
        return LinearModel(
            observables,
            vectors,
            rates,
            trajectories.dt,
            modes,
            discrete=step,
            input_gains=gains,
        )


def _held(trajectories: Trajectories, lag: int) -> NDArray[np.float64] | None:
    """The inputs (P, lag q) held from the middle to the last of the three snapshots."""
    if trajectories.inputs is None:
        return None
    rows = []
    for block in trajectories.blocks(lag + 2):
        assert block.inputs is not None
        count = block.inputs.shape[1] - lag - 1
        parts = [block.inputs[:, 1 + j : 1 + j + count] for j in range(lag)]
        rows.append(np.concatenate(parts, axis=2).reshape(-1, lag * block.inputs.shape[2]))
    return np.concatenate(rows)


def outside_of(inputs: NDArray, *parts: NDArray) -> list[NDArray[np.float64]]:
    """The part of `parts` (·, k) outside the span of the inputs (·, q)."""
    u, s, _ = np.linalg.svd(inputs / sizes(inputs), full_matrices=False)
    span = u[:, s > RANK]
    return [part - span @ (span.T @ part) for part in parts]


def gains_of(
    inputs: NDArray, now: NDArray, ahead: NDArray, discrete: NDArray
) -> NDArray[np.complex128]:
    """Gains g (s, q) in φ⁺ = μφ + g v by least squares, from values (·, s) at successive steps."""
    scale = sizes(inputs)
    found = np.linalg.lstsq(inputs / scale, ahead - now * discrete, rcond=RANK)[0]
    return np.asarray(found / scale[:, None], dtype=complex).T


def instrumental(triangle: NDArray, pairs: int) -> tuple[NDArray, NDArray]:
    """Eigenvalues μ (s,) and coefficients (D, s) of K with Ψ₋ᵀ (Ψ₀ K - Ψ₊) = 0.

    By Q of Ψ₋ = Q R instead of Ψ₋ itself, so that no condition number is squared, and with
    functions that hold a signal alone: a product with noise only would be divided by. The
    `triangle` (3D, 3D) is R of [Ψ₋ Ψ₀ Ψ₊], which stands for so many rows, the `pairs`.
    """
    before, now, ahead = np.split(triangle, 3, axis=1)
    basis = signal_basis(before, now, pairs, INSTRUMENT_RANK)
    size = basis.shape[1]
    projected = triangle_of(before @ basis, now @ basis, ahead @ basis)[:size, size:]
    instruments = canonical_correlations(before @ basis, ahead @ basis, INSTRUMENT_RANK)[0]
    weak = size - significant(instruments, pairs)
    if weak:
        remark(
            f"weak instruments: in {weak} of {size} directions a snapshot says nothing about the "
            f"next but one, and their eigenvalues are as noise"
        )
    operator = np.linalg.lstsq(projected[:, :size], projected[:, size:], rcond=INSTRUMENT_RANK)[0]
    discrete, vectors = eigenbasis(operator)
    return discrete, basis @ vectors
