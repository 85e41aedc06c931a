"""Trajectories of systems whose eigenspaces are known, simulated far below the errors asked for."""

import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from koopmark import simulate, systems
from koopmark.simulation import Trajectories
from koopmark.systems import System

Simulated = Callable[..., Trajectories]


@pytest.fixture(scope="session")
def simulated() -> Simulated:
    """Trajectories from uniform initial states, with the system as their origin."""
    known: dict[bytes, Trajectories] = {}

    def make(
        system: System,
        count: int,
        seed: int = 0,
        low: float = -3.0,
        high: float = 3.0,
        horizon: float = 5.0,
    ) -> Trajectories:
        # Many tests begin with the same ones.
        key = pickle.dumps((system, count, seed, low, high, horizon))
        if key not in known:
            rng = np.random.default_rng(seed)
            states = rng.uniform(low, high, (count, system.size))
            times = np.linspace(0.0, horizon, round(horizon / 0.1) + 1)
            known[key] = simulate(system, states, times, rtol=1e-12)
        return replace(known[key], system=system)

    return make


@pytest.fixture(scope="session")
def three(simulated: Simulated) -> Trajectories:
    """The three-population example: 100 trajectories."""
    return simulated(systems.three_populations(), 100)


@pytest.fixture(scope="session")
def network() -> System:
    """Ten units of rank 2 with offsets: eight null vectors."""
    return systems.random_rnn(10, 2, theta_scale=0.5, seed=0)


@pytest.fixture(scope="session")
def train(network: System, simulated: Simulated) -> Trajectories:
    """Two hundred of its trajectories."""
    return simulated(network, 200)


@pytest.fixture(scope="session")
def test(network: System, simulated: Simulated) -> Trajectories:
    """Sixty others."""
    return simulated(network, 60, seed=1)


@pytest.fixture(scope="session")
def linear() -> Callable[..., Trajectories]:
    """Trajectories of x⁺ = A x, one for each row of `initial`."""

    def make(matrix: ArrayLike, initial: ArrayLike, steps: int = 10) -> Trajectories:
        a = np.asarray(matrix, dtype=float)
        states: list[NDArray] = [np.asarray(initial, dtype=float)]
        for _ in range(steps):
            states.append(states[-1] @ a.T)
        return Trajectories(np.stack(states, axis=1), 0.1 * np.arange(steps + 1))

    return make


@pytest.fixture(scope="session")
def ordered() -> Callable[[NDArray], NDArray]:
    """Complex numbers by real, then imaginary part, in an order that rounding does not change."""

    def order(values: NDArray) -> NDArray:
        return values[np.lexsort((values.imag, values.real.round(6)))]

    return order
