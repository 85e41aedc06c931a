"""Forecasts beside those that need no model: persistence, the mean, the best linear predictor."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import lstsq
from scipy.special import stdtr

from koopmark.scoring import PARTS, LeadError, lead_errors, leads_of, scale_of
from koopmark.simulation import Trajectories

PERSISTENCE, MEAN, LINEAR = "persistence", "mean", "linear"
BASELINES = (PERSISTENCE, MEAN, LINEAR)
COLUMNS = ["method", "steps", "lead", "error", "skill", "forecasts", "independent", "told"]
BETTER, WORSE = "better", "worse"
WRONG = 0.05
"""Share of analyses in which some method may be told to be better, or worse, and is not."""
FEWEST_APART = 5
"""Independent forecasts without which nothing is told."""
MOST_WORK = 4_000_000_000
"""Rows times squared columns of the least squares of one lead: of more rows an even part is used,
but five times as many as columns at least."""
ROWS_A_COLUMN = 5


def skill_of(
    forecasts: pd.DataFrame,
    windows: Mapping[str, int],
    train: Trajectories,
    held_out: Trajectories,
    lasts: float = 0.0,
) -> pd.DataFrame:
    """Errors of methods and baselines at each lead, and the skill of each.

    The skill is 1 - (error / least error of the three baselines)², of forecasts from the same
    starts: those of a method that takes a window of states are later, and so are those of the
    baselines that it is compared with. In the table baselines take one state.

    `independent` is of how many trials the forecasts are, or, of a single trial, how many spans of
    time there are as long as the lead and the correlation time together. `told` is "better" if
    squared errors are smaller than those of all three baselines, by a paired t test over these, and
    "worse" if they are larger than those of one. With no gain anywhere either is said of any method
    at any lead in WRONG of all analyses at most (Bonferroni).

    Parameters
    ----------
    forecasts : DataFrame
        Rows of the store's table, of the fits to the training trials.
    windows : dict from str to int
        States that each method takes, by its name.
    train, held_out : Trajectories
    lasts : float
        The correlation time, in which a single trial forgets.
    """
    if forecasts.empty:
        return pd.DataFrame(columns=COLUMNS)
    leads = leads_of(held_out)
    predictors = {int(k): linear_predictor(train, int(k)) for k in leads}
    lengths = {1, *(windows[name] for name in forecasts["method"])}
    own = {w: _baselines(predictors, w, train, held_out) for w in sorted(lengths)}
    level = WRONG / len(forecasts)
    rows: list[list[object]] = []
    for name, errors in own[1].items():
        best = {k: min(one[k].error for one in own[1].values()) for k in errors}
        for k, one in errors.items():
            apart = len(_apart(one.parts, held_out, k, lasts))
            skill = _skill(one.error, best[k])
            rows.append([name, k, k * held_out.dt, one.error, skill, one.forecasts, apart, ""])
    kept = ["method", "steps", "lead", "error", "forecasts", "parts"]
    for method, steps, lead, error, count, parts in forecasts[kept].itertuples(index=False):
        k = int(steps)
        others = [one[k] for one in own[windows[method]].values() if k in one]
        least = min((one.error for one in others), default=np.nan)
        these = _apart(json.loads(parts), held_out, k, lasts)
        against = [_apart(one.parts, held_out, k, lasts) for one in others]
        single = len(held_out) == 1
        tests = [_larger(other, these, single) for other in against]
        told = ""
        if tests and max(better for better, _ in tests) <= level:
            told = BETTER
        elif tests and len(tests) * min(worse for _, worse in tests) <= level:
            told = WORSE
        skill = _skill(error, least)
        rows.append([method, k, lead, error, skill, int(count), len(these), told])
    return pd.DataFrame(rows, columns=COLUMNS)


def _skill(error: float, least: float) -> float:
    return float(1.0 - np.square(np.divide(error, least))) if least > 0.0 else np.nan


def _apart(
    parts: Iterable[Sequence[float]], held_out: Trajectories, steps: int, lasts: float
) -> dict[int, float]:
    """Sums of squared errors of forecasts that do not depend on one another.

    By trial; of a single trial by span, as long as the lead and the correlation time together.
    """
    several, length = 1, held_out.states.shape[1]
    if len(held_out) == 1:
        span = steps + lasts / held_out.dt
        several = max(1, int(np.ceil(span * min(PARTS, length) / length)))
    sums, counts = defaultdict[int, float](float), Counter[int]()
    for part, count, square in parts:
        sums[int(part) // several] += count * square
        counts[int(part) // several] += int(count)
    # The last span may hold few starts.
    most = max(counts.values(), default=0)
    return {k: one for k, one in sums.items() if len(held_out) > 1 or 2 * counts[k] >= most}


def _larger(
    one: Mapping[int, float], other: Mapping[int, float], single: bool
) -> tuple[float, float]:
    """P values of "the first is no larger than the second", and of "no smaller"."""
    both = sorted(set(one) & set(other))
    n = len(both)
    if n < FEWEST_APART:
        return 1.0, 1.0
    gains = np.array([one[k] - other[k] for k in both])
    if not np.isfinite(gains).all():
        return 1.0, 0.0
    apart = gains - gains.mean()
    variance = float(apart @ apart) / (n - 1)
    if single and variance > 0.0:
        # A forecast that starts late in a span reaches into the next.
        variance *= 1.0 + 2.0 * max(0.0, float(apart[1:] @ apart[:-1]) / float(apart @ apart))
    if variance <= (1e-12 * np.abs(gains).max()) ** 2:
        return 1.0, 1.0
    t = gains.mean() / np.sqrt(variance / n)
    return float(stdtr(n - 1, -t)), float(stdtr(n - 1, t))


def _baselines(
    predictors: Mapping[int, NDArray[np.float64]],
    window: int,
    train: Trajectories,
    held_out: Trajectories,
) -> dict[str, dict[int, LeadError]]:
    """By baseline and steps: the errors, in standard deviations of the training data."""
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
                for k in map(int, steps)
            ],
            axis=1,
        )

    scale = scale_of(train)
    named = zip(BASELINES, (persistence, constant, linear), strict=True)
    return {
        name: {one.steps: one for one in lead_errors(predict, window, held_out, scale)}
        for name, predict in named
    }


def linear_predictor(train: Trajectories, steps: int) -> NDArray[np.float64]:
    """Coefficients (1 + N [+ steps q], N) of least squares for the state so many steps later.

    Of a constant, the state, and, if there are data enough to fit them, the inputs held at each
    step in between; of minimal norm where they are not unique, and zero without data.
    """
    n = train.states.shape[2]
    blocks = train.blocks(least=1 + steps)
    starts = [block.states.shape[1] - steps for block in blocks]
    ends = np.cumsum([len(block) * many for block, many in zip(blocks, starts, strict=True)])
    if not len(ends):
        return np.zeros((1 + n, n))
    q = 0 if train.inputs is None else train.inputs.shape[2]
    columns = 1 + n + steps * q
    driven = q > 0 and ends[-1] >= ROWS_A_COLUMN * columns
    columns = columns if driven else 1 + n
    most = min(int(ends[-1]), max(MOST_WORK // columns**2, ROWS_A_COLUMN * columns))
    chosen = np.unique(np.linspace(0, ends[-1] - 1, most).astype(int))
    rows, after = [], []
    for block, many, end in zip(blocks, starts, ends, strict=True):
        own = chosen[(chosen >= end - len(block) * many) & (chosen < end)] - end
        trial, start = np.divmod(own + len(block) * many, many)
        held = None
        if driven and block.inputs is not None:
            held = block.inputs[trial[:, None], start[:, None] + np.arange(steps)]
        rows.append(_rows(block.states[trial, start], held, columns))
        after.append(block.states[trial, start + steps])
    left, right = np.concatenate(rows), np.concatenate(after)
    size = np.abs(left).max(axis=0)
    size[size == 0.0] = 1.0
    solution, *_ = lstsq(left / size, right, lapack_driver="gelsy")
    return np.asarray(solution / size[:, None])


def _rows(
    states: NDArray[np.float64], held: NDArray[np.float64] | None, columns: int
) -> NDArray[np.float64]:
    """Rows (M, columns) of a constant, states, and inputs if the columns are theirs."""
    parts = [np.ones((len(states), 1)), states]
    if held is not None and columns > 1 + states.shape[1]:
        parts.append(held.reshape(len(held), -1))
    return np.hstack(parts)
