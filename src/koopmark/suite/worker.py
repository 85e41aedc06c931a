"""The worker process: what it is before its first fit, and the one function it runs."""

import faulthandler
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Fits are compared in time, and run side by side: each has one thread."""


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Environment of the processes started in the block: BLAS reads it when it is loaded."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def prepare() -> None:
    """Make this process a worker: killable, verbose about its own death, and warm."""
    # A killed worker has nothing to tidy up, and may be past Python's help.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    faulthandler.enable(file=2, all_threads=False)
    for stream in (sys.stdout, sys.stderr):
        # Lines reach the capture file before a crash does.
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if os.name == "posix":
        # Its own process group, so that what a fit starts is ended with it.
        os.setsid()
    if sys.platform == "linux":
        # Where the whole machine runs out of memory, the kernel should end the fit.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500")
    import koopmark.suite.cell  # noqa: F401


def run(pickled_cell: bytes, folder: Path, cache_dir: Path | None) -> bytes:
    """`run_cell` in this process, which may end for it.

    Cells and rows travel as bytes: what cannot be unpickled is then an exception of this call
    and not the end of the process that reads the queue.
    """
    from koopmark.suite.cell import run_cell

    return pickle.dumps(run_cell(pickle.loads(pickled_cell), folder, cache_dir, disposable=True))


def end_descendants(pid: int) -> None:
    """End what a dead worker started and left running."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
