"""Inputs held between sampling times, and their effect on the null component.

Under inputs P y(t) = scale(t) P y(0) [+ velocity t] + P B w(t), where the same law carries w (q,)
on: w(t_k + s) = scale(s) w_k + gain(s) v_k, w_0 = 0. That is all of it that needs to be known
beside the r coordinates, whatever N is. Of a map t counts steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import real
from koopmark.systems import System
from koopmark.truth import LinearLaw

Array = NDArray[np.float64]
Feedback = Callable[[int, Array], ArrayLike]
"""Maps the number of an interval and the states (M, N) at its start to the inputs (M, q) in it."""
WHOLE = 1e-9
"""Deviation up to which times are whole numbers of steps apart."""


def elapsed_of(system: System, grid: Array) -> Array:
    """Times elapsed since the first of the times (T,) or (M, T); whole numbers of steps for a map.

    Raises
    ------
    ValueError
        If the times of a map are no whole numbers apart.
    """
    elapsed = grid - grid[..., :1]
    if not system.discrete:
        return elapsed
    steps = np.rint(elapsed)
    # Times far from zero carry their own rounding.
    wrong = np.abs(elapsed - steps) > WHOLE + 4.0 * np.spacing(np.abs(grid))
    wrong[..., 1:] |= np.diff(steps) < 1.0
    if wrong.any():
        at = tuple(int(k) for k in np.argwhere(wrong)[0])
        first = grid[(*at[:-1], 0)]
        raise ValueError(
            "the unit of time of a map is one step: its times must be whole numbers apart, but "
            f"times[{', '.join(map(str, at))}] = {grid[at]:.12g} is {grid[at] - first:.12g} after "
            "the first; numpy.arange(T) asks for every step"
        )
    return steps


def takes_inputs(system: System) -> None:
    """Raise ValueError if the system takes no inputs."""
    if not system.inputs:
        raise ValueError(
            f"this {type(system).__name__} takes no inputs: with_inputs(B) of a network makes one "
            "that does, and koopmark.systems.from_weights(W, inputs=B)"
        )


def takes_step_and_states(law: Feedback) -> None:
    """Raise TypeError if a feedback law cannot be called as `law(step, states)`."""
    try:
        taken = signature(law)
    except (TypeError, ValueError):
        # Compiled functions may have none.
        return
    try:
        taken.bind(0, None)
    except TypeError:
        raise TypeError(
            f"a feedback law is called as inputs(step, states), with the number of an interval and "
            f"the states (M, N) at its start, and this one takes {taken}"
        ) from None


def feedback_of(law: Feedback, step: int, states: Array, running: NDArray, q: int) -> Array:
    """Inputs (M, q) that a feedback law gives for states (M, N) at the start of an interval.

    Raises
    ------
    ValueError
        If it returns another shape or, for one that is `running` (M,), no finite value.
    """
    seen = states.view()
    seen.flags.writeable = False
    v = real(law(step, seen), f"inputs({step}, states)")
    if v.shape != (len(states), q):
        raise ValueError(
            f"a feedback law must return inputs of shape ({len(states)}, {q}), a row for each "
            f"trajectory and a column for each input, got {v.shape} in interval {step}"
        )
    bad = ~np.isfinite(v) & running[:, None]
    if bad.any():
        m, channel = np.argwhere(bad)[0]
        raise ValueError(
            f"the feedback law returned {v[m, channel]:g} for input {channel} of trajectory {m} in "
            f"interval {step}: it must be finite while the states are"
        )
    return v


def inputs_of(given: ArrayLike, system: System, count: int, grid: Array) -> Array:
    """Inputs (M, T, q) for `count` trajectories, from (T, q) or (M, T, q).

    NaN is let through from the last time of a trajectory on, where inputs have no effect.

    Raises
    ------
    ValueError
        If the system takes none, they have another shape, or one that matters is not finite.
    """
    takes_inputs(system)
    v, length, q = real(given, "inputs"), grid.shape[-1], system.inputs
    if v.shape not in ((length, q), (count, length, q)):
        raise ValueError(
            f"inputs must have shape ({length}, {q}) or ({count}, {length}, {q}), a value of each "
            f"of {q} inputs at each of {length} times, got {v.shape}"
        )
    bad = ~np.isfinite(v[..., :-1, :])
    if bad.any():
        bad = np.broadcast_to(bad, (count, length - 1, q)) & np.isfinite(grid[..., 1:, None])
    if bad.any():
        at = np.argwhere(bad)[0][3 - v.ndim :]
        raise ValueError(
            f"inputs[{', '.join(map(str, at))}] is {v[tuple(at)]:g}: each must be finite up to the "
            "last time of its trajectory"
        )
    return np.broadcast_to(v, (count, length, q)).copy()


@dataclass(frozen=True, eq=False)
class HeldInputs:
    """Inputs of M trajectories, each held from one time to the next.

    Parameters
    ----------
    values : (M, T, q) array
        v_k.
    elapsed : (T,) or (M, T) array
        Times elapsed at which they begin; NaN behind the end of a trajectory.
    carried : (M, T, q) array
        w at each time; zero if the law of the null component is not known.
    law : LinearLaw, optional
        Of the null component.
    """

    values: Array
    elapsed: Array
    carried: Array
    law: LinearLaw | None

    @classmethod
    def under(cls, law: LinearLaw | None, values: Array, elapsed: Array) -> "HeldInputs":
        """The same inputs with the carried effect w computed by this law."""
        w = np.zeros(values.shape)
        if law is not None:
            apart = np.diff(elapsed)[..., None]
            scale, gain = law.scale(apart), law.gain(apart)
            for k in range(values.shape[1] - 1):
                w[:, k + 1] = scale[..., k, :] * w[:, k] + gain[..., k, :] * values[:, k]
        return cls(values, elapsed, w, law)

    def of(self, part: slice | NDArray) -> "HeldInputs":
        """The inputs of some of the trajectories."""
        elapsed = self.elapsed if self.elapsed.ndim == 1 else self.elapsed[part]
        return HeldInputs(self.values[part], elapsed, self.carried[part], self.law)


class LaneInputs:
    """Inputs of m lanes, each of which is in its own interval.

    An interval ends where an input changes: equal values side by side are one.

    Attributes
    ----------
    v, w : (q, m) array
        In the interval of each lane, and at its start.
    since, until : (m,) array
        Its start and its end, in time elapsed; infinite for the last.
    """

    def __init__(self, held: HeldInputs) -> None:
        values, law = held.values[:, :-1], held.law
        elapsed = np.broadcast_to(held.elapsed, held.values.shape[:2])
        begins = np.ones(values.shape[:2], dtype=bool)
        begins[:, 1:] = (values[:, 1:] != values[:, :-1]).any(axis=2)
        begins &= np.isfinite(elapsed[:, 1:])
        begins[:, :1] = True
        # The starts of the intervals of a lane side by side, then what belongs to none.
        count = begins.sum(axis=1)
        order = np.argsort(~begins, axis=1, kind="stable")[:, : count.max(initial=1)]
        start = np.take_along_axis(elapsed[:, :-1], order, axis=1)
        start[np.arange(order.shape[1]) >= count[:, None]] = np.inf
        # By interval, so that those of all lanes are one view where all are at the same.
        self._starts = np.vstack([start.T, np.full(len(start), np.inf)])
        self._values, self._carried = (
            np.ascontiguousarray(
                np.take_along_axis(each, order[..., None], axis=1).transpose(1, 2, 0)
            )
            for each in (values, held.carried[:, :-1])
        )
        self._law = law
        self._lane = np.arange(len(start))
        self._index = np.zeros(len(start), dtype=np.intp)
        self._take()

    def _take(self) -> None:
        lane, k = self._lane, self._index
        if len(k) and len(k) == self._starts.shape[1] and (k == k[0]).all():
            self.since, self.until = self._starts[k[0]], self._starts[k[0] + 1]
            self.v, self.w = self._values[k[0]], self._carried[k[0]]
            return
        self.since, self.until = self._starts[k, lane], self._starts[k + 1, lane]
        self.v = np.ascontiguousarray(self._values[k, :, lane].T)
        self.w = np.ascontiguousarray(self._carried[k, :, lane].T)

    def advance(self, arrived: NDArray[np.bool_]) -> Array:
        """Move the lanes that `arrived` to their next interval; returns the change of v (q, m)."""
        before = self.v
        self._index = self._index + arrived
        self._take()
        return self.v - before

    def keep(self, lanes: NDArray[np.intp]) -> None:
        """Keep only these lanes."""
        self._lane, self._index = self._lane[lanes], self._index[lanes]
        self._take()

    def carried(self, t: Array) -> Array:
        """Carried inputs w (..., q, m) at elapsed times (..., m), in the interval of each lane."""
        if self._law is None:
            return np.zeros((*t.shape[:-1], *self.v.shape))
        s = t - self.since
        scale, gain = self._law.scale(s), self._law.gain(s)
        return scale[..., None, :] * self.w + gain[..., None, :] * self.v
