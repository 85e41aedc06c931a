"""Forecasts of held-out data, from as many starts as they allow."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from koopmark.models import Model
from koopmark.scoring._evaluate import ForecastScores
from koopmark.simulation import Trajectories

LEADS = 12
"""Times ahead at which forecasts are compared, evenly spread over the logarithm."""
FEWEST = 3
"""Stretches that the longest lead fits into, one after another: what one start says is chance."""
STARTS = 60
"""Forecasts of each lead, if the stretches are long enough to start several in each."""


def leads_of(data: Trajectories) -> NDArray[np.intp]:
    """Numbers of sampling intervals by which forecasts of these data reach ahead."""
    blocks = [(block.states.shape[1] - 1, len(block.states)) for block in data.blocks()]
    longest = max((length for length, _ in blocks), default=0)
    while longest > 1 and sum(count * (length // longest) for length, count in blocks) < FEWEST:
        longest = _next(longest, blocks)
    if not longest:
        return np.empty(0, dtype=np.intp)
    return np.unique(np.geomspace(1, longest, LEADS).round().astype(np.intp))


def _next(longest: int, blocks: list[tuple[int, int]]) -> int:
    """The longest shorter lead that fits into some stretch once more."""
    return max(1, *(length // (length // longest + 1) for length, _ in blocks))


def forecast_starts(
    data: Trajectories, window: int, steps: int
) -> Iterator[tuple[Trajectories, NDArray[np.intp]]]:
    """Blocks of the data, and at which of their states forecasts of this lead start.

    A start is the last state of a window. They are evenly spread over each stretch, the first of
    them at its first window.
    """
    blocks = data.blocks(least=window + steps)
    count = sum(len(block.states) for block in blocks)
    each = -(-STARTS // count) if count else 0
    for block in blocks:
        last = block.states.shape[1] - 1 - steps
        spread = np.linspace(window - 1, last, min(each, last - window + 2))
        yield block, np.unique(spread.astype(np.intp))


def forecasts(
    model: Model, held_out: Trajectories, train: Trajectories
) -> Iterator[ForecastScores]:
    """Errors by lead, in standard deviations of the training data; none if it does not predict."""
    scale = train.snapshots().reshape(-1, train.states.shape[2]).std(axis=0)
    scale[scale == 0.0] = 1.0
    for steps in map(int, leads_of(held_out)):
        squares, count = 0.0, 0
        for block, starts in forecast_starts(held_out, model.window, steps):
            windows = block.rolling(model.window)[:, starts - model.window + 1]
            given = windows.reshape(-1, *windows.shape[2:])
            truth = block.states[:, starts + steps].reshape(len(given), -1)
            ahead, held = np.array([steps]), None
            if block.inputs is not None:
                rows = starts[:, None] + np.arange(steps)
                held = block.inputs[:, rows].reshape(len(given), steps, -1)
                ahead = np.arange(1, steps + 1)
            with np.errstate(over="ignore", invalid="ignore"):
                predicted = model.predict(given, block.dt * ahead, inputs=held)
                if predicted is None:
                    return
                squares += float(np.sum(((predicted[:, -1] - truth) / scale) ** 2))
            count += len(given)
        if count:
            error = float(np.sqrt(squares / (count * len(scale))))
            lead = steps * held_out.dt
            yield ForecastScores(steps, lead, error if error == error else np.inf, count)
