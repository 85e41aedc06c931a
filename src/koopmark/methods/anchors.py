"""Anchors: the answer key and a random guess as methods, the two ends of every score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.datasets import AnswerKey
from koopmark.methods._method import InformedMethod, Method, Skip, Tags
from koopmark.methods._options import Count
from koopmark.methods.dictionaries import RandomFourier
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories
from koopmark.truth import Eigenspace

ENOUGH, SAME = 4, 1e-9
"""States for each function by which targets are compared, and relative rounding there."""

BANDWIDTH = 1e-6
"""Relative to the spread of the data: so short that no two states of a test set look alike."""


@dataclass(frozen=True, eq=False)
class ExactModel(Model):
    """Model with the exact eigenspaces, and as many eigenpairs as these have dimensions."""

    key: AnswerKey
    targets: tuple[Eigenspace, ...]
    dt: float

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        if self.key.discrete:
            return continuous(self.multipliers, self.dt)
        values = np.array([target.eigenvalue for target in self.targets], dtype=complex)
        return np.repeat(values, [target.dimension for target in self.targets])

    @property
    def multipliers(self) -> NDArray[np.complex128]:
        values = np.array([target.multiplier(self.dt) for target in self.targets])
        return np.repeat(values, [target.dimension for target in self.targets])

    @property
    def gains(self) -> NDArray | None:
        if not self.key.inputs:
            return None
        linear = [
            np.zeros((target.dimension, self.key.inputs)) if gains is None else gains
            for target in self.targets
            for gains in [target.gains(self.dt)]
        ]
        return np.vstack(linear)

    def forced(self, windows: NDArray, inputs: NDArray) -> NDArray | None:
        if not self.key.inputs:
            return None
        states, still = windows[:, -1], np.zeros_like(inputs)
        # The same sums without inputs, so that nothing is left of them where there are none.
        parts = [
            target.advanced(states, inputs, self.dt) - target.advanced(states, still, self.dt)
            for target in self.targets
        ]
        return np.hstack(parts)

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        values = [target.evaluate(windows[:, -1]) for target in self.targets]
        return np.hstack(values).astype(complex)

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return self.eigenfunctions(windows)

    def predict(
        self,
        windows: NDArray,
        times: NDArray,
        inputs: NDArray | None = None,
    ) -> NDArray | None:
        """Simulate the system (the mean of a stochastic one); NaN after divergence."""
        follow = self.key.continuation
        held = {} if inputs is None or not self.key.inputs else {"inputs": inputs}
        return None if follow is None else follow(windows[:, -1], times, **held)


@dataclass(frozen=True)
class Exact(InformedMethod):
    """Returns the targets of the answer key."""

    tags = Tags(role="anchor", sampling="any", inputs=True, recovers="nonlinear")

    def _fit(self, trajectories: Trajectories, key: AnswerKey) -> Model:  # type: ignore[override]
        _refuse_empty(key)
        if key.latent:
            raise Skip(
                "no target is a function of the sensor values, and fits do not see the rest of the "
                "state"
            )
        targets = key.targets
        if key.inputs:
            targets = _independent(targets, trajectories.snapshots())
        return ExactModel(key, targets, trajectories.dt)


def _independent(targets: tuple[Eigenspace, ...], states: NDArray) -> tuple[Eigenspace, ...]:
    """The targets but those that are a part of others, as what no input reaches is."""
    kept: list[Eigenspace] = []
    rng = generator({"seed": 0}, "states to compare targets at")
    channels = states.reshape(-1, states.shape[-1]).T
    for target in sorted(targets, key=lambda one: -one.dimension):
        same = [one for one in kept if one.eigenvalue == target.eigenvalue]
        count = ENOUGH * (target.dimension + sum(one.dimension for one in same))
        # Each channel by itself: few trajectories need not span all functions.
        some = np.stack([rng.choice(channel, count) for channel in channels], axis=1)
        spans = [np.empty((count, 0)), *(one.evaluate(some) for one in same)]
        known = np.linalg.qr(np.hstack(spans))[0]
        values = target.evaluate(some)
        outside = values - known @ (known.conj().T @ values)
        if np.linalg.norm(outside) > SAME * np.linalg.norm(values):
            kept.append(target)
    return tuple(one for one in targets if one in kept)


@dataclass(frozen=True)
class Random(InformedMethod):
    """As many random eigenpairs as the targets have dimensions.

    The eigenfunctions are random Fourier features of such a high frequency that any sample of them
    is noise, orthogonal to all smooth functions. The eigenvalues are uniform over the region of the
    targets: real parts from 0 to twice the fastest decay, imaginary parts up to the same size. For
    a map they are uniform over the disc around 0 that contains the targets and the unit circle.
    Gains on inputs are standard normal.

    Parameters
    ----------
    limit : int
        At most this many pairs: scores need four test points per function.
    seed : int
    """

    limit: Count = 256
    seed: int = 0

    tags = Tags(role="anchor", sampling="any", inputs=True).none("a random guess recovers nothing")

    def _fit(self, trajectories: Trajectories, key: AnswerKey) -> Model:  # type: ignore[override]
        _refuse_empty(key)
        states = trajectories.pairs()[0] if trajectories.regular else trajectories.snapshots()
        count = min(self.limit, sum(target.dimension for target in key.targets))
        features = RandomFourier(count, BANDWIDTH, self.seed, state=False, constant=False)
        rng = generator({"seed": self.seed}, "random eigenvalues")
        radius = max(abs(target.eigenvalue) for target in key.targets)
        dt, lift = trajectories.dt, features.fitted(states)
        discrete = None
        if key.discrete:
            size = max(1.0, radius) * np.sqrt(rng.uniform(0, 1, count))
            discrete = size * np.exp(2j * np.pi * rng.uniform(0, 1, count))
            rates = continuous(discrete, dt)
        else:
            real, imaginary = rng.uniform(0, 1, count), rng.uniform(-1, 1, count)
            rates = -2.0 * radius * real + 1j * radius * imaginary
        gains = rng.standard_normal((count, key.inputs)) if key.inputs else None
        return LinearModel(lift, np.eye(count), rates, dt, discrete=discrete, input_gains=gains)


def _refuse_empty(key: AnswerKey) -> None:
    if not key.targets:
        raise ValueError("an anchor needs exact eigenspaces, and this answer key has none")


METHODS: dict[str, Method] = {"anchor.exact": Exact(), "anchor.random": Random()}
