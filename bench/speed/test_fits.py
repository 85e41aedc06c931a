"""EDMD fits beside other libraries, which get our dictionary values: only the fit differs."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import koopmark
from conftest import need
from interleave import take_turns
from koopmark import simulate
from koopmark.methods import Monomials
from koopmark.systems import random_rnn
from peers_fit import PEERS

ROUNDS = 5
KEPT = 1e-9
"""Error at -1, all copies, below which a fit keeps the digits."""


@dataclass(frozen=True)
class Case:
    n: int
    rank: int
    degree: int

    @property
    def name(self):
        return f"N={self.n} degree {self.degree}, 20,000 pairs"


CASES = [Case(10, 2, 3), Case(100, 5, 1)]


@cache
def data(case):
    system = random_rnn(case.n, case.rank, 1.5)
    initial = 1.5 * np.random.default_rng(0).standard_normal((400, case.n))
    return system, simulate(system, initial, np.linspace(0.0, 5.0, 51), rtol=1e-11)


def ours(case, trajectories):
    """The whole method: dictionary, factor, eigenpairs with residuals, readout of the state."""
    dictionary = Monomials(degree=case.degree)
    return lambda: koopmark.fit("koopmark.qr_edmd", trajectories, dictionary=dictionary)


def theirs(case, trajectories, fit):
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
def test_fit(case, peer, records, benchmark):
    module, fit = PEERS[peer]
    need(module)
    system, trajectories = data(case)
    work, other = ours(case, trajectories), theirs(case, trajectories, fit)
    our_error = error_at_minus_one(work().eigenvalues, system)
    discrete = np.asarray(other(), dtype=complex)
    peer_error = error_at_minus_one(np.log(discrete) / trajectories.dt, system)
    assert our_error < KEPT
    turns = take_turns(work, other, ROUNDS)
    benchmark.pedantic(work, rounds=3)
    goal = 1.0 if peer_error < KEPT else None
    records.turns("QR-EDMD", case.name, peer, turns, (our_error, peer_error), goal)
