"""How cost grows with the number of units, the rank, the trajectories and the dictionary."""

import numpy as np
import pytest

import koopmark
from interleave import fastest
from koopmark import simulate
from koopmark.methods import RandomFourier
from koopmark.systems import random_rnn
from records import Point

TIMES = np.linspace(0.0, 5.0, 21)


def simulation_seconds(n=1000, rank=10, trajectories=100):
    """Seconds of a whole simulation, states included."""
    system = random_rnn(n, rank, 1.5)
    initial = np.random.default_rng(0).standard_normal((trajectories, n))
    out = np.zeros((trajectories, len(TIMES), n))
    return fastest(lambda: simulate(system, initial, TIMES, rtol=1e-8, out=out), 2)


def fit_seconds(functions):
    system = random_rnn(10, 2, 1.5)
    initial = np.random.default_rng(0).standard_normal((400, 10))
    trajectories = simulate(system, initial, TIMES, rtol=1e-9)
    dictionary = RandomFourier(count=functions)
    work = lambda: koopmark.fit("koopmark.qr_edmd", trajectories, dictionary=dictionary)  # noqa: E731
    return fastest(work, 1)


AXES = {
    "N": ([1000, 3000, 10_000, 30_000, 100_000], lambda n: simulation_seconds(n, 10, 20)),
    "r": ([2, 5, 10, 20, 50], lambda rank: simulation_seconds(rank=rank)),
    "M": ([50, 150, 500, 1500], lambda count: simulation_seconds(trajectories=count)),
    "D": ([100, 200, 400, 800], fit_seconds),
}


@pytest.mark.parametrize("axis", AXES)
def test_scaling(axis, records, benchmark):
    sizes, seconds = AXES[axis]
    what = "QR-EDMD" if axis == "D" else "ensemble"
    points = [Point(what, axis, size, seconds(size)) for size in sizes]
    records.points.extend(points)
    benchmark.pedantic(seconds, args=(sizes[0],), rounds=1)
    logs = np.log([[point.size, point.seconds] for point in points])
    benchmark.extra_info["exponent"] = float(np.polyfit(*logs.T, 1)[0])
