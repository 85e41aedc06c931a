"""Estimation of the covariance of measurement noise from recorded data."""

from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

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
MORE, MORE_FEATURES = 3, 10
"""So many times as many differences as there are inputs to each, and features of states."""
FURTHER, TOLERANCE = 2, 0.1
"""Higher orders that a settled one needs, and relative difference from them that is allowed."""
TAIL = 1.0
"""By how much mean fourth powers may exceed those of Gaussian noise."""
EVEN = 1e-9
"""Deviation of times that is rounding, relative to the span of a difference."""
DIRECTIONS, FEW_DIRECTIONS = 12, 3
"""Of the states, whose linear and cubic functions are features."""
SHARPER = 0.7
"""A bound on variances that is lower by this factor is worth the loss of differences."""
LONGEST_STEP = 3.0
"""Differences span no step longer than so many typical ones: a gap hides what the states do."""
STRIDE, GROWTH = 2, 1.15
"""Of samples: white noise has as much variance among every second one; noise in the dynamics has at
least so many times as much there."""
MOST_STATES, MOST_VALUES, FEWEST_STATES, STRETCHES = 50_000, 2_000_000, 2_000, 16
"""Recorded states, and numbers, that are looked at: of more STRETCHES that are spread evenly."""


@dataclass(frozen=True, eq=False)
class MeasurementNoise:
    """Estimate of the white noise that was added to every recorded state.

    Parameters
    ----------
    root : (N, N) array
        R, a root of the covariance R Rᵀ of the noise.
    error : float
        Relative standard error of the variance in any direction.
    channels_settled : (N,) array of bool
        Whether the estimate for a channel agrees with that of higher differences and does not grow.
        Otherwise it may consist of dynamics and is only an upper bound on the noise.
    grows : (N,) array of bool
        Whether the estimate from every second state of a channel is larger. White measurement noise
        is equal at any lag; noise in the dynamics adds up.
    """

    root: Array
    error: float
    channels_settled: NDArray[np.bool_]
    grows: NDArray[np.bool_]

    @property
    def settled(self) -> bool:
        """Whether the noise was determined in every channel, rather than only bounded."""
        return bool(self.channels_settled.all())

    @property
    def deviations(self) -> Array:
        """Standard deviation (N,) of the noise in each channel."""
        size = np.abs(self.root).max(axis=1)
        unit = self.root / np.where(size > 0.0, size, 1.0)[:, None]
        return np.asarray(size * np.linalg.norm(unit, axis=1))


def measurement_noise(data: Trajectories) -> MeasurementNoise:
    """Estimate the measurement noise from differences of successive states.

    The divided difference of order k of k + 1 states annihilates polynomials of degree k - 1. With
    weights whose squares add up to one, its covariance is that of the noise (Rice 1984; Gasser,
    Sroka and Jennen-Steinmetz 1986). As k grows, the remaining dynamics decrease and the sampling
    error increases. The estimate uses the least order that agrees with higher ones in every channel
    and is spread evenly over time. If the orders of a channel do not agree, a regression on cubic
    functions of neighbouring states, whose noise is independent, is removed first. The residual of
    a linear fit from each state to the next is another upper bound on the noise, which helps with
    linear dynamics that are fast relative to the sampling.

    Noise in the dynamics also gives differences that agree at all orders. It grows if only every
    second state is used, unlike white measurement noise, so channels where it grows are not
    settled. For data with inputs, the linear effect of the inputs is removed first, because white
    inputs make states as rough as noise does. Inputs must not depend on the noise.

    Raises
    ------
    ValueError
        If there are fewer than FEWEST pairs of successive recorded states.
    """
    states, times, links, inputs = _recorded(data)
    # Squares of what is huge or tiny leave the range of floats.
    size = np.abs(states).max(axis=0, initial=0.0)
    size[size == 0.0] = 1.0
    states = states / size
    plain = _ladder(states, times, links, inputs, None, 1)
    if not plain.orders:
        raise ValueError(
            f"fewer than {FEWEST} recorded states follow another: they do not show the noise"
        )
    chosen = order, settled, _ = plain.choice()
    ladder = plain
    if not settled.all():
        # What the states around a difference tell of it is no noise.
        around = _ladder(states, times, links, inputs, _features(states), 1)
        if around.orders:
            other = around.choice()
            if other[1].sum() > settled.sum() or (other[2] < SHARPER * chosen[2]).any():
                ladder, (order, settled, _) = around, other
    covariance, error = ladder.covariance(order), ladder.error(order)
    grows = settled & _grows(ladder, order)
    settled = settled & ~grows
    rest = _beyond_linear(states, links, inputs)
    if rest is not None:
        # At rounding both are none.
        own = np.maximum(np.diag(covariance), np.finfo(float).tiny)
        less = np.diag(rest) / own < 1.0 - STANDARD_ERRORS * error
        if less.any():
            covariance, settled = _least(covariance, rest), settled & ~less
    powers, axes = np.linalg.eigh(covariance)
    root = size[:, None] * axes * np.sqrt(np.maximum(powers, 0.0))
    return MeasurementNoise(root, error, settled, grows)


@dataclass(frozen=True, eq=False)
class _Ladder:
    """Differences of the orders that the data have enough of."""

    states: Array
    times: Array
    links: NDArray[np.bool_]
    inputs: Array
    features: Array | None
    stride: int
    """States from one of a difference to the next."""
    orders: tuple[int, ...]
    variances: Array
    """(K, N) of each order."""
    early: Array
    """(K, N) the same over the runs that the highest order has, to be compared with it."""
    tails: Array
    """(K, N) mean fourth powers over squared mean squares: 3 of Gaussian noise."""
    counts: tuple[int, ...]

    def choice(self) -> tuple[int, NDArray[np.bool_], Array]:
        """The common order, in which channels it is settled (N,), and the variances (N,).

        A variance is settled if higher orders say the same within their errors, or TOLERANCE: at
        least FURTHER of them, on the same states. And it is spread over all of the time: what is
        left of fast dynamics is concentrated where they are fast, which raises fourth powers.
        """
        last, top = self.orders[-1], self.counts[-1]
        near = np.zeros(self.variances.shape, bool)
        for k, order in enumerate(self.orders[:-FURTHER]):
            apart = max(STANDARD_ERRORS * _apart(order, last, top), TOLERANCE)
            near[k] = self.early[k] <= self.early[-1] * (1.0 + apart)
            both = np.hypot(self.error(order), self.error(last))
            near[k] &= self.variances[k] <= self.early[k] * (1.0 + STANDARD_ERRORS * both)
            scatter = 2.0 * STANDARD_ERRORS * np.sqrt(24.0 / self.counts[k])
            near[k] &= self.tails[k] <= 3.0 + max(scatter, TAIL)
        # A settled channel stays so in higher orders: the common one is the highest that is needed.
        settled = np.asarray(near.any(axis=0))
        each = np.where(settled, np.argmax(near, axis=0), np.argmin(self.variances, axis=0))
        common = int(each.max())
        return self.orders[common], settled, self.variances[common]

    def error(self, order: int) -> float:
        return _standard_error(order, self.counts[self.orders.index(order)])

    def covariance(self, order: int) -> Array:
        differences, count = _rest(self, order, self.runs(order))
        return np.asarray(differences.T @ differences / count)

    def runs(self, order: int) -> NDArray[np.intp]:
        """(K, stride (order + beside) + 1) places of states in a row."""
        return _runs(self.links, self.stride * (order + self.beside))

    @property
    def beside(self) -> int:
        """States of a difference's stride in a row beside those of it."""
        return 0 if self.features is None else 2


def _ladder(
    states: Array,
    times: Array,
    links: NDArray[np.bool_],
    inputs: Array,
    features: Array | None,
    stride: int,
) -> _Ladder:
    empty = np.zeros((0, states.shape[1]))
    made = _Ladder(states, times, links, inputs, features, stride, (), empty, empty, empty, ())
    variances, counts, tails = [], [], []
    for order in ORDERS:
        differences, count = _rest(made, order, made.runs(order))
        if not count:
            break
        squares = differences**2
        variances.append(squares.sum(axis=0) / count)
        mean = np.maximum(squares.mean(axis=0), np.finfo(float).tiny)
        tails.append(np.mean((squares / mean) ** 2, axis=0))
        counts.append(count)
    orders = tuple(ORDERS)[: len(counts)]
    if not orders:
        return made
    runs, early = made.runs(orders[-1]), []
    for order in orders:
        differences, count = _rest(made, order, runs[:, : stride * (order + made.beside) + 1])
        early.append((differences**2).sum(axis=0) / max(count, 1))
    return replace(
        made,
        orders=orders,
        variances=np.array(variances),
        early=np.array(early),
        tails=np.array(tails),
        counts=tuple(counts),
    )


def _grows(ladder: _Ladder, order: int) -> NDArray[np.bool_]:
    """(N,) whether every second state shows more than the order does of all."""
    wide = _ladder(
        ladder.states, ladder.times, ladder.links, ladder.inputs, ladder.features, STRIDE
    )
    if not wide.orders:
        return np.zeros(ladder.states.shape[1], bool)
    other, settled, variances = wide.choice()
    error = STANDARD_ERRORS * np.hypot(ladder.error(order), wide.error(other))
    own = ladder.variances[ladder.orders.index(order)]
    # Where it is not settled there, smooth dynamics may be what grows.
    return np.asarray(settled & (variances > own * max(GROWTH, 1.0 + error)))


def _rest(ladder: _Ladder, order: int, rows: NDArray[np.intp]) -> tuple[Array, int]:
    """Differences (K, N) without the part explained by inputs and features of other states.

    Also returns their degrees of freedom, 0 if there are too few differences.
    """
    if len(rows) < FEWEST:
        return np.zeros((0, ladder.states.shape[1])), 0
    inner = rows[:, ladder.stride : -ladder.stride] if ladder.beside else rows
    held = ladder.inputs[inner[:, :-1]].reshape(len(rows), -1)
    known = np.isfinite(held).all(axis=1)
    rows, inner, held = rows[known], inner[known], held[known]
    more = MORE
    if ladder.features is not None:
        around = ladder.features[rows[:, [0, -1]]].reshape(len(rows), -1)
        held, more = np.hstack([held, around]), MORE_FEATURES
    if len(rows) < max(FEWEST, 2 * order, more * held.shape[1]):
        return np.zeros((0, ladder.states.shape[1])), 0
    nodes, count = inner[:, :: ladder.stride], len(rows)
    differences = _differences(ladder.states, ladder.times, nodes)
    if held.shape[1]:
        coefficients, _, rank, _ = np.linalg.lstsq(held, differences, rcond=None)
        differences, count = differences - held @ coefficients, count - int(rank)
    return differences, max(count, 1)


def _features(states: Array) -> Array:
    """(P, p) monomials of the leading directions of states: cubic in FEW_DIRECTIONS of them."""
    scale = states.std(axis=0)
    centred = (states - states.mean(axis=0)) / np.where(scale > 0.0, scale, 1.0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    lead = centred @ axes[:, ::-1][:, :DIRECTIONS]
    size = lead.std(axis=0)
    lead = lead / np.where(size > 0.0, size, 1.0)
    few = range(min(FEW_DIRECTIONS, lead.shape[1]))
    products = [
        np.prod(lead[:, list(which)], axis=1)
        for degree in (2, 3)
        for which in combinations_with_replacement(few, degree)
    ]
    return np.column_stack([np.ones(len(lead)), lead, *products])


def _recorded(data: Trajectories) -> tuple[Array, Array, NDArray[np.bool_], Array]:
    """States (P, N) and times (P,) in a row, whether each follows the one before (P - 1,), inputs.

    Those (P, q) are held from each state on, and NaN where another one was before the next state.
    """
    recorded = data.recorded
    n = data.states.shape[2]
    chosen = _some(len(recorded.rows), min(MOST_STATES, max(MOST_VALUES // n, FEWEST_STATES)))
    rows = recorded.rows[chosen]
    states = real(data.states.reshape(-1, n)[rows], "states")
    times = np.broadcast_to(data.times, data.states.shape[:2]).reshape(-1)[rows]
    follows = recorded.follows[chosen[:-1]] & (np.diff(chosen) == 1)
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


def _some(count: int, most: int) -> NDArray[np.intp]:
    """Places of at most so many of `count` states: all, or STRETCHES of them spread evenly."""
    if count <= most:
        return np.arange(count)
    width = most // STRETCHES
    starts = np.linspace(0, count - width, STRETCHES).astype(int)
    return np.asarray((starts[:, None] + np.arange(width)).reshape(-1))


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
    if np.ptp(nodes, axis=0).max() <= EVEN:
        nodes = nodes[:1]
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


def _apart(order: int, other: int, count: int) -> float:
    """Standard error of the difference of two variances of white noise, from the same states."""
    weights = []
    for k in (order, other):
        one = np.array([1.0])
        for _ in range(k):
            one = np.convolve(one, [1.0, -1.0])
        weights.append(one / np.linalg.norm(one))
    a, b = weights
    sums = [np.sum(np.correlate(x, y, mode="full") ** 2) for x, y in ((a, a), (b, b), (a, b))]
    return float(np.sqrt(2.0 * max(sums[0] + sums[1] - 2.0 * sums[2], 0.0) / count))


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
