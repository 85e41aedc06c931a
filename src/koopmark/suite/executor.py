"""Fits in processes of this machine; a process that hangs or dies costs one row."""

import os
import pickle
import queue
import signal
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil
from pebble import ProcessExpired, ProcessPool

from koopmark.suite import journal, worker
from koopmark.suite.cell import hard_limit
from koopmark.suite.journal import Remains
from koopmark.suite.plan import Cell
from koopmark.suite.rows import Outcome, make_rows
from koopmark.suite.tables import Rows

PULSE = 0.5
"""Seconds between looks at processes that died without a word."""

MAX_BREAKDOWNS = 3
"""How often in a row the pool may break without a result before it is not worth trying."""


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def execute(
    cells: Sequence[Cell], jobs: int, cache_dir: Path | None = None
) -> Generator[Rows, None, None]:
    """Run cells in `jobs` warm worker processes and yield their rows as they end.

    Closing the iterator ends the fits under way.

    Raises
    ------
    RuntimeError
        Where worker processes cannot be kept alive at all.
    """
    waiting = list(cells)
    breakdowns = 0
    with tempfile.TemporaryDirectory(prefix="koopmark-") as name:
        while waiting:
            before = len(waiting)
            with closing(_one_pool(waiting, jobs, Path(name), cache_dir)) as results:
                for rows in results:
                    waiting = [cell for cell in waiting if cell.fit_id != rows.fit_id]
                    yield rows
            breakdowns = breakdowns + 1 if len(waiting) == before else 0
            if breakdowns == MAX_BREAKDOWNS:
                raise RuntimeError(f"worker processes die as they start: {before} fits are left")


def _one_pool(
    cells: list[Cell], jobs: int, folder: Path, cache_dir: Path | None
) -> Generator[Rows, None, None]:
    """Rows of `cells` until they are done or the pool breaks."""
    finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with _pool(min(jobs, len(cells))) as pool:
        under_way: dict[Any, Cell] = {}
        for cell in cells:
            future = pool.schedule(
                worker.run, (pickle.dumps(cell), folder, cache_dir), timeout=hard_limit(cell)
            )
            under_way[future] = cell
            future.add_done_callback(finished.put)
        watch = _Watch(folder)
        while under_way:
            try:
                future = finished.get(timeout=PULSE)
            except queue.Empty:
                watch.cancel_the_silent_dead(under_way)
                continue
            cell = under_way.pop(future)
            rows = _rows(cell, future, folder)
            if rows is None:
                return
            journal.discard(folder, cell.fit_id)
            yield rows


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPool]:
    with worker.one_thread_each():
        pool = ProcessPool(jobs, initializer=worker.prepare, context=get_context("spawn"))
        try:
            yield pool
        finally:
            pool.stop()
            pool.join()


def _rows(cell: Cell, future: Any, folder: Path) -> Rows | None:
    """The rows of a finished future; None where the pool broke and took it along."""
    try:
        rows: Rows = pickle.loads(future.result())
        return rows
    except BrokenProcessPool:
        return None
    except (TimeoutError, ProcessExpired, CancelledError) as error:
        left = journal.remains(folder, cell.fit_id)
        if left.pid is not None:
            worker.end_descendants(left.pid)
        exit_code = None if isinstance(error, TimeoutError) else getattr(error, "exitcode", 0)
        return make_rows(cell, _outcome(cell, exit_code, left), left.output)
    except Exception as error:  # noqa: BLE001 whatever happens becomes a row
        return make_rows(cell, Outcome("failed", f"{type(error).__name__}: {error}"))


def _outcome(cell: Cell, exit_code: int | None, left: Remains) -> Outcome:
    """How a fit ended whose process is gone; `exit_code` None where the pool ended it."""
    if exit_code is None or time.time() >= left.deadline:
        limit = hard_limit(cell) if exit_code is None else left.limit
        where = f", in {left.where}" if left.where else ""
        status, reason = "timeout", f"{left.phase} ran into its limit of {limit:g} s{where}"
    elif any(word in left.output.lower() for word in ("bad_alloc", "memory allocation")):
        status, reason = "out_of_memory", f"the process {in_words(exit_code)} for want of memory"
    else:
        during = "" if left.phase == "fit" else f" during {left.phase}"
        status, reason = "crashed", f"the process {in_words(exit_code)}{during}"
    return Outcome(status, reason, left.fit_seconds, left.peak_memory_mb)


def in_words(exit_code: int) -> str:
    """Such as `was killed by SIGSEGV (Segmentation fault)` or `ended with exit code 3`."""
    if exit_code < 0:
        try:
            name = signal.Signals(-exit_code).name
        except ValueError:
            return f"was killed by signal {-exit_code}"
        return f"was killed by {name} ({signal.strsignal(-exit_code)})"
    return f"ended with exit code {exit_code}"


class _Watch:
    """Finds workers that ended with exit code 0 in mid-fit, which the pool overlooks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._suspects: set[str] = set()

    def cancel_the_silent_dead(self, under_way: dict[Any, Cell]) -> None:
        """Cancel what has had no process for two looks: at the first, its result may be coming."""
        dead = {}
        for future, cell in under_way.items():
            if future.running():
                pid = journal.remains(self._folder, cell.fit_id).pid
                if pid is not None and not psutil.pid_exists(pid):
                    dead[cell.fit_id] = future
        for fit_id in dead.keys() & self._suspects:
            dead[fit_id].cancel()
        self._suspects = set(dead)
