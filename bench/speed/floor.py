"""What a right-hand side cannot be faster than: tanh, the two products, the null component."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from interleave import Work, fastest, processor_seconds
from koopmark.systems import ACTIVATIONS

BLOCK, LANES = 128, 512
"""Neurons and trajectories of a block that stays in a core's cache."""


@dataclass(frozen=True)
class Floor:
    """Seconds for each neuron of each trajectory and evaluation."""

    tanh: float
    """The quicker of NumPy's and ours."""
    multiply: float
    """One multiplication in place: applying the closed-form null component."""
    flop: float
    """One floating-point operation of a large matrix product."""

    def of_rhs(self, rank: int) -> float:
        """tanh, two products with r columns (4r operations), the null component."""
        return self.tanh + self.multiply + 4 * rank * self.flop


@cache
def measured(dtype: str = "float64") -> Floor:
    """The floor of this machine, one thread."""
    x = np.random.default_rng(0).standard_normal((BLOCK, LANES)).astype(dtype)
    out, scale = np.empty_like(x), np.ones(LANES, dtype)
    square = np.random.default_rng(0).standard_normal((768, 768)).astype(dtype)
    product = np.empty_like(square)
    repeat = range(50)
    tanh = min(
        _least(lambda each=each: [each(x, out=out) for _ in repeat]) / (50 * x.size)
        for each in (np.tanh, ACTIVATIONS["tanh"])
    )
    multiply = _least(lambda: [np.multiply(x, scale, out=out) for _ in repeat]) / (50 * x.size)
    flop = _least(lambda: np.dot(square, square, out=product)) / (2 * 768**3)
    return Floor(tanh, multiply, flop)


def _least(work: Work) -> float:
    """Processor time, because other work on the machine would raise wall-clock time."""
    return min(processor_seconds(work) for _ in range(6))


@cache
def bandwidth() -> float:
    """Bytes per second of copying arrays far larger than the caches, read and written."""
    source = np.zeros(1 << 25)
    target = np.zeros_like(source)
    return 2 * source.nbytes / fastest(lambda: np.copyto(target, source), 3)
