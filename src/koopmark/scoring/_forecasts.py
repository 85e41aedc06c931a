"""Errors of forecasts of held-out data by lead, for a model or any other predictor."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.models import Model
from koopmark.simulation import Trajectories

LEADS = 12
"""Number of leads at which forecasts are compared, spread evenly over the logarithm."""
LONGEST_LEAD = 1000
"""Sampling intervals that a forecast reaches ahead at most."""
FEWEST = 3
"""Times that the longest lead fits into the data, end to end: what one start says is chance."""
MOST_STARTS = 500
"""Forecasts of one lead, but one of each stretch at least."""
PARTS = 100
"""Largest number of parts of the data with separate errors."""

Predictor = Callable[[NDArray, NDArray[np.intp], NDArray | None], NDArray | None]
"""Maps windows (P, w, N), increasing numbers of intervals ahead (K,), and inputs (P, S, q) held
from the last state of each window on (S the largest number ahead) to states (P, K, N), or to None
if it makes no predictions."""


@dataclass(frozen=True)
class LeadError:
    """Error of forecasts at one lead.

    Parameters
    ----------
    steps : int
    error : float
        Root mean square over channels, each in units of its scale; infinite if a forecast is not
        finite.
    forecasts : int
    parts : tuple of (int, int, float)
        For each part of the data: its number, the number of forecasts that start in it, and their
        mean square error. Parts are trials, or PARTS groups of many trials, or PARTS time spans of
        a single trial.
    """

    steps: int
    error: float
    forecasts: int
    parts: tuple[tuple[int, int, float], ...] = ()


def leads_of(data: Trajectories) -> NDArray[np.intp]:
    """Leads, in sampling intervals, at which forecasts of these data are scored."""
    blocks = [(block.states.shape[1] - 1, len(block)) for block in data.blocks()]
    longest = max((length for length, _ in blocks), default=0)
    while longest > 1 and sum(count * (length // longest) for length, count in blocks) < FEWEST:
        # The longest shorter one that fits into some stretch once more.
        longest = max(1, *(length // (length // longest + 1) for length, _ in blocks))
    if not longest:
        return np.empty(0, dtype=np.intp)
    return np.unique(np.geomspace(1, min(longest, LONGEST_LEAD), LEADS).round().astype(np.intp))


def scale_of(train: Trajectories) -> NDArray[np.float64]:
    """Standard deviations (N,) of the channels as units of errors; 1 for constant channels."""
    scale = train.snapshots().reshape(-1, train.states.shape[2]).std(axis=0)
    # Rounding leaves a constant channel a spread.
    size = np.maximum(*np.abs(train.extremes)) if train.full else scale
    return np.where(scale > 1e-12 * size, scale, 1.0)


def lead_errors(
    predict: Predictor, window: int, data: Trajectories, scale: NDArray[np.float64]
) -> Iterator[LeadError]:
    """Forecast errors at each lead, from starts spread evenly over every segment.

    Parameters
    ----------
    predict : callable
    window : int
        Number of states that the predictor takes. Forecasts start at the last states of windows, so
        predictors with different windows have different starts.
    data : Trajectories
        Held-out data, possibly with gaps, inputs and unequal lengths.
    scale : (N,) array
        Unit of the error of each channel.
    """
    leads = leads_of(data)
    squares, counts = np.zeros((PARTS, len(leads))), np.zeros((PARTS, len(leads)), dtype=int)
    blocks = data.blocks(least=window + 1)
    stretches = sum(len(block) for block in blocks)
    for block, first in zip(blocks, _first(data, window + 1), strict=True):
        last = block.states.shape[1] - 1
        several = max(1, min(MOST_STARTS // stretches, last - window + 1))
        for start in np.unique(np.linspace(window - 1, last - 1, several).astype(int)):
            steps = leads[leads <= last - start]
            windows = block.rolling(window)[:, start - window + 1]
            held = None
            if block.inputs is not None:
                held = block.inputs[:, start : start + steps[-1]]
            with np.errstate(all="ignore"):
                predicted = predict(windows, steps, held)
                if predicted is None:
                    return
                missed = (predicted - block.states[:, start + steps]) / scale
                square = np.sum(missed**2, axis=2)
            part = _part_of(data, first + start)
            ahead = np.arange(len(steps))
            np.add.at(squares, (part[:, None], ahead), square)
            np.add.at(counts, (part[:, None], ahead), 1)
    for steps, total, count in zip(leads, squares.T, counts.T, strict=True):
        if count.any():
            error = float(np.sqrt(total.sum() / (count.sum() * len(scale))))
            parts = tuple(
                (int(part), int(count[part]), float(total[part] / (count[part] * len(scale))))
                for part in np.flatnonzero(count)
            )
            yield LeadError(
                int(steps), error if error == error else np.inf, int(count.sum()), parts
            )


def _first(data: Trajectories, least: int) -> list[NDArray[np.intp]]:
    """Of each of the `blocks` the number of the first state of each stretch, over all trials."""
    length = data.states.shape[1]
    if data.regular:
        return [np.arange(len(data)) * length]
    return [rows[:, 0] for rows in data.recorded.stretches(least).values()]


def _part_of(data: Trajectories, state: NDArray[np.intp]) -> NDArray[np.intp]:
    """The parts that states with these numbers are in."""
    length = data.states.shape[1]
    if len(data) == 1:
        return state * min(PARTS, length) // length
    return (state // length) * min(PARTS, len(data)) // len(data)


def of_model(model: Model, dt: float) -> Predictor:
    """The forecast function of a model for data with this sampling interval."""

    def predict(
        windows: NDArray, steps: NDArray[np.intp], inputs: NDArray | None
    ) -> NDArray | None:
        if inputs is None or model.gains is None:
            return model.predict(windows, dt * steps)
        made = model.predict(windows, dt * np.arange(1, steps[-1] + 1), inputs=inputs)
        return None if made is None else made[:, steps - 1]

    return predict
