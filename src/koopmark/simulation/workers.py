"""Tiles integrated by processes: the same tiles, hence the same bits, whatever their number.

A worker gets the initial states of a tile and sends back its coordinates, which are r/N of the
size of the states; the calling process expands them. BLAS runs on one thread in every process:
several would split the products, and change their bits, with the number of processors.
"""

import multiprocessing
import pickle
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from multiprocessing.context import BaseContext

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from koopmark.simulation.ensemble import Ensemble, Samples

_worker: dict[str, Ensemble] = {}
"""What this process integrates, if it is a worker: sent once, not with every tile."""


@cache
def blas() -> ThreadpoolController:
    """Looked up once: finding the libraries takes milliseconds."""
    return ThreadpoolController()


def integrate_parts(
    ensemble: Ensemble, x0: NDArray[np.float64], parts: list[slice], jobs: int
) -> Iterator[tuple[slice, Samples]]:
    """Each part in turn with its samples, at most two for each process at a time in memory."""
    jobs = min(jobs, len(parts))
    if jobs <= 1:
        for part in parts:
            yield part, ensemble.integrate(x0[part])
        return
    with ProcessPoolExecutor(
        jobs, mp_context=start_context(ensemble), initializer=_adopt, initargs=(ensemble,)
    ) as pool:
        waiting: deque[tuple[slice, Future[Samples]]] = deque()
        for part in parts:
            waiting.append((part, pool.submit(_integrate, x0[part])))
            if len(waiting) > 2 * jobs:
                part, future = waiting.popleft()
                yield part, future.result()
        while waiting:
            part, future = waiting.popleft()
            yield part, future.result()


def start_context(ensemble: Ensemble) -> BaseContext:
    """Fork where that is possible and safe (no other thread runs): it starts in milliseconds.

    Raises
    ------
    ValueError
        Where the system would have to be sent to another process and cannot.
    """
    if "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    try:
        pickle.dumps(ensemble)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"the system cannot be sent to another process ({error}): build it from functions "
            "that a module defines, not from lambdas, or use jobs=1"
        ) from error
    return multiprocessing.get_context("spawn")


def _adopt(ensemble: Ensemble) -> None:
    _worker["ensemble"] = ensemble
    blas().limit(limits=1, user_api="blas")


def _integrate(x0: NDArray[np.float64]) -> Samples:
    return _worker["ensemble"].integrate(x0)
