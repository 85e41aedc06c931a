"""Processes: the same bits as without, and one failure is one trajectory's or one call's."""

import _thread
import importlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from worker_functions import dies, fails, sleeps, square

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
PROCESSES = sys.modules["koopmark.simulation._processes"]
SYSTEM = random_rnn(30, 3, theta_scale=0.3)
START = np.random.default_rng(0).standard_normal((20, 30))
TIMES = np.linspace(0.0, 5.0, 11)
LAMBDAS = Relaxation(
    SYSTEM.weights,
    ElementwiseMap("own", lambda x: x, np.ones_like, lambda y, out=None: np.positive(y, out)),
    activation("tanh"),
)

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(ENSEMBLE, "tile", lambda *_, **__: Tiling(lanes=3, block=30))


def with_activation(function):
    return Relaxation(SYSTEM.weights, Shift(), function)


def processes():
    return {process.pid for process in multiprocessing.active_children()}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("jobs", [2, 3])
def test_bits_do_not_depend_on_the_number_of_processes(jobs, order):
    start = np.array(START, order=order)
    alone = simulate(SYSTEM, start, TIMES)
    together = simulate(SYSTEM, start, TIMES, jobs=jobs)
    np.testing.assert_array_equal(together.states, alone.states)


def test_bits_of_coordinates_do_not_depend_on_the_number_of_processes():
    alone = simulate_reduced(SYSTEM, START, TIMES)
    together = simulate_reduced(SYSTEM, START, TIMES, jobs=2)
    np.testing.assert_array_equal(together.coordinates, alone.coordinates)
    np.testing.assert_array_equal(together.null, alone.null)


@pytest.mark.parametrize("kind", ["inputs", "feedback", "map"])
def test_bits_under_inputs_do_not_depend_on_the_number_of_processes(kind):
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


def test_bits_do_not_depend_on_how_arrays_move(monkeypatch):
    monkeypatch.setattr(PROCESSES, "_idle", [])
    monkeypatch.setattr(PROCESSES.Memory, "new", lambda: PROCESSES.Memory(None))
    alone, together = (simulate(SYSTEM, START, TIMES, jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(together.states, alone.states)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="only Linux has this")
def test_shared_memory_grows_with_its_messages_and_is_given_back():
    memory = PROCESSES.Memory.new()
    for size in (1, 100_000, 7):
        sent = [np.arange(size, dtype=float), np.asfortranarray(np.eye(size % 100)), np.empty(0)]
        for one, same in zip(memory.read(memory.write(sent)), sent, strict=True):
            np.testing.assert_array_equal(one, same)
        del one
        memory.clear()
        assert os.fstat(memory._descriptor).st_size == 0


def test_processes_write_into_a_memory_map(tmp_path):
    shape = (len(START), len(TIMES), SYSTEM.size)
    out = np.memmap(tmp_path / "states", dtype=float, mode="w+", shape=shape)
    simulated = simulate(SYSTEM, START, TIMES, jobs=2, out=out)
    assert simulated.states is out
    out.flush()
    stored = np.memmap(tmp_path / "states", dtype=float, mode="r", shape=shape)
    np.testing.assert_array_equal(stored, simulate(SYSTEM, START, TIMES).states)


@pytest.mark.parametrize("seconds", [0.0, 1e-3, 1.0])
def test_tiles_are_all_sent_once_and_singly_at_the_end(seconds):
    parts = [slice(start, start + 1) for start in range(100)]
    tiles = PROCESSES.Tiles(parts, jobs=2)
    sent = []
    while task := tiles.next():
        sent.append(task)
        tiles.seconds = seconds or 1e-12
    assert [part for task in sent for part in task] == parts
    assert [len(task) for task in sent[-4:]] == [1] * 4
    assert max(map(len, sent)) == {0.0: 24, 1e-3: 24, 1.0: 1}[seconds]


def test_a_trajectory_that_fails_in_a_process_does_not_cost_the_batch():
    first = np.array([[1.0], [0.0], [0.0], [0.0]])
    system = Relaxation(LowRank(first, first), Shift(), square)
    start = np.full((9, 4), 0.5)
    start[4, 0] = 2.0
    simulated = simulate(system, start, TIMES, jobs=2)
    assert simulated.status == ["ok"] * 4 + ["diverged"] + ["ok"] * 4
    assert simulated.diverged_at[4] == pytest.approx(np.log(2.0))
    assert np.isfinite(np.delete(simulated.states, 4, axis=0)).all()


def test_later_calls_use_the_same_processes():
    simulate(SYSTEM, START, TIMES, jobs=2)
    before = processes()
    simulate(SYSTEM, START, TIMES, jobs=2)
    assert processes() == before


def test_calls_of_several_threads_have_processes_of_their_own():
    alone = simulate(SYSTEM, START, TIMES).states
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(simulate, SYSTEM, START, TIMES, jobs=2) for _ in range(4)]
    for call in calls:
        np.testing.assert_array_equal(call.result().states, alone)


def test_a_process_that_died_idle_is_replaced():
    alone = simulate(SYSTEM, START, TIMES, jobs=2).states
    for worker in PROCESSES._idle:
        worker.end()
    np.testing.assert_array_equal(simulate(SYSTEM, START, TIMES, jobs=2).states, alone)


def test_a_process_that_dies_at_work_ends_the_call_but_not_the_next():
    with pytest.raises(RuntimeError, match="a worker process ended with exit code 3"):
        simulate(with_activation(dies), START, TIMES, jobs=2)
    alone, together = (simulate(SYSTEM, START, TIMES, jobs=n).states for n in (1, 2))
    np.testing.assert_array_equal(together, alone)


def test_an_error_in_a_process_names_its_class_and_place():
    with pytest.raises(RuntimeError, match="Refused: no") as caught:
        simulate(with_activation(fails), START, TIMES, jobs=2)
    assert "worker_functions.py" in caught.value.__notes__[0]


@pytest.fixture
def heeded():
    """Ctrl-C, which a shell that runs the tests in the background has ignored."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


def test_ctrl_c_ends_the_call_and_its_processes(heeded):
    simulate(SYSTEM, START, TIMES, jobs=2)
    before = processes()
    interrupt = threading.Timer(0.3, _thread.interrupt_main)
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        simulate(with_activation(sleeps), START, TIMES, jobs=2)
    assert len(before - processes()) == 2


@forking
def test_a_forked_process_leaves_the_processes_of_its_parent_alone():
    alone = simulate(SYSTEM, START, TIMES, jobs=2).states
    before = processes()
    forked = multiprocessing.get_context("fork").Process(
        target=lambda: np.testing.assert_array_equal(
            simulate(SYSTEM, START, TIMES, jobs=2).states, alone
        )
    )
    forked.start()
    forked.join()
    assert forked.exitcode == 0
    np.testing.assert_array_equal(simulate(SYSTEM, START, TIMES, jobs=2).states, alone)
    assert processes() == before


def test_a_process_with_no_calls_ends(monkeypatch):
    monkeypatch.setattr(PROCESSES, "_inside", False)
    monkeypatch.setattr(PROCESSES, "IDLE", 0.0)
    ours, theirs = multiprocessing.Pipe()
    PROCESSES._serve(theirs, (), None)
    assert not ours.closed


def test_functions_that_were_edited_are_used_anew(tmp_path, monkeypatch):
    file = tmp_path / "edited_activation.py"
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("tanh", "arctan"):
        file.write_text(f"import numpy\n\ndef h(x, out=None): return numpy.{name}(x, out=out)\n")
        importlib.invalidate_caches()
        sys.modules.pop("edited_activation", None)
        system = with_activation(importlib.import_module("edited_activation").h)
        alone, together = (simulate(system, START, TIMES, jobs=n).states for n in (1, 2))
        np.testing.assert_array_equal(together, alone)
    sys.modules.pop("edited_activation")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_system_of_the_catalogue_moves_to_another_process_unchanged(name):
    system = example(name)
    moved = pickle.loads(pickle.dumps(system))
    states = np.random.default_rng(0).uniform(0.2, 1.8, size=(5, system.size))
    np.testing.assert_array_equal(moved.rhs(states), system.rhs(states))


def test_a_system_made_of_lambdas_is_refused_in_a_sentence_where_it_must_be_sent(monkeypatch):
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(ValueError, match="cannot be sent to another process"):
        simulate(LAMBDAS, START, TIMES, jobs=2)


@forking
def test_a_system_made_of_lambdas_is_simulated_where_processes_fork(monkeypatch):
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    before = processes()
    alone, together = (simulate(LAMBDAS, START, TIMES, jobs=n).states for n in (1, 2))
    np.testing.assert_array_equal(together, alone)
    assert processes() == before


def test_no_processes_at_all_are_refused():
    with pytest.raises(ValueError, match="jobs is 0"):
        simulate(SYSTEM, START, TIMES, jobs=0)


HEAD = """
import numpy as np
from koopmark.simulation import simulate
from koopmark.simulation._processes import _idle
from koopmark.systems import Relaxation, random_rnn

print("run", flush=True)
system = random_rnn(3, 2)
"""
OWN = """
def h(x, out=None):
    return np.tanh(x, out=out)

system = Relaxation(system.weights, system.zeta, h)
"""
CALLS = """
start = np.random.default_rng(0).standard_normal((20_000, 3))
alone, together = (simulate(system, start, [0.0, 1.0], jobs=n).states for n in (1, 2))
assert np.array_equal(alone, together)
print(len(_idle))
"""
GUARDED = "if __name__ == '__main__':" + CALLS.replace("\n", "\n    ")


@pytest.mark.parametrize(
    ("text", "by_name", "said"),
    [
        (HEAD + CALLS, True, ["2", "run"]),
        (HEAD + CALLS, False, ["2", "run"]),
        (HEAD + OWN + GUARDED, True, ["2", "run", "run", "run"]),
        pytest.param(HEAD + OWN + CALLS, False, ["0", "run"], marks=forking),
    ],
    ids=["no guard", "typed in", "own function", "own function typed in"],
)
def test_scripts_need_a_guard_only_for_functions_of_their_own(tmp_path, text, by_name, said):
    script = tmp_path / "script.py"
    script.write_text(text)
    command = [sys.executable, "-W", "error", *([str(script)] if by_name else [])]
    done = subprocess.run(
        command, input="" if by_name else text, capture_output=True, text=True, check=False
    )
    assert (sorted(done.stdout.split()), done.stderr) == (said, "")
