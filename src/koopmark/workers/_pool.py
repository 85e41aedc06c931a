"""Runs fits in local processes; a process that hangs or dies costs one row.

Each worker has a pipe of its own: whenever and however it is killed, no other waits for it.
"""

import os
import pickle
import signal
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

from koopmark._errors import ConfigError
from koopmark._spawn import in_words
from koopmark.plan import Cell
from koopmark.store import Outcome, Rows, make_rows
from koopmark.workers import _capture as capture
from koopmark.workers import _guard as guard
from koopmark.workers import _journal as journal
from koopmark.workers import _nursery as nursery
from koopmark.workers import _worker as worker
from koopmark.workers._cell import hard_limit
from koopmark.workers._journal import PostMortem
from koopmark.workers._measure import kernel_kills

PULSE = 0.25
"""Seconds between looks at limits, output, and processes that died without a word."""

MAX_BREAKDOWNS = 3
"""How often in a row a worker may die at its start before it is not worth trying."""

STANDSTILL = 10.0
"""Seconds past the limit of a phase after which a worker is ended that has not ended itself."""

ATTEMPTS = 3
"""How often a fit is begun whose process is killed from outside before that is its result."""

KILLED = tuple(-getattr(signal, name) for name in ("SIGKILL", "SIGTERM") if hasattr(signal, name))
"""Exit codes of processes that someone else ended."""


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def execute(
    cells: Sequence[Cell], jobs: int, cache_dir: Path | None = None
) -> Generator[Rows, None, None]:
    """Run cells in `jobs` worker processes and yield their rows as they end.

    Closing the iterator ends the running fits.

    Raises
    ------
    ConfigError
        If worker processes cannot be started, or there is no space for their notes.
    """
    if not cells:
        return
    try:
        with guard.guarded() as folder, Pool(folder, cache_dir, min(jobs, len(cells))) as pool:
            yield from pool.rows(cells)
    except OSError as error:
        raise ConfigError(f"worker processes cannot be run here ({error})") from None


@dataclass(eq=False)
class _Worker:
    """A process, our end of its pipe, and the fit it is at."""

    process: nursery.Process
    connection: Connection
    ready: bool = False
    cell: Cell | None = None
    deadline: float = float("inf")


@dataclass
class Pool:
    """Worker processes, started on demand and reused between calls of `rows`."""

    folder: Path
    cache_dir: Path | None
    jobs: int
    _workers: list[_Worker] = field(default_factory=list)
    _waiting: deque[Cell] = field(default_factory=deque)
    _attempts: Counter[str] = field(default_factory=Counter)
    _breakdowns: int = 0
    _kernel_kills: int = field(default_factory=kernel_kills)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._workers:
            # At once: a fit may be deaf to anything milder.
            member.process.kill()
        for member in self._workers:
            _close(member)

    def rows(self, cells: Sequence[Cell]) -> Iterator[Rows]:
        """Run `cells` and yield their rows as they end."""
        self._waiting = deque(cells)
        looked = time.monotonic()
        while self._waiting or self._busy():
            self._hand_out()
            ready = wait([member.connection for member in self._workers], timeout=PULSE)
            for member in [m for m in self._workers if m.connection in ready]:
                yield from self._receive(member)
            if time.monotonic() - looked >= PULSE:
                yield from self._poll()
                looked = time.monotonic()

    def _busy(self) -> list[_Worker]:
        return [member for member in self._workers if member.cell is not None]

    def _hand_out(self) -> None:
        """Give every idle worker a fit, and start workers as long as there are too few."""
        for member in self._workers:
            if member.ready and member.cell is None and self._waiting:
                member.cell = self._waiting.popleft()
                member.deadline = time.monotonic() + hard_limit(member.cell)
                # A worker that died is found when its answer is looked for.
                with suppress(OSError):
                    member.connection.send_bytes(pickle.dumps(member.cell))
        wanted = min(self.jobs, len(self._waiting) + len(self._busy()))
        for _ in range(wanted - len(self._workers)):
            started = nursery.start(worker.serve, self.folder, self.cache_dir)
            self._workers.append(_Worker(*started))

    def _receive(self, member: _Worker) -> Iterator[Rows]:
        """The rows a worker sent; where it closed its pipe, what became of its fit."""
        try:
            sent = member.connection.recv_bytes()
        except (EOFError, OSError):
            yield from self._reap(member)
            return
        if member.cell is None:
            # The first word of a worker says that it is there.
            member.ready, self._breakdowns = True, 0
            return
        cell, member.cell, member.deadline = member.cell, None, float("inf")
        answer, clean = pickle.loads(sent)
        if not clean:
            # Left threads and processes end with it, and it takes no other fit.
            member.process.kill()
            _close(member)
            self._workers.remove(member)
        if isinstance(answer, worker.WorkerFailure):
            raise ConfigError(f"no fit can be done: {answer.reason}")
        journal.discard(self.folder, cell.fit_id)
        yield make_rows(cell, answer) if isinstance(answer, Outcome) else answer

    def _poll(self) -> Iterator[Rows]:
        """End what overran every limit, cut floods of output, find who died unnoticed."""
        for member in list(self._workers):
            deadline = member.deadline
            if member.cell is not None:
                capture.cut(journal.files(self.folder, member.cell.fit_id)[0])
                # A process that stands still does not end itself when its phase is over.
                phase = journal.deadline(self.folder, member.cell.fit_id)
                deadline = min(deadline, phase + STANDSTILL)
            if time.monotonic() > deadline:
                member.process.kill()
                yield from self._reap(member, overran=True)
            # A process that a fit forked may hold the pipe open.
            elif not member.process.is_alive() and not member.connection.poll():
                yield from self._reap(member)

    def _reap(self, member: _Worker, overran: bool = False) -> Iterator[Rows]:
        """Take leave of a worker, and say how the fit ended that it was at."""
        exit_code = _close(member)
        self._workers.remove(member)
        killed = exit_code in KILLED and not overran
        if not member.ready and not killed:
            self._breakdowns += 1
            if self._breakdowns == MAX_BREAKDOWNS:
                raise ConfigError(
                    f"worker processes die as they start (the last {in_words(exit_code)}): "
                    f"{len(self._waiting)} fits are left"
                )
        if member.cell is None:
            return
        guard.end_orphans(str(self.folder))
        cell, left = member.cell, journal.post_mortem(self.folder, member.cell.fit_id)
        journal.discard(self.folder, cell.fit_id)
        for_want_of_memory = killed and kernel_kills() > self._kernel_kills
        self._kernel_kills = kernel_kills()
        self._attempts[cell.fit_id] += 1
        blameless = (killed and not for_want_of_memory) or left.pid is None
        if blameless and not overran and self._attempts[cell.fit_id] < ATTEMPTS:
            # Someone else killed it, or it had not begun: not the fit's own doing.
            self._waiting.appendleft(cell)
        else:
            outcome = _outcome(cell, exit_code, left, overran, for_want_of_memory)
            yield make_rows(cell, outcome, left.output)


def _close(member: _Worker) -> int:
    """The exit code of a worker that is ending."""
    member.process.join(2.0)
    if member.process.is_alive():
        member.process.kill()
        member.process.join()
    exit_code = member.process.exitcode or 0
    member.process.close()
    member.connection.close()
    return exit_code


def _outcome(
    cell: Cell, exit_code: int, left: PostMortem, overran: bool, for_want_of_memory: bool
) -> Outcome:
    """How a fit ended whose process is gone.

    `overran` if it was we who ended it, `for_want_of_memory` if the kernel did.
    """
    words = ("bad_alloc", "memory allocation")
    late = time.monotonic() >= left.deadline
    if not for_want_of_memory and (overran or late):
        limit = left.limit if late else hard_limit(cell)
        where = f", in {left.where}" if left.where else ""
        status, reason = "timeout", f"{left.phase} ran into its limit of {limit:g} s{where}"
    elif for_want_of_memory or any(word in left.output.lower() for word in words):
        reason = f"the process {in_words(exit_code)} for lack of memory"
        status = "out_of_memory"
    else:
        during = "" if left.phase == "fit" else f" during {left.phase}"
        times = f", {ATTEMPTS} times" if exit_code in KILLED else ""
        status, reason = "crashed", f"the process {in_words(exit_code)}{during}{times}"
    return Outcome(status, reason, fit_seconds=left.fit_seconds, peak_memory_mb=left.peak_memory_mb)
