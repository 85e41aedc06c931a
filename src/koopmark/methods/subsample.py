"""A random part of the snapshot pairs, for methods whose memory is quadratic in their number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.methods.method import Method
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


@dataclass(frozen=True)
class SomePairs(Method):
    """A method of a library that cannot use all pairs of large data.

    Parameters
    ----------
    max_pairs : int
        Snapshot pairs used, at random; all where there are fewer.
    seed : int
        Which pairs.
    """

    max_pairs: int = 1000
    seed: int = 0

    trial: ClassVar[Mapping[str, Any]] = {"max_pairs": 200}

    def __post_init__(self) -> None:
        if self.max_pairs < 1:
            raise ValueError(f"max_pairs must be at least 1, got {self.max_pairs}")

    def pairs(self, trajectories: Trajectories) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(X, Y) as rows."""
        return some_pairs(trajectories, self.max_pairs, self.seed)
