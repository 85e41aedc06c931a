"""Every prescribed system and network of linear units: exact along an independent integrator."""

from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from koopmark import simulate
from koopmark.systems import LINEAR_UNITS, PRESCRIBED, example

TIMES = np.linspace(0.0, 4.0, 21)
NAMES = [*PRESCRIBED, *LINEAR_UNITS]


@cache
def solved(name):
    """SciPy's DOP853 at 1e-12 from two states, taken together as one."""
    system = example(name)
    starts = np.random.default_rng(1).standard_normal((2, system.size))

    def both(_, x):
        return system.rhs(x.reshape(starts.shape)).ravel()

    found = solve_ivp(both, (0.0, 4.0), starts.ravel(), "DOP853", TIMES, rtol=1e-12, atol=1e-14)
    return found.y.T.reshape(-1, *starts.shape).transpose(1, 0, 2)


def test_there_are_ten_of_2_to_50_units():
    sizes = [example(name).size for name in PRESCRIBED]
    assert len(sizes) == 10
    assert (min(sizes), max(sizes)) == (2, 50)


@pytest.mark.parametrize("name", NAMES)
def test_every_eigenfunction_follows_its_eigenvalue_along_another_integrator(name):
    states = solved(name)
    for space in example(name).eigenspaces(2):
        values = space.evaluate(states)
        expected = np.exp(space.eigenvalue * TIMES)[:, None] * values[:, :1]
        assert np.abs(values - expected).max() < 1e-10 * max(1.0, np.abs(values).max())


@pytest.mark.parametrize("name", NAMES)
def test_simulation_agrees_with_another_integrator(name):
    states = solved(name)
    simulated = simulate(example(name), states[:, 0], TIMES, rtol=1e-12).states
    error = np.linalg.norm(simulated - states, axis=-1) / np.linalg.norm(states, axis=-1)
    assert error.max() < 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_trajectories_from_afar_stay_bounded_for_long(name):
    system = example(name)
    start = np.random.default_rng(2).normal(scale=10.0, size=(10, system.size))
    along = simulate(system, start, np.linspace(0.0, 100.0, 21), rtol=1e-7)
    assert not along.diverged.any()
    late = np.linalg.norm(along.states[:, 10:], axis=-1)
    assert late.max() < 10.0 * np.sqrt(system.size)
