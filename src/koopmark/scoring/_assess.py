"""Assessment of a fitted model without an answer key: residuals, forecasts, structure."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.scoring._evaluate import (
    CourseScores,
    FitScores,
    ForecastScores,
    PairScores,
    Scores,
    StructureScores,
    VerdictScores,
)
from koopmark.scoring._forecasts import LONGEST_LEAD, lead_errors, of_model, scale_of
from koopmark.scoring._structure import infer_structure
from koopmark.scoring._supported import (
    NOT_SUPPORTED,
    SUPPORTED,
    UNTOLD,
    horizon_of,
    residuals,
    some_of,
)
from koopmark.scoring._truth import truth_of
from koopmark.simulation import Trajectories

if TYPE_CHECKING:
    import pandas as pd

NO_KEY = "no answer key: assessed on held-out data, not scored"
MOST_COURSES, COURSE_TRIALS, COURSE_POINTS = 12, 4, 200
"""Supported pairs, held-out trials and times of each that `courses` shows at most."""


def assess(
    model: Model, held_out: Trajectories, train: Trajectories | None = None, seed: int = 0
) -> Scores:
    """Assess a fitted model on recorded trajectories without an answer key.

    There are no targets. `verified` is the number of supported pairs, and `spurious_fraction` the
    share of pairs that are not supported among those with a definite verdict. The `kind` of a pair
    is its verdict (see `residuals`). The tables `verdicts`, `forecasts`, `structures` and `courses`
    have details.

    Parameters
    ----------
    model : Model
    held_out : Trajectories
        Data that were not used for the fit; noise, gaps and uneven times are allowed.
    train : Trajectories, optional
        The training data, whose standard deviations are the unit of forecast errors; by default
        `held_out`.
    seed : int
        As for `residuals`.

    Raises
    ------
    TypeError, ValueError
        As `residuals`, except that data that are too short for residuals only add a note.
    """
    eigenvalues = np.asarray(model.eigenvalues, dtype=complex)
    measured, verdicts = np.full(len(eigenvalues), np.nan), [""] * len(eigenvalues)
    notes, rows = [NO_KEY, model.note], tuple[VerdictScores, ...]()
    courses = tuple[CourseScores, ...]()
    try:
        table = residuals(model, held_out, seed=seed)
    except ValueError as error:
        notes.append(f"no residuals on held-out data: {error}")
    else:
        measured, verdicts = table["residual"].to_numpy(float), list(table["verdict"])
        counts = (
            f"{verdicts.count(verdict)} {verdict}" for verdict in (SUPPORTED, NOT_SUPPORTED, UNTOLD)
        )
        notes += [f"of {len(verdicts)} eigenpairs {', '.join(counts)}", table.attrs["warning"]]
        rows = tuple(_verdicts(table))
        chosen = np.flatnonzero(table["verdict"] == SUPPORTED)[:MOST_COURSES]
        courses = tuple(_courses(model, held_out, chosen))
    told = verdicts.count(SUPPORTED) + verdicts.count(NOT_SUPPORTED)
    forecast_error, why = _forecast_error(model, held_out)
    notes.append(why)
    training = model.residuals
    if training is None:
        training = np.full(len(eigenvalues), np.nan)
    finite = measured[np.isfinite(measured)]
    return Scores(
        _of_fit(
            model,
            verified=verdicts.count(SUPPORTED),
            spurious_fraction=verdicts.count(NOT_SUPPORTED) / told if told else np.nan,
            residual_median=float(np.median(finite)) if len(finite) else np.nan,
            forecast_error=forecast_error,
            notes=notes,
        ),
        (),
        tuple(
            PairScores(index, float(at.real), float(at.imag), float(residual), float(own), kind)
            for index, (at, residual, own, kind) in enumerate(
                zip(eigenvalues, measured, training, verdicts, strict=True)
            )
        ),
        verdicts=rows,
        forecasts=tuple(_forecasts(model, held_out, held_out if train is None else train)),
        structures=tuple(_structures(model, held_out)),
        courses=courses,
    )


def judged(
    scores: Scores,
    model: Model,
    key: AnswerKey,
    held_out: Trajectories,
    clean: Trajectories,
    train: Trajectories,
    seed: int = 0,
) -> Scores:
    """Add the verdicts of held-out data to `scores`, and whether they are true.

    Parameters
    ----------
    scores : Scores
        From `evaluate`.
    model : Model
    key : AnswerKey
    held_out : Trajectories
        Recorded data that were not used for the fit.
    clean : Trajectories
        Trajectories of the same system without noise or gaps, which tell the truth.
    train : Trajectories
    seed : int
        As for `residuals`.
    """
    said = assess(model, held_out, train, seed)
    verdicts = said.verdicts
    # Data that are enough for verdicts are recorded as the clean ones are.
    if verdicts:
        of = truth_of(model, key, clean, horizon_of(held_out))
        verdicts = tuple(
            replace(
                row,
                eigenvalue_defect=float(of.eigenvalue_defect[row.index]),
                function_defect=float(of.function_defect[row.index]),
                exact_error=float(of.exact_error[row.index]),
                true=float(of.true[row.index]),
            )
            for row in verdicts
        )
    return replace(
        scores,
        verdicts=verdicts,
        forecasts=said.forecasts,
        structures=said.structures,
        courses=said.courses,
    )


def scatter(model: Model, held_out: Trajectories) -> Scores:
    """Eigenvalues and structure of a model fitted to resampled trajectories.

    Parameters
    ----------
    model : Model
    held_out : Trajectories
        Data that are in no draw.
    """
    eigenvalues = np.asarray(model.eigenvalues, dtype=complex)
    return Scores(
        _of_fit(model, verified=0, notes=[model.note]),
        (),
        tuple(
            PairScores(index, float(at.real), float(at.imag), np.nan, np.nan, "")
            for index, at in enumerate(eigenvalues)
        ),
        structures=tuple(_structures(model, held_out)),
    )


def _of_fit(
    model: Model,
    verified: int,
    notes: list[str],
    spurious_fraction: float = np.nan,
    residual_median: float = np.nan,
    forecast_error: float = np.nan,
) -> FitScores:
    return FitScores(
        recovered=int(np.sum(np.isfinite(np.asarray(model.eigenvalues, dtype=complex)))),
        window=model.window,
        pairs_used=(model.pairs if model.pairs_used is None else model.pairs_used) or 0,
        pairs=model.pairs or 0,
        verified=verified,
        spurious_fraction=spurious_fraction,
        residual_median=residual_median,
        precision=np.nan,
        judged=np.nan,
        recall=np.nan,
        rank_error=np.nan,
        null_space_error=np.nan,
        forecast_error=forecast_error,
        notes="; ".join(filter(None, notes)),
    )


def _verdicts(table: "pd.DataFrame") -> Iterator[VerdictScores]:
    """The rows of `residuals`."""
    for index, row in enumerate(table.to_dict("records")):
        value = complex(row.pop("eigenvalue"))
        told: dict[str, Any] = {str(name): one for name, one in row.items() if name != "pairs"}
        yield VerdictScores(index, value.real, value.imag, **told)


def _forecasts(
    model: Model, held_out: Trajectories, train: Trajectories
) -> Iterator[ForecastScores]:
    """By how many intervals ahead, from starts all over the held-out data."""
    predict = of_model(model, held_out.dt)
    for one in lead_errors(predict, model.window, held_out, scale_of(train)):
        parts = json.dumps([[part, count, float(f"{m:.9g}")] for part, count, m in one.parts])
        yield ForecastScores(one.steps, one.steps * held_out.dt, one.error, one.forecasts, parts)


def _structures(model: Model, held_out: Trajectories) -> Iterator[StructureScores]:
    """What `infer_structure` finds, if the data are enough for it."""
    try:
        found = infer_structure(model, some_of(held_out))
    except ValueError:
        return
    shown = found.rank < found.size
    yield StructureScores(
        found.rate if shown else np.nan,
        found.size,
        found.rank,
        found.rank if found.rank_low is None else found.rank_low,
        json.dumps(found.null_space.round(6).tolist()),
        json.dumps(found.offset.round(6).tolist()),
        found.note,
    )


def _courses(
    model: Model, held_out: Trajectories, chosen: NDArray[np.intp]
) -> Iterator[CourseScores]:
    """The functions `chosen` along the first held-out trials."""
    if not len(chosen):
        return
    for trial in range(min(len(held_out), COURSE_TRIALS)):
        for segment in held_out[trial : trial + 1].segments(model.window)[:1]:
            times = segment.times[model.window - 1 :]
            shown = np.unique(np.linspace(0, len(times) - 1, COURSE_POINTS).astype(int))
            windows = segment.rolling(model.window)[0, shown]
            values = np.asarray(model.eigenfunctions(windows))[:, chosen]
            for place, index in enumerate(chosen):
                along = values[:, place]
                yield CourseScores(
                    int(index), trial, *map(_listed, (times[shown], along.real, along.imag))
                )


def _listed(values: NDArray) -> str:
    return json.dumps([float(f"{value:.5g}") for value in values])


def _forecast_error(model: Model, held_out: Trajectories) -> tuple[float, str]:
    """Relative root-mean-square error of every stretch without a gap from its first window on.

    Of LONGEST_LEAD intervals at most; under the inputs that were recorded, for models that use
    them.
    """
    missed = size = 0.0
    for block in held_out.blocks(least=model.window + 1):
        end = model.window + LONGEST_LEAD
        truth = block.states[:, model.window : end]
        times = block.times[model.window : end] - block.times[model.window - 1]
        held = None if block.inputs is None else block.inputs[:, model.window - 1 : -1]
        held = None if held is None else held[:, :LONGEST_LEAD]
        with np.errstate(over="ignore", invalid="ignore"):
            predicted = model.predict(block.rolling(model.window)[:, 0], times, inputs=held)
            if predicted is None:
                return np.nan, "forecast_error: the method does not predict states at these times"
            missed += float(np.sum((predicted - truth) ** 2))
            size += float(np.sum(truth**2))
    if not size:
        return np.nan, "forecast_error: nothing follows the first window of a held-out stretch"
    error = float(np.sqrt(missed / size))
    return (error if np.isfinite(error) else np.inf), ""
