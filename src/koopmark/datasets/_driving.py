"""How a recording was driven: the kind of its inputs, and what they excite."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation import Trajectories, excitation_of

Array = NDArray[np.float64]
Kind = Literal["white", "steps", "multisine", "smooth", "constant", "feedback"]
HELD = 0.05
"""Share of the steps in which inputs change up to which they are constant, if each trial has one
value; above one minus it they change at each."""
SMOOTH = 0.5
"""Correlation of inputs from one step to the next from which on they are not white."""
TONAL, FEWEST, MOST_TRIALS, MOST_TIMES = 0.82, 24, 50, 4096
"""Share of the power in a third of the frequencies of sums of sines, 0.7 of white inputs; times
that a spectrum needs, and what is looked at."""
FEEDBACK = 0.5
"""Share of the variance of the inputs that is linear in the state: from it on they are feedback."""


@dataclass(frozen=True, eq=False)
class Driving:
    """Properties of the inputs of a recording.

    Parameters
    ----------
    channels : int
    amplitude : (Q,) array
        Root mean square of each input.
    kind : str
        `white`: independent values in each interval; `steps`: values kept for several intervals;
        `multisine`: sums of a few sines; `smooth`: values that change a little in each interval;
        `constant`: one value in each trial; `feedback`: mostly linear in the state.
    hold : float
        Mean number of sampling intervals between two changes.
    of_state : float
        Largest share, over inputs, of the variance that is linear in the state.
    excitation : (Q,) array
        Singular values of the normalised inputs outside the span of 1 and the state: 1 for white
        inputs, 0 in directions in which gains are undetermined.
    """

    channels: int
    amplitude: Array
    kind: Kind
    hold: float
    of_state: float
    excitation: Array


def driving_of(data: Trajectories) -> Driving | None:
    """Measure the inputs of `data`; None if there are none."""
    if data.inputs is None or not data.inputs.shape[2]:
        return None
    held = np.asarray(data.inputs, dtype=float)
    q = held.shape[2]
    with np.errstate(invalid="ignore"):
        amplitude = np.sqrt(np.nanmean(held**2, axis=(0, 1)))
    changes = np.diff(held, axis=1)
    # The last value of a trial is held to no recorded state.
    changes = changes[:, :-1].reshape(-1, q)
    changes = changes[np.isfinite(changes).all(axis=1)]
    moved = (np.abs(changes) > 1e-12 * amplitude).any(axis=1)
    share = float(moved.mean()) if len(moved) else 0.0
    of_state = _of_state(data)
    kind: Kind = "white"
    if share <= 1e-12:
        kind = "constant"
    elif of_state >= FEEDBACK:
        kind = "feedback"
    elif share <= 1.0 - HELD:
        kind = "steps"
    else:
        centred = held - np.nanmean(held, axis=(0, 1))
        now, ahead = centred[:, :-1], centred[:, 1:]
        relation = np.nanmean(now * ahead, axis=(0, 1)) / np.nanmean(centred**2, axis=(0, 1))
        if _tones(held):
            kind = "multisine"
        elif np.abs(relation).max() >= SMOOTH:
            kind = "smooth"
    return Driving(
        channels=q,
        amplitude=amplitude,
        kind=kind,
        hold=1.0 / share if share > 0.0 else float("inf"),
        of_state=of_state,
        excitation=excitation_of(data) if data.neighbours else np.zeros(q),
    )


def _tones(held: Array) -> bool:
    """Whether a third of the frequencies hold TONAL of the power, in most trials."""
    shares = []
    for trial in held[:MOST_TRIALS]:
        known = trial[np.isfinite(trial).all(axis=1)][:MOST_TIMES]
        if len(known) < FEWEST:
            continue
        power = np.abs(np.fft.rfft(known - known.mean(axis=0), axis=0))[1:] ** 2
        largest = np.sort(power, axis=0)[::-1][: len(power) // 3]
        shares.append(float((largest.sum(axis=0) / np.maximum(power.sum(axis=0), 1e-300)).min()))
    return bool(shares) and float(np.median(shares)) >= TONAL


def _of_state(data: Trajectories) -> float:
    """R² of the linear fit of the inputs to the state at the time from which they are held."""
    states, _ = data.pairs()
    inputs = np.asarray(data.held(), dtype=float)
    known = np.isfinite(inputs).all(axis=1)
    states, inputs = states[known], inputs[known]
    if len(states) <= 2 * states.shape[1] + 2:
        return 0.0
    scale = np.abs(states).max(axis=0)
    rows = np.column_stack([np.ones(len(states)), states / np.where(scale > 0.0, scale, 1.0)])
    rest = inputs - rows @ np.linalg.lstsq(rows, inputs, rcond=None)[0]
    total = inputs.var(axis=0)
    varying = total > 1e-24 * np.mean(inputs**2, axis=0)
    if not varying.any():
        return 0.0
    unexplained = (rest**2).sum(axis=0)[varying] / (len(rows) - rows.shape[1])
    return float(np.clip(1.0 - unexplained / total[varying], 0.0, 1.0).max())
