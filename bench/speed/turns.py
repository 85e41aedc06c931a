"""Two sources timed in turns, in fresh pairs of processes."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from kernels import KERNELS
from slowdown import Slowdown, slowdown

PAIRS, ROUNDS = 5, 8
SIDE = Path(__file__).with_name("side.py")

# One BLAS thread. And memory that is kept: by default glibc gives some of it back to the system at
# every call in one process and never in the next, which alone made one 20 % slower than the other.
STEADY = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 28),
    "PYTHONHASHSEED": "0",
}


class CannotRun(Exception):
    """Why a kernel cannot be timed on a source."""


class Side:
    """A process that has the `koopmark` of one source."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.process = subprocess.Popen(
            [sys.executable, str(SIDE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **STEADY, "PYTHONPATH": str(source)},
        )

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def missing(self) -> dict[int, str]:
        """Kernels that cannot run on this source, and why; waits until all others are prepared."""
        line = self.process.stdout.readline()
        if not line:
            raise CannotRun(f"nothing of {self.source} can be imported")
        imported, missing = json.loads(line)
        if imported != str(self.source / "koopmark"):
            raise CannotRun(f"{imported} was imported instead of {self.source}")
        return {int(kernel): why for kernel, why in missing.items()}

    def time(self, kernel: int) -> list[float]:
        """Processor seconds of the kernel and of its reference."""
        self.process.stdin.write(f"{kernel}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise CannotRun(f"a process of {self.source} died in {KERNELS[kernel].name}")
        return json.loads(answer)


def measure(head: Path, base: Path) -> tuple[list[Slowdown], dict[str, str]]:
    """Slowdowns of `head` over `base`, two folders that hold `koopmark`; what base cannot run.

    Raises
    ------
    CannotRun
        If `head` cannot run a kernel, or either source cannot be imported.
    """
    seconds: list[list[list[list[list[float]]]]] = []
    missing: dict[int, str] = {}
    for _ in range(PAIRS):
        missing, of_pair = _pair(head, base)
        seconds.append(of_pair)
    chosen = [kernel.name for index, kernel in enumerate(KERNELS) if index not in missing]
    by_kernel = np.moveaxis(np.array(seconds), 2, 0) if chosen else []
    found = [slowdown(name, times) for name, times in zip(chosen, by_kernel, strict=True)]
    return found, {KERNELS[index].name: why for index, why in missing.items()}


def _pair(head: Path, base: Path) -> tuple[dict[int, str], list[list[list[list[float]]]]]:
    """What base cannot run; seconds (rounds, kernels, 2 sides, 2) of two fresh processes.

    Which side is first alternates.
    """
    with ExitStack() as stack:
        sides = [stack.enter_context(Side(source)) for source in (head, base)]
        ours, theirs = (side.missing() for side in sides)
        if ours:
            raise CannotRun("; ".join(ours.values()))
        kernels = [index for index in range(len(KERNELS)) if index not in theirs]
        return theirs, [
            [_both(sides, kernel, (number + kernel) % 2 == 1) for kernel in kernels]
            for number in range(ROUNDS)
        ]


def _both(sides: list[Side], kernel: int, base_first: bool) -> list[list[float]]:
    seconds = [side.time(kernel) for side in (reversed(sides) if base_first else sides)]
    return seconds[::-1] if base_first else seconds
