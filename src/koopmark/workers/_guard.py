"""Cleanup of a run's processes, which carry a mark in their environment.

This file is also a program, which every run starts: it waits until the run has let go of it, by
its end or its death, then ends whatever still carries the mark and removes the run's notes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path

import psutil

VARIABLE = "KOOPMARK_RUN"
"""Environment variable that holds the mark, handed down to all that a fit starts."""

ROUNDS = 20
"""How often to look for what was started while the others were being ended."""


@contextmanager
def guarded() -> Iterator[Path]:
    """Create the folder for a run's notes; its path marks the processes started in the block.

    The folder is removed and the processes are ended after the block, and also if this process is
    killed inside it.
    """
    folder = Path(tempfile.mkdtemp(prefix="koopmark-"))
    # Its own session: what ends the run, Ctrl-C or a killed process group, leaves it alone.
    guard = subprocess.Popen(
        [sys.executable, "-E", __file__, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    if os.name == "posix":
        # Python's own helper serves all that this process starts: it is not the run's to end.
        resource_tracker.ensure_running()
    try:
        with environment({VARIABLE: str(folder)}):
            yield folder
    finally:
        with suppress(BrokenPipeError):
            guard.communicate()
        # Where the guard itself was killed, its work is left to us.
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for processes started in the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def end_orphans(mark: str) -> None:
    """End processes with the mark that do not descend from a living process of this run."""
    children = [process.pid for process in psutil.Process().children(recursive=True)]
    end(mark, spare={os.getpid(), *children})


def end_descendants() -> int:
    """End all processes that this process started; returns their number."""
    if os.name == "posix":
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return 0
    found: set[int] = set()
    for _ in range(ROUNDS):
        children = [p for p in psutil.Process().children(recursive=True) if _runs(p)]
        if not children:
            break
        found |= {child.pid for child in children}
        _kill(children)
    return len(found)


def end(mark: str, spare: set[int]) -> None:
    """End all processes with the mark, including those started meanwhile."""
    for _ in range(ROUNDS):
        processes = [p for p in psutil.process_iter() if p.pid not in spare and _carries(p, mark)]
        if not processes:
            return
        _kill(processes)


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return bool(process.environ().get(VARIABLE) == mark and _runs(process))
    except (psutil.Error, OSError):
        # Gone, or another user's.
        return False


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=0.2)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end(sys.argv[1], spare={os.getpid()})
    for _ in range(ROUNDS):
        shutil.rmtree(sys.argv[1], ignore_errors=True)
        if not os.path.exists(sys.argv[1]):
            break
        time.sleep(0.1)
