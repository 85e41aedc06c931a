"""A random part of the snapshot pairs, for methods whose memory is quadratic in their number."""

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.simulation import Trajectories


def some_pairs(
    trajectories: Trajectories, count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most `count` pairs (X, Y) as rows, drawn without replacement and left in order."""
    x, y = trajectories.pairs()
    if len(x) <= count:
        return x, y
    rng = generator({"seed": seed, "count": count, "of": len(x)}, "snapshot pairs")
    chosen = np.sort(rng.choice(len(x), size=count, replace=False))
    return x[chosen], y[chosen]
