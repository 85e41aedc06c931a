"""The client side of a run on a Dask cluster.

Cells and rows travel through the scheduler, as bytes; data and files do not. What a Dask worker
does with a cell is in `remote` and `host`.
"""

import logging
import pickle
import re
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from koopmark._errors import ConfigError, named
from koopmark.cluster import _remote as remote
from koopmark.cluster._parcel import pack
from koopmark.plan import Cell
from koopmark.store import Outcome, Rows, make_rows
from koopmark.workers import WorkerFailure

if TYPE_CHECKING:
    from distributed import Client

WINDOW = 1000
"""How many cells the scheduler holds at a time: more than most clusters have threads, and few
enough for its memory and for a quick end."""

PATIENCE = 10.0
"""Seconds within which a scheduler must answer."""

NOISY = ("distributed", "tornado", "asyncio")
"""What logs that a connection was lost: Dask, and what it is made of."""

_ADDRESS = re.compile(r"\w+://[^\s/]+:\d+/?")


class Stopped(Exception):
    """The cluster cannot continue, for the reason in the message; rows received so far count."""


@contextmanager
def connect(address: str, say: Callable[[str], object] = str) -> Iterator["Cluster"]:
    """Connect to the Dask scheduler at `address`; leaving the block cancels its tasks.

    Parameters
    ----------
    address : str
        Address such as `tcp://10.0.0.1:8786`, or `tls://...` with certificates from Dask's
        configuration.
    say : callable
        Receives a line that describes the cluster.

    Raises
    ------
    ConfigError
        If there is no scheduler, or a worker has another version of koopmark than this machine.
    """
    if not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"--scheduler: {address!r} is not an address such as tcp://HOST:8786 or tls://HOST:8786"
        )
    try:
        from distributed import Client, Security
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"--scheduler needs Dask ({error}): pip install 'distributed>=2025.1'"
        ) from None
    if address.startswith("tls:") and not Security().get_connection_args("client")["ssl_context"]:
        raise ConfigError(
            "--scheduler: tls:// needs certificates, and Dask's configuration names none under "
            "distributed.comm.tls (docs/how-to/use_a_cluster.md)"
        )
    with _quiet():
        try:
            client = Client(
                address, timeout=PATIENCE, set_as_default=False, direct_to_workers=False
            )
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise ConfigError(
                f"--scheduler: no Dask scheduler answers at {address} within {PATIENCE:g} s "
                f"({named(error)})"
            ) from None
        try:
            cluster = Cluster(client, address, _workers(client))
            say(cluster.summary)
            yield cluster
        finally:
            # Of a scheduler that is gone, a busy machine may not hear in time.
            with suppress(TimeoutError):
                client.close(timeout=1.0)


@dataclass(frozen=True)
class Cluster:
    """A connected scheduler."""

    client: "Client"
    address: str
    workers: dict[str, dict[str, str]]
    """What each worker said of itself at the start, by its address."""

    @property
    def threads(self) -> int:
        """Number of fits that can run at the same time on the present workers."""
        return sum(self.client.nthreads().values())

    @property
    def summary(self) -> str:
        """The cluster in one line."""
        if not self.workers:
            return f"{self.address}: no workers yet, waiting for the first"
        plural = "s" if len(self.workers) > 1 else ""
        return f"{self.address}: {len(self.workers)} worker{plural}, {self.threads} fits at a time"

    def provenance(self) -> dict[str, Any]:
        """The cluster that runs the fits, as JSON-compatible values."""
        cpus = sorted({worker["cpu"] for worker in self.workers.values()})
        return {"scheduler": self.address, "workers": len(self.workers), "cpus": cpus}

    def execute(
        self, cells: Sequence[Cell], cache_dir: Path | None = None
    ) -> Generator[Rows, None, None]:
        """Run cells on the workers and yield their rows as they end.

        Closing the iterator cancels the running fits. If a worker dies, its cells are repeated by
        others, as often as the scheduler allows. After that each is repeated alone, because a dying
        worker fails all of its cells although only one may be the cause. If that fails too, its row
        says `crashed`.

        Raises
        ------
        Stopped
            If the scheduler is gone, or a worker cannot run fits.
        """
        round_ = _Round(self.client, cache_dir)
        waiting = deque(cells)
        suspects: deque[Cell] = deque()
        try:
            while waiting or suspects or round_.under_way:
                while waiting and len(round_.under_way) < WINDOW:
                    round_.submit(waiting.popleft())
                if suspects and round_.suspect is None:
                    round_.submit(suspects.popleft(), suspect=True)
                if self.client.status != "running":
                    raise Stopped(f"the scheduler {self.address} went away")
                cell, was_suspect, answer = round_.next()
                if isinstance(answer, bytes):
                    answer = pickle.loads(answer)
                    if isinstance(answer, WorkerFailure):
                        raise Stopped(f"no fit can be done on a worker: {answer.reason}")
                    yield make_rows(cell, answer) if isinstance(answer, Outcome) else answer
                elif _is_killed(answer) and not was_suspect:
                    suspects.append(cell)
                else:
                    yield self._failed(cell, answer)
        finally:
            round_.release()

    def _failed(self, cell: Cell, error: Any) -> Rows:
        if isinstance(error, CancelledError):
            lost = getattr(error, "reason", "") == "scheduler-connection-lost"
            did = "went away" if lost else f"cancelled a fit ({named(error)})"
            raise Stopped(f"the scheduler {self.address} {did}")
        if isinstance(error, remote.IncompatibleWorker):
            raise Stopped(str(error))
        if not _is_killed(error):
            raise Stopped(f"a worker cannot do fits: {named(error)}")
        deaths = 2 * (error.allowed_failures + 1)
        last = error.last_worker.address
        reason = f"its Dask worker died {deaths} times, at last {last}"
        return make_rows(cell, Outcome("crashed", reason))


@dataclass
class _Round:
    """The cells that the scheduler holds."""

    client: "Client"
    cache_dir: Path | None
    suspect: Any = None
    """The future of the one cell that is on probation."""
    under_way: dict[Any, Cell] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from distributed import as_completed

        self._name = uuid4().hex[:8]
        self._done = as_completed(loop=self.client.loop, with_results=True, raise_errors=False)

    def submit(self, cell: Cell, suspect: bool = False) -> None:
        future = self.client.submit(
            remote.fit,
            pack(cell),
            self.cache_dir,
            remote.release(),
            key=f"koopmark-{self._name}-{cell.fit_id}{'-again' if suspect else ''}",
            pure=False,
        )
        self.under_way[future] = cell
        if suspect:
            self.suspect = future
        self._done.add(future)

    def next(self) -> tuple[Cell, bool, Any]:
        """A cell that ended, whether it was on probation, and its answer or error."""
        future, answer = next(self._done)
        was_suspect = future is self.suspect
        if was_suspect:
            self.suspect = None
        # Dask gives an exception as its type, itself and its traceback.
        answer = answer[1] if isinstance(answer, tuple) else answer
        return self.under_way.pop(future), was_suspect, answer

    def release(self) -> None:
        """Want no more of what is under way."""
        self._done.clear()
        for future in self.under_way:
            future.release()


def _is_killed(error: Any) -> bool:
    from distributed import KilledWorker

    return isinstance(error, KilledWorker)


def _workers(client: "Client") -> dict[str, dict[str, str]]:
    """What the workers say of themselves, where all have the koopmark of this machine."""
    said = client.run(remote.about, on_error="return")
    wanted = remote.release()
    for address, about in said.items():
        if isinstance(about, ImportError | AttributeError):
            raise ConfigError(
                f"--scheduler: the worker {address} cannot import this koopmark ({named(about)}): "
                f"install {wanted} there"
            )
        if isinstance(about, dict) and about["release"] != wanted:
            raise ConfigError(
                f"--scheduler: the worker {address} has {about['release']} and this is {wanted}: "
                f"install the same on both"
            )
    # One that left in the meantime said an error of its connection.
    return {address: about for address, about in said.items() if isinstance(about, dict)}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs of a lost connection off the screen: the run says it in a sentence."""
    names = [*NOISY, *logging.root.manager.loggerDict]
    loggers = [logging.getLogger(name) for name in names if name.split(".")[0] in NOISY]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
