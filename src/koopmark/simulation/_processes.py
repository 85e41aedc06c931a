"""The tiles of an ensemble, integrated in worker processes that later calls use again.

A worker is sent initial states and sends back `Samples`, which are r/N of the size of the states;
a thread of the calling process for each worker expands them. Hence states are written where the
caller wants them, and no memory but the caller's grows with the number of trajectories.
"""

import mmap
import multiprocessing
import multiprocessing.spawn
import os
import pickle
import sys
import sysconfig
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from itertools import cycle
from math import inf
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from koopmark._errors import named
from koopmark._spawn import in_words, without_main, without_sigint
from koopmark.simulation._ensemble import Ensemble, Samples

Array = NDArray[np.float64]
Message = tuple[float, bytes, list[tuple[int, int]]]
"""Seconds of work, pickled contents, and where in shared memory their arrays start and end."""

IDLE = 300.0
"""Seconds without a call after which a worker ends."""
TASK_SECONDS = 0.05
"""Time of the tiles sent at once: many times what sending costs, little to wait for at the end."""
PULSE = 0.25
"""Seconds between looks for Ctrl-C, which not every system reports to a thread that waits."""
ALIGNMENT = 64
LIBRARIES = tuple(sysconfig.get_paths()[kind] for kind in ("stdlib", "purelib", "platlib"))
"""Folders of modules that nobody edits."""


def each_tile(
    ensemble: Ensemble, x0: Array, jobs: int, take: Callable[[slice, Samples], None]
) -> None:
    """Integrate x0 (M, N) and call `take` with each tile and its samples, in any order.

    With several processes, `take` is called in a thread for each, and samples are lost after it.

    Raises
    ------
    ValueError
        If the system can neither be sent to another process nor inherited by one.
    RuntimeError
        If a worker process dies.
    """
    parts = ensemble.parts(len(x0))
    jobs = min(jobs, len(parts))
    if jobs <= 1:
        for part in parts:
            take(part, ensemble.integrate(_sent(x0, part), part))
        return
    if _inside:
        raise RuntimeError(
            f"jobs={jobs} in a worker process: guard the entry of a script that defines a system "
            'with `if __name__ == "__main__":`'
        )
    tiles = Tiles(parts, jobs)
    with ThreadPoolExecutor(jobs) as threads, hired(ensemble, jobs) as workers:
        left = {threads.submit(worker.integrate, tiles, x0, take) for worker in workers}
        while left:
            done, left = wait(left, PULSE, FIRST_EXCEPTION)
            for one in done:
                one.result()


def _sent(x0: Array, part: slice) -> Array:
    # As the worker gets them: products depend, by rounding, on how their operands lie in memory.
    return np.ascontiguousarray(x0[part])


class Tiles:
    """Tiles still to be sent to workers, by as many as take `TASK_SECONDS`."""

    def __init__(self, parts: list[slice], jobs: int) -> None:
        self._left, self._jobs = parts[::-1], jobs
        self._lock = threading.Lock()
        self.seconds = inf
        """Measured time of one tile."""

    def next(self) -> list[slice]:
        """The tiles of one task: fewer near the end, so that all workers end together."""
        with self._lock:
            share = len(self._left) // (2 * self._jobs)
            count = max(1, min(share, int(TASK_SECONDS / self.seconds)))
            return [self._left.pop() for _ in range(min(count, len(self._left)))]


class Memory:
    """Memory shared by two processes, for the arrays of one message at a time.

    It has no name and no limit but that of the machine, unlike /dev/shm. Systems other than Linux
    have no such memory: there arrays stay inside the message.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._bytes = memoryview(b"")
        if descriptor is not None:
            weakref.finalize(self, os.close, descriptor)

    @classmethod
    def new(cls) -> "Memory":
        return cls(os.memfd_create("koopmark") if hasattr(os, "memfd_create") else None)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._descriptor is None:
            return Memory, (None,)
        return _attached, (reduction.DupFd(self._descriptor),)

    def write(self, contents: object, seconds: float = 0.0) -> Message:
        """The message whose arrays are here, until the next one is written."""
        buffers: list[pickle.PickleBuffer] = []
        apart = None if self._descriptor is None else buffers.append
        pickled = pickle.dumps(contents, protocol=5, buffer_callback=apart)
        arrays, places, end = [buffer.raw() for buffer in buffers], [], 0
        for array in arrays:
            places.append((end, end + array.nbytes))
            end += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
        self._make_room(end)
        for array, (start, stop) in zip(arrays, places, strict=True):
            self._bytes[start:stop] = array
        return seconds, pickled, places

    def read(self, message: Message) -> Any:
        """The contents of a message, with arrays that are views of this memory."""
        _, pickled, places = message
        self._make_room(max((stop for _, stop in places), default=0))
        return pickle.loads(pickled, buffers=[self._bytes[start:stop] for start, stop in places])

    def _make_room(self, size: int) -> None:
        if self._descriptor is None or not size:
            return
        if os.fstat(self._descriptor).st_size < size:
            os.ftruncate(self._descriptor, size)
        if len(self._bytes) < size:
            self._bytes = memoryview(mmap.mmap(self._descriptor, size))

    def clear(self) -> None:
        """Give the memory back to the system; there is a message neither here nor on its way."""
        self._bytes = memoryview(b"")
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)


def _attached(descriptor: Any) -> Memory:
    return Memory(descriptor.detach())


class Worker:
    """A worker process as seen by the process that started it.

    A forked one inherits its ensemble. Any other starts anew, and is sent one for each call.
    """

    def __init__(self, ensemble: Ensemble | None = None) -> None:
        self.forked = ensemble is not None
        context: Any = multiprocessing.get_context("fork" if self.forked else "spawn")
        self._memories = Memory.new(), Memory.new()
        self.connection, theirs = context.Pipe()
        _workers.add(self)
        with theirs, without_sigint(), without_main():
            self._process = context.Process(
                target=_serve, args=(theirs, self._memories, ensemble), daemon=True
            )
            self._process.start()

    def integrate(self, tiles: Tiles, x0: Array, take: Callable[[slice, Samples], None]) -> None:
        """Have tiles integrated until there are none left, and `take` their samples.

        The worker has its next task while samples are taken: tasks use the memories in turn.
        """
        memory, other = self._memories
        task = self._begin(memory, tiles, x0)
        while task:
            message = self._answer()
            following = self._begin(other, tiles, x0)
            tiles.seconds = message[0] / len(task)
            for part, samples in zip(task, memory.read(message), strict=True):
                take(part, samples)
            task, memory, other = following, other, memory

    def _begin(self, memory: Memory, tiles: Tiles, x0: Array) -> list[slice]:
        task = tiles.next()
        if task:
            self.send(memory.write([(_sent(x0, part), part) for part in task]))
        return task

    def send(self, message: object) -> None:
        """Send; that the worker has died is seen where its answer is missing."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(message)

    def _answer(self) -> Message:
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            code = self._process.exitcode or 0
            raise RuntimeError(
                f"a worker process {in_words(code)}: the simulation is incomplete. If memory is "
                "short, use fewer jobs"
            ) from None
        if isinstance(answer, Exception):
            raise answer
        message: Message = answer
        return message

    def dismiss(self) -> None:
        """End the call: a forked process ends, any other waits for the next."""
        self.send(None)
        for memory in self._memories:
            memory.clear()
        if self.forked:
            self._process.join()

    def end(self) -> None:
        # Its pipe is left open: another thread may be waiting there, and is to see that it ends.
        self._process.kill()
        self._process.join()


_workers = weakref.WeakSet[Worker]()
_idle: list[Worker] = []
_lock = threading.Lock()


def _forget() -> None:
    """In a forked process: the workers are those of its parent."""
    global _lock
    _lock = threading.Lock()
    _idle.clear()
    for worker in _workers:
        worker.connection.close()
    _workers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@contextmanager
def hired(ensemble: Ensemble, jobs: int) -> Iterator[list[Worker]]:
    """So many workers that have the ensemble.

    If the block fails they are ended, whatever they are at, and the next call starts others.
    """
    workers: list[Worker] = []
    try:
        try:
            _hire(workers, ensemble, jobs)
        except Unsendable as error:
            _end(workers)
            if "fork" not in multiprocessing.get_all_start_methods() or (
                # A fork is safe only while no other thread runs.
                threading.active_count() > 1
            ):
                raise ValueError(
                    f"the system cannot be sent to another process ({error}): build it from "
                    "functions and classes that a module defines, or use jobs=1"
                ) from error
            workers += [Worker(ensemble) for _ in range(jobs)]
        yield workers
    except BaseException:
        _end(workers)
        raise
    for worker in workers:
        worker.dismiss()
    with _lock:
        _idle.extend(worker for worker in workers if not worker.forked)


def _end(workers: list[Worker]) -> None:
    while workers:
        workers.pop().end()


class Unsendable(Exception):
    """The system cannot be pickled, or not be built from that in another process."""


def _hire(workers: list[Worker], ensemble: Ensemble, jobs: int) -> None:
    """Add idle workers to the list, and new ones in place of those that are missing or dead."""
    try:
        pickled = pickle.dumps(ensemble, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise Unsendable(error) from error
    here = multiprocessing.spawn.get_preparation_data("worker")
    needed = ["sys_path"]
    if b"__main__" in pickled:
        # A worker runs the script only if it defines the system.
        needed += ["init_main_from_name", "init_main_from_path"]
    sent = {name: here[name] for name in needed if name in here}, pickled
    with _lock:
        workers += [_idle.pop() for _ in range(min(jobs, len(_idle)))]
    workers[:] = _adopting(workers, sent)
    with _lock:
        new = [Worker() for _ in range(jobs - len(workers))]
    workers += new
    if len(_adopting(new, sent)) < len(new):
        raise RuntimeError("worker processes die as they start: use jobs=1")


def _adopting(workers: list[Worker], sent: tuple[dict[str, Any], bytes]) -> list[Worker]:
    """Send the ensemble to these workers, and return those that live."""
    for worker in workers:
        worker.send(sent)
    alive = []
    for worker in workers:
        try:
            refusal = worker.connection.recv()
        except (EOFError, ConnectionError):
            worker.end()
            continue
        if refusal:
            raise Unsendable(refusal)
        alive.append(worker)
    return alive


_inside = False
"""Whether this process is a worker."""


def _serve(
    connection: Connection, memories: tuple[Memory, Memory], ensemble: Ensemble | None
) -> None:
    """Be a worker, until the other end closes or is silent for long."""
    global _inside
    _inside = True
    with one_blas_thread(), suppress(EOFError, ConnectionError):
        if ensemble is not None:
            _work(connection, memories, ensemble)
            return
        code = _edited()
        while connection.poll(IDLE):
            surroundings, pickled = connection.recv()
            if any(code[path] != edited for path, edited in _edited().items() if path in code):
                # What was imported before is out of date.
                return
            try:
                multiprocessing.spawn.prepare(surroundings)
                ensemble = pickle.loads(pickled)
            except Exception as error:  # noqa: BLE001 whatever a module does when it is imported
                connection.send(named(error))
                continue
            code = _edited() | code
            connection.send("")
            _work(connection, memories, ensemble)
            del ensemble, pickled


def _edited() -> dict[str, int]:
    """When the files of the imported modules were last edited, in ns; not those of libraries."""
    paths = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    times = {}
    for path in filter(None, paths):
        if not path.startswith(LIBRARIES):
            with suppress(OSError):
                times[path] = os.stat(path).st_mtime_ns
    return times


def _work(connection: Connection, memories: tuple[Memory, Memory], ensemble: Ensemble) -> None:
    for memory in cycle(memories):
        message = connection.recv()
        if message is None:
            return
        began = time.perf_counter()
        answer: Message | Exception
        try:
            samples = [ensemble.integrate(x0, part) for x0, part in memory.read(message)]
            answer = memory.write(samples, time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001 what the functions of a system raise
            answer = _sendable(error)
        connection.send(answer)


def _sendable(error: Exception) -> Exception:
    """The error with its traceback; another one with its name if it cannot be sent."""
    place = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 an exception of any class
        error = RuntimeError(named(error))
    error.add_note(f"In a worker process:\n{place}")
    return error


def one_blas_thread() -> AbstractContextManager[object]:
    """Run BLAS on one thread inside the context.

    Several would split the products, and change their bits, with the number of processors.
    """
    return _threadpools().limit(limits=1, user_api="blas")


@cache
def _threadpools() -> ThreadpoolController:
    # Finding the libraries takes milliseconds.
    return ThreadpoolController()
