"""Whole simulations beside other people's solvers, every one at a verified error below 1e-8."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import peers_ode
from conftest import need
from floor import measured
from interleave import take_turns, timed
from koopmark import simulate
from koopmark.systems import Network, Relaxation, System, random_rnn, three_populations

TIMES = np.linspace(0.0, 5.0, 51)
ROUNDS = 7
TARGET = 1e-8
"""Largest absolute error of any state at any output time that every solver has to keep."""

LADDER = 10.0 ** -np.arange(5.0, 13.1, 0.5)


def reference(system, initial: NDArray, times: NDArray) -> NDArray:
    """States by scipy's DOP853 at a relative tolerance of 1e-13, in the full state."""
    options = {"t_eval": times, "method": "DOP853", "rtol": 1e-13, "atol": 1e-13}
    solutions = [
        solve_ivp(lambda _t, x: system.rhs(x), (times[0], times[-1]), x, **options).y.T
        for x in initial
    ]
    return np.stack(solutions)


def loosest(solve: Callable[[float], NDArray], exact: NDArray) -> tuple[float, float]:
    """The loosest tolerance of the ladder whose error is below TARGET, and that error.

    Parameters
    ----------
    solve : callable
        Tolerance to states: the very computation that is timed, all its trajectories.
    exact : array
        Those states by `reference`.

    Raises
    ------
    AssertionError
        If no tolerance keeps the error, because an unverified comparison is worthless.
    """
    for tolerance in LADDER:
        error = float(np.abs(solve(tolerance) - exact).max())
        if error <= TARGET:
            return float(tolerance), error
    raise AssertionError(f"no tolerance keeps the error below {TARGET:g}: {error:.1e} at the last")


@dataclass(frozen=True, eq=False)
class FullState(System):
    """The equation of a network without its structure: integrated in all N coordinates."""

    network: Network

    @property
    def size(self):
        return self.network.size

    def rhs(self, states, out=None):
        return self.network.rhs(states, out)

    def eigenspaces(self, max_degree=1):
        return self.network.eigenspaces(max_degree)


@dataclass(frozen=True)
class Case:
    """An ensemble of `count` trajectories."""

    name: str
    system: Relaxation
    count: int

    @property
    def factors(self):
        return self.system.weights.left, self.system.weights.right

    @property
    def initial(self):
        rng = np.random.default_rng(0)
        return rng.standard_normal((self.count, self.system.size))


CASES = {
    case.name: case
    for case in (
        Case("N=3 r=2 M=1000", three_populations(), 1000),
        Case("N=10 r=2 M=1000", random_rnn(10, 2, 1.5), 1000),
        Case("N=100 r=5 M=1000", random_rnn(100, 5, 1.5), 1000),
        Case("N=1000 r=10 M=200", random_rnn(1000, 10, 1.5), 200),
        Case("N=5000 r=20 M=50", random_rnn(5000, 20, 1.5), 50),
    )
}

LOOPED = 10
"""Trajectories that a looped peer is timed and verified on; its time is scaled to all."""


@cache
def exact(name):
    case = CASES[name]
    return reference(case.system, case.initial, TIMES)


@cache
def ours(name):
    """Our tolerance and error, and the work as a function without arguments."""
    case = CASES[name]
    initial = case.initial
    out = np.zeros((case.count, len(TIMES), case.system.size))

    def into(rtol):
        return simulate(case.system, initial, TIMES, rtol=rtol, out=out).states

    rtol, error = loosest(into, exact(name))
    return error, lambda: into(rtol)


PEERS = {
    "solve_ivp DOP853, stacked": ("scipy", peers_ode.scipy_stacked, {}, False),
    "solve_ivp DOP853, loop": ("scipy", peers_ode.scipy_loop, {"method": "DOP853"}, True),
    "solve_ivp RK45, loop": ("scipy", peers_ode.scipy_loop, {"method": "RK45"}, True),
    "solve_ivp DOP853, loop, dense W": (
        "scipy",
        peers_ode.scipy_loop,
        {"method": "DOP853", "dense": True},
        True,
    ),
    "numba Dormand-Prince 5": ("numba", peers_ode.numba_dopri5, {}, False),
    "torchdiffeq dopri5": ("torchdiffeq", peers_ode.torchdiffeq_dopri5, {}, False),
    "diffrax Dopri8, batched": ("diffrax", peers_ode.diffrax_dopri8, {"vmapped": False}, False),
    "diffrax Dopri8, vmapped": ("diffrax", peers_ode.diffrax_dopri8, {"vmapped": True}, False),
}


def goal(peer, system):
    """The speedups that we aim for (docs/explanation/performance/index.md)."""
    n = system.size
    batched = 1.0 if n < 100 else 3.0 if n < 1000 else 4.0
    goals = {
        "solve_ivp DOP853, stacked": batched,
        "diffrax Dopri8, batched": batched,
        "solve_ivp DOP853, loop": 20.0 if n == 100 else None,
        "torchdiffeq dopri5": 12.0,
        "solve_ivp DOP853, loop, dense W": 80.0 if n == 1000 else None,
    }
    return goals.get(peer)


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", CASES)
def test_ensemble(name, peer, records, benchmark):
    module, factory, options, looped = PEERS[peer]
    need(module)
    case = CASES[name]
    if "dense" in peer and case.system.size > 1000:
        pytest.skip("the dense matrix of 5000 units says nothing new and takes minutes")
    theirs = factory(*case.factors, **options)
    initial = case.initial
    # The work that is timed is the work that is verified: steps depend on what else is in a batch.
    part = initial[:LOOPED] if looped else initial
    tolerance, error = loosest(lambda rtol: theirs(part, TIMES, rtol), exact(name)[: len(part)])
    our_error, work = ours(name)
    rounds = 2 if "dense" in peer else ROUNDS
    turns = take_turns(
        work, lambda: theirs(part, TIMES, tolerance), rounds, len(initial) / len(part)
    )
    benchmark.pedantic(work, rounds=3)
    benchmark.extra_info.update(peer=peer, ratio=turns.ratio[0], error=our_error, peer_error=error)
    records.turns("ensemble", name, peer, turns, (our_error, error), goal(peer, case.system))


@pytest.mark.parametrize("name", CASES)
def test_ensemble_beside_the_floor(name, records, benchmark):
    """The floor of every evaluation the integrator makes, plus that of writing the output."""
    case = CASES[name]
    error, work = ours(name)
    evaluations = counted(case)
    rank, n = case.system.weights.rank, case.system.size
    seconds = evaluations * n * measured().of_rhs(rank)
    expanding = case.count * len(TIMES) * n * 2 * (rank + 2) * measured().flop
    benchmark.pedantic(work, rounds=5)
    taken = benchmark.stats.stats.median
    goal = 0.55 if n >= 100 else None
    records.share("ensemble", name, taken, (seconds + expanding) / taken, error, goal)


def counted(case):
    """States at which h is evaluated in one run at our tolerance, over all trajectories."""
    seen = []

    def counting(x, out=None):
        seen.append(x.size)
        return np.tanh(x, out=out)

    counted_tanh = replace(case.system.coupling, value=counting)
    system = replace(case.system, coupling=counted_tanh)
    tolerance, _ = loosest(lambda rtol: solve(case.system, case.initial, rtol), exact(case.name))
    solve(system, case.initial, tolerance)
    return sum(seen) / case.system.size


def solve(system, initial, rtol):
    return simulate(system, initial, TIMES, rtol=rtol).states


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.system.size >= 100])
def test_reduction_beside_our_own_full_state(name, records, benchmark):
    """The same integrator on all N coordinates: what the reduction alone is worth."""
    case = CASES[name]
    error, work = ours(name)
    full = FullState(case.system)
    initial = case.initial

    tolerance, full_error = loosest(lambda rtol: solve(full, initial, rtol), exact(name))
    turns = take_turns(work, lambda: solve(full, initial, tolerance), ROUNDS)
    benchmark.pedantic(work, rounds=3)
    peer = "our integrator, full state"
    records.turns("ensemble", name, peer, turns, (error, full_error), 2.5)


LARGE = {
    "N=3 r=2 M=200,000 T=51": (three_populations, 200_000, TIMES),
    "N=100 r=5 M=50,000 T=51": (lambda: random_rnn(100, 5, 1.5), 50_000, TIMES),
    "N=1000 r=10 M=4,000 T=51": (lambda: random_rnn(1000, 10, 1.5), 4_000, TIMES),
    "N=1000 r=10 M=16,000 T=11": (lambda: random_rnn(1000, 10, 1.5), 16_000, TIMES[::10]),
}


@pytest.mark.parametrize("name", LARGE)
def test_two_processes(name, every_core, records, benchmark):
    """Two worker processes on larger ensembles; the bits do not depend on their number.

    The first call, which starts the workers, does not count.
    """
    make, count, times = LARGE[name]
    system = make()
    initial = np.random.default_rng(0).standard_normal((count, system.size))

    def by(jobs):
        return simulate(system, initial, times, rtol=1e-8, jobs=jobs).states

    benchmark.extra_info["first_seconds"] = timed(lambda: by(2))
    assert np.array_equal(by(1), by(2))
    turns = take_turns(lambda: by(2), lambda: by(1), 5)
    benchmark.pedantic(by, args=(2,), rounds=1)
    records.turns("ensemble", name, "one process", turns, (0.0, 0.0), 1.7)


ALONE = {"tanh in the cache": 1 << 14, "copies in memory": 1 << 25}
"""Size of the arrays. NumPy runs both without Python's lock, in threads as well as in processes."""


@pytest.mark.parametrize("what", ALONE)
def test_two_cores(what, every_core, records, benchmark):
    """What two cores are worth here, of which `jobs` cannot make more.

    Arithmetic can have all of both; copies share the speed of the memory.
    """
    arrays = np.full((2, 2, ALONE[what]), 0.5)

    def work(array):
        for _ in range(max(1, (1 << 24) // array.size)):
            np.tanh(array[0], out=array[1]) if "tanh" in what else np.copyto(array[1], array[0])

    with ThreadPoolExecutor(2) as threads:
        both = partial(deque, maxlen=0)
        turns = take_turns(
            lambda: both(threads.map(work, arrays)), lambda: both(map(work, arrays)), 15
        )
    benchmark.pedantic(work, args=(arrays[0],), rounds=1)
    records.turns("two cores", what, "one core", turns, (np.nan, np.nan), None)


def test_weights_are_those_of_the_peers():
    """The peers integrate the same equation: no offsets, tanh, the same factors."""
    for case in CASES.values():
        x = case.initial[:3]
        left, right = case.factors
        np.testing.assert_allclose(case.system.rhs(x), -x + np.tanh(x) @ right @ left.T, atol=1e-12)
