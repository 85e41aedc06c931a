"""A process with imported libraries from which workers are forked quickly.

It has one thread, imports no method's library, and is there for the next run of this process too.
A worker is as if it had been started anew: what may have changed since the nursery was started is
handed over to it, and where more has changed, another nursery takes over. Where there can be none,
on Linux alone there is, workers are started anew.
"""

import atexit
import gc
import multiprocessing.util
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import koopmark
from koopmark._spawn import without_main, without_sigint
from koopmark.workers import _guard as guard

ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
"""Fits are compared in time, and run side by side: each has one thread. BLAS reads this when it is
loaded."""

IDLE = 60.0
"""Seconds without a worker after which a nursery ends."""

PATIENCE = 60.0
"""Seconds that a nursery may take to import what it needs, and to answer."""

STANDSTILL = 5.0
"""Seconds in which a nursery ends whose other end is closed, if it is not stopped."""

PASSING = {guard.VARIABLE, "PYTEST_CURRENT_TEST"}
"""Environment variables that differ from run to run, and that nothing reads when it is imported."""

_POPULATE_READ = 22
"""Of madvise: as if the pages had been read."""

_STATUS, _ENVIRON = Path("/proc/self/status"), Path("/proc/self/environ")

_SPAWN = multiprocessing.get_context("spawn")


class Process(Protocol):
    """The interface of a started process, as in `multiprocessing`."""

    def kill(self) -> None: ...
    def is_alive(self) -> bool: ...
    def join(self, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    @property
    def exitcode(self) -> int | None: ...


def start(target: Callable[..., None], *arguments: Any) -> tuple[Process, Connection]:
    """Start a process that runs `target` with its end of a pipe; returns it and our end."""
    ours, theirs = _SPAWN.Pipe()
    with guard.environment(ONE_THREAD), theirs:
        process: Process | None = _forked(target, theirs, arguments)
        if process is None:
            with without_sigint(), without_main():
                spawned = _SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
                spawned.start()
            process = spawned
    return process, ours


def _forked(target: Callable[..., None], theirs: Connection, arguments: tuple) -> Process | None:
    """The process, if there can be a nursery."""
    global _nursery
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return None
    with _lock:
        surroundings = _surroundings()
        for _ in range(2):
            if _nursery is None or not _nursery.serves(surroundings):
                # Another one ends with its last worker.
                _nursery = Nursery(surroundings)
            if not _nursery.usable:
                return None
            with suppress(EOFError):
                return _nursery.fork(target, theirs, arguments)
            # It had died, or was idle for too long.
    return None


def _surroundings() -> tuple[object, ...]:
    """What a process takes over from the one that starts it, and that no worker is handed later."""
    import resource

    package = Path(koopmark.__file__).parent
    held = {path: path.stat() for path in package.rglob("*.py")}
    limits = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    status = _STATUS.read_text().splitlines()
    return (
        {name: value for name, value in os.environ.items() if name not in PASSING},
        list(sys.path),
        {path: (stat.st_mtime_ns, stat.st_size) for path, stat in held.items()},
        [resource.getrlimit(getattr(resource, name)) for name in limits],
        [line for line in status if line.startswith(("Umask", "Uid", "Gid", "Cpus_allowed"))],
        os.getpriority(os.PRIO_PROCESS, 0),
    )


class Nursery:
    """The nursery process as seen by the process that started it."""

    def __init__(self, surroundings: tuple[object, ...]) -> None:
        self._surroundings = surroundings
        self._owner, self._lock = os.getpid(), threading.Lock()
        self._connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_tend, args=(theirs,))
        self.gone = self.usable = False
        with (
            guard.environment({guard.VARIABLE: _Mark.BLANK}),
            without_sigint(),
            without_main(),
            theirs,
        ):
            self._process.start()
        with suppress(EOFError, OSError):
            self.usable = self._connection.poll(PATIENCE) and self._connection.recv()

    def serves(self, surroundings: tuple[object, ...]) -> bool:
        mine = self._owner == os.getpid()
        return mine and not self.gone and self._surroundings == surroundings

    def fork(self, target: Callable[..., None], theirs: Connection, arguments: tuple) -> "Forked":
        """Fork a process that runs `target`; raises EOFError if the nursery is gone."""
        streams = [number for number in (1, 2) if _is_open(number)]
        handed = dict(os.environ), os.getcwd(), streams
        pid = self._ask(target, arguments, *handed, handles=[theirs.fileno(), *streams])
        return Forked(self, pid)

    def exit_code(self, pid: int) -> int:
        """Exit code of an ended process; as if it had been killed if the nursery is gone."""
        try:
            code: int = self._ask(pid)
        except EOFError:
            return -signal.SIGKILL
        return code

    def _ask(self, *request: Any, handles: tuple[int, ...] | list[int] = ()) -> int:
        if self.gone:
            raise EOFError
        try:
            with self._lock, without_sigint():
                self._connection.send(request)
                for handle in handles:
                    send_handle(self._connection, handle, self._process.pid)
                if not self._connection.poll(PATIENCE):
                    raise EOFError
                answer = self._connection.recv()
        except BaseException as error:
            # What it would answer next is the answer to something else.
            self.end()
            if isinstance(error, OSError):
                raise EOFError from error
            raise
        if isinstance(answer, OSError):
            raise answer
        number: int = answer
        return number

    def let_go(self) -> None:
        """Let the nursery end itself and what it forked."""
        if self._owner == os.getpid() and not self.gone:
            self._connection.close()
            self._process.join(STANDSTILL)
            self.end()

    def end(self) -> None:
        self.gone = True
        self._process.kill()
        self._connection.close()


class Forked:
    """A process forked by a nursery."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self._descriptor = os.pidfd_open(pid)
        self._exit_code: int | None = None

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def is_alive(self) -> bool:
        return not wait([self._descriptor], 0)

    def join(self, timeout: float | None = None) -> None:
        wait([self._descriptor], timeout)

    @property
    def exitcode(self) -> int | None:
        if self._exit_code is None and not self.is_alive():
            self._exit_code = self._nursery.exit_code(self.pid)
        return self._exit_code

    def close(self) -> None:
        os.close(self._descriptor)


_nursery: Nursery | None = None
_lock = threading.Lock()


def _let_go() -> None:
    global _nursery
    if _nursery is not None:
        _nursery.let_go()
    _nursery = None


# Before `multiprocessing` waits for the nursery to end, as it does at the exit.
atexit.register(_let_go)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _tend(requests: Connection) -> None:
    """Be a nursery: fork workers, and say how they ended, until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mark = _Mark()
    import koopmark.workers._warm  # noqa: F401 what workers are to find imported

    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        # Whoever reads what this process prints need not wait until it ends.
        os.dup2(nothing, number)
    os.close(nothing)
    gc.collect()
    gc.freeze()
    held = _held_of_files()
    # A thread, which a fork would stop where it is, comes with what somebody's script imports.
    requests.send(mark.works() and len(os.listdir("/proc/self/task")) == 1)
    fork, children = multiprocessing.get_context("fork"), dict[int, BaseProcess]()
    with suppress(EOFError, OSError):
        while requests.poll(None if children else IDLE):
            request = requests.recv()
            if len(request) == 1:
                child = children.pop(request[0])
                child.join()
                requests.send(child.exitcode)
                continue
            target, arguments, environment, home, streams = request
            connection = Connection(recv_handle(requests))
            handles = {number: recv_handle(requests) for number in streams}
            handed = environment, home, handles, mark, held
            child = fork.Process(
                target=_begin, args=(requests, target, connection, arguments, *handed)
            )
            try:
                child.start()
            except OSError as error:
                requests.send(error)
            else:
                pid = child.pid or 0
                children[pid] = child
                requests.send(pid)
            connection.close()
            for handle in handles.values():
                os.close(handle)
    for child in children.values():
        child.kill()
    os._exit(0)


def _begin(
    requests: Connection,
    target: Callable[..., None],
    connection: Connection,
    arguments: tuple,
    environment: dict[str, str],
    home: str,
    handles: dict[int, int],
    mark: "_Mark",
    held: list[tuple[int, int]],
) -> None:
    """Run `target` in a process that was forked, and is to be as if it had been started anew."""
    requests.close()
    mark.write(environment.get(guard.VARIABLE, ""))
    os.environ.clear()
    os.environ.update(environment)
    for number, handle in handles.items():
        os.dup2(handle, number)
        os.close(handle)
    with suppress(OSError):
        os.chdir(home)
    # Else all workers would draw the same numbers; Python's own generator sees to that itself.
    np.random.seed()  # noqa: NPY002 for those who use it
    multiprocessing.set_start_method("spawn", force=True)
    _hold(held)
    target(connection, *arguments)


def _held_of_files() -> list[tuple[int, int]]:
    """Addresses and lengths of what this process holds of the text of programs and libraries.

    A forked process finds it where it is, and would count it among what its first fit takes.
    """
    page, found = os.sysconf("SC_PAGE_SIZE"), []
    with suppress(OSError), Path("/proc/self/pagemap").open("rb") as pages:
        for line in Path("/proc/self/maps").read_text().splitlines():
            addresses, rights, _, _, inode = line.split()[:5]
            if inode == "0" or rights[:2] != "r-":
                continue
            first, end = (int(address, 16) // page for address in addresses.split("-"))
            pages.seek(8 * first)
            held = np.frombuffer(pages.read(8 * (end - first)), np.uint64) >> np.uint64(63)
            edges = np.flatnonzero(np.diff(held.astype(np.int8), prepend=0, append=0))
            runs = (first + edges.reshape(-1, 2)) * page
            found += [(int(start), int(stop - start)) for start, stop in runs]
    return found


def _hold(ranges: list[tuple[int, int]]) -> None:
    import ctypes

    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for address, length in ranges:
        # Older kernels refuse; then a little more is counted.
        advise(address, length, _POPULATE_READ)


class _Mark:
    """The mark of a run where others see it: in the environment with which this process began."""

    BLANK = "/" * 1024
    """Room for a mark. It is a folder that is there, which no mark of a run under way is not."""

    def __init__(self) -> None:
        import ctypes

        find = ctypes.CDLL(None).getenv
        find.argtypes, find.restype = [ctypes.c_char_p], ctypes.c_void_p
        self._place = find(guard.VARIABLE.encode())

    def works(self) -> bool:
        """Whether what is written is seen."""
        if self._place is None:
            return False
        self.write("/here")
        seen = f"{guard.VARIABLE}=/here\0".encode() in _ENVIRON.read_bytes()
        self.write(self.BLANK)
        return seen and f"{guard.VARIABLE}={self.BLANK}\0".encode() in _ENVIRON.read_bytes()

    def write(self, mark: str) -> None:
        import ctypes

        text = os.fsencode(mark)[: len(self.BLANK)]
        ctypes.memmove(self._place, text.ljust(len(self.BLANK), b"\0"), len(self.BLANK))
