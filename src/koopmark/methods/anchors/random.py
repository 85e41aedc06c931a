"""A random guess, entered as a method: what a worthless fit scores."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from koopmark._keys import generator
from koopmark.methods.anchors.exact import known_targets
from koopmark.methods.dictionaries import RandomFourier
from koopmark.methods.method import Method
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories

BANDWIDTH = 1e-6
"""Relative to the spread of the data: so short that no two states of a test set look alike."""


@dataclass(frozen=True)
class Random(Method):
    """As many random eigenpairs as the targets have dimensions.

    The eigenfunctions are random Fourier features of so high a frequency that on any sample they
    are noise, orthogonal to everything smooth. The eigenvalues are uniform over the part of the
    plane where the targets lie: real parts from 0 to twice the fastest decay, imaginary parts up
    to the same size.

    Parameters
    ----------
    limit : int
        At most this many pairs: scores need four test points per function.
    seed : int
    """

    limit: int = 256
    seed: int = 0

    recovers: ClassVar[str] = "a random guess recovers nothing"
    needs_system: ClassVar[bool] = True
    is_anchor: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"limit must be at least 1, got {self.limit}")

    def _fit(self, trajectories: Trajectories) -> Model:
        targets = known_targets(trajectories)
        states, _ = trajectories.pairs()
        count = min(self.limit, sum(target.dimension for target in targets))
        features = RandomFourier(count, BANDWIDTH, self.seed, state=False, constant=False)
        rng = generator({"seed": self.seed}, "random eigenvalues")
        radius = max(abs(target.eigenvalue) for target in targets)
        rates = -2.0 * radius * rng.uniform(0, 1, count) + 1j * radius * rng.uniform(-1, 1, count)
        return LinearModel(features.fitted(states), np.eye(count), rates, trajectories.dt)
