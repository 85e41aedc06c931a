"""Scoring many recovered functions against a large eigenspace."""

from dataclasses import dataclass

import numpy as np
import pytest

from koopmark import simulate
from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.scoring import evaluate
from koopmark.systems import random_rnn


@dataclass(frozen=True)
class Recovered(Model):
    """All affine eigenfunctions, and as many smooth functions that are none."""

    coefficients: np.ndarray
    frequencies: np.ndarray
    dt: float

    @property
    def eigenvalues(self):
        others = np.linspace(-0.9, -0.1, self.frequencies.shape[1])
        return np.concatenate([np.full(self.coefficients.shape[1], -1.0), others]).astype(complex)

    def eigenfunctions(self, windows):
        x = windows[:, -1]
        return np.hstack([x @ self.coefficients, np.sin(x @ self.frequencies)]).astype(complex)


@pytest.mark.parametrize(("n", "functions"), [(100, 200), (300, 600), (1000, 2000)])
def test_scoring(n, functions, benchmark):
    system = random_rnn(n, 5, 1.5)
    rng = np.random.default_rng(0)
    trajectories = max(n, 100)
    test = simulate(
        system,
        rng.standard_normal((trajectories, n)),
        np.linspace(0.0, 1.0, 10_000 // trajectories),
        rtol=1e-11,
    )
    exact = system.weights.null_space.sample(n - 5, rng)
    others = rng.standard_normal((n, functions - exact.shape[1])) / np.sqrt(n)
    model = Recovered(exact, others, test.dt)
    scores = benchmark.pedantic(
        evaluate, args=(model, AnswerKey.of(system), test), rounds=2 if n < 1000 else 1
    )
    (target,) = scores.targets
    assert target.target_dimension == n - 5
    assert target.eigenfunction_error < 1e-8
    assert scores.fit.rank_error == 0
