"""Code that runs on a Dask worker: it passes cells to a process beside it."""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from koopmark._source import HERE
from koopmark._version import __version__
from koopmark.plan import EVERY_FIT
from koopmark.plan.provenance import cpu

PULSE = 0.25
"""Seconds between looks whether the answer is still wanted."""

STARTS = 3
"""How often a host is started for one fit before the Dask worker is given up."""


class IncompatibleWorker(Exception):
    """A Dask worker cannot run any fit; the message says why."""


class Cancelled(Exception):
    """The client is gone, or has cancelled the task."""


@cache
def release() -> str:
    """Version of the code and libraries of a process here, apart from the method's library."""
    libraries = ", ".join(HERE.versions(EVERY_FIT))
    return f"koopmark {__version__} (source {HERE.digest_of_package()}; {libraries})"


def about() -> dict[str, str]:
    """Facts that a client needs about a Dask worker before it sends cells."""
    return {"release": release(), "cpu": cpu()}


def fit(parcel: bytes, cache_dir: Path | None, wanted: str) -> bytes:
    """Run a packed cell and return the pickled `Answer` of `_host`.

    `wanted` is the client's `release()`.

    Raises IncompatibleWorker if koopmark is another one here or no process for fits can be kept
    alive, and Cancelled, once the fit is ended, if the task was cancelled.
    """
    from distributed import get_worker

    worker: Any = get_worker()
    if release() != wanted:
        raise IncompatibleWorker(
            f"the worker {worker.address} has {release()} and the run was started with {wanted}"
        )
    key = worker.get_current_task()

    def cancelled() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    for _ in range(STARTS):
        if cache_dir not in _hosts.by_cache:
            _hosts.by_cache[cache_dir] = Host(cache_dir)
        answer = _hosts.by_cache[cache_dir].ask(parcel, cancelled)
        if answer is not None:
            return answer
        del _hosts.by_cache[cache_dir]
        if cancelled():
            raise Cancelled
    raise IncompatibleWorker(
        f"the worker {worker.address} cannot keep a process for fits alive: {STARTS} died, "
        f"and its log says why"
    )


class Host:
    """A process of `koopmark.cluster._host`, which ends with the Dask worker that started it."""

    def __init__(self, cache_dir: Path | None) -> None:
        arguments = [] if cache_dir is None else [str(cache_dir)]
        # It finds the modules that this process finds; the folder it is started in holds none.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "koopmark.cluster._host", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            # Ctrl-C is for the Dask worker.
            start_new_session=True,
        )
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, parcel: bytes, cancelled: Callable[[], bool]) -> bytes | None:
        """The answer to a packed cell; None if the process died or was cancelled."""
        assert self._process.stdin is not None
        with suppress(OSError):
            pickle.dump(parcel, self._process.stdin)
            self._process.stdin.flush()
        while True:
            try:
                return self._answers.get(timeout=PULSE)
            except queue.Empty:
                if cancelled():
                    self.end()

    def end(self) -> None:
        """End the process and its current fit."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(EOFError, pickle.UnpicklingError):
            while True:
                self._answers.put(pickle.load(self._process.stdout))
        self._answers.put(None)


class _Hosts(threading.local):
    """The hosts of a thread of the Dask worker, warm for its next cell."""

    def __init__(self) -> None:
        self.by_cache: dict[Path | None, Host] = {}


_hosts = _Hosts()
