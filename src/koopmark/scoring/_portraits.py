"""Portraits: an exact eigenfunction and its recovered counterpart at chosen points.

The points are the same for every method; what was recovered is the projection of the exact function
onto the recovered ones.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import inf, log

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import named
from koopmark._tsqr import triangle_of
from koopmark.models import Model
from koopmark.scoring._cluster import Choice
from koopmark.scoring._subspaces import level_columns, solve_truncated, unit_columns
from koopmark.scoring._targets import ScoredSpace
from koopmark.simulation import Trajectories
from koopmark.truth import Eigenspace

MOST_TARGETS = 3
"""Number of targets with portraits, the slowest ones."""
ROUNDING = 1e-12
"""Imaginary parts below this fraction of the largest |e| are none."""
TIMES, POINTS, GRID = 26, 64, 15
"""Times along a trajectory and states of others, at most; points along each side of a map."""
CANDIDATES = 32
"""Of more coordinates than this, those that move with the eigenfunction may span the map."""
BLOCK_NUMBERS = 4_000_000
"""Numbers in the states that are made at a time."""
SAMPLE_ROWS, SAMPLE_NUMBERS = 1000, 5_000_000
"""Test states at most by which coordinates and ranges are chosen, and numbers in them."""


@dataclass(frozen=True, eq=False)
class Frame:
    """An exact eigenfunction e at points along test trajectories and on a planar slice.

    Parameters
    ----------
    index, target, eigenvalue
        Of the eigenspace: its place in its dataset's list, and its label.
    trajectories, steps, times : (k,), (n,) arrays of int, (n,) array
        Of the test set, or of its regular part if it has gaps: along these trajectories, at these
        sampling times, e is followed.
    others : (q, 2) array of int
        Trajectory and step of further test states.
    coordinates : (2,) array of int
        i and j, across and up; empty if the state has one coordinate, or e is no function of what
        is observed.
    axes : (2, GRID) array
        Values of xᵢ and xⱼ on the slice, from the 5th to the 95th percentile of the test states.
    mean : (N,) array
        Of the test states: all other coordinates on the slice.
    exact : (k n + q + G,) array
        e along the trajectories, one after another; at the others; on the slice.
    """

    index: int
    target: str
    eigenvalue: complex
    trajectories: NDArray[np.intp]
    steps: NDArray[np.intp]
    times: NDArray[np.float64]
    others: NDArray[np.intp]
    coordinates: NDArray[np.intp]
    axes: NDArray[np.float64]
    mean: NDArray[np.float64]
    exact: NDArray

    @property
    def visited(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Trajectory and step of every point that is a test state, in the order of `exact`."""
        along = np.repeat(self.trajectories, len(self.steps))
        steps = np.tile(self.steps, len(self.trajectories))
        return (
            np.concatenate([along, self.others[:, 0]]),
            np.concatenate([steps, self.others[:, 1]]),
        )

    def slice_states(self) -> Iterator[NDArray[np.float64]]:
        """The G states of the slice, row by row from the lowest xⱼ, a block (·, N) at a time."""
        across, up = self.axes
        places = np.column_stack([np.tile(across, len(up)), np.repeat(up, len(across))])
        for some in blocks(places, len(self.mean)):
            states = np.tile(self.mean, (len(some), 1))
            states[:, self.coordinates] = some
            yield states


def frame(target: ScoredSpace, test: Trajectories, latent: bool = False) -> Frame:
    """Evaluate the first eigenfunction e of an eigenspace at points for portraits.

    Without inputs |e| goes as e^{Re λ t} along a trajectory, so |e(x(0))| tells the trajectories
    apart: one has the largest, two stand a third and two thirds down the order. With `latent` e is
    a function of the whole state, of which the test set shows a part: there is no slice.
    """
    seen = test.states
    if latent:
        if test.latent is None:
            raise ValueError("the targets are functions of the whole state, which the data lack")
        seen = test.latent
    m, t, n = seen.shape
    space = target.directions
    order = np.argsort(-np.abs(first_of(space, seen[:, 0])), kind="stable")
    trajectories = order[np.unique([0, m // 3, 2 * m // 3])]
    steps = np.unique(np.linspace(0, t - 1, min(TIMES, t)).round().astype(np.intp))
    rest = np.setdiff1d(np.arange(m), trajectories)
    spots = np.unique(
        np.linspace(0, len(rest) * len(steps) - 1, POINTS).round().astype(np.intp).clip(0)
    )
    others = np.empty((0, 2), np.intp)
    if len(rest):
        others = np.column_stack([rest[spots // len(steps)], steps[spots % len(steps)]])
    if latent:
        coordinates, axes = np.empty(0, np.intp), np.empty((2, 0))
        mean = test.states.reshape(-1, test.states.shape[2]).mean(axis=0)
    else:
        coordinates, axes, mean = _slice(space, seen.reshape(-1, n))
    known = Frame(
        target.index,
        target.label,
        target.space.eigenvalue,
        trajectories,
        steps,
        test.times[steps],
        others,
        coordinates,
        axes,
        mean,
        np.empty(0),
    )
    visited = (seen[tuple(some.T)] for some in blocks(np.stack(known.visited, axis=1), n))
    exact = [first_of(space, states) for states in chain(visited, known.slice_states())]
    return replace(known, exact=np.concatenate(exact))


def speed(space: Eigenspace) -> float:
    """Rate at which the functions of a space change in size: |Re λ|, or |log |μ|| of a map."""
    if not space.discrete:
        return abs(space.eigenvalue.real)
    return abs(log(abs(space.eigenvalue))) if space.eigenvalue else inf


def blocks(rows: NDArray, size: int) -> Iterator[NDArray]:
    """Split rows into blocks whose states of `size` numbers fit into little memory."""
    step = max(1, BLOCK_NUMBERS // size)
    return (rows[start : start + step] for start in range(0, len(rows), step))


def first_of(space: Eigenspace, states: NDArray) -> NDArray:
    """Values of e at `states` (P, N)."""
    return space.evaluate(states)[:, 0]


def _slice(space: Eigenspace, states: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """The two coordinates in which e varies most, their values, and the mean of the states."""
    size = states.shape[1]
    rows = max(50, min(SAMPLE_ROWS, SAMPLE_NUMBERS // size))
    states = states[:: max(1, len(states) // rows)]
    mean = states.mean(axis=0)
    if size < 2:
        return np.empty(0, np.intp), np.empty((2, 0)), mean
    among = np.arange(size)
    if size > CANDIDATES:
        # Those whose size goes with |e|, be e odd or even about the mean.
        sizes = np.abs(first_of(space, states))
        strength = (sizes - sizes.mean()) @ np.abs(states - mean)
        among = np.sort(np.argsort(-np.abs(strength), kind="stable")[:CANDIDATES])
    low, high = np.quantile(states[:, among], [0.05, 0.95], axis=0)
    # Each coordinate alone through its range, all others at their mean.
    alone = np.tile(mean, (len(among), 3, 1))
    alone[np.arange(len(among)), :, among] = np.stack([low, (low + high) / 2, high], axis=1)
    values = first_of(space, alone.reshape(-1, size)).reshape(-1, 3)
    swing = np.abs(values - values.mean(axis=1, keepdims=True)).max(axis=1)
    best = np.sort(np.argsort(-swing, kind="stable")[:2])
    return among[best], np.linspace(low[best], high[best], GRID, axis=1), mean


@dataclass(frozen=True, eq=False)
class Portrait:
    """An exact eigenfunction e and the nearest combination of the recovered functions.

    Parameters
    ----------
    frame : Frame
        The points, and e there.
    difference : array, shape of `frame.exact`
        Recovered minus exact; NaN if the method has no value, complex if it is.
    error : float
        Sine of the angle from e to the span, over all test points: the eigenfunction error of a
        simple eigenvalue, for a multiple one at most that.
    """

    frame: Frame
    difference: NDArray
    error: float

    @property
    def recovered(self) -> NDArray:
        return self.frame.exact + self.difference


def portraits(
    model: Model,
    targets: Sequence[ScoredSpace],
    frame_of: Callable[[ScoredSpace], Frame],
    choices: Sequence[Choice],
    places: NDArray[np.intp],
    values: NDArray,
    usable: NDArray[np.bool_],
) -> tuple[tuple[Portrait, ...], str]:
    """Portraits of the slowest targets, and a note if one cannot be drawn.

    A target whose angle means nothing, by the rules of the eigenfunction error, has none.

    `values` (P, s) are the functions that count, at all windows of the test set; `places` (m, L)
    says which window is at each state of the frames, -1 for none, and `usable` which of the model's
    S functions these are.
    """
    slowest = sorted(zip(targets, choices, strict=True), key=lambda one: speed(one[0].space))
    slowest = slowest[:MOST_TARGETS]
    drawn, notes, on_slices = [], dict[str, None](), dict[tuple[int, ...], NDArray]()
    for target, choice in slowest:
        if choice.chosen is None:
            continue
        seen = frame_of(target)
        place = tuple(seen.coordinates)
        if place not in on_slices:
            on_slices[place], note = _on_slice(model, seen, usable)
            notes |= {note: None} if note else {}
        span, on_slice = values[:, choice.chosen], on_slices[place][:, choice.chosen]
        drawn.append(_portrait(target, seen, span, on_slice, places))
    return tuple(drawn), "; ".join(notes)


def _portrait(
    target: ScoredSpace, seen: Frame, span: NDArray, on_slice: NDArray, places: NDArray[np.intp]
) -> Portrait:
    # The coefficients of a function of any size would leave the range of floats.
    with np.errstate(all="ignore"):
        on_slice, span = level_columns(on_slice, like=span), level_columns(span)
    coefficients = projection(span, target.first)
    row = places[seen.visited]
    visited = span[np.maximum(row, 0)] @ coefficients
    visited[row < 0] = np.nan
    missed = np.linalg.norm(span @ coefficients - target.first) / np.linalg.norm(target.first)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.concatenate([visited, on_slice @ coefficients]) - seen.exact
    if np.iscomplexobj(difference):
        imaginary = np.abs(np.nan_to_num(difference.imag)).max()
        if imaginary <= ROUNDING * np.abs(seen.exact).max():
            difference = difference.real
    difference = np.where(np.isfinite(difference), difference, np.nan)
    return Portrait(seen, difference, min(float(missed), 1.0))


def projection(span: NDArray, function: NDArray) -> NDArray:
    """Coefficients (m,) of the least-squares approximation of a function (P,) by `span` (P, m).

    Directions are dropped as they are where angles are computed.
    """
    m = span.shape[1]
    norms = np.linalg.norm(span, axis=0)
    triangle = triangle_of(unit_columns(span), function[:, None])
    coefficients, _ = solve_truncated(triangle[:m, :m], triangle[:m, m:])
    return coefficients[:, 0] / np.where(norms > 0, norms, 1.0)


def _on_slice(model: Model, seen: Frame, usable: NDArray[np.bool_]) -> tuple[NDArray, str]:
    """The recovered functions on the slice (G, s); NaN, with a note, where there are none."""
    points = seen.axes.shape[1] ** 2
    none = np.full((points, int(usable.sum())), np.nan)
    if points == 0 and len(seen.mean) > 1:
        return none, "portrait: no map of a function that the sensors do not show"
    # A function of several consecutive states has no value at a state.
    if points == 0 or model.window > 1:
        return none, ""
    try:
        with np.errstate(all="ignore"):
            values = np.concatenate(
                [np.asarray(model.eigenfunctions(x[:, None])) for x in seen.slice_states()]
            )
        return values.reshape(points, len(usable))[:, usable], ""
    except Exception as error:  # noqa: BLE001 a picture must not cost the scores
        return none, f"portrait: no map ({named(error)})"
