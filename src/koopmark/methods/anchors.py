"""The answer key and a random guess, entered as if they were methods: the ends of every score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.datasets import AnswerKey
from koopmark.methods._method import InformedMethod, Method, Tags
from koopmark.methods._options import Count
from koopmark.methods.dictionaries import RandomFourier
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories

BANDWIDTH = 1e-6
"""Relative to the spread of the data: so short that no two states of a test set look alike."""


@dataclass(frozen=True, eq=False)
class ExactModel(Model):
    """The exact eigenspaces, each with as many eigenpairs as dimensions."""

    key: AnswerKey
    dt: float

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        values = np.array([target.eigenvalue for target in self.key.targets], dtype=complex)
        return np.repeat(values, [target.dimension for target in self.key.targets])

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        values = [target.evaluate(windows[:, -1]) for target in self.key.targets]
        return np.hstack(values).astype(complex)

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return self.eigenfunctions(windows)

    def predict(
        self,
        windows: NDArray,
        times: NDArray,
        inputs: NDArray | None = None,  # noqa: ARG002
    ) -> NDArray | None:
        """By simulating the system, NaN where it diverges; the mean of a stochastic one."""
        follow = self.key.continuation
        return None if follow is None else follow(windows[:, -1], times)


@dataclass(frozen=True)
class Exact(InformedMethod):
    """Looks up what it is asked for: the targets of the answer key."""

    tags = Tags(role="anchor", sampling="any", recovers="nonlinear")

    def _fit(self, trajectories: Trajectories, key: AnswerKey) -> Model:  # type: ignore[override]
        _refuse_empty(key)
        return ExactModel(key, trajectories.dt)


@dataclass(frozen=True)
class Random(InformedMethod):
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

    limit: Count = 256
    seed: int = 0

    tags = Tags(role="anchor", sampling="any").none("a random guess recovers nothing")

    def _fit(self, trajectories: Trajectories, key: AnswerKey) -> Model:  # type: ignore[override]
        _refuse_empty(key)
        states = trajectories.pairs()[0] if trajectories.regular else trajectories.snapshots()
        count = min(self.limit, sum(target.dimension for target in key.targets))
        features = RandomFourier(count, BANDWIDTH, self.seed, state=False, constant=False)
        rng = generator({"seed": self.seed}, "random eigenvalues")
        radius = max(abs(target.eigenvalue) for target in key.targets)
        rates = -2.0 * radius * rng.uniform(0, 1, count) + 1j * radius * rng.uniform(-1, 1, count)
        return LinearModel(features.fitted(states), np.eye(count), rates, trajectories.dt)


def _refuse_empty(key: AnswerKey) -> None:
    if not key.targets:
        raise ValueError("an anchor needs exact eigenspaces, and this answer key has none")


METHODS: dict[str, Method] = {"anchor.exact": Exact(), "anchor.random": Random()}
