"""What is timed at each size, in a process of its own: its peak memory is that of nothing else."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from threadpoolctl import threadpool_limits

import koopmark
from floor import measured
from koopmark import Trajectories, simulate
from koopmark.methods import Monomials
from koopmark.simulation import simulate_reduced
from koopmark.systems import Network, random_rnn, three_populations
from koopmark.workers._measure import Meter

TIMES = np.linspace(0.0, 5.0, 21)
RTOL = {"float64": 1e-8, "float32": 1e-5}
UNITS_AT_ONCE = 4096
"""Of which the states are expanded at a time, if they are not kept."""
ENOUGH_SECONDS, MOST_ROUNDS = 1.0, 7


@dataclass(frozen=True)
class Cost:
    """What one size costs, after a first run in which memory is measured."""

    seconds: list[float]
    """Processor time of each run."""
    wall: list[float]
    memory_mb: float
    """Peak beyond `data_mb`."""
    data_mb: float
    """Initial states and output, or the data of a fit."""
    floor: float
    """Seconds of the operations that cannot be left out."""
    error: float
    """Largest absolute error of a state, or of the eigenvalue -1; NaN if there is no reference."""
    exact: float = np.nan
    """Largest deviation of uᵀ(x - θ), |u| = 1, from its exact decay, over all trajectories."""


def alone(work: Callable[..., Cost], *arguments: Any) -> Cost:
    """The cost that `work` finds in a fresh process with one BLAS thread."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_on_one_thread, work, arguments).result()


def _on_one_thread(work: Callable[..., Cost], arguments: tuple) -> Cost:
    with threadpool_limits(1):
        return work(*arguments)


def simulation(
    n: int, rank: int, count: int, dtype: str = "float64", kept: bool = True, checked: int = 0
) -> Cost:
    """An ensemble of `count` trajectories of `n` units; three units are the three populations.

    `kept` writes the states to a memory map; else they are expanded some units at a time and
    dropped. The states of so many trajectories as `checked` are compared with SciPy's.
    """
    system = three_populations() if n == 3 else random_rnn(n, rank, 1.5)
    initial = np.random.default_rng(0).standard_normal((count, n))
    options = {"rtol": RTOL[dtype], "dtype": np.dtype(dtype)}
    with TemporaryDirectory() as folder:
        file, shape = Path(folder) / "states.npy", (count, len(TIMES), n)
        out = _resident(file, shape, dtype) if kept else None

        def run(system: Network) -> Callable[[slice], NDArray]:
            """Simulate, and return how to get the states of some trajectories."""
            if kept:
                return simulate(system, initial, TIMES, out=out, **options).states.__getitem__
            reduced = simulate_reduced(system, initial, TIMES, **options)
            for start in range(0, n, UNITS_AT_ONCE):
                reduced.expand(units=slice(start, start + UNITS_AT_ONCE))
            return reduced.expand

        counting, seen = _counting(system)
        meter = Meter()
        states = run(counting)
        memory = meter.peak_mb()
        seconds, wall = repeated(lambda: run(system))
        error = max((_error(system, initial[m], states(slice(m, m + 1))[0])
                     for m in range(checked)), default=np.nan)  # fmt: skip
        exact = _deviation(system, initial, states)
    size = np.dtype(dtype).itemsize
    data = initial.nbytes + (count * len(TIMES) * n * size if kept else 0)
    unit = measured(dtype)
    floor = sum(seen) * unit.of_rhs(rank) + count * len(TIMES) * n * 2 * (rank + 2) * unit.flop
    return Cost(seconds, wall, memory, data / 1e6, floor, error, exact)


def fit(degree: int, pairs: int) -> Cost:
    """QR-EDMD of pairs in a memory map, with all monomials of ten units up to a degree."""
    system, steps = random_rnn(10, 2, 1.5), len(TIMES) - 1
    initial = 1.5 * np.random.default_rng(0).standard_normal((pairs // steps, 10))
    with TemporaryDirectory() as folder:
        states = _resident(Path(folder) / "states.npy", (len(initial), len(TIMES), 10), "float64")
        simulate(system, initial, TIMES, rtol=1e-11, out=states)
        trajectories = Trajectories(states, TIMES)

        def run() -> NDArray:
            dictionary = Monomials(degree=degree)
            return koopmark.fit("koopmark.qr_edmd", trajectories, dictionary=dictionary).eigenvalues

        meter = Meter()
        eigenvalues = run()
        memory = meter.peak_mb()
        seconds, wall = repeated(run)
        # The m-th nearest eigenvalue, m the dimension of the eigenspace.
        m = system.weights.null_space.dimension
        error = float(np.sort(np.abs(eigenvalues + 1.0))[m - 1])
        # A Gram matrix of both halves, the cheapest way.
        floor = 4.0 * pairs * functions(degree) ** 2 * measured().flop
        return Cost(seconds, wall, memory, states.nbytes / 1e6, floor, error)


def functions(degree: int) -> int:
    """Number of monomials of ten units up to a degree."""
    return Monomials(degree=degree).fitted(np.zeros((1, 10))).size


def repeated(work: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Processor and wall seconds of each of several runs: of one, if it takes a second."""
    seconds: list[float] = []
    wall: list[float] = []
    while not wall or (sum(wall) < ENOUGH_SECONDS and len(wall) < MOST_ROUNDS):
        begun, spent = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.process_time() - spent)
        wall.append(time.perf_counter() - begun)
    return seconds, wall


def _resident(file: Path, shape: tuple[int, ...], dtype: str) -> np.memmap:
    """A memory map all of whose pages are in memory before any peak is measured."""
    array = np.lib.format.open_memmap(file, mode="w+", dtype=dtype, shape=shape)
    array[...] = 0.0
    return array


def _counting(system: Network) -> tuple[Network, list[int]]:
    """The same system, and the number of values that it gets at each evaluation of h."""
    seen: list[int] = []
    value = system.coupling.value

    def counted(x: NDArray, out: NDArray | None = None) -> NDArray:
        seen.append(x.size)
        return value(x, out=out)

    return replace(system, coupling=replace(system.coupling, value=counted)), seen


def _error(system: Network, start: NDArray, states: NDArray) -> float:
    """Against SciPy's DOP853 at 1e-13 on the full equations."""
    options = {"t_eval": TIMES, "method": "DOP853", "rtol": 1e-13, "atol": 1e-13}
    exact = solve_ivp(lambda _t, x: system.rhs(x), (0.0, TIMES[-1]), start, **options).y.T
    return float(np.abs(states - exact).max())


def _deviation(system: Network, initial: NDArray, states: Callable[[slice], NDArray]) -> float:
    u = system.weights.null_space.sample(1, np.random.default_rng(1))[:, 0]
    u /= np.linalg.norm(u)
    theta = np.broadcast_to(system.zeta.theta, len(u))
    largest, at_once = 0.0, max(1, 10_000_000 // (len(TIMES) * len(u)))
    for start in range(0, len(initial), at_once):
        part = slice(start, start + at_once)
        decaying = ((initial[part] - theta) @ u)[:, None] * np.exp(-TIMES)
        along = states(part).astype(float) @ u - theta @ u
        largest = max(largest, float(np.abs(along - decaying).max()))
    return largest
