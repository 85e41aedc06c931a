"""Driven networks beside autonomous ones and other people's solvers, maps beside plain loops."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import peers_driven
from conftest import need
from interleave import take_turns
from koopmark import simulate
from koopmark.systems import leaky_rnn, random_rnn
from test_ensembles import ROUNDS, loosest

INTERVALS = 50
TIMES = np.linspace(0.0, 5.0, INTERVALS + 1)
MOST = 1.3
"""What an evaluation under inputs may cost, relative to one without."""
CASES = {"N=100 r=5 M=1000 q=2": (100, 5, 1000), "N=1000 r=10 M=200 q=2": (1000, 10, 200)}
VERIFIED = 5
"""Trajectories that the reference follows."""


@cache
def case(name):
    """Network, B, initial states and inputs, new in each of the intervals."""
    n, rank, count = CASES[name]
    rng = np.random.default_rng(0)
    weights = 0.3 * rng.standard_normal((n, 2))
    system = random_rnn(n, rank, 1.5).with_inputs(weights)
    inputs = rng.standard_normal((count, len(TIMES), 2))
    return system, rng.standard_normal((count, n)), inputs


@cache
def exact(name):
    """The first VERIFIED trajectories by SciPy's DOP853 at 1e-13, restarted at every switch."""
    system, initial, inputs = case(name)
    factors = system.weights.left, system.weights.right, system.input_weights
    solve = peers_driven.scipy_restarted(*factors, stacked=False)
    return solve(initial[:VERIFIED], TIMES, inputs[:VERIFIED], 1e-13)


@cache
def ours(name):
    """Tolerance and error of ours, and the work as a function without arguments."""
    system, initial, inputs = case(name)
    out = np.zeros((len(initial), len(TIMES), system.size))

    def into(rtol):
        return simulate(system, initial, TIMES, rtol=rtol, out=out, inputs=inputs).states

    rtol, error = loosest(lambda rtol: into(rtol)[:VERIFIED], exact(name))
    return rtol, error, lambda: into(rtol)


def counted(system, initial, rtol, **options):
    """Evaluations of the right-hand side of all trajectories in one run."""
    seen = []

    def counting(x, out=None):
        seen.append(x.size)
        return np.tanh(x, out=out)

    counted_tanh = replace(system.coupling, value=counting)
    simulate(replace(system, coupling=counted_tanh), initial, TIMES, rtol=rtol, **options)
    return sum(seen) / system.size


@pytest.mark.parametrize("name", CASES)
def test_an_evaluation_under_inputs_beside_one_without(name, records, benchmark):
    """Whole simulations, by their numbers of evaluations: 1 / MOST is the goal of the ratio."""
    system, initial, inputs = case(name)
    rtol, error, work = ours(name)
    alone, out = system.with_inputs(None), np.zeros((len(initial), len(TIMES), system.size))
    driven = counted(system, initial, rtol, inputs=inputs)
    autonomous = counted(alone, initial, rtol)
    turns = take_turns(
        work,
        lambda: simulate(alone, initial, TIMES, rtol=rtol, out=out),
        ROUNDS,
        driven / autonomous,
    )
    benchmark.pedantic(work, rounds=3)
    peer = f"without inputs, as many evaluations ({driven / autonomous:.1f} times its own)"
    records.turns("driven", name, peer, turns, (error, error), 1.0 / MOST)


PEERS = {
    "solve_ivp DOP853, stacked, restarted": ("scipy", peers_driven.scipy_restarted, {}),
    "diffrax Dopri8, batched": ("diffrax", peers_driven.diffrax_dopri8, {"vmapped": False}),
    "diffrax Dopri8, vmapped": ("diffrax", peers_driven.diffrax_dopri8, {"vmapped": True}),
}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", CASES)
def test_driven_ensemble(name, peer, records, benchmark):
    module, factory, options = PEERS[peer]
    need(module)
    system, initial, inputs = case(name)
    _, our_error, work = ours(name)
    theirs = factory(system.weights.left, system.weights.right, system.input_weights, **options)
    tolerance, error = loosest(
        lambda rtol: theirs(initial, TIMES, inputs, rtol)[:VERIFIED], exact(name)
    )
    turns = take_turns(work, lambda: theirs(initial, TIMES, inputs, tolerance), 3)
    benchmark.pedantic(work, rounds=3)
    goal = 3.0 if "vmapped" not in peer else None
    records.turns("driven", name, peer, turns, (our_error, error), goal)


@pytest.mark.parametrize("dense", [False, True], ids=["factors", "dense W"])
@pytest.mark.parametrize("name", CASES)
def test_map_beside_a_plain_loop(name, dense, records, benchmark):
    """x⁺ = (1-α) x + α (W tanh x + B v), α = 0.1, every step kept."""
    system, initial, inputs = case(name)
    stepped = leaky_rnn(system.weights, 0.1, inputs=system.input_weights)
    loop = peers_driven.numpy_loop(
        system.weights.left, system.weights.right, system.input_weights, 0.1, dense
    )
    steps, out = np.arange(len(TIMES)), np.zeros((len(initial), len(TIMES), system.size))

    def work():
        return simulate(stepped, initial, steps, inputs=inputs, out=out).states

    error = float(np.abs(work() - loop(initial, inputs)).max())
    assert error < 1e-12
    turns = take_turns(work, lambda: loop(initial, inputs), ROUNDS)
    benchmark.pedantic(work, rounds=3)
    peer = f"NumPy loop, {'dense W' if dense else 'factors'}"
    records.turns("map", name, peer, turns, (error, error), None)
