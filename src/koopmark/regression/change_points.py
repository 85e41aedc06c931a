"""Where a series jumps from one level to another."""

from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

FEWEST = 4
"""Values below which no level can be told from chance."""

MISSING = "change points need ruptures, which is not installed: pip install 'ruptures>=1.1.9'"


def available() -> bool:
    """Whether ruptures is installed."""
    return find_spec("ruptures") is not None


def change_points(values: ArrayLike, least: float = 0.25, spread: float = 0.05) -> list[int]:
    """Indices of the values with which a new level begins.

    Least squares with levels that are constant (PELT, Killick, Fearnhead and Eckley 2012), a change
    costing 6 σ² (log n + 20 / n). σ comes from the median of the differences from one value to the
    next, which a few jumps do not move, and is at least `spread`: most histories repeat to the
    digit, and rounding is no change. The term in 1 / n makes up for a σ from few values. Both
    numbers are set such that of histories of nothing but normal noise fewer than one in twenty has
    a change point, however many values there are and whatever their noise (tests/regression).

    Parameters
    ----------
    values : (n,) array, finite
    least : float
        Smaller changes of level are not reported.
    spread : float
        The least σ.
    """
    series = np.asarray(values, dtype=float)
    if len(series) < FEWEST:
        return []
    from ruptures import Pelt

    count = len(series)
    sigma = max(spread, 1.4826 * float(np.median(np.abs(np.diff(series)))) / np.sqrt(2))
    penalty = 6 * sigma**2 * (np.log(count) + 20 / count)
    *starts, _ = Pelt(model="l2", min_size=1, jump=1).fit(series).predict(penalty)
    edges = [0, *starts, count]
    levels = [series[a:b].mean() for a, b in pairwise(edges)]
    steps = np.abs(np.diff(levels))
    return [int(start) for start, step in zip(starts, steps, strict=True) if step >= least]
