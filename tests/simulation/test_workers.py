"""Processes: the same bits as without, and one failure is one trajectory's."""

import multiprocessing
import pickle
import sys

import numpy as np
import pytest

from koopmark.simulation import simulate, simulate_reduced
from koopmark.simulation._ensemble import Tiling
from koopmark.systems import (
    NETWORKS,
    ElementwiseMap,
    LowRank,
    Relaxation,
    RelaxationMap,
    Shift,
    activation,
    example,
    random_rnn,
)

ENSEMBLE = sys.modules["koopmark.simulation._ensemble"]
WORKERS = sys.modules["koopmark.simulation._ensemble"]
SYSTEM = random_rnn(30, 3, theta_scale=0.3)
START = np.random.default_rng(0).standard_normal((20, 30))
TIMES = np.linspace(0.0, 5.0, 11)
FORK = "fork" in multiprocessing.get_all_start_methods()


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(ENSEMBLE, "tile", lambda *_, **__: Tiling(lanes=3, block=30))


@pytest.fixture
def forked(monkeypatch):
    if not FORK:
        pytest.skip("this platform does not fork")
    monkeypatch.setattr(WORKERS, "start_context", lambda _: multiprocessing.get_context("fork"))


def square(x, out=None):
    return np.multiply(x, x, out=out)


@pytest.mark.parametrize("jobs", [2, 3, 20])
def test_bits_do_not_depend_on_the_number_of_processes(forked, jobs):
    alone = simulate(SYSTEM, START, TIMES)
    together = simulate(SYSTEM, START, TIMES, jobs=jobs)
    np.testing.assert_array_equal(together.states, alone.states)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_bits_do_not_depend_on_how_processes_start(monkeypatch, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this platform has no {method}")
    monkeypatch.setattr(WORKERS, "start_context", lambda _: multiprocessing.get_context(method))
    alone = simulate_reduced(SYSTEM, START[:8], TIMES)
    together = simulate_reduced(SYSTEM, START[:8], TIMES, jobs=2)
    np.testing.assert_array_equal(together.coordinates, alone.coordinates)


def test_processes_write_into_a_memory_map(forked, tmp_path):
    shape = (len(START), len(TIMES), SYSTEM.size)
    out = np.memmap(tmp_path / "states", dtype=float, mode="w+", shape=shape)
    simulated = simulate(SYSTEM, START, TIMES, jobs=2, out=out)
    assert simulated.states is out
    out.flush()
    stored = np.memmap(tmp_path / "states", dtype=float, mode="r", shape=shape)
    np.testing.assert_array_equal(stored, simulate(SYSTEM, START, TIMES).states)


def test_a_trajectory_that_fails_in_a_process_does_not_cost_the_batch(forked):
    first = np.array([[1.0], [0.0], [0.0], [0.0]])
    system = Relaxation(LowRank(first, first), Shift(), square)
    start = np.full((9, 4), 0.5)
    start[4, 0] = 2.0
    simulated = simulate(system, start, TIMES, jobs=2)
    assert simulated.status == ["ok"] * 4 + ["diverged"] + ["ok"] * 4
    assert simulated.diverged_at[4] == pytest.approx(np.log(2.0))
    assert np.isfinite(np.delete(simulated.states, 4, axis=0)).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_system_of_the_catalogue_moves_to_another_process_unchanged(name):
    system = example(name)
    moved = pickle.loads(pickle.dumps(system))
    states = np.random.default_rng(0).uniform(0.2, 1.8, size=(5, system.size))
    np.testing.assert_array_equal(moved.rhs(states), system.rhs(states))


def test_a_system_made_of_lambdas_is_refused_in_a_sentence_where_it_must_be_sent(monkeypatch):
    monkeypatch.setattr(WORKERS.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    zeta = ElementwiseMap("own", lambda x: x, np.ones_like, lambda y, out=None: np.positive(y, out))
    system = Relaxation(SYSTEM.weights, zeta, activation("tanh"))
    with pytest.raises(ValueError, match="cannot be sent to another process"):
        simulate(system, START, TIMES, jobs=2)


def test_a_system_made_of_lambdas_is_simulated_where_processes_fork(forked):
    zeta = ElementwiseMap("own", lambda x: x, np.ones_like, lambda y, out=None: np.positive(y, out))
    system = Relaxation(SYSTEM.weights, zeta, activation("tanh"))
    alone = simulate(system, START, TIMES).states
    np.testing.assert_array_equal(simulate(system, START, TIMES, jobs=2).states, alone)


def test_no_processes_at_all_are_refused():
    with pytest.raises(ValueError, match="jobs is 0"):
        simulate(SYSTEM, START, TIMES, jobs=0)


@pytest.mark.parametrize("kind", ["inputs", "feedback", "map"])
def test_bits_under_inputs_do_not_depend_on_the_number_of_processes(forked, kind):
    weights = np.random.default_rng(1).standard_normal((30, 2))
    inputs = np.random.default_rng(2).standard_normal((20, 11, 2))
    system = SYSTEM.with_inputs(weights)
    if kind == "map":
        system = RelaxationMap(
            SYSTEM.weights, SYSTEM.zeta, SYSTEM.coupling, multiplier=0.5, input_weights=weights
        )
    held = (lambda k, states: inputs[:, k] - 0.1 * states[:, :2]) if kind == "feedback" else inputs
    times = np.arange(11.0)
    alone, together = (simulate(system, START, times, inputs=held, jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(together.states, alone.states)
