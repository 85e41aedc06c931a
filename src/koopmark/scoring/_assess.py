"""What can be said of a fitted model without an answer key: residuals and forecasts."""

import numpy as np

from koopmark.models import Model
from koopmark.scoring._evaluate import FitScores, PairScores, Scores
from koopmark.scoring._supported import NOT_SUPPORTED, SUPPORTED, UNTOLD, residuals
from koopmark.simulation import Trajectories

NO_KEY = "no answer key: assessed on held-out data, not scored"


def assess(model: Model, held_out: Trajectories, seed: int = 0) -> Scores:
    """Assess a fitted model on recorded trajectories of which no truth is known.

    There are no targets. `verified` counts the pairs that `residuals` supports, `spurious_fraction`
    is the share that it does not support of those of which that can be told, and the `kind` of a
    pair is its verdict.

    Parameters
    ----------
    model : Model
    held_out : Trajectories
        Not used for the fit; noise, gaps and uneven times are allowed.
    seed : int
        As for `residuals`.

    Raises
    ------
    TypeError, ValueError
        As `residuals`, except that data too short for residuals are a note.
    """
    eigenvalues = np.asarray(model.eigenvalues, dtype=complex)
    measured, verdicts = np.full(len(eigenvalues), np.nan), [""] * len(eigenvalues)
    notes = [NO_KEY, model.note]
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
    told = verdicts.count(SUPPORTED) + verdicts.count(NOT_SUPPORTED)
    forecast_error, why = _forecast_error(model, held_out)
    notes.append(why)
    training = model.residuals
    if training is None:
        training = np.full(len(eigenvalues), np.nan)
    finite = measured[np.isfinite(measured)]
    return Scores(
        FitScores(
            recovered=int(np.sum(np.isfinite(eigenvalues))),
            window=model.window,
            pairs_used=(model.pairs if model.pairs_used is None else model.pairs_used) or 0,
            pairs=model.pairs or 0,
            verified=verdicts.count(SUPPORTED),
            spurious_fraction=verdicts.count(NOT_SUPPORTED) / told if told else np.nan,
            residual_median=float(np.median(finite)) if len(finite) else np.nan,
            precision=np.nan,
            judged=np.nan,
            recall=np.nan,
            rank_error=np.nan,
            null_space_error=np.nan,
            forecast_error=forecast_error,
            notes="; ".join(filter(None, notes)),
        ),
        (),
        tuple(
            PairScores(index, float(at.real), float(at.imag), float(residual), float(own), kind)
            for index, (at, residual, own, kind) in enumerate(
                zip(eigenvalues, measured, training, verdicts, strict=True)
            )
        ),
    )


def _forecast_error(model: Model, held_out: Trajectories) -> tuple[float, str]:
    """Relative root-mean-square error of every stretch without a gap from its first window on.

    Under the inputs that were recorded, for models that use them.
    """
    missed = size = 0.0
    for block in held_out.blocks(least=model.window + 1):
        truth = block.states[:, model.window :]
        times = block.times[model.window :] - block.times[model.window - 1]
        held = None if block.inputs is None else block.inputs[:, model.window - 1 : -1]
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
