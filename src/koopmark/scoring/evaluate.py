"""All scores of one fitted model against the exact eigenpairs (docs/scores.md)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from koopmark import _repr
from koopmark._arrays import real
from koopmark._keys import generator
from koopmark.scoring.portrait import Portrait, portraits
from koopmark.scoring.residuals import expected_residuals, pair_residuals, target_residual
from koopmark.scoring.spectrum import score_spectrum
from koopmark.scoring.structure import score_structure
from koopmark.scoring.targets import (
    POINTS_PER_FUNCTION,
    ScoredSpace,
    TargetScores,
    labels,
    oracle_floors,
    score_target,
    scored_space,
)
from koopmark.simulation import Trajectories
from koopmark.spectrum import KnownSpectrum
from koopmark.systems import StochasticSystem, System
from koopmark.truth import Eigenspace

if TYPE_CHECKING:
    import pandas as pd

VERIFIED = 1e-3
"""A recovered pair with a test residual below this obeys the dynamics."""

SPURIOUS = 1e-1
"""A recovered pair with a test residual above this does not."""


class FittedModel(Protocol):
    """What the scorer asks of a model; `koopmark.methods.Model` has it all."""

    @property
    def window(self) -> int: ...
    @property
    def eigenvalues(self) -> NDArray[np.complex128]: ...
    @property
    def residuals(self) -> NDArray[np.float64] | None: ...
    @property
    def note(self) -> str: ...
    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]: ...
    def dictionary(self, windows: NDArray) -> NDArray | None: ...
    def predict(self, windows: NDArray, times: NDArray) -> NDArray | None: ...


@dataclass(frozen=True)
class FitScores:
    """Scores of the fit as a whole, columns of `fits.csv`."""

    recovered: int
    window: int
    verified: int
    spurious_fraction: float
    residual_median: float
    precision: float
    recall: float
    rank_error: float
    null_space_error: float
    forecast_error: float
    notes: str


@dataclass(frozen=True)
class PairScores:
    """One recovered eigenpair, a row of `eigenpairs.csv`."""

    index: int
    eigenvalue_re: float
    eigenvalue_im: float
    residual: float
    training_residual: float
    kind: str


@dataclass(frozen=True)
class Scores(_repr.Shown):
    """Everything the tables say about one fit."""

    fit: FitScores
    targets: tuple[TargetScores, ...]
    eigenpairs: tuple[PairScores, ...]
    portraits: tuple[Portrait, ...] = ()

    def _facts(self) -> list[str]:
        verified = f"{self.fit.verified:,} of {self.fit.recovered:,} eigenpairs obey the dynamics"
        return [f"{len(self.targets):,} exact eigenspaces", verified]

    def _details(self) -> _repr.Details:
        rows = [
            (
                row.target,
                _repr.error(row.eigenvalue_error),
                _repr.error(row.eigenfunction_error),
                _repr.error(row.oracle_floor),
            )
            for row in self.targets[: _repr.ROWS]
        ]
        columns = ("target", "eigenvalue error", "eigenfunction error", "oracle floor")
        return _repr.Details(columns, rows, len(self.targets), self.fit.notes)


def evaluate(
    model: FittedModel,
    system: System,
    targets: Sequence[Eigenspace],
    test: Trajectories,
    seed: int = 0,
    spectrum: KnownSpectrum | None = None,
    portrayed: bool = True,
) -> Scores:
    """Score a fitted model on clean test trajectories.

    Parameters
    ----------
    model : FittedModel
    system : System
        What generated `test`.
    targets : sequence of Eigenspace
        The exact eigenspaces to look for.
    test : Trajectories
        Clean, and not used for the fit.
    seed : int
        Draws the directions in which a large eigenspace is scored.
    spectrum : KnownSpectrum, optional
        All Koopman eigenvalues on the basin of the test trajectories, for `precision` and `recall`.
    portrayed : bool
        Whether portraits of the eigenfunctions are made, a fifth of the time of a small fit.

    Raises
    ------
    ValueError
        Where the model's eigenvalues and eigenfunction values disagree in shape.
    """
    windows = Trajectories.expected(test, "a score").windows(model.window)
    flat = windows.reshape(-1, *windows.shape[2:])
    states = real(flat[:, -1], "states")
    eigenvalues = np.asarray(model.eigenvalues, dtype=complex)
    values = np.asarray(model.eigenfunctions(flat))
    if values.shape != (len(flat), len(eigenvalues)):
        raise ValueError(
            f"{len(eigenvalues)} eigenvalues but eigenfunction values of shape {values.shape} "
            f"at {len(flat)} test points"
        )
    if np.iscomplexobj(values) and not values.imag.any():
        values = np.ascontiguousarray(values.real)
    residuals, noise_note = _residuals(
        model, system, values.reshape(*windows.shape[:2], -1), eigenvalues, test
    )
    usable = np.isfinite(eigenvalues) & np.isfinite(values).all(axis=0)
    found = eigenvalues[usable]
    at_points = values if usable.all() else values[:, usable]
    scored = [
        scored_space(space, states, generator([seed, index], "directions"), index, label)
        for index, (space, label) in enumerate(zip(targets, labels(targets), strict=True))
    ]
    floors, dictionary_note = _oracle_floors(model, flat, scored)
    rank_error, null_space_error, structure_note = score_structure(
        system, states, found, at_points, test.times[model.window - 1 :]
    )
    forecast_error, forecast_note = _forecast_error(model, system, test)
    drawn, portrait_note = (
        portraits(model, scored, test, found, at_points, usable) if portrayed else ((), "")
    )
    of_lattice = score_spectrum(spectrum, eigenvalues, residuals, test.dt)
    dropped = int(np.sum(~usable))
    dropped_note = f"{dropped} eigenpairs are not finite" if dropped else ""
    return Scores(
        fit=FitScores(
            recovered=len(found),
            window=model.window,
            verified=int(np.sum(residuals < VERIFIED)),
            spurious_fraction=_share(residuals, SPURIOUS),
            residual_median=float(np.median(residuals)) if len(residuals) else np.nan,
            precision=of_lattice.precision,
            recall=of_lattice.recall,
            rank_error=rank_error,
            null_space_error=null_space_error,
            forecast_error=forecast_error,
            notes=_join(
                model.note,
                noise_note,
                of_lattice.note,
                dropped_note,
                dictionary_note,
                structure_note,
                forecast_note,
                portrait_note,
            ),
        ),
        targets=tuple(
            score_target(
                target, found, at_points, floor, target_residual(target.directions, system, test)
            )
            for target, floor in zip(scored, floors, strict=True)
        ),
        eigenpairs=_pairs(model, eigenvalues, residuals, of_lattice.kinds),
        portraits=drawn,
    )


def score(
    model: FittedModel, system: System, test: Trajectories, max_degree: int = 1
) -> "pd.DataFrame":
    """One row of scores for each exact eigenspace of `system` up to `max_degree` factors."""
    import pandas as pd

    scores = evaluate(model, system, system.eigenspaces(max_degree), test, portrayed=False)
    return pd.DataFrame([asdict(row) for row in scores.targets])


def _residuals(
    model: FittedModel,
    system: System,
    values: NDArray,
    eigenvalues: NDArray[np.complex128],
    test: Trajectories,
) -> tuple[NDArray[np.float64], str]:
    """The residual of each pair, from its values (M, T, s) along the test trajectories."""
    if not isinstance(system, StochasticSystem):
        return pair_residuals(values, eigenvalues, test.dt), ""
    expected = expected_residuals(model.eigenfunctions, eigenvalues, system, test, model.window)
    return expected, "residual, forecast_error: of expectations, the system being stochastic"


def _oracle_floors(
    model: FittedModel, windows: NDArray, targets: Sequence[ScoredSpace]
) -> tuple[list[float], str]:
    values = model.dictionary(windows)
    if values is None:
        note = "oracle_floor: the method has no dictionary that can be listed"
    elif len(values) < POINTS_PER_FUNCTION * values.shape[1]:
        count = values.shape[1]
        note = f"oracle_floor: {len(values)} test points for {count} dictionary functions"
    else:
        return oracle_floors(targets, values), ""
    return [np.nan] * len(targets), note


def _forecast_error(model: FittedModel, system: System, test: Trajectories) -> tuple[float, str]:
    """Relative root-mean-square error over all test trajectories from their first window on.

    Of a stochastic system it is the expected state that is to be predicted.
    """
    first = test.windows(model.window)[:, 0]
    truth = test.states[:, model.window :]
    times = test.times[model.window :] - test.times[model.window - 1]
    if isinstance(system, StochasticSystem):
        truth = system.mean(first[:, -1], times)
    with np.errstate(over="ignore", invalid="ignore"):
        predicted = model.predict(first, times)
        if predicted is None:
            return np.nan, "forecast_error: the method does not predict states at these times"
        error = np.linalg.norm(predicted - truth) / np.linalg.norm(truth)
    return (float(error), "") if np.isfinite(error) else (np.inf, "")


def _pairs(
    model: FittedModel, eigenvalues: NDArray, residuals: NDArray, kinds: Sequence[str]
) -> tuple[PairScores, ...]:
    training = model.residuals
    if training is None:
        training = np.full(len(eigenvalues), np.nan)
    return tuple(
        PairScores(index, float(value.real), float(value.imag), float(residual), float(own), kind)
        for index, (value, residual, own, kind) in enumerate(
            zip(eigenvalues, residuals, training, kinds, strict=True)
        )
    )


def _share(residuals: NDArray, threshold: float) -> float:
    return float(np.mean(residuals > threshold)) if len(residuals) else np.nan


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
