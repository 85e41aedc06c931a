"""All scores of a fitted model against an answer key (docs/explanation/scores/index.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from math import hypot, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark import _repr
from koopmark._arrays import checked
from koopmark._keys import generator
from koopmark.datasets import AnswerKey
from koopmark.models import Model
from koopmark.scoring._given import expect_model
from koopmark.scoring._oracle_floors import fresh_like, oracle_floors
from koopmark.scoring._plane import Plane
from koopmark.scoring._portraits import Frame, Portrait, frame, portraits
from koopmark.scoring._recovered import Recovered, recovered
from koopmark.scoring._residuals import (
    check_channels,
    check_inputs,
    finite_ones,
    target_residual,
)
from koopmark.scoring._spectrum import score_spectrum
from koopmark.scoring._statistical_floors import StatisticalFloor
from koopmark.scoring._structure import score_structure
from koopmark.scoring._targets import (
    Floor,
    Functions,
    ScoredSpace,
    TargetScores,
    gain_error,
    labels,
    score_target,
)
from koopmark.scoring._test_set import TestSet
from koopmark.simulation import FreshTrajectories, Trajectories

if TYPE_CHECKING:
    import pandas as pd

MOST_KEPT = 2_000_000
"""Values of exact eigenfunctions that are kept from one fit to the next: 16 MB."""

VERIFIED, SPURIOUS = 1e-3, 1e-1
"""Residual bounds of recovered pairs on the test set. A pair with a residual below VERIFIED times
|e^{λ̂Δt}| (for a map, below VERIFIED) obeys the dynamics; above SPURIOUS it does not."""


@dataclass(frozen=True)
class FitScores:
    """Scores of a fit as a whole; its fields are columns of `fits.csv`."""

    recovered: int
    window: int
    pairs_used: int
    pairs: int
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
    """Scores of one recovered eigenpair; a row of `eigenpairs.csv`."""

    index: int
    eigenvalue_re: float
    eigenvalue_im: float
    residual: float
    training_residual: float
    kind: str


@dataclass(frozen=True)
class VerdictScores:
    """Verdict of held-out data on one recovered pair; a row of `verdicts.csv`.

    It has the columns of `residuals` and, if the system is known, whether the pair is true.
    """

    index: int
    eigenvalue_re: float
    eigenvalue_im: float
    residual: float
    floor: float
    floor_low: float
    floor_high: float
    noise_share: float
    eigenvalue_bound: float
    function_bound: float
    verdict: str
    reason: str
    eigenvalue_defect: float = nan
    """Error of λ on clean data, in the unit of its bound."""
    function_defect: float = nan
    exact_error: float = nan
    """Distance to the nearest exact eigenvalue, in the unit of the bounds; NaN if not all are
    known."""
    true: float = nan
    """1 if all of these are within the bounds of a supported verdict, 0 if not, NaN if unknown."""


@dataclass(frozen=True)
class ForecastScores:
    """Errors of the forecast of held-out data at one lead; a row of `forecasts.csv`."""

    steps: int
    lead: float
    """Time ahead."""
    error: float
    """Root mean square error over channels, each in units of its standard deviation over the
    training data."""
    forecasts: int
    """Number of forecasts."""
    parts: str
    """JSON: for each part of the data (a trial, or a time span of a single one) its number, the
    number of forecasts that start in it, and their mean square error."""


@dataclass(frozen=True)
class StructureScores:
    """The structure implied by functions at a common real rate; a row of `structures.csv`."""

    rate_re: float
    """NaN if no functions share a real rate."""
    size: int
    rank: int
    """Upper bound on the rank; `size` if there is no structure."""
    rank_low: int
    """Lower bound on the rank from held-out data, for any model."""
    null_space: str
    """JSON: the rows of an orthonormal basis (N, N - rank), in units of the channels."""
    offset: str
    """JSON: b (N - rank,) of the attracting set {y : Uᵀy = b}."""
    note: str


@dataclass(frozen=True)
class CourseScores:
    """One function along one held-out trial; a row of `courses.csv`."""

    index: int
    trial: int
    times: str
    """JSON; times, real and imaginary parts have equal lengths."""
    values_re: str
    values_im: str


@dataclass(frozen=True)
class Scores(_repr.ReprMixin):
    """All scores of one fit."""

    fit: FitScores
    targets: tuple[TargetScores, ...]
    eigenpairs: tuple[PairScores, ...]
    portraits: tuple[Portrait, ...] = ()
    verdicts: tuple[VerdictScores, ...] = ()
    forecasts: tuple[ForecastScores, ...] = ()
    structures: tuple[StructureScores, ...] = ()
    courses: tuple[CourseScores, ...] = ()

    def _facts(self) -> list[str]:
        verified = f"{self.fit.verified:,} of {self.fit.recovered:,} eigenpairs obey the dynamics"
        return [f"{len(self.targets):,} exact eigenspaces", verified]

    def _details(self) -> _repr.Details:
        columns = ("target", "eigenvalue error", "eigenfunction error", "oracle floor")
        rows = [
            (row.target, *map(_repr.error, errors))
            for row in self.targets[: _repr.ROWS]
            for errors in [(row.eigenvalue_error, row.eigenfunction_error, row.oracle_floor)]
        ]
        return _repr.Details(columns, rows, len(self.targets), self.fit.notes)


@checked
def evaluate(
    model: Model,
    key: AnswerKey,
    test: Trajectories,
    seed: int = 0,
    portrayed: bool = True,
    fresh: FreshTrajectories | None = None,
    noise_floors: Sequence[StatisticalFloor] = (),
) -> Scores:
    """Score a fitted model on clean test trajectories.

    Parameters
    ----------
    model : Model
    key : AnswerKey
        The key of the system behind `test`: `Dataset.key`, or `AnswerKey.of(system, degree)`.
    test : Trajectories
        Clean test data that were not used for the fit, with any sampling interval, gaps and
        lengths. Trajectories that diverged or have infinite values are left out, with a remark in
        `notes`. If no segment is as long as the model's window, only eigenvalues are scored.
    seed : int
        Seed for the functions that represent an eigenspace with more dimensions than there are test
        trajectories.
    portrayed : bool
        Whether to make portraits of the eigenfunctions, which take a fifth of the time of a small
        fit.
    fresh : FreshTrajectories, optional
        Clean trajectories like those of the test set, for the oracle floors. They cache results, so
        that floors of many fits with the same dictionary are computed once. By default they are
        drawn by `fresh_like` with `seed`.
    noise_floors : sequence of StatisticalFloor, optional
        The statistical floor of each target, from `statistical_floors`.

    Raises
    ------
    TypeError
        If `key`, `test`, `seed` or `fresh` has the wrong type.
    ValueError
        If no test trajectory is finite, the number of variables differs from that of the key or the
        training data, the shapes of eigenvalues and eigenfunction values disagree, eigenfunction
        values depend on which other states are evaluated, or the number of `noise_floors` differs
        from that of the targets. For systems with inputs: if the number of inputs in the test set
        or the model is wrong, or the effect of inputs does not vanish with them. For maps: if data
        are not sampled at whole steps.
    """
    if not isinstance(key, AnswerKey):
        raise TypeError(
            f"a score takes an AnswerKey, got {type(key).__name__}: "
            "koopmark.datasets.AnswerKey.of(system, max_degree) makes one"
        )
    targets = key.targets
    test, lost_note = finite_ones(Trajectories.expected(test, "a score"))
    check_channels(model, test.states, key.channels)
    check_inputs(key, test)
    if fresh is not None:
        FreshTrajectories.expected(fresh, "a score")
    if noise_floors and len(noise_floors) != len(targets):
        raise ValueError(
            f"{len(noise_floors)} noise_floors for {len(targets)} targets: give one for each"
        )
    shown = TestSet(test, model.window, key.latent and test.latent is not None)
    windows, states = shown.windows, shown.states
    pairs = recovered(model, key, shown, seed)
    shared = _Shared.of(key, shown, seed, None if lost_note else fresh)
    spaces = shared.spaces
    choices = pairs.choices(
        spaces,
        2 * model.window <= shown.longest,
        shown.whole.shape[2] if shown.hidden else 0,
    )
    floors, floors_note = [Floor()] * len(spaces), ""
    rank_error = null_space_error = forecast_error = np.nan
    structure_note = forecast_note = portrait_note = ""
    drawn: tuple[Portrait, ...] = ()
    if pairs.values is not None:
        if not shared.unseen:
            floors, floors_note = oracle_floors(
                model, windows, spaces, fresh or fresh_like(key, test, seed), key.latent
            )
        # Along trajectories, whose stretches are to be of one length.
        even = shown.places[:, model.window - 1 :].ravel() if not test.regular else slice(None)
        rank_error, null_space_error, structure_note = score_structure(
            key.null_functions,
            states[even],
            pairs.found,
            pairs.values[even],
            pairs.rates[pairs.usable],
            shown.even.times[model.window - 1 :],
            shown.origins,
            None if shown.even.inputs is None else shown.even.inputs[:, model.window - 1 :],
        )
        forecast_error, forecast_note = _forecast_error(model, key, test)
        if portrayed and not len(shown.even):
            portrait_note = "portrait: no states follow one another"
        elif portrayed and not shared.unseen:
            drawn, portrait_note = portraits(
                model, spaces, shared.frame, choices, shown.places, pairs.values, pairs.usable
            )
    elif shown.lacking:
        floors_note = "oracle_floor, forecast_error, portrait: no window in the test set"
    of_spectrum = score_spectrum(
        key.spectrum,
        pairs.eigenvalues,
        pairs.rates,
        pairs.all_values,
        pairs.constant,
        pairs.highest,
        key.no_spectrum,
    )
    functions = None if pairs.values is None else Functions(pairs.values)
    horizon, gains = shown.horizon, _gains(model, pairs) if key.inputs else None
    elapsed = getattr(model, "dt", test.dt)
    rows = tuple(
        score_target(
            space,
            choice,
            pairs.found,
            functions,
            floor,
            noise_floor,
            residual,
            horizon,
            pairs.highest,
            pairs.plane,
            gain_error(space, choice, functions, gains, elapsed) if key.inputs else (np.nan, ""),
        )
        for space, choice, floor, noise_floor, residual in zip_longest(
            spaces, choices, floors, noise_floors, shared.residuals
        )
    )
    counted = pairs.usable & ~pairs.constant
    of_step = pairs.plane.per_step(pairs.rates[counted], test.dt)
    known = of_step[~np.isnan(of_step)]
    lost = int(np.sum(~pairs.usable))
    training = model.residuals
    if training is None:
        training = np.full(len(pairs.eigenvalues), np.nan)
    lost_pairs = f"{lost} eigenpairs are not finite" if lost else ""
    notes = [model.note, lost_note, pairs.note, of_spectrum.note, lost_pairs, floors_note]
    notes += [structure_note, forecast_note, portrait_note]
    return Scores(
        FitScores(
            recovered=len(pairs.found),
            window=model.window,
            pairs_used=(model.pairs if model.pairs_used is None else model.pairs_used) or 0,
            pairs=model.pairs or 0,
            verified=int(np.sum(of_step < VERIFIED)),
            spurious_fraction=float(np.mean(known > SPURIOUS)) if len(known) else np.nan,
            residual_median=float(np.median(pairs.residuals[counted])) if counted.any() else np.nan,
            precision=of_spectrum.precision,
            judged=of_spectrum.judged,
            recall=of_spectrum.recall,
            rank_error=rank_error,
            null_space_error=null_space_error,
            forecast_error=forecast_error,
            notes="; ".join(filter(None, notes)),
        ),
        rows,
        tuple(
            PairScores(index, float(at.real), float(at.imag), float(residual), float(own), kind)
            for index, (at, residual, own, kind) in enumerate(
                zip(pairs.eigenvalues, pairs.residuals, training, of_spectrum.kinds, strict=True)
            )
        ),
        drawn,
    )


@checked
def score(
    model: Model | Mapping[str, Model],
    test: Trajectories | ArrayLike,
    key: Any = None,
    max_degree: int | None = None,
    dt: float | None = None,
) -> "pd.DataFrame":
    """Score a fitted model: one row for each exact eigenspace.

    `score(model, test)` uses the answer key of the system and sensors behind the test data, and
    `score(model, test, key=key)` the given one. The notes of a row include those on the whole fit,
    such as on test trajectories that were left out.

    Parameters
    ----------
    model : Model or mapping from str to Model
        One model, or several with their names.
    test : Trajectories or array_like
        Clean test data, as for `evaluate`.
    key : AnswerKey or koopmark.systems.System, optional
        The answer key, or the system. It may also be given before the test data.
    max_degree : int
        Largest degree of the products of eigenfunctions that are targets, 1 by default.
    dt : float, optional
        Sampling interval, if `test` is an array (M, T, N) or (T, N).

    Returns
    -------
    DataFrame
        The columns of `TargetScores`; for several models the index is (model, target).

    Raises
    ------
    TypeError
        If `model` or `key` has the wrong type, a degree is given with an AnswerKey, or an array of
        test data is given without `dt`.
    ValueError
        As `evaluate`, and if the degree is below 1, no eigenspace is known, the system behind the
        test data is unknown, or it is not that of the key.
    NoKey
        If there is no exact answer key for these sensors.
    """
    import pandas as pd

    if isinstance(key, Trajectories):
        test, key = key, test
    models = dict(model) if isinstance(model, Mapping) else {"": model}
    for one in models.values():
        expect_model(one, "a score")
    data = Trajectories.of(test, "a score", dt=dt)
    system = data.system if key is None else key
    if isinstance(system, AnswerKey):
        if max_degree is not None:
            raise TypeError("a score takes a key, or a system and a degree, but not both")
        answers = system
    elif system is None:
        raise ValueError(
            "nothing says which system these test data come from: give a key, such as "
            "koopmark.datasets.AnswerKey.of(system)"
        )
    else:
        answers = AnswerKey.of(system, 1 if max_degree is None else max_degree, data.sensors)
        for one in models.values():
            check_channels(one, data.states, answers.channels)
        if not answers.targets:
            raise ValueError(
                f"no eigenspace of this {type(system).__name__} is known exactly: "
                "koopmark.datasets.AnswerKey takes targets of your own"
            )
    answers.expect_origin(data)
    check_inputs(answers, data)
    fresh = fresh_like(answers, data) if len(models) > 1 else None
    tables = {}
    for name, one in models.items():
        kept = fresh if isinstance(fresh, FreshTrajectories) else None
        scores = evaluate(one, answers, data, portrayed=False, fresh=kept)
        rows = [asdict(row) for row in scores.targets]
        for row in rows:
            row["notes"] = "; ".join(filter(None, [row["notes"], scores.fit.notes]))
        tables[name] = pd.DataFrame(rows)
    if not isinstance(model, Mapping):
        return tables[""]
    if not tables:
        raise ValueError("a score takes one model at least, got none")
    together = pd.concat(tables, names=["model", None]).reset_index("model")
    return together.set_index(["model", "target"])


@dataclass(frozen=True, eq=False)
class _Shared:
    """What depends on the answer key and the test set alone, the same for all models."""

    key: AnswerKey
    test: Trajectories
    even: Trajectories
    """The regular part of the test set, in which portraits look."""
    spaces: Sequence[ScoredSpace]
    residuals: Sequence[tuple[float, float]]
    """Of each target, and the bound on it: see `target_residual`."""
    unseen: str = ""
    """Why nothing is known of targets at the test states; empty if their values are."""
    frames: dict[int, Frame] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        key: AnswerKey,
        shown: TestSet,
        seed: int,
        fresh: FreshTrajectories | None,
    ) -> "_Shared":
        """For the states of a test set; kept with `fresh`, unless there are too many values.

        What is kept holds `key` and `test`, so that no others are mistaken for them.
        """

        test, states, named = shown.data, shown.targeted, labels(key.targets)
        if key.latent and not shown.hidden:
            unseen = "the target is a function of the whole state, and the test set has no `latent`"
            none = [
                ScoredSpace.without_values(space, index, label, unseen)
                for index, (space, label) in enumerate(zip(key.targets, named, strict=True))
            ]
            return cls(key, test, shown.even, none, [(np.nan, np.nan)] * len(none), unseen)

        def work_out() -> "_Shared":
            spaces = [
                ScoredSpace.of(
                    *(space, states, shown.trajectories),
                    *(generator([seed, index], "directions"), index, label),
                )
                for index, (space, label) in enumerate(zip(key.targets, named, strict=True))
            ]
            residuals = [
                target_residual(space.directions, key.quadrature, shown, Plane.of(key))
                for space in spaces
            ]
            return cls(key, test, shown.even, spaces, residuals)

        functions = sum(space.dimension for space in key.targets)
        if fresh is None or len(states) * functions > MOST_KEPT:
            return work_out()
        return fresh.once(("known", id(key), id(test), seed, len(states)), work_out)

    def frame(self, target: ScoredSpace) -> Frame:
        """The frame for portraits of the target."""
        if target.index not in self.frames:
            self.frames[target.index] = frame(target, self.even, self.key.latent)
        return self.frames[target.index]


def _gains(model: Model, pairs: Recovered) -> NDArray | None:
    """Those of the usable pairs (s, q); None if the method has none."""
    gains = model.gains
    if gains is None:
        return None
    if len(gains) != len(pairs.usable):
        raise ValueError(f"{len(pairs.usable)} eigenvalues but gains of shape {np.shape(gains)}")
    return np.asarray(gains)[pairs.usable]


def _forecast_error(model: Model, key: AnswerKey, test: Trajectories) -> tuple[float, str]:
    """Relative root-mean-square error over all test trajectories from their first window on.

    Of data with gaps over all stretches, each from its own first window on.

    Of a stochastic system it is the expected state that is to be predicted.
    """
    missed, sizes = list[float](), list[float]()
    for block in test.blocks(model.window + 1):
        first, truth = block.rolling(model.window)[:, 0], block.states[:, model.window :]
        times = block.times[model.window :] - block.times[model.window - 1]
        if key.stochastic and key.continuation is not None:
            truth = key.continuation(first[:, -1], times)
        held = None if block.inputs is None else block.inputs[:, model.window - 1 : -1]
        with np.errstate(over="ignore", invalid="ignore"):
            predicted = model.predict(first, times, inputs=held)
            if predicted is None:
                return np.nan, "forecast_error: the method does not predict states at these times"
            missed.append(float(np.linalg.norm(predicted - truth)))
            sizes.append(float(np.linalg.norm(truth)))
    if not missed:
        return np.nan, "forecast_error: nothing follows the first window of a test trajectory"
    with np.errstate(all="ignore"):
        error = np.divide(hypot(*missed), hypot(*sizes))
    return (float(error), "") if np.isfinite(error) else (np.inf, "")
