"""The worker process: its setup, and its loop over fits."""

import ctypes
import errno
import faulthandler
import io
import os
import pickle
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from koopmark._errors import named
from koopmark._plugins import Edited
from koopmark.store import Outcome, Rows
from koopmark.workers import _guard as guard

GRACE_SECONDS = 0.2
"""How long threads that a fit started may take to end after it."""

HARMLESS_THREADS = ("TMonitor",)
"""Classes of threads that libraries keep and that sleep: tqdm's."""

LEFT_OPEN = 64
"""Descriptors that a fit may leave open, as imports of libraries do: more would end up failing
fits that are not to blame."""

EDITED = "is not what the run was started with: it was edited, or differs here; start the run again"
"""Message for source code that differs from that of the run."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""How the system says that there is no room for what a worker notes of its fits."""

_PR_SET_CHILD_SUBREAPER = 36


def serve(connection: Connection, folder: Path, cache_dir: Path | None) -> None:
    """Run as a worker: take pickled cells and return pickled rows until the pipe closes.

    A worker whose fit left something behind that cannot be taken back is not used again.
    """
    prepare()
    import koopmark.workers._warm  # noqa: F401 before the first fit

    me, home, settings = os.getpid(), os.getcwd(), np.geterr()
    connection.send_bytes(b"ready")
    clean = True
    while clean:
        try:
            cell = connection.recv_bytes()
        except (EOFError, OSError):
            return
        answer, clean = run(cell, folder, cache_dir)
        if os.getpid() != me:
            # A fit forked and both returned: there is one result, the first process's.
            os._exit(0)
        with suppress(OSError):
            connection.send_bytes(answer)
        np.seterr(**settings)
        with suppress(OSError):
            os.chdir(home)
    # No tidying: a thread that was left behind could hold it up.
    connection.close()
    os._exit(0)


def prepare() -> None:
    """Set up this process as a worker that can be killed and reports crashes."""
    # Ctrl-C is for the run; a killed worker has nothing to tidy up, and may be past Python's help.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    faulthandler.enable(file=2, all_threads=False)
    for stream in (sys.stdout, sys.stderr):
        # Lines reach the capture file before a crash does; no fit fails for what a terminal lacks.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    if os.name == "posix":
        # A fit that signals its process group means itself.
        os.setsid()
    if sys.platform == "linux":
        # What a fit's children start and abandon stays a descendant of this process.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # Where the whole machine runs out of memory, the kernel should end the fit.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500")


def run(pickled_cell: bytes, folder: Path, cache_dir: Path | None) -> tuple[bytes, bool]:
    """Run `run_cell` in this process; returns whether the process is still clean afterwards.

    What comes back pickled are the same truth value, and Rows; or an Outcome where not even rows
    could be made; or WorkerFailure.
    """
    me, before = os.getpid(), set(threading.enumerate())
    files = _open_files()
    answer: Rows | Outcome | WorkerFailure
    try:
        from koopmark.plan import is_loaded
        from koopmark.workers._cell import run_cell

        # Whoever tidies temporary files may have taken it.
        folder.mkdir(parents=True, exist_ok=True)
        cell = pickle.loads(pickled_cell)
        if is_loaded(cell.method, cell.recipe, cell.code, cell.source):
            answer = run_cell(cell, folder, cache_dir, disposable=True)
        else:
            answer = WorkerFailure(f"the source of koopmark or of {cell.use} {EDITED}")
    except Edited as error:
        answer = WorkerFailure(f"{error}, and start the run again")
    except BaseException as error:  # noqa: BLE001 a fit may raise KeyboardInterrupt too
        answer = Outcome("failed", type(error).__name__)
        # The text of an exception may raise another.
        with suppress(Exception):
            answer = Outcome("failed", named(error)[:500])
        if isinstance(error, OSError) and error.errno in FULL:
            answer = WorkerFailure(f"{error.filename}: {error.strerror}")
    if os.getpid() != me:
        return b"", False
    threads, processes = _left_threads(before), guard.end_descendants()
    if isinstance(answer, Rows) and (threads or processes):
        found = (
            (threads, "a thread", "threads"),
            (processes, "a process", "processes"),
        )
        left = [one if count == 1 else f"{count} {many}" for count, one, many in found if count]
        notes = [answer.fit["notes"], f"left {' and '.join(left)} running"]
        answer = replace(answer, fit={**answer.fit, "notes": "; ".join(filter(None, notes))})
    clean = not (threads or processes) and _open_files() - files <= LEFT_OPEN
    return pickle.dumps((answer, clean)), clean


@dataclass(frozen=True)
class WorkerFailure:
    """No fit can run here; the message says why."""

    reason: str


def _open_files() -> int:
    """How many descriptors this process holds; 0 where the system does not say."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _left_threads(before: set[threading.Thread]) -> int:
    deadline = time.monotonic() + GRACE_SECONDS
    new = [
        thread
        for thread in threading.enumerate()
        if thread not in before and type(thread).__name__ not in HARMLESS_THREADS
    ]
    for thread in new:
        with suppress(RuntimeError):
            thread.join(max(0.0, deadline - time.monotonic()))
    return sum(thread.is_alive() for thread in new)
