"""What is timed of the core, each beside a kernel in NumPy of the same character.

The kernel in NumPy knows nothing of koopmark. It is the same on both sides of a comparison, so that
a ratio to it takes out what the machine does to a process, and a difference in it is noise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Work = Callable[[], object]


@dataclass(frozen=True)
class Kernel:
    """Something to time: `make` prepares it and returns the work, `reference` likewise."""

    name: str
    make: Callable[[], Work]
    reference: Callable[[], Work]


def right_hand_side() -> Work:
    """Evaluations on one tile as the simulation cuts it, N = 1000, r = 10."""
    from koopmark.simulation._reduction import reduction
    from koopmark.simulation._rhs import ReducedRHS
    from koopmark.systems import random_rnn

    system = random_rnn(1000, 10, 1.5)
    x = np.random.default_rng(0).standard_normal((LANES, 1000))
    split = reduction(system)
    a, z = split.split(x)
    rhs = ReducedRHS(split, np.ascontiguousarray(z.T), BLOCK)
    clock, out = rhs.clock(np.zeros(LANES)), np.empty_like(a)
    return lambda: [rhs(clock, a, out) for _ in range(40)]


LANES, BLOCK = 64, 250


def tanh_and_products(repeats: int, n: int, rank: int, lanes: int = LANES) -> Work:
    """A right-hand side by hand: two products with the factors, tanh between them."""
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((n, rank)), rng.standard_normal((rank, n))
    a, out = rng.standard_normal((rank, lanes)), np.empty((n, lanes))

    def work() -> None:
        for _ in range(repeats):
            right @ np.tanh(np.matmul(left, a, out=out), out=out)

    return work


def simulation() -> Work:
    """100 trajectories of 100 units, rank 5."""
    from koopmark import simulate
    from koopmark.systems import random_rnn

    system = random_rnn(100, 5, 1.5)
    initial = np.random.default_rng(0).standard_normal((100, 100))
    times = np.linspace(0.0, 5.0, 51)
    return lambda: simulate(system, initial, times, rtol=1e-8)


def qr_edmd() -> Work:
    """The whole method on 5,000 pairs of 10 units, monomials up to degree 2."""
    import koopmark

    system = koopmark.systems.random_rnn(10, 2, 1.5)
    initial = np.random.default_rng(0).standard_normal((100, 10))
    data = koopmark.simulate(system, initial, np.linspace(0.0, 5.0, 51), rtol=1e-11)
    options = {"dictionary": {"kind": "monomials", "degree": 2}}
    return lambda: koopmark.fit("koopmark.qr_edmd", data, **options)


def factor_and_eigenvalues() -> Work:
    """A QR factorisation of two dictionaries' values, and the eigenpairs of one operator."""
    values = np.random.default_rng(0).standard_normal((5000, 132))

    def work() -> None:
        r = np.linalg.qr(values, mode="r")
        np.linalg.eig(np.linalg.lstsq(r[:66, :66], r[:66, 66:], rcond=None)[0])

    return work


def scoring() -> Work:
    """All scores of a fit with 66 eigenpairs against the exact eigenspaces up to degree 2."""
    import koopmark

    system = koopmark.systems.random_rnn(10, 2, 1.5)
    times = np.linspace(0.0, 5.0, 51)
    rng = np.random.default_rng(0)
    train, test = (
        koopmark.simulate(system, rng.standard_normal((count, 10)), times, rtol=1e-11)
        for count in (100, 50)
    )
    options = {"dictionary": {"kind": "monomials", "degree": 2}}
    model = koopmark.fit("koopmark.qr_edmd", train, **options)
    return lambda: koopmark.score(model, system, test, max_degree=2)


def angles() -> Work:
    """Singular values of one span projected off another, complex, as scores are made of."""
    rng = np.random.default_rng(0)
    span = rng.standard_normal((2500, 66)) + 1j * rng.standard_normal((2500, 66))
    target = rng.standard_normal((2500, 36))

    def work() -> None:
        r = np.linalg.qr(np.hstack([span, target]), mode="r")
        np.linalg.svd(r[66:, 66:], compute_uv=False)

    return work


KERNELS = (
    Kernel("right-hand side", right_hand_side, lambda: tanh_and_products(40, 1000, 10)),
    Kernel("simulation", simulation, lambda: tanh_and_products(480, 100, 5, 100)),
    Kernel("QR-EDMD", qr_edmd, factor_and_eigenvalues),
    Kernel("scoring", scoring, angles),
)
