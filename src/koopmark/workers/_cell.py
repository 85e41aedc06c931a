"""One fit from data to rows, as run by a worker."""

import sys
import time
import zlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from koopmark import datasets, methods
from koopmark._errors import one_line
from koopmark.datasets import Dataset, Recipe, Recorded, Recording
from koopmark.methods import Skip
from koopmark.models import Model
from koopmark.plan import Cell
from koopmark.scoring import (
    StatisticalFloor,
    assess,
    evaluate,
    judged,
    scatter,
    statistical_floors,
)
from koopmark.store import Outcome, Rows, make_rows
from koopmark.workers._capture import shorten
from koopmark.workers._journal import Journal
from koopmark.workers._measure import ENFORCED, Meter, is_out_of_memory, memory_limit

PREPARING_SECONDS = 600.0
"""How long making the data and importing the library may take."""

SCORING_ALLOWANCE = 60.0
"""How much longer than the fit its scoring may take."""

REASON_CHARACTERS = 500


class Fitter(Protocol):
    """Runs the fit of a cell; its model can be asked for values, a dictionary and forecasts."""

    def fit(self, cell: Cell, data: Dataset | Recorded) -> Model:
        """Fit the method and return the model, or raise what the method raises."""


class InProcess:
    """Fits built-in methods in this process, without copies of arrays."""

    def fit(self, cell: Cell, data: Dataset | Recorded) -> Model:
        return cell.method.fit_with(data.train, data.key)


IN_PROCESS = InProcess()


def hard_limit(cell: Cell) -> float:
    """Seconds after which the fit must be killed if it is still running."""
    return PREPARING_SECONDS + 2 * cell.limits.seconds + SCORING_ALLOWANCE


def run_cell(
    cell: Cell,
    folder: Path,
    cache_dir: Path | None = None,
    disposable: bool = False,
    fitter: Fitter = IN_PROCESS,
) -> Rows:
    """Make the data, fit and score; any failure becomes rows as well.

    There are three phases, each with a time limit. First the data are made (or read from the cache)
    and the library is imported. Then comes the fit, the only phase that is measured, within the
    suite's limits. Scoring has the fit's memory limit again and its time limit plus
    SCORING_ALLOWANCE.

    Notes and output of the running fit are in `folder` (see `Journal`). A phase that exceeds its
    limit may end this process if it is `disposable`.
    """
    journal = Journal(folder, cell.fit_id, disposable)
    with journal.recording():
        outcome = _run(cell, journal, cache_dir, fitter)
        output = journal.output()
    return make_rows(cell, outcome, output)


def _run(cell: Cell, journal: Journal, cache_dir: Path | None, fitter: Fitter) -> Outcome:
    missing = methods.availability(cell.method)
    if missing is not None:
        return Outcome("unavailable", missing)
    if isinstance(cell.recipe, Recording) and cell.method.tags.role != "method":
        return Outcome("skipped", "it is given the answer key, and a recording has none")
    journal.enter("preparation", PREPARING_SECONDS)
    began = time.monotonic()
    try:
        data, unchanged = _dataset(cell.recipe, cell.seed, cache_dir)
        data_seconds = time.monotonic() - began
        cell.method.prepare()
    except datasets.Diverged as error:
        return Outcome("diverged", _sentence(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 whatever happens becomes a row
        return _failure(error, "before the fit: ")
    journal.forget_output()
    with _threadpools(len(sys.modules)).limit(limits=1):
        fitted, outcome = _fit(cell, data, journal, fitter)
        if fitted is not None:
            outcome = _score(cell, data, fitted, outcome, journal, cache_dir)
    notes = []
    if isinstance(data, Dataset):
        notes = [*filter(None, [data.note]), *data.fresh.notes]
    if _fingerprint(data) != unchanged:
        _dataset.cache_clear()
        notes.append("the fit changed the data it was given")
    return replace(outcome, data_seconds=data_seconds, notes="; ".join(notes))


def _fit(
    cell: Cell, data: Dataset | Recorded, journal: Journal, fitter: Fitter
) -> tuple[Model | None, Outcome]:
    """The fitted model and what it cost, or None and why there is none."""
    model: Model | None = None
    journal.enter("fit", cell.limits.seconds)
    meter = Meter()
    try:
        with memory_limit(cell.limits.memory_mb):
            model = fitter.fit(cell, data)
            seconds = meter.seconds()
        outcome = Outcome("ok")
    except (Exception, SystemExit) as error:  # noqa: BLE001 whatever happens becomes a row
        seconds = meter.seconds()
        outcome = _failure(error)
    journal.leave()
    memory = meter.peak_mb()
    if seconds > cell.limits.seconds:
        outcome = Outcome("timeout", f"the fit took {seconds:.3g} s, {_limit(cell)}")
    elif memory > cell.limits.memory_mb and not ENFORCED:
        outcome = Outcome("out_of_memory", f"the fit took {memory:.0f} MB, {_limit(cell)}")
    outcome = replace(outcome, fit_seconds=seconds, peak_memory_mb=memory)
    return model if outcome.status == "ok" else None, outcome


def _score(
    cell: Cell,
    data: Dataset | Recorded,
    model: Model,
    fitted: Outcome,
    journal: Journal,
    cache_dir: Path | None,
) -> Outcome:
    seconds, memory, began = fitted.fit_seconds, fitted.peak_memory_mb, time.monotonic()
    allowed = cell.limits.seconds + SCORING_ALLOWANCE
    journal.enter("scoring", allowed, fit_seconds=seconds, peak_memory_mb=memory)
    try:
        with memory_limit(cell.limits.memory_mb):
            if isinstance(data, Recorded):
                scores = (
                    scatter(model, data.test)
                    if data.resampled
                    else assess(model, data.test, data.train, cell.seed)
                )
            else:
                floors = _noise_floors(data.recipe, cell.seed, cache_dir)
                scores = evaluate(
                    model, data.key, data.test, cell.seed, fresh=data.fresh, noise_floors=floors
                )
                if data.held_out is not None:
                    scores = judged(
                        *(scores, model, data.key, data.held_out, data.test, data.train),
                        seed=cell.seed,
                    )
    except (Exception, SystemExit) as error:  # noqa: BLE001 whatever happens becomes a row
        failure = _failure(error, "while scoring: ")
        return replace(failure, fit_seconds=seconds, peak_memory_mb=memory)
    finally:
        journal.leave()
    return replace(fitted, score_seconds=time.monotonic() - began, scores=scores)


def _failure(error: BaseException, when: str = "") -> Outcome:
    if isinstance(error, Skip):
        return Outcome("skipped", _sentence(error))
    status = "out_of_memory" if is_out_of_memory(error) else "failed"
    return Outcome(status, f"{when}{type(error).__name__}: {_sentence(error)}")


def _sentence(error: BaseException) -> str:
    return shorten(one_line(error))[:REASON_CHARACTERS]


def _limit(cell: Cell) -> str:
    return f"the limit is {cell.limits.seconds:g} s and {cell.limits.memory_mb:g} MB"


@lru_cache(maxsize=1)
def _threadpools(modules: int) -> ThreadpoolController:  # noqa: ARG001 found anew after an import
    """The BLAS and OpenMP libraries of this process, which take as long to find as a small fit."""
    return ThreadpoolController()


@lru_cache(maxsize=1)
def _dataset(
    recipe: Recipe | Recording, seed: int, cache_dir: Path | None
) -> tuple[Dataset | Recorded, int]:
    """The data of the fit before, where they are the same, and their fingerprint."""
    with _threadpools(len(sys.modules)).limit(limits=1):
        data = (
            recipe.parts(seed)
            if isinstance(recipe, Recording)
            else datasets.build(recipe, seed, cache_dir)
        )
    return data, _fingerprint(data)


@lru_cache(maxsize=1)
def _noise_floors(
    recipe: Recipe, seed: int, cache_dir: Path | None
) -> tuple[StatisticalFloor, ...]:
    """What the noise in the data of the fit before allows, the same for all methods."""
    data, _ = _dataset(recipe, seed, cache_dir)
    assert isinstance(data, Dataset)
    return statistical_floors(data.key, data.clean, data.noise, data.test)


def _fingerprint(data: Dataset | Recorded) -> int:
    """Tells whether a fit wrote into the data, which the next fit is to get as well."""
    train = data.train
    held: list[NDArray] = [train.states, train.times, train.diverged_at]
    held += [] if train.inputs is None else [train.inputs]
    # Methods read this mask; of regular data there is none.
    held += [] if train.regular else [train.recorded.mask]
    total = 1
    for array in held:
        total = zlib.adler32(np.ascontiguousarray(array).data, total)
    return total
