"""One side of a comparison: a process that times kernels when it is told to.

Says first which `koopmark` it has, and which kernels that cannot run and why. Then reads the number
of a kernel from each line of its input, and answers with the processor seconds of the kernel and of
its reference.
"""

import json
import os
import sys
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

from kernels import KERNELS, Work

REPEATS = 3
"""Calls of each a turn, of which the quickest counts."""


def prepared(make, reference) -> tuple[Work, Work] | str:
    """Both works after a first call, or why there are none: a base may lack what is timed."""
    try:
        works = make(), reference()
        for work in works:
            work()
    except Exception as error:  # noqa: BLE001 whatever an old source raises
        return f"{type(error).__name__}: {error}"
    return works


def turn(works: tuple[Work, Work]) -> list[float]:
    """Processor seconds of both, the quickest of `REPEATS` calls.

    Not the clock's: what else runs on the core is not the code's doing.
    """
    least = [float("inf"), float("inf")]
    for _ in range(REPEATS):
        for which, work in enumerate(works):
            start = time.process_time()
            work()
            least[which] = min(least[which], time.process_time() - start)
    return least


def main() -> None:
    import koopmark

    works = [prepared(kernel.make, kernel.reference) for kernel in KERNELS]
    if hasattr(os, "sched_setaffinity"):
        # Both sides on one core: they never run at once, and cores are not all alike.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    missing = {i: work for i, work in enumerate(works) if isinstance(work, str)}
    print(json.dumps([str(Path(koopmark.__file__).parent), missing]), flush=True)
    for line in sys.stdin:
        print(json.dumps(turn(works[int(line)])), flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
