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

from koopmark.simulation._ensemble import Ensemble, Samples

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
    """Fresh processes where the system can be sent to them, a fork of this one where it cannot.

    After a fork every page of the output that is written to is copied first, which can cost more
    than the integration; and a fork is safe only while no other thread runs.

    Raises
    ------
    ValueError
        Where the system can neither be sent nor inherited.
    """
    methods = multiprocessing.get_all_start_methods()
    try:
        pickle.dumps(ensemble)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        if "fork" in methods and threading.active_count() == 1:
            return multiprocessing.get_context("fork")
        raise ValueError(
            f"the system cannot be sent to another process ({error}): build it from functions "
            "that a module defines, not from lambdas, or use jobs=1"
        ) from error
    if "forkserver" not in methods:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _adopt(ensemble: Ensemble) -> None:
    _worker["ensemble"] = ensemble
    blas().limit(limits=1, user_api="blas")


def _integrate(x0: NDArray[np.float64]) -> Samples:
    return _worker["ensemble"].integrate(x0)
