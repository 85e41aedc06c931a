"""EDMD fits beside other libraries, which get our dictionary values: only the fit differs.

All start from snapshot pairs of states; ours returns residuals and readout as well.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import koopmark
from conftest import need
from interleave import take_turns
from koopmark import simulate
from koopmark.methods import Monomials
from koopmark.methods.own.qr_edmd import windowed
from koopmark.simulation import Trajectories
from koopmark.systems import random_rnn
from peers_fit import PEERS

KEPT = 1e-9
"""Error at -1, all copies, below which a fit keeps the digits."""


@dataclass(frozen=True)
class Case:
    n: int
    rank: int
    degree: int
    trajectories: int = 400
    steps: int = 50
    delays: int = 1
    rounds: int = 5

    @property
    def name(self):
        windows = f", {self.delays} delays" if self.delays > 1 else ""
        pairs = self.trajectories * (self.steps + 1 - self.delays)
        return f"N={self.n} degree {self.degree}{windows}, {pairs:,} pairs"


CASES = [
    Case(100, 5, 1),
    Case(1000, 10, 1, trajectories=2000, steps=10, rounds=3),
    Case(10, 2, 3),
    Case(10, 2, 4, trajectories=2000, steps=10, rounds=3),
    Case(10, 2, 2, trajectories=20_000, rounds=3),
    Case(10, 2, 1, delays=16),
    Case(10, 2, 1, steps=100, delays=64),
]

TOO_LARGE = 500_000
"""Pairs from which on the states are read from a memory map."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """For states that are read from a memory map."""
    return tmp_path_factory.mktemp("states")


@cache
def data(case, folder):
    system = random_rnn(case.n, case.rank, 1.5)
    initial = 1.5 * np.random.default_rng(0).standard_normal((case.trajectories, case.n))
    times = 0.1 * np.arange(case.steps + 1)
    if case.trajectories * case.steps < TOO_LARGE:
        return system, simulate(system, initial, times, rtol=1e-11)
    path, shape = folder / f"{case.n}.npy", (case.trajectories, len(times), case.n)
    out = np.lib.format.open_memmap(path, mode="w+", dtype=float, shape=shape)
    simulate(system, initial, times, rtol=1e-11, out=out)
    return system, Trajectories(np.load(path, mmap_mode="r"), times)


def ours(case, trajectories):
    """The whole method: dictionary, factor, eigenpairs with residuals, readout of the state."""
    options = {"dictionary": Monomials(degree=case.degree), "delays": case.delays}
    return lambda: koopmark.fit("koopmark.qr_edmd", trajectories, **options)


def theirs(case, trajectories, fit):
    if case.delays > 1:
        trajectories = windowed(trajectories, case.delays)
    x, y = trajectories.pairs()
    dictionary = Monomials(degree=case.degree).fitted(x)

    def work():
        return fit(np.ascontiguousarray(dictionary(x)), np.ascontiguousarray(dictionary(y)))

    return work


def error_at_minus_one(eigenvalues, system):
    """Distance of the m-th nearest eigenvalue from -1, m the dimension of the eigenspace."""
    m = system.weights.null_space.dimension
    return float(np.sort(np.abs(eigenvalues + 1.0))[m - 1])


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fit(case, peer, folder, records, benchmark):
    module, fit = PEERS[peer]
    need(module)
    system, trajectories = data(case, folder)
    work, other = ours(case, trajectories), theirs(case, trajectories, fit)
    our_error = error_at_minus_one(work().eigenvalues, system)
    discrete = np.asarray(other(), dtype=complex)
    peer_error = error_at_minus_one(np.log(discrete) / trajectories.dt, system)
    assert our_error < KEPT
    turns = take_turns(work, other, case.rounds)
    benchmark.pedantic(work, rounds=3)
    goal = 1.0 if peer_error < KEPT else None
    records.turns("QR-EDMD", case.name, peer, turns, (our_error, peer_error), goal)
