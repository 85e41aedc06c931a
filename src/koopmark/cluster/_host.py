"""The process beside a Dask worker that runs fits, each in its own process.

A Dask worker's own process is none to fit in: a thread of it cannot be ended, and under a nanny
it may not start processes. This one may, and ends itself with all it started as soon as the
Dask worker is gone or closes the pipe.
"""

import os
import pickle
import platform
import queue
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from koopmark import methods
from koopmark._errors import ConfigError, named
from koopmark.cluster._parcel import unpack
from koopmark.store import Outcome, Rows, make_rows
from koopmark.workers import Pool, WorkerFailure, guarded

Answer = Rows | Outcome | WorkerFailure
"""Rows; or an outcome where the cell cannot be opened; or why no fit can be done here."""


def main(cache_dir: Path | None) -> None:
    """Read packed cells from standard input and write an answer to each, until the input ends."""
    # Fits inherit descriptor 1: what they print must not be mixed into the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    parcels: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, parcels), daemon=True).start()
    with guarded() as folder, Pool(folder, cache_dir, jobs=1) as pool:
        while True:
            answer = _answer(parcels.get(), pool, folder)
            pickle.dump(pickle.dumps(answer), answers)
            answers.flush()


def _receive(stream: BinaryIO, parcels: "queue.SimpleQueue[bytes]") -> None:
    with suppress(EOFError):
        while True:
            parcels.put(pickle.load(stream))
    # At once, in the middle of a fit too: the guard ends what is left.
    os._exit(0)


def _answer(parcel: bytes, pool: Pool, folder: Path) -> Answer:
    try:
        cell = unpack(parcel, folder / "methods")
    except Exception as error:  # noqa: BLE001 foreign code may raise anything
        return Outcome("unavailable", f"it cannot be loaded on {platform.node()}: {named(error)}")
    here = methods.library_version(cell.method)
    if here != cell.library_version and methods.availability(cell.method) is None:
        # The row would claim a version that did not do the work.
        reason = (
            f"{cell.method.tags.library} {here or 'without a version'} is installed on "
            f"{platform.node()}, but the run was started with {cell.library_version or 'none'}"
        )
        return make_rows(cell, Outcome("unavailable", reason))
    try:
        (rows,) = pool.rows([cell])
    except (ConfigError, RuntimeError) as error:
        return WorkerFailure(str(error))
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
