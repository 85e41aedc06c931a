"""All scores of one fitted model against the exact eigenpairs (docs/scores.md)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from koopmark import _repr
from koopmark._arrays import checked, real
from koopmark._keys import generator
from koopmark.scoring._cluster import constants, radii
from koopmark.scoring._oracle_floors import fresh_like, oracle_floors
from koopmark.scoring._portraits import Portrait, portraits
from koopmark.scoring._residuals import expected_pairs, pair_residuals, rates_of, target_residual
from koopmark.scoring._sampled import check_channels, finite_ones, highest_frequency, misplaced
from koopmark.scoring._spectrum import score_spectrum
from koopmark.scoring._statistical_floors import StatisticalFloor, with_floors
from koopmark.scoring._structure import score_structure
from koopmark.scoring._subspaces import level_columns
from koopmark.scoring._targets import (
    Floor,
    TargetScores,
    labels,
    recovered_near,
    score_target,
    scored_space,
)
from koopmark.simulation import FreshTrajectories, Trajectories
from koopmark.spectrum import KnownSpectrum
from koopmark.systems import StochasticSystem, System
from koopmark.truth import Eigenspace

if TYPE_CHECKING:
    import pandas as pd

VERIFIED = 1e-3
"""A recovered pair whose test residual is below this times |e^{λ̂Δt}| obeys the dynamics."""

SPURIOUS = 1e-1
"""A recovered pair with one above this does not."""

ASKED_TWICE = 64
"""Test windows at which a model is asked a second time, among others."""

SAME_VALUE = 1e-6
"""Relative to a function: what is computed beside other states may differ by this."""

ROUNDING_SHOWS = 10.0
"""Rounding that differs between batches differs between the states of one, too: it is at most this
many residuals."""


class FittedModel(Protocol):
    """What the scorer asks of a model; `koopmark.methods.Model` has it all.

    Its `dt` and `channels` are looked at too, where it has them.
    """

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
    judged: float
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
class Scores(_repr.ReprMixin):
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


@checked
def evaluate(
    model: FittedModel,
    system: System,
    targets: Sequence[Eigenspace],
    test: Trajectories,
    seed: int = 0,
    spectrum: KnownSpectrum | None = None,
    portrayed: bool = True,
    fresh: FreshTrajectories | None = None,
    noise_floors: Sequence[StatisticalFloor] = (),
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
        Clean, and not used for the fit; sampled at any interval. Those that hold a value that is
        not finite are left out, and `notes` says so.
    seed : int
        Draws the functions whose residual stands for that of an eigenspace with more dimensions
        than there are test trajectories.
    spectrum : KnownSpectrum, optional
        All Koopman eigenvalues on the basin of the test trajectories, for `precision` and `recall`.
    portrayed : bool
        Whether portraits of the eigenfunctions are made, a fifth of the time of a small fit.
    fresh : FreshTrajectories, optional
        Clean trajectories from the law of the test set, for the oracle floors; they keep what was
        worked out from them, so that the floors of many fits with one dictionary cost those of
        one. By default drawn as `koopmark.scoring._oracle_floors.fresh_like` says, and `seed` draws them.
    noise_floors : sequence of StatisticalFloor, optional
        Of each target, from `statistical_floors`: what the noise in the training data allows.

    Raises
    ------
    TypeError
        If `system`, `test`, `seed` or `fresh` is something else.
    ValueError
        If no test trajectory is finite, the states have another number of variables than the system
        or the training data, the model's eigenvalues and eigenfunction values disagree in shape,
        the values of eigenfunctions depend on which other states are asked for, or there is another
        number of noise_floors than of targets.
    """
    System.expected(system, "a score")
    test, lost_note = finite_ones(Trajectories.expected(test, "a score"))
    check_channels(model, test.states, system.size)
    if fresh is None:
        fresh = fresh_like(system, test, seed)
    else:
        FreshTrajectories.expected(fresh, "a score")
    apart = misplaced(model, test)
    windows = test.windows(model.window)
    flat = windows.reshape(-1, *windows.shape[2:])
    states = real(flat[:, -1], "states")
    eigenvalues = np.asarray(model.eigenvalues, dtype=complex)
    # Some come first, and in random order: the place of a window among all tells its time.
    rows = generator([seed], "windows asked for twice").permutation(len(flat))[:ASKED_TWICE]
    before = _values(model, flat[rows], len(eigenvalues))
    values = _values(model, flat, len(eigenvalues))
    if np.iscomplexobj(values) and not values.imag.any():
        values = np.ascontiguousarray(values.real)
    along, noise_note = values.reshape(*windows.shape[:2], -1), ""
    residuals = np.full(len(eigenvalues), np.nan)
    usable = np.isfinite(eigenvalues)
    if not apart:
        if isinstance(system, StochasticSystem):
            along = expected_pairs(model.eigenfunctions, system, test, model.window)
            noise_note = "residual, forecast_error: of expectations, the system being stochastic"
        residuals = pair_residuals(along, eigenvalues, test.dt)
        usable &= np.isfinite(values).all(axis=0)
    _expect_same(before, values, rows, residuals)
    rates = rates_of(residuals, eigenvalues, test.dt)
    constant = constants(values, eigenvalues, rates)
    found = eigenvalues[usable]
    at_points, along = (values, along) if usable.all() else (values[:, usable], along[:, :, usable])
    scored = [
        scored_space(
            space, states, len(windows), generator([seed, index], "directions"), index, label
        )
        for index, (space, label) in enumerate(zip(targets, labels(targets), strict=True))
    ]
    highest = highest_frequency(model, eigenvalues, rates, test)
    # A window that is most of a trajectory tells when it began: any function of that time decays.
    others = 2 * model.window <= len(test.times)
    known = None if apart else at_points
    choices = [
        recovered_near(target, found, known, along, test.dt, highest, others, radius)
        for target, radius in zip(
            scored, radii(np.array([space.eigenvalue for space in targets])), strict=True
        )
    ]
    floors, dictionary_note = [Floor()] * len(scored), ""
    rank_error = null_space_error = forecast_error = np.nan
    structure_note = forecast_note = portrait_note = ""
    drawn: tuple[Portrait, ...] = ()
    if not apart:
        floors, dictionary_note = oracle_floors(model, flat, scored, fresh)
        rank_error, null_space_error, structure_note = score_structure(
            system, states, found, at_points, rates[usable], test.times[model.window - 1 :]
        )
        forecast_error, forecast_note = _forecast_error(model, system, test)
        if portrayed:
            drawn, portrait_note = portraits(model, scored, choices, test, at_points, usable)
    of_lattice = score_spectrum(spectrum, eigenvalues, rates, values, constant, highest)
    counted = usable & ~constant
    of_step = rates[counted] * test.dt
    horizon = float(test.times[-1] - test.times[0])
    of_targets = tuple(
        score_target(
            target,
            choice,
            known,
            floor,
            target_residual(target.directions, system, test),
            horizon,
            highest,
        )
        for target, choice, floor in zip(scored, choices, floors, strict=True)
    )
    dropped = int(np.sum(~usable))
    dropped_note = f"{dropped} eigenpairs are not finite" if dropped else ""
    return Scores(
        fit=FitScores(
            recovered=len(found),
            window=model.window,
            verified=int(np.sum(of_step < VERIFIED)),
            spurious_fraction=_share(of_step, SPURIOUS),
            residual_median=float(np.median(residuals[counted])) if counted.any() else np.nan,
            precision=of_lattice.precision,
            judged=of_lattice.judged,
            recall=of_lattice.recall,
            rank_error=rank_error,
            null_space_error=null_space_error,
            forecast_error=forecast_error,
            notes=_join(
                model.note,
                lost_note,
                apart and f"only eigenvalues are scored: {apart}",
                noise_note,
                of_lattice.note,
                dropped_note,
                dictionary_note,
                structure_note,
                forecast_note,
                portrait_note,
            ),
        ),
        targets=with_floors(of_targets, noise_floors, horizon),
        eigenpairs=_pairs(model, eigenvalues, residuals, of_lattice.kinds),
        portraits=drawn,
    )


@checked
def score(
    model: FittedModel, system: System, test: Trajectories, max_degree: int = 1
) -> "pd.DataFrame":
    """One row of scores for each exact eigenspace of `system` up to `max_degree` factors.

    The notes of a row hold those on the fit as a whole too, such as on test trajectories left out.

    Parameters
    ----------
    model : FittedModel
    system : System
        What generated `test`.
    test : Trajectories
        As for `evaluate`.
    max_degree : int
        Of the products of eigenfunctions that are looked for: 1 or more.

    Raises
    ------
    TypeError
        If `system`, `test` or `max_degree` is something else.
    ValueError
        As `evaluate` does, and if the degree is below 1 or no eigenspace is known.
    """
    import pandas as pd

    System.expected(system, "a score")
    if max_degree < 1:
        raise ValueError(f"max_degree {max_degree}: the degree of products must be 1 or more")
    check_channels(model, Trajectories.expected(test, "a score").states, system.size)
    spaces = system.eigenspaces(max_degree)
    if not spaces:
        raise ValueError(
            f"no eigenspace of this {type(system).__name__} is known exactly: "
            "koopmark.scoring._evaluate takes targets of your own"
        )
    scores = evaluate(model, system, spaces, test, portrayed=False)
    of_fit = scores.fit.notes
    rows = [replace(row, notes=_join(row.notes, of_fit)) for row in scores.targets]
    return pd.DataFrame([asdict(row) for row in rows])


def _values(model: FittedModel, windows: NDArray, count: int) -> NDArray:
    """(P, count) values of the eigenfunctions."""
    values = np.asarray(model.eigenfunctions(windows))
    if values.shape != (len(windows), count):
        raise ValueError(
            f"{count} eigenvalues but eigenfunction values of shape {values.shape} "
            f"at {len(windows)} test points"
        )
    return values


def _expect_same(
    before: NDArray, values: NDArray, rows: NDArray[np.intp], residuals: NDArray[np.float64]
) -> None:
    """Refuse functions whose values at a state change with the states that are asked for beside it.

    A library may round otherwise in another batch, and a function that is left of a cancellation be
    all rounding: then its residual says so. Where there is no residual nothing is told.
    """
    told = np.isfinite(residuals)
    values, before = values[:, told], before[:, told]
    with np.errstate(invalid="ignore", over="ignore"):
        apart = level_columns(before - values[rows], like=values)
        values = level_columns(values)
        sizes, differences = (
            np.linalg.norm(one, axis=0) / np.sqrt(len(one)) for one in (values, apart)
        )
        same = differences <= np.fmax(SAME_VALUE, ROUNDING_SHOWS * residuals[told]) * sizes
    if not same.all():
        raise ValueError(
            "the values of eigenfunctions depend on which other states are asked for: "
            "at the same state they must be the same in any batch"
        )


def _forecast_error(model: FittedModel, system: System, test: Trajectories) -> tuple[float, str]:
    """Relative root-mean-square error over all test trajectories from their first window on.

    Of a stochastic system it is the expected state that is to be predicted.
    """
    first = test.windows(model.window)[:, 0]
    truth = test.states[:, model.window :]
    if truth.shape[1] == 0:
        return np.nan, "forecast_error: nothing follows the first window of a test trajectory"
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
    known = residuals[~np.isnan(residuals)]
    return float(np.mean(known > threshold)) if len(known) else np.nan


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
