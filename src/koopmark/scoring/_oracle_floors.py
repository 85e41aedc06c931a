"""Oracle floors: how close a dictionary comes to an exact eigenspace, whatever the fit.

The best combinations of the dictionary are fitted on fresh trajectories, which neither the method
nor the test set has seen, and scored on the test set as if they had been recovered. Fitted on the
test set itself they would interpolate: along a trajectory states are no independent points, and
300 functions on 60 trajectories show an error 400 times too small.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from math import ceil, nan

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark._keys import generator
from koopmark._tsqr import block_rows, eliminate
from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.scoring._subspaces import (
    POINTS_PER_FUNCTION,
    largest_and_rms,
    level_columns,
    outside,
    sines,
    solve_truncated,
)
from koopmark.scoring._targets import Floor, ScoredSpace
from koopmark.simulation import BLOCK, FreshTrajectories, Trajectories

TRAJECTORIES_PER_FUNCTION = 2
"""Fresh trajectories for each independent function of the dictionary.

Measured with 35 to 451 functions on ten targets: with 1 the floor is up to 4 times that of 16,
with 2 up to 2.5 times, with 4 up to 1.9 times."""
STATES_PER_FUNCTION = 20
"""Fresh states for each of them, which counts where trajectories are short."""
STATES_PER_TRAJECTORY = 32
"""So many of a trajectory, evenly spread, are used at most: twice as many take twice the time and
lower a floor by a tenth, in the worst case measured by a third."""
CLOSED = 1.1
"""A floor within this factor of its lower bound is as good as known: no more data are needed."""
EXACT = 1e-12
"""A floor up to this is rounding: the dictionary holds the target."""
SETTLED = 3.0
"""A floor that moves by more than this factor as the fresh data double says nothing, unless it is
within this factor of its lower bound."""
MOST_OF_NEEDED = 4
"""How many times as much data a floor that does not settle is given."""
ROUNDING = 1e-9
"""Below this a floor may move by any factor."""
WORK = 2e11
"""States times functions squared, ten seconds: 1,500 functions are given all that they need."""
MOST_FUNCTIONS = 2500
"""Larger dictionaries get no floor: it would cost as much as the fit."""
PROBES = 64
"""Fresh states at which dictionaries are told apart, beside the test set."""
FEWEST_STARTS = 10
"""Fewer test trajectories do not show the law of their initial states."""


def fresh_like(key: AnswerKey, test: Trajectories, seed: int = 0) -> FreshTrajectories | str:
    """Fresh trajectories with initial states like those of a test set, or why there are none.

    Each coordinate of an initial state is drawn independently, from the empirical quantiles of that
    coordinate at the first states of the finite trajectories in `test`. If coordinates are
    independent this reproduces their distribution except for its tails. If not, as for points on a
    circle, it covers more than occurs, and the floor comes out too high. There are no fresh
    trajectories if fewer than FEWEST_STARTS test trajectories have different initial states. `seed`
    draws the initial states, and the noise of a stochastic system.

    Inputs are copied from random test trajectories, starting at a random time and wrapping around
    at the end. If the data are sensor values, which do not determine the state, full states are
    drawn (`Trajectories.latent`) and their system is simulated.
    """
    simulate, source = key.simulate, test
    sensors, system = test.sensors, test.system
    if simulate is None and not (sensors is None or system is None or test.latent is None):
        simulate = AnswerKey.of(system).simulate
        source = replace(test, states=np.where(test.recorded.mask[..., None], test.latent, np.nan))
    if simulate is None:
        if sensors is not None or key.latent:
            return "the sensor values do not determine the state to simulate the system from"
        return "the answer key does not say how to simulate the system"
    size = source.states.shape[2]
    if test.regular:
        first, times = source.states[:, 0], test.times
    else:
        recorded = test.recorded
        rows = np.unique(recorded.trajectory, return_index=True)[1]
        first, longest = source.snapshots().reshape(-1, size)[rows], np.diff(recorded.bounds)
        times = test.dt * np.arange(longest.max())
    starts = np.sort(real(first, "states"), axis=0)
    if len(np.unique(starts, axis=0)) < FEWEST_STARTS:
        return (
            f"fewer than {FEWEST_STARTS} initial states in the test set do not tell how to draw "
            "others"
        )
    held: list[NDArray[np.float64]] = []
    if key.inputs and test.inputs is not None:
        held = [one[np.isfinite(one).all(axis=1)] for one in test.inputs]
        held = [one for one in held if len(one)]
        if not held:
            return "the test set has no inputs that fresh trajectories could have"
    ranks = np.linspace(0.0, 1.0, len(starts))

    def make(index: int) -> Trajectories:
        rng = generator([seed, index], "fresh trajectories")
        drawn = rng.uniform(size=(BLOCK, size))
        columns = zip(drawn.T, starts.T, strict=True)
        states = np.stack([np.interp(places, ranks, column) for places, column in columns], axis=1)
        driven = {"inputs": _shifted(held, len(times), rng)} if held else {}
        made = simulate(states, times, rng, **driven)
        return made if source is test or sensors is None else made.observed(sensors)

    return FreshTrajectories(make)


def _shifted(
    held: Sequence[NDArray[np.float64]], length: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Inputs (BLOCK, length, q): those of one of the trajectories (T, q), from some time on."""
    chosen = rng.integers(len(held), size=BLOCK)
    begin = rng.integers(max(map(len, held)), size=BLOCK)
    places = begin[:, None] + np.arange(length)
    return np.stack(
        [held[one].take(row, axis=0, mode="wrap") for one, row in zip(chosen, places, strict=True)]
    )


def oracle_floors(
    model: Model,
    windows: NDArray,
    targets: Sequence[ScoredSpace],
    fresh: FreshTrajectories | str,
    latent: bool = False,
) -> tuple[list[Floor], str]:
    """The oracle floor of each target, and a note if the dictionary has none.

    A floor is worked out once for each dictionary and test set: `fresh` keeps it, by the
    dictionary's values on the test set and at some fresh states.

    `windows` (P, window, N) are those of the test set, at whose last states the targets are, and
    `fresh` are sampled as the test set is if the window is more than one state; or why there are
    none. With `latent` the targets are functions of the whole state, of which the windows show a
    part (`Trajectories.latent`).

    Raises
    ------
    ValueError
        If the dictionary has another number of values than the windows, or of functions on fresh
        windows than on those of the test set.
    """
    values = _values(model, windows)
    if values is None:
        note = "the method has no dictionary that can be listed"
    elif not np.isfinite(values).all():
        count = int(np.sum(~np.isfinite(values).all(axis=0)))
        note = f"{count} dictionary functions are not finite on the test set"
    elif values.shape[1] > MOST_FUNCTIONS:
        note = f"{values.shape[1]} dictionary functions, more than {MOST_FUNCTIONS}"
    elif isinstance(fresh, str):
        note = fresh
    else:
        # Dictionaries that are alike on the test set may differ elsewhere.
        few = _spread(fresh.block(0), model.window)[:PROBES]
        elsewhere = _values(model, few) if len(few) else None
        there = () if elsewhere is None else (elsewhere,)
        total = hashlib.blake2b(f"{model.window}".encode(), digest_size=16)
        for array in (values, *there, *(target.values for target in targets)):
            total.update(f"{array.dtype.str}{array.shape}".encode())
            # Equal values have one digest, however they lie in memory.
            total.update(np.ascontiguousarray(array.T).data)
        made = fresh.once(
            total.digest(), lambda: _Fit(model, values, targets, fresh, latent).floors()
        )
        return made, ""
    return [Floor()] * len(targets), f"oracle_floor: {note}"


class _Fit:
    """The least-squares fit of all targets on fresh trajectories, block after block.

    All that it keeps of them is the triangular factor of [Ψ E], Ψ the values of the dictionary
    and E those of all targets.
    """

    def __init__(
        self,
        model: Model,
        at_test: NDArray,
        targets: Sequence[ScoredSpace],
        fresh: FreshTrajectories,
        latent: bool,
    ) -> None:
        self.model, self.targets, self.fresh, self.latent = model, targets, fresh, latent
        self.listed = at_test
        # One layout, as it decides how the floor is rounded: methods with equal values share it.
        self.at_test = np.asfortranarray(level_columns(at_test))
        self.count = at_test.shape[1]
        self.triangle: NDArray = np.zeros((0, 0))
        self.is_complex: list[bool] = []
        self.trajectories = self.states = 0

    def floors(self) -> list[Floor]:
        bases = [target.basis for target in self.targets]
        # A fit need not truncate, as a floor does, so that the bound must not.
        (part,) = outside(bases, self.at_test, [self.count], truncation=0.0)
        parts = np.split(part, np.cumsum([basis.shape[1] for basis in bases])[:-1], axis=1)
        bounds = np.array(
            [
                largest_and_rms(own)[0] if target.told_apart else nan
                for target, own in zip(self.targets, parts, strict=True)
            ]
        )
        found = np.full(len(self.targets), nan)
        blocks, upto = 0, 1
        while True:
            for index in range(blocks, upto):
                problem = self._add(self.fresh.block(index))
                if problem:
                    return [Floor(nan, bound, problem) for bound in bounds.tolist()]
            coefficients, rank = self._coefficients()
            before, found = found, self._at_test(coefficients)
            states = self.states / self.trajectories
            wanted = rank * max(TRAJECTORIES_PER_FUNCTION, STATES_PER_FUNCTION / states)
            blocks, needed = upto, max(2, ceil(wanted / BLOCK))
            closed = np.isnan(found) | (found <= np.maximum(CLOSED * bounds, EXACT))
            moved = np.maximum(found, before) / np.maximum(np.minimum(found, before), EXACT)
            near = found <= np.maximum(SETTLED * bounds, ROUNDING)
            settled = closed | ((blocks >= needed) & ((moved <= SETTLED) | near))
            # Half of those needed come first, then twice as many each time: so the last fit can be
            # told from one on half of its data, or more.
            half = ceil(needed / 2)
            if blocks >= needed:
                upto = 2 * blocks
            else:
                upto = needed if blocks >= half else min(2 * blocks, half)
            work = self.states * upto / blocks * self.count**2
            if settled.all() or work > WORK or upto > MOST_OF_NEEDED * needed:
                break
        floors = []
        for value, last, bound, good in zip(found, before, bounds, settled, strict=True):
            # What was fitted is a combination too: the best on the test set misses no more.
            floor = Floor(float(value), float(np.fmin(bound, value)))
            if not good:
                why = f"{value:.1e} on {self.trajectories} fresh trajectories"
                if self.trajectories < TRAJECTORIES_PER_FUNCTION * rank:
                    why = f"{why}, too few for {rank} independent functions"
                else:
                    why = f"{last:.1e} on half as many and {why}, not settled"
                floor = Floor(nan, floor.in_sample, f"oracle_floor: {why}")
            floors.append(floor)
        return floors

    def _add(self, block: Trajectories) -> str:
        """Take a block into the factor; why it cannot be, empty if it can."""
        windows = _spread(block, self.model.window)
        if not len(windows):
            return "oracle_floor: no fresh trajectory is finite"
        listed = _values(self.model, windows)
        if listed is None or listed.shape[1] != self.count:
            raise ValueError(f"a dictionary that is not one of {self.count} functions everywhere")
        values = level_columns(listed, like=self.listed)
        lost = int(np.sum(~np.isfinite(values).all(axis=0)))
        if lost:
            return f"oracle_floor: {lost} dictionary functions are not finite on fresh trajectories"
        states = windows[:, -1]
        if self.latent:
            if block.latent is None:
                return "oracle_floor: fresh trajectories without the whole state"
            whole = replace(block, states=block.latent)
            states = _spread(whole, self.model.window)[:, -1]
        exact = [target.directions.evaluate(states) for target in self.targets]
        self.is_complex = [np.iscomplexobj(own) for own in exact]
        rows = np.hstack([values, *(part for own in exact for part in _parts(own))])
        columns, step = rows.shape[1], block_rows(rows.shape[1])
        triangle = self.triangle if self.triangle.size else np.zeros((columns, columns))
        dtype = np.result_type(rows, triangle)
        triangle = np.asfortranarray(triangle, dtype)
        for start in range(0, len(rows), step):
            part = np.array(rows[start : start + step], dtype, order="F")
            triangle = eliminate(triangle, part)
        if not np.isfinite(triangle).all():
            return "oracle_floor: values on fresh trajectories are beyond what a float holds"
        self.triangle = triangle
        self.trajectories += len(block.states)
        self.states += len(rows)
        return ""

    def _coefficients(self) -> tuple[NDArray, int]:
        """The best combinations (D, ·), and how many functions are independent of each other."""
        own, right = np.split(self.triangle[: self.count], [self.count], axis=1)
        # First to unit size, then to unit norm, which alone could overflow.
        sizes = np.max([np.abs(part).max(axis=0, initial=0.0) for part in _parts(own)], axis=0)
        sizes = np.where(sizes > 0, sizes, 1.0)
        norms = np.linalg.norm(own / sizes, axis=0)
        sizes = sizes * np.where(norms > 0, norms, 1.0)
        found, rank = solve_truncated(own / sizes, right)
        return found / sizes[:, None], rank

    def _at_test(self, coefficients: NDArray) -> NDArray[np.float64]:
        """The score of these combinations on the test set, for each target."""
        values, found, column = self.at_test @ coefficients, [], 0
        for target, is_complex in zip(self.targets, self.is_complex, strict=True):
            m = target.scored_dimension
            own = values[:, column : column + m]
            column += m
            if is_complex:
                own = own + 1j * values[:, column : column + m]
                column += m
            able = target.told_apart and len(own) >= POINTS_PER_FUNCTION * m
            found.append(sines(target.values, target.triangle, own)[0] if able else nan)
        return np.array(found)


def _spread(block: Trajectories, window: int) -> NDArray:
    """Windows (P, window, N) at up to STATES_PER_TRAJECTORY times of each trajectory and its first.

    The first states are the corners of the region: without them the fit extrapolates there. All
    other times are alike over the trajectories.
    """
    windows = block.rolling(window)
    stride = ceil(windows.shape[1] / STATES_PER_TRAJECTORY)
    places = np.arange(windows.shape[1])
    chosen = [
        one[(places == 0) | (places % stride == number % stride)]
        for number, one in enumerate(windows)
    ]
    return np.concatenate(chosen) if chosen else windows.reshape(0, *windows.shape[2:])


def _parts(values: NDArray) -> list[NDArray]:
    return [values.real, values.imag] if np.iscomplexobj(values) else [values]


def _values(model: Model, windows: NDArray) -> NDArray | None:
    """Of the dictionary (P, D), real where they can be; None where it is not listed."""
    listed = model.dictionary(windows)
    if listed is None:
        return None
    # A copy: a dictionary may write its next values over these.
    values = np.array(listed)
    if values.ndim != 2 or len(values) != len(windows):
        raise ValueError(f"dictionary values of shape {values.shape} at {len(windows)} points")
    return values if not np.iscomplexobj(values) or values.imag.any() else values.real
