"""Measurement noise: its variance, and its effect on the values of a dictionary."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark._tsqr import triangle_of
from koopmark.methods._sampling import together
from koopmark.methods.dictionaries import Identity, Observables
from koopmark.methods.own._factor import factorise
from koopmark.methods.own._linalg import real_product
from koopmark.methods.own._records import (
    EVEN,
    Record,
    divided_differences,
    integrated_driven,
    records_of,
    responses,
)
from koopmark.simulation import Trajectories

ORDERS = range(1, 9)
"""Orders of the differences that are tried."""

STANDARD_ERRORS = 3.0
"""Estimates count as equal within so many standard errors."""

CORRELATED = 0.2
"""Correlation of the noise of two channels below which it counts as none: what is left of the
dynamics is correlated."""

RANK = 1e-10
"""Directions of the data whose size, relative to the largest, is less are none."""

WIDEST = 120
"""Numbers in the windows whose linear dependence is looked at; four times as many at most."""

ROUNDS = 60
"""Turns at most in which the noise of the coordinates settles."""

EXCESS = 1.3
"""How much larger a component than noise makes it is a signal: the noise is not known yet."""

EXPLAINED = 1.5
"""How many times the error that noise makes on average is put down to it."""

ENOUGH = 0.1
"""Differences of a higher order there must be, relative to the first, in stretches of several
lengths."""

STEP = 1e-5
"""Least step of numerical derivatives, relative to the spread of a coordinate."""


@dataclass(frozen=True, eq=False)
class NoiseVariances:
    """Variance (N,) of white measurement noise in each coordinate."""

    variances: NDArray[np.float64]
    settled: bool
    """Whether a higher order of differences would say the same; otherwise the dynamics dominate,
    and the noise is known to be no more than this."""
    covariance: NDArray[np.float64] | None = None
    """(N, N) if the noise of channels is correlated (a sensor given twice, mixed channels)."""


def noise_variances(trajectories: Trajectories) -> NoiseVariances:
    """Estimate noise variances in two ways, neither too low but for its sampling error.

    *Differences in time* remove what is smooth and keep what is white: the k-th difference of white
    noise of variance s² has variance C(2k, k) s² (Rice 1984; Gasser, Sroka and Jennen-Steinmetz
    1986). What is left of the dynamics biases the estimate upwards and falls with k, while the
    sampling error grows: the least order is taken whose estimate is no larger than that of any
    higher one, within the error. Oscillations that are fast beside the sampling are taken for
    noise, though.

    *Linear dependence* of a few states in a row removes what is linear, however fast: as many
    components of such windows as there are coordinates hold the signal of any linear system, the
    others only noise (`_linear_variances`). What is nonlinear is taken for noise.

    The lesser is taken of the two. Coordinates share one variance where theirs agree within the
    error. Where the sampling is too coarse and the dynamics nonlinear, this is an upper bound.

    Of data with gaps on an even grid this is estimated from all segments together. At uneven times
    divided differences take the place of those in time, and linear dependence says nothing. Of data
    with inputs, which are as rough as noise, it is that of what is left without the response to
    them (`without_response`, or at uneven times `_relaxed`).
    """
    if _even_for_most(trajectories):
        driven = trajectories.inputs is not None
        records = _sampled(without_response(trajectories) if driven else trajectories)
    else:
        records = _relaxed(records_of(trajectories))
    states = together([record.values for record in records])
    flat = states.reshape(-1, states.shape[2])
    deviations = flat.std(axis=0)
    deviations[deviations == 0.0] = 1.0
    centred = triangle_of((flat - flat.mean(axis=0)) / deviations)
    _, sizes, directions = np.linalg.svd(centred)
    rank = int(np.sum(sizes > RANK * sizes[0]))
    if not 0 < rank < len(sizes):
        return _variances_of(records)
    # Channels that depend on each other exactly have noise that does.
    basis = directions[:rank].T / deviations[:, None]
    back = directions[:rank] * deviations
    found = _variances_of([one._replace(values=one.values @ basis) for one in records])
    inner = np.diag(found.variances) if found.covariance is None else found.covariance
    covariance = back.T @ inner @ back
    return NoiseVariances(np.diag(covariance).copy(), found.settled, covariance)


def without_response(trajectories: Trajectories) -> Trajectories:
    """The states without the effect of the inputs since the start of each segment.

    In a linear fit x⁺ = a + x K + v B the response is w⁺ = w K + v B from w = 0. Functions uᵀx that
    obey φ⁺ = μφ + g v obey φ⁺ = μφ of what is left, and the measurement noise is what it was.
    Segments are those of states one sampling interval apart.
    """
    if trajectories.inputs is None or not trajectories.neighbours:
        return replace(trajectories, inputs=None)
    now, ahead = trajectories.pairs()
    regressors = np.hstack([np.ones((len(now), 1)), now, trajectories.held()])
    scale = np.linalg.norm(regressors, axis=0)
    scale[scale == 0.0] = 1.0
    fit = np.linalg.lstsq(regressors / scale, ahead, rcond=RANK)[0] / scale[:, None]
    n = now.shape[1]
    step, gain = fit[1 : n + 1], fit[n + 1 :]
    states = np.array(trajectories.states, dtype=float)
    linked = np.ones((len(states), states.shape[1] - 1), dtype=bool)
    if not trajectories.regular:
        linked[:] = False
        first = trajectories.recorded.windows(2)[:, 0]
        linked[first // states.shape[1], first % states.shape[1]] = True
    response = np.zeros((len(states), n))
    for k in range(states.shape[1] - 1):
        with np.errstate(over="ignore", invalid="ignore"):
            moved = response @ step + trajectories.inputs[:, k] @ gain
        response = np.where(linked[:, [k]], moved, 0.0)
        states[:, k + 1] -= response
    return replace(trajectories, states=states, inputs=None)


def _relaxed(records: list[Record]) -> list[Record]:
    """The records less the response to inputs since each began, of ẋ = a + xG + vB at any times."""
    if records[0].held is None:
        return records
    ones = [np.ones((*record.values.shape[:2], 1)) for record in records]
    whole = [
        record._replace(values=np.concatenate([one, record.values], axis=2))
        for one, record in zip(ones, records, strict=True)
    ]
    generator, gain = integrated_driven(whole)
    rates, vectors = np.linalg.eig(generator[1:, 1:])
    parts = gain[:, 1:] @ vectors
    relaxed = []
    for record in records:
        modes = [responses(record, complex(rate))[0] @ parts[:, j] for j, rate in enumerate(rates)]
        response = (np.stack(modes, axis=2) @ np.linalg.inv(vectors)).real
        relaxed.append(record._replace(values=record.values - response, held=None))
    return relaxed


def _even_for_most(trajectories: Trajectories) -> bool:
    """Whether stretches on an even grid hold most of the pairs."""
    if trajectories.regular:
        return True
    recorded = trajectories.recorded
    even = recorded.linked & (abs(recorded.steps - trajectories.dt) <= EVEN * trajectories.dt)
    return bool(2 * even.sum() >= recorded.follows.sum())


def _sampled(trajectories: Trajectories) -> list[Record]:
    """Stretches on an even grid."""
    if trajectories.regular:
        return records_of(trajectories)
    return [Record(block.states, block.times, even=True) for block in trajectories.blocks()]


def _variances_of(records: list[Record]) -> NoiseVariances:
    """`noise_variances` of channels that do not depend on each other."""
    differences = {order: found for order in ORDERS if (found := _differences(records, order))}
    count = {
        order: sum(part.shape[0] * part.shape[1] for part in found)
        for order, found in differences.items()
    }
    # Of few long stretches a high order says little.
    orders = [k for k in differences if len(records) == 1 or count[k] >= ENOUGH * count[1]]
    squares = [np.mean(together(differences[k]) ** 2, axis=(0, 1)) for k in orders]
    tried = np.stack([each / comb(2 * k, k) for k, each in zip(orders, squares, strict=True)])
    errors = np.array([_standard_error(order, count[order]) for order in orders])
    states = together([record.values for record in records])
    n = states.shape[2]
    scale = states.var(axis=(0, 1))
    scale[scale == 0.0] = 1.0
    # A mean over coordinates is n times as certain.
    chosen = _least_order(np.mean(tried / scale, axis=1), errors / np.sqrt(n))
    each = np.array([_least_order(tried[:, i], errors) for i in range(n)])
    linear = _linear_variances(records, tried[each, np.arange(n)])
    mean = float(tried[chosen].mean())
    error = errors[chosen]
    alike = np.all(abs(tried[chosen] - mean) <= (STANDARD_ERRORS + 1.0) * error * mean)
    variances = np.full(n, mean) if alike else tried[each, np.arange(n)]
    settled = (chosen if alike else each.max()) < len(orders) - 1
    lower = linear < variances * (1.0 - STANDARD_ERRORS * error)
    if not lower.any():
        # One order further there is less of the dynamics, which is correlated.
        further = min(max(chosen, int(each.max())) + 1, len(orders) - 1)
        covariance = None
        if settled:
            covariance = _correlated(
                together(differences[orders[further]]), variances, errors[further]
            )
        return NoiseVariances(variances, bool(settled), covariance)
    variances = np.where(lower, linear, variances)
    mean, error = float(variances.mean()), _standard_error(1, count[1])
    if np.all(abs(variances - mean) <= (STANDARD_ERRORS + 1.0) * error * mean):
        variances = np.full(n, mean)
    return NoiseVariances(variances, settled=bool(settled or lower.all()))


def _differences(records: list[Record], order: int) -> list[NDArray[np.float64]]:
    """Differences of this order of all records that are long enough, (m, T, N) each."""
    return [
        np.diff(record.values, order, axis=1)
        if record.even
        else np.sqrt(comb(2 * order, order)) * divided_differences(record, order)
        for record in records
        if record.values.shape[1] > order
    ]


def _correlated(
    differences: NDArray, variances: NDArray, error: float
) -> NDArray[np.float64] | None:
    """Covariance (N, N) with these variances and the correlations of `differences` (M, T, N).

    None if no correlation is large and beyond its sampling error.
    """
    differences = differences.reshape(-1, differences.shape[2])
    products = differences.T @ differences
    sizes = np.sqrt(np.diag(products))
    sizes[sizes == 0.0] = 1.0
    correlation = products / np.outer(sizes, sizes)
    apart = correlation[~np.eye(len(sizes), dtype=bool)]
    if np.max(abs(apart), initial=0.0) <= max(CORRELATED, (STANDARD_ERRORS + 2.0) * error):
        return None
    return np.asarray(correlation * np.sqrt(np.outer(variances, variances)))


def _linear_variances(records: list[Record], start: NDArray) -> NDArray[np.float64]:
    """Variance (N,) that windows of a few states have beyond a linear signal.

    It is infinite if there are too few windows.

    The windows' covariance is that of the signal, of rank N at most, and a diagonal one of the
    noise: the factor model, fitted by turns (principal components of what is weighted by the
    noise, and the noise as what they leave), which is maximum likelihood for few factors.
    """
    n = records[0].values.shape[2]
    length = 3 if 3 * n <= WIDEST else 2
    size = length * n
    parts = [record.values for record in records if record.values.shape[1] > length]
    count = sum(len(part) * (part.shape[1] - length + 1) for part in parts)
    even = all(record.even for record in records)
    if not even or count < 3 * size or size > 4 * WIDEST:
        return np.full(n, np.inf)
    each = [
        np.concatenate([part[:, i : part.shape[1] - length + 1 + i] for i in range(length)], axis=2)
        for part in parts
    ]
    windows = together(each).reshape(-1, size)
    windows = windows - windows.mean(axis=0)
    scale = np.sqrt(np.mean(windows**2, axis=0))
    scale = np.tile(scale.reshape(length, n).max(axis=0), length)
    scale[scale == 0.0] = 1.0
    # The triangular factor instead of the covariance keeps twice the digits.
    triangle = triangle_of(windows / scale) / np.sqrt(count)
    floor = np.finfo(float).eps ** 2
    variances = np.maximum(start / scale[:n] ** 2, floor)
    edge = (1.0 + np.sqrt(size / count)) ** 2
    for _ in range(ROUNDS):
        deviations = np.sqrt(np.tile(variances, length))
        _, s, vh = np.linalg.svd(triangle / deviations)
        rank = min(int(np.sum(s**2 > edge * EXCESS)), n)
        rest = s[rank:, None] * vh[rank:]
        # What the components hold of each coordinate's noise is given back.
        share = 1.0 - np.sum(vh[:rank] ** 2, axis=0)
        left = np.sum(rest**2, axis=0).reshape(length, n).sum(axis=0)
        share = share.reshape(length, n).sum(axis=0)
        found = variances * left / np.maximum(share, 1e-3)
        found = np.maximum(found, floor)
        change = np.max(abs(np.log(found / variances)))
        variances = found
        if change < 1e-3:
            break
    return variances * scale[:n] ** 2


def _least_order(estimates: NDArray, errors: NDArray) -> int:
    """The first that no later one undercuts by more than its error."""
    least = np.minimum.accumulate(estimates[::-1])[::-1]
    return int(np.argmax(estimates <= least * (1.0 + STANDARD_ERRORS * errors)))


def _standard_error(order: int, count: int) -> float:
    """Of the variance of one coordinate, relative: differences of white noise are correlated."""
    correlated = sum(comb(2 * order, order + lag) ** 2 for lag in range(-order, order + 1))
    return float(np.sqrt(2.0 * correlated / count) / comb(2 * order, order))


@dataclass(frozen=True, eq=False)
class CorrectedValues:
    """Dictionary values at noisy states, corrected for bias, with the remaining noise."""

    values: NDArray[np.float64]
    """(P, D) ψ(x) - ½ Σᵢ sᵢ² ∂ᵢ²ψ(x): its mean over the noise is ψ of the true state, up to terms
    of fourth order. On monomials up to degree 3 these are Hermite polynomials, and exact."""

    covariance: NDArray[np.float64]
    """(D, D) Σᵢ sᵢ² ⟨∂ᵢψ ∂ᵢψᵀ⟩, the covariance of the noise in ψ, averaged over the states."""


def corrected_values(
    observables: Observables, states: NDArray, noise: NoiseVariances
) -> CorrectedValues:
    """Correct dictionary values at noisy states (P, N) by central differences per coordinate.

    The differences span the noise itself where it is larger than rounding would allow. Where
    the noise is not known, nothing is corrected.
    """
    variances, states = noise.variances, real(states, "states")
    values = observables(states)
    if observables.terms is None:
        covariance = np.zeros((observables.size, observables.size))
        if observables.state is not None:
            where = np.arange(observables.size)[observables.state]
            full = np.diag(variances) if noise.covariance is None else noise.covariance
            covariance[np.ix_(where, where)] = full
        return CorrectedValues(values, covariance)
    curvature, covariance = np.zeros_like(values), np.zeros((values.shape[1],) * 2)
    spread = states.std(axis=0)
    axes = np.eye(len(variances))
    if noise.covariance is not None:
        variances, axes = np.linalg.eigh(noise.covariance)
        variances = np.maximum(variances, 0.0)
    for variance, axis in zip(variances, axes.T, strict=True):
        step = max(np.sqrt(variance), STEP * float(abs(axis) @ spread))
        if step == 0.0:
            continue
        above, below = observables(states + step * axis), observables(states - step * axis)
        share = variance / step**2
        slope = (above - below) / 2.0
        covariance += share * (slope.T @ slope)
        curvature += share * (above + below - 2.0 * values) / 2.0
    corrected = values - curvature if noise.settled else values
    return CorrectedValues(corrected, covariance / len(states))


def bounded(noise: NoiseVariances, parts: Sequence[NDArray]) -> NoiseVariances:
    """The noise, bounded by the residual of a linear fit, which contains it.

    The fit is to the pairs of trajectories in parts (M, T, N).

    Dynamics that are fast for the sampling pass for noise in differences in time, but not there
    if they are linear.
    """
    linear = factorise(Identity().fitted(parts[0]), *parts)
    residual = np.sum(linear.yy[:, 1:] ** 2, axis=0) / linear.pairs
    return replace(noise, variances=np.minimum(noise.variances, residual))


def noise_shares(
    parts: Sequence[NDArray],
    observables: Observables,
    noise: NoiseVariances,
    coefficients: NDArray,
) -> NDArray[np.float64]:
    """Share (s,) of measurement noise in the mean square of functions φ = ψ C.

    White noise of covariance C in ψ has variance cᴴ C c in φ = ψ c.
    The states are in `parts` (M, T, N), `noise` is theirs (see `bounded`), `coefficients` are
    C (D, s).
    """
    flat = np.asarray(together(parts), dtype=float).reshape(-1, observables.inputs)
    corrected = corrected_values(observables, flat, bounded(noise, parts))
    noisy = np.sum(coefficients.conj() * (corrected.covariance @ coefficients), axis=0).real
    size = np.mean(abs(real_product(observables(flat), coefficients)) ** 2, axis=0)
    return np.asarray(np.clip(noisy / size, 0.0, 1.0))
