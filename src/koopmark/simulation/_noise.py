"""Measurement noise in data as they were recorded: its covariance, and how well that is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.simulation._trajectories import Trajectories

Array = NDArray[np.float64]
ORDERS = range(1, 9)
"""Orders of the differences that are tried."""
STANDARD_ERRORS = 3.0
"""Estimates count as equal within so many standard errors."""
FEWEST = 30
"""Differences that an estimate needs."""
MORE = 3
"""So many times as many differences as there are inputs to each."""
LONGEST_STEP = 3.0
"""Differences span no step longer than so many typical ones: a gap hides what the states do."""
MOST_STATES = 50_000
"""Recorded states that are looked at."""


@dataclass(frozen=True, eq=False)
class MeasurementNoise:
    """White noise that was added to every recorded state, as the data show it.

    Parameters
    ----------
    root : (N, N) array
        R: white noise of unit variance times Rᵀ is noise like this.
    error : float
        Relative standard error of its variance, in any direction.
    settled : bool
        Whether higher differences say the same. Otherwise what is left of the dynamics may be all
        of it: there is no more noise than this, and there may be none.
    """

    root: Array
    error: float
    settled: bool

    @property
    def deviations(self) -> Array:
        """(N,) standard deviation in each channel."""
        size = np.abs(self.root).max(axis=1)
        unit = self.root / np.where(size > 0.0, size, 1.0)[:, None]
        return np.asarray(size * np.linalg.norm(unit, axis=1))


def measurement_noise(data: Trajectories) -> MeasurementNoise:
    """The noise by differences of states in a row.

    The difference of order k of k + 1 states at any times, of which a polynomial of degree k - 1
    has none, with weights whose squares add up to one, has the covariance of the noise (Rice 1984;
    Gasser, Sroka and Jennen-Steinmetz 1986). What is left in it of the dynamics falls with k, and
    the sampling error grows: the least order is taken whose variances no higher one undercuts by
    more than its error. A linear fit from each state to the next leaves at least the noise:
    what it leaves is a bound too, if the dynamics are linear and fast beside the sampling.
    Of data with inputs both are without what is linear in these: white inputs make states as rough
    as noise does. They must not depend on the noise.

    Raises
    ------
    ValueError
        If there are fewer than FEWEST differences of two recorded states.
    """
    states, times, links, inputs = _recorded(data)
    # Squares of what is huge or tiny leave the range of floats.
    size = np.abs(states).max(axis=0, initial=0.0)
    size[size == 0.0] = 1.0
    states = states / size
    scale = states.std(axis=0)
    scale[scale == 0.0] = 1.0
    found, errors = [], []
    for order in ORDERS:
        rows = _runs(links, order)
        held = inputs[rows[:, :-1]].reshape(len(rows), -1)
        known = np.isfinite(held).all(axis=1)
        rows, held = rows[known], held[known]
        if len(rows) < max(FEWEST, 2 * order, MORE * held.shape[1]):
            break
        differences, count = _differences(states, times, rows), len(rows)
        if held.shape[1]:
            coefficients, _, rank, _ = np.linalg.lstsq(held, differences, rcond=None)
            differences, count = differences - held @ coefficients, count - int(rank)
        found.append(differences.T @ differences / count)
        errors.append(_standard_error(order, count))
    if not found:
        raise ValueError(
            f"fewer than {FEWEST} recorded states follow another: they do not show the noise"
        )
    variances = np.array([np.diag(one) for one in found]) / scale**2
    least = np.minimum.accumulate(variances[::-1])[::-1]
    within = variances <= least * (1.0 + STANDARD_ERRORS * np.array(errors)[:, None])
    # A common order: of correlated channels the covariance is that of the same differences.
    order = int(np.argmax(within, axis=0).max())
    settled = order < len(found) - 1
    covariance, error = found[order], errors[order]
    rest = _beyond_linear(states, links, inputs)
    if rest is not None:
        # At rounding both are none.
        own = np.maximum(np.diag(covariance), np.finfo(float).tiny)
        if (np.diag(rest) / own < 1.0 - STANDARD_ERRORS * error).any():
            covariance, settled = _least(covariance, rest), False
    powers, axes = np.linalg.eigh(covariance)
    root = size[:, None] * axes * np.sqrt(np.maximum(powers, 0.0))
    return MeasurementNoise(root, error, settled)


def _recorded(data: Trajectories) -> tuple[Array, Array, NDArray[np.bool_], Array]:
    """States (P, N) and times (P,) in a row, whether each follows the one before (P - 1,), inputs.

    Those (P, q) are held from each state on, and NaN where another one was before the next state.
    """
    recorded = data.recorded
    rows = recorded.rows[:MOST_STATES]
    n = data.states.shape[2]
    states = real(data.states.reshape(-1, n)[rows], "states")
    times = np.broadcast_to(data.times, data.states.shape[:2]).reshape(-1)[rows]
    follows = recorded.follows[: len(rows) - 1]
    steps = np.diff(times)
    typical = np.median(steps[follows]) if follows.any() else np.inf
    inputs = np.zeros((len(rows), 0))
    if data.inputs is not None:
        length = data.states.shape[1]
        inputs = np.array(real(data.inputs[rows // length, rows % length], "inputs"))
        inputs[:-1][np.diff(rows) > 1] = np.nan
        inputs[~np.isfinite(inputs)] = np.nan
        # Their unit says nothing: what they make of states is fitted.
        largest = np.fmax.reduce(np.abs(inputs), axis=0, initial=0.0)
        inputs /= np.where(largest > 0.0, largest, 1.0)
    return states, times, follows & (steps <= LONGEST_STEP * typical), inputs


def _runs(links: NDArray[np.bool_], order: int) -> NDArray[np.intp]:
    """(K, order + 1) places of every `order` + 1 states of which each follows the one before."""
    count = np.concatenate([[0], np.cumsum(links)])
    starts = np.arange(max(0, len(count) - order))
    whole = count[starts + order] - count[starts] == order
    return starts[whole, None] + np.arange(order + 1)


def _differences(states: Array, times: Array, rows: NDArray[np.intp]) -> Array:
    """(K, N) divided differences over the rows (K, k + 1), with weights of unit norm."""
    nodes = times[rows]
    nodes = (nodes - nodes[:, :1]) / (nodes[:, -1:] - nodes[:, :1])
    apart = nodes[:, :, None] - nodes[:, None, :]
    weights = 1.0 / np.where(np.eye(rows.shape[1], dtype=bool), 1.0, apart).prod(axis=2)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    return sum(weights[:, j, None] * states[rows[:, j]] for j in range(rows.shape[1]))


def _standard_error(order: int, count: int) -> float:
    """Of a variance from `count` differences in a row, relative: they are correlated."""
    weights = np.array([1.0])
    for _ in range(order):
        weights = np.convolve(weights, [1.0, -1.0])
    weights /= np.linalg.norm(weights)
    correlations = np.correlate(weights, weights, mode="full")
    return float(np.sqrt(2.0 * np.sum(correlations**2) / count))


def _least(one: Array, other: Array) -> Array:
    """The lesser of two covariances (N, N) in each of the directions that are independent in both.

    Of channels alone the correlations would be those of the greater one.
    """
    size = np.sqrt(np.maximum(np.diag(one), np.finfo(float).tiny))
    powers, axes = np.linalg.eigh(one / np.outer(size, size))
    root = axes * np.sqrt(np.maximum(powers, 1e-14 * max(powers[-1], 1e-14)))
    back = np.linalg.inv(root)
    shares, turn = np.linalg.eigh(back @ (other / np.outer(size, size)) @ back.T)
    root = size[:, None] * (root @ turn)
    return np.asarray((root * np.clip(shares, 0.0, 1.0)) @ root.T)


def _beyond_linear(states: Array, links: NDArray[np.bool_], inputs: Array) -> Array | None:
    """(N, N) covariance of what a linear fit of each state to the next leaves; None if too few."""
    rows = _runs(links, 1)
    rows = rows[np.isfinite(inputs[rows[:, 0]]).all(axis=1)]
    if len(rows) < 10 * (states.shape[1] + 1):
        return None
    before = np.column_stack([np.ones(len(rows)), states[rows[:, 0]], inputs[rows[:, 0]]])
    after = states[rows[:, 1]]
    rest = after - before @ np.linalg.lstsq(before, after, rcond=None)[0]
    return np.asarray(rest.T @ rest / (len(rows) - before.shape[1]))
