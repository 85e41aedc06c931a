"""Forecasts beside those that need no model: persistence, the mean, the best linear predictor."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import lstsq

from koopmark.scoring import lead_errors, leads_of, scale_of
from koopmark.simulation import Trajectories

PERSISTENCE, MEAN, LINEAR = "persistence", "mean", "linear"
BASELINES = (PERSISTENCE, MEAN, LINEAR)
COLUMNS = ["method", "steps", "lead", "error", "skill", "forecasts"]
MOST_WORK = 4_000_000_000
"""Rows times squared columns of the least squares of one lead: of more rows an even part is used,
but five times as many as columns at least."""
ROWS_A_COLUMN = 5


def skill_of(
    forecasts: pd.DataFrame,
    windows: dict[str, int],
    train: Trajectories,
    held_out: Trajectories,
) -> pd.DataFrame:
    """Errors of methods and baselines at each lead, and the skill of each.

    The skill is 1 - (error / least error of the three baselines)², of forecasts from the same
    starts: a method that takes a window of states starts at the last of it, and so do the baselines
    that it is compared with. Those in the table start at single states.

    Parameters
    ----------
    forecasts : DataFrame
        Rows of the store's table, of the fits to the training trials.
    windows : dict from str to int
        States that each method takes, by its name.
    train, held_out : Trajectories
    """
    predictors = {int(k): linear_predictor(train, int(k)) for k in leads_of(held_out)}
    lengths = {1, *(windows[name] for name in forecasts["method"])}
    own = {
        length: dict(_baselines(train, held_out, predictors, length)) for length in sorted(lengths)
    }
    rows = [
        [name, k, k * held_out.dt, errors[name], np.nan, count]
        for name in BASELINES
        for k, (errors, count) in own[1].items()
    ]
    kept = ["method", "steps", "lead", "error", "forecasts"]
    for method, k, lead, error, count in forecasts[kept].itertuples(index=False):
        rows.append([method, int(k), lead, error, np.nan, int(count)])
    table = pd.DataFrame(rows, columns=COLUMNS)
    best = [
        min(own[windows.get(method, 1)].get(k, ({"": np.nan}, 0))[0].values())
        for method, k in zip(table["method"], table["steps"], strict=True)
    ]
    table["skill"] = 1.0 - np.square(table["error"] / np.array(best))
    return table


def _baselines(
    train: Trajectories,
    held_out: Trajectories,
    predictors: dict[int, NDArray[np.float64]],
    window: int,
) -> Iterator[tuple[int, tuple[dict[str, float], int]]]:
    """By steps: root-mean-square errors in standard deviations of the training data, and count."""
    scale, found = scale_of(train), dict[int, tuple[dict[str, float], int]]()
    mean = train.snapshots().reshape(-1, len(scale)).mean(axis=0)

    def persistence(windows: NDArray, steps: NDArray, _: NDArray | None) -> NDArray:
        return np.repeat(windows[:, -1:], len(steps), axis=1)

    def climate(windows: NDArray, steps: NDArray, _: NDArray | None) -> NDArray:
        return np.broadcast_to(mean, (len(windows), len(steps), len(mean)))

    def linear(windows: NDArray, steps: NDArray, inputs: NDArray | None) -> NDArray:
        ahead = []
        for k in map(int, steps):
            held = None if inputs is None else inputs[:, :k].reshape(len(windows), -1)
            ahead.append(_rows(windows[:, -1], held, len(predictors[k])) @ predictors[k])
        return np.stack(ahead, axis=1)

    for name, predict in zip(BASELINES, (persistence, climate, linear), strict=True):
        for one in lead_errors(predict, window, held_out, scale):
            errors, _ = found.setdefault(one.steps, ({}, one.forecasts))
            errors[name] = one.error
    yield from found.items()


def linear_predictor(train: Trajectories, steps: int) -> NDArray[np.float64]:
    """Coefficients (1 + N [+ steps q], N) of least squares for the state so many steps later.

    Of a constant, the state, and, if there are data enough to fit them, the inputs held at each
    step in between; of minimal norm where they are not unique, and zero without data.
    """
    n = train.states.shape[2]
    before, after, held = [], [], []
    for block in train.blocks(least=1 + steps):
        t = block.states.shape[1]
        before.append(block.states[:, : t - steps].reshape(-1, n))
        after.append(block.states[:, steps:].reshape(-1, n))
        if block.inputs is not None:
            q = block.inputs.shape[2]
            stacked = np.lib.stride_tricks.sliding_window_view(block.inputs, steps, axis=1)
            held.append(np.moveaxis(stacked[:, : t - steps], 3, 2).reshape(-1, steps * q))
    if not before:
        return np.zeros((1 + n, n))
    x, y = np.concatenate(before), np.concatenate(after)
    u = np.concatenate(held) if held else np.empty((len(x), 0))
    columns = 1 + n + u.shape[1]
    if len(x) < ROWS_A_COLUMN * columns:
        u, columns = u[:, :0], 1 + n
    most = max(MOST_WORK // columns**2, ROWS_A_COLUMN * columns)
    some = np.unique(np.linspace(0, len(x) - 1, min(len(x), most)).astype(int))
    rows = np.hstack([np.ones((len(some), 1)), x[some], u[some]])
    size = np.abs(rows).max(axis=0)
    size[size == 0.0] = 1.0
    solution, *_ = lstsq(rows / size, y[some], lapack_driver="gelsy")
    return solution / size[:, None]


def _rows(
    states: NDArray[np.float64], held: NDArray[np.float64] | None, columns: int
) -> NDArray[np.float64]:
    """Rows (M, columns) of a constant, states, and inputs if the columns are theirs."""
    parts = [np.ones((len(states), 1)), states]
    if held is not None and columns > 1 + states.shape[1]:
        parts.append(held)
    return np.hstack(parts)
