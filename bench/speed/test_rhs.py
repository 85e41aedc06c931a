"""One evaluation of the right-hand side, beside the floor and other ways to write it."""

import numpy as np
import pytest

from conftest import need
from floor import measured
from interleave import take_turns
from koopmark.simulation._ensemble import l2_bytes, tile
from koopmark.simulation._reduction import reduction
from koopmark.simulation._rhs import ReducedRHS
from koopmark.systems import random_rnn

ROUNDS, REPEATS = 15, 20
SIZES = [(100, 5), (1000, 10), (5000, 20), (1000, 50)]


def ready(n, rank):
    """Our right-hand side on one tile as the simulation cuts it, and the tile's states."""
    system = random_rnn(n, rank, 1.5)
    tiling = tile(10_000, n, rank, l2_bytes())
    x = np.random.default_rng(0).standard_normal((tiling.lanes, n))
    split = reduction(system)
    a, z = split.split(x)
    rhs = ReducedRHS(split, np.ascontiguousarray(z.T), tiling.block)
    clock, out = rhs.clock(np.zeros(tiling.lanes)), np.empty_like(a)
    return system, x, lambda: rhs(clock, a, out)


def repeated(work):
    return lambda: [work() for _ in range(REPEATS)]


def in_the_coordinates(system, velocity):
    return (velocity @ system.weights.thin_qr[0]).T


@pytest.mark.parametrize(("n", "rank"), SIZES, ids=lambda value: str(value))
def test_rhs_beside_the_floor(n, rank, records, benchmark):
    system, x, work = ready(n, rank)
    np.testing.assert_allclose(work(), in_the_coordinates(system, system.rhs(x)), atol=1e-11)
    benchmark.pedantic(repeated(work), rounds=ROUNDS, warmup_rounds=2)
    seconds = benchmark.stats.stats.median / REPEATS
    share = x.size * measured().of_rhs(rank) / seconds
    goal = 0.75 if rank <= 20 else None
    records.share("right-hand side", f"N={n} r={rank}", seconds, share, np.nan, goal)


def whole_state(system, x):
    out = np.empty_like(x)
    return lambda: system.rhs(x, out=out)


def dense(system, x):
    weights = system.weights.dense().T.copy()
    return lambda: np.tanh(x) @ weights - x


def jax_compiled(system, x):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    left, right = jnp.asarray(system.weights.left.T), jnp.asarray(system.weights.right)
    states = jnp.asarray(x)
    field = jax.jit(lambda states: jnp.tanh(states) @ right @ left - states)
    return lambda: np.asarray(field(states).block_until_ready())


PEERS = {
    "full state, factors": ("numpy", whole_state),
    "full state, dense W": ("numpy", dense),
    "JAX, full state, compiled": ("jax", jax_compiled),
}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(("n", "rank"), SIZES, ids=lambda value: str(value))
def test_rhs_beside_peers(n, rank, peer, records, benchmark):
    module, factory = PEERS[peer]
    need(module)
    if "dense" in peer and n > 1000:
        pytest.skip("a dense matrix of 5000 units says nothing new")
    system, x, work = ready(n, rank)
    theirs = factory(system, x)
    ours = in_the_coordinates(system, theirs())
    error = float(np.abs(work() - ours).max())
    assert error < 1e-11
    turns = take_turns(repeated(work), repeated(theirs), ROUNDS)
    benchmark.pedantic(repeated(work), rounds=3)
    case = f"N={n} r={rank}"
    records.turns("right-hand side", case, peer, turns, (error, error), None, REPEATS)
