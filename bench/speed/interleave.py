"""Two computations timed in turns, so that the machine's moods hit both alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Work = Callable[[], object]


@dataclass(frozen=True)
class Turns:
    """Seconds of each round: `ours` and `theirs` one right after the other."""

    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Median, lower and upper quartile of theirs / ours over the rounds."""
        middle, low, high = np.percentile(self.theirs / self.ours, [50, 25, 75])
        return float(middle), float(low), float(high)


def take_turns(ours: Work, theirs: Work, rounds: int, scale: float = 1.0) -> Turns:
    """Time both `rounds` times after one round that does not count.

    `scale` multiplies their seconds, where they were given only a part of the work.
    """
    seconds = np.array([[timed(ours), timed(theirs)] for _ in range(rounds + 1)][1:])
    return Turns(seconds[:, 0], seconds[:, 1] * scale)


def timed(work: Work) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def processor_seconds(work: Work) -> float:
    """Processor seconds of one call, which other processes on the machine change little."""
    start = time.process_time()
    work()
    return time.process_time() - start


def fastest(work: Work, rounds: int = 5) -> float:
    """The least of several calls: what the machine can do when nothing disturbs it."""
    return min(timed(work) for _ in range(rounds + 1))
