"""Forecasts beside those that need no model: persistence, the mean, the best linear predictor."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import lstsq

from koopmark.datasets.recording import BLOCKS
from koopmark.scoring import lead_errors, scale_of
from koopmark.simulation import Trajectories

PERSISTENCE, MEAN, LINEAR = "persistence", "mean", "linear"
BASELINES = (PERSISTENCE, MEAN, LINEAR)
COLUMNS = ["method", "steps", "lead", "error", "skill", "forecasts", "independent"]
MOST_WORK = 4_000_000_000
"""Rows times squared columns of the least squares of one lead: of more rows an even part is used,
but five times as many as columns at least."""
ROWS_A_COLUMN = 5


def skill_of(
    forecasts: pd.DataFrame,
    windows: Mapping[str, int],
    train: Trajectories,
    held_out: Trajectories,
) -> pd.DataFrame:
    """Errors of methods and baselines at each lead, and the skill of each.

    The skill is 1 - (error / least error of the three baselines)², of forecasts from the same
    starts: those of a method that takes a window of states are later, and so are those of the
    baselines that it is compared with. In the table baselines take one state. `independent` is how
    many of the forecasts share neither a trial nor, of a single trial, a stretch of time.

    Parameters
    ----------
    forecasts : DataFrame
        Rows of the store's table, of the fits to the training trials.
    windows : dict from str to int
        States that each method takes, by its name.
    train, held_out : Trajectories
    """
    if forecasts.empty:
        return pd.DataFrame(columns=COLUMNS)
    leads = np.unique(forecasts["steps"].to_numpy(int))
    predictors = {int(k): linear_predictor(train, int(k)) for k in leads}
    lengths = {1, *(windows[name] for name in forecasts["method"])}
    own = {w: _baselines(predictors, w, train, held_out) for w in sorted(lengths)}
    apart = {int(k): _independent(held_out, int(k)) for k in leads}
    rows: list[list[object]] = []
    for name, errors in own[1].items():
        best = {k: min(one[k][0] for one in own[1].values()) for k in errors}
        rows += [
            [name, k, k * held_out.dt, error, _skill(error, best[k]), count, min(apart[k], count)]
            for k, (error, count) in errors.items()
        ]
    kept = ["method", "steps", "lead", "error", "forecasts"]
    for method, steps, lead, error, count in forecasts[kept].itertuples(index=False):
        k = int(steps)
        least = min(one.get(k, (np.nan, 0))[0] for one in own[windows[method]].values())
        rows.append(
            [method, k, lead, error, _skill(error, least), int(count), min(apart[k], int(count))]
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _skill(error: float, least: float) -> float:
    return float(1.0 - np.square(np.divide(error, least))) if least > 0.0 else np.nan


def _independent(held_out: Trajectories, steps: int) -> int:
    """Trials with forecasts so far ahead; of one trial stretches as long, as many as draws take."""
    blocks = held_out.blocks(least=1 + steps)
    if len(held_out) > 1:
        return min(len(held_out), sum(len(block) for block in blocks))
    spans = sum(len(block) * ((block.states.shape[1] - 1) // steps) for block in blocks)
    return min(spans, BLOCKS)


def _baselines(
    predictors: Mapping[int, NDArray[np.float64]],
    window: int,
    train: Trajectories,
    held_out: Trajectories,
) -> dict[str, dict[int, tuple[float, int]]]:
    """By baseline and steps: the error, in standard deviations of the training data, and count."""
    n = train.states.shape[2]
    mean = train.snapshots().reshape(-1, n).mean(axis=0)

    def persistence(windows: NDArray, steps: NDArray[np.intp], _: NDArray | None) -> NDArray:
        return np.repeat(windows[:, -1:], len(steps), axis=1)

    def constant(windows: NDArray, steps: NDArray[np.intp], _: NDArray | None) -> NDArray:
        return np.broadcast_to(mean, (len(windows), len(steps), n))

    def linear(windows: NDArray, steps: NDArray[np.intp], held: NDArray | None) -> NDArray:
        return np.stack(
            [
                _rows(windows[:, -1], None if held is None else held[:, :k], len(predictors[k]))
                @ predictors[k]
                if k in predictors
                else np.full((len(windows), n), np.nan)
                for k in map(int, steps)
            ],
            axis=1,
        )

    scale = scale_of(train)
    named = zip(BASELINES, (persistence, constant, linear), strict=True)
    return {
        name: {
            one.steps: (one.error, one.forecasts)
            for one in lead_errors(predict, window, held_out, scale)
            if one.steps in predictors
        }
        for name, predict in named
    }


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
        parts.append(held.reshape(len(held), -1))
    return np.hstack(parts)
