"""Whether fresh data support recovered eigenpairs, without an answer key.

An exact pair has φ(x⁺) = e^{λΔt} φ(x), with what the model says that inputs add, but data hold
x + η: what is left then is what the noise η makes of φ. Noise of the same law is added to the data
once more and twice more, and what the sums over all pairs do is extrapolated to no noise at all
(Cook and Stefanski 1994), exactly so for polynomials of degree 2. So the floor holds for functions
of any kind, with their bias, and for windows that share states. How the sums scatter from draw to
draw is how they scatter by the noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from koopmark import _repr
from koopmark._arrays import checked, real
from koopmark._keys import generator
from koopmark.models import Model
from koopmark.scoring._given import expect_model
from koopmark.scoring._plane import FLOW, MAP, Plane
from koopmark.scoring._recovered import ASKED_TWICE, expect_responses, expect_same
from koopmark.scoring._residuals import check_channels, misplaced
from koopmark.simulation import SAME_INTERVAL, MeasurementNoise, Trajectories, measurement_noise

if TYPE_CHECKING:
    import pandas as pd

SUPPORTED, NOT_SUPPORTED, UNTOLD = "supported", "not supported", "cannot be told"
DEVIATIONS = 3.0
"""Number of standard errors that count as noise; several tests are made of each pair."""
STILL = 0.02
"""How much a constant may change over the horizon by its eigenvalue."""
EIGENVALUE_WITHIN, FUNCTION_WITHIN = 0.05, 0.25
"""Bounds on the relative errors of λ and φ: a pair is supported if both are surely below, and not
supported if one is surely above."""
FAR = 10.0
"""Relative rate of disobedience beyond which its size says nothing more: e^{λt} is gone then."""
LAG = 3
"""States are compared 1, 3, 9, ... intervals apart: errors of eigenvalues grow, noise does not."""
FEWEST_PAIRS = 20
FEWEST_DRAWS, MOST_DRAWS, MOST_VALUES = 8, 16, 10_000_000
"""Draws of noise, so many that the values of functions at them are not more."""
MOST_STATES = 20_000
"""Of the data: so many trajectories as have them, evenly spread, or the beginning of one."""
DROWNED = 0.5
"""Share of noise in the variance of a function above which nothing is left to look at."""
GONE = np.exp(-3.0)
"""What is left of a function after a sampling interval that lets nothing be told of its rate."""
LARGEST_INPUT = 1e100
CONSTANT = 1e-6
"""Standard deviation, relative to its size, of a function that is the constant."""

Row = dict[str, Any]


@checked
def residuals(
    model: Model,
    data: Trajectories | ArrayLike,
    dt: float | None = None,
    seed: int = 0,
    discrete: bool | None = None,
) -> "pd.DataFrame":
    """Residual of each eigenpair on fresh data, with the floor due to measurement noise.

    Parameters
    ----------
    model : Model
    data : Trajectories or array_like
        Data that were not used for the fit. White noise of one covariance, gaps and uneven times
        are allowed; states are used if they are whole sampling intervals apart without a gap. The
        effect of held inputs is taken from the model (`Model.forced`); if the model ignores inputs,
        their effect counts against its pairs.
    dt : float, optional
        Sampling interval, if `data` are an array (M, T, N) or (T, N).
    seed : int
        Seed of the added noise from which the effect of the data's noise is extrapolated.
    discrete : bool, optional
        Whether the data come from a map, so that eigenvalues are μ per step. By default as their
        system says; a flow if it is unknown.

    Returns
    -------
    DataFrame
        A row for each pair of the model, in the model's order.

        `eigenvalue`
            λ, per unit of time, or μ of one step of a map.
        `residual`
            ‖φ(x⁺) - e^{λΔt} φ(x) - forced‖ / ‖φ(x)‖, Δt being that of the data.
        `floor`, `floor_low`, `floor_high`
            Residual that noise alone gives an exact pair, with bounds.
        `noise_share`
            Share of noise in the variance of φ over the data.
        `eigenvalue_bound`, `function_bound`
            Upper bounds on the errors of λ and φ, relative to max(|λ|, 1 / horizon), or for a map
            max(|1 - μ|, 1 / horizon). The horizon is the longest time between recorded states of a
            trajectory.
        `pairs`
            Number of pairs of states that were used.
        `verdict`, `reason`
            "supported", "not supported" or "cannot be told", and why.

        `attrs` has `dt`, `horizon`, the standard deviation of the `noise` in each channel, whether
        it is `settled` or only an upper bound, and a `warning`, which may be empty.

    Raises
    ------
    TypeError
        If `model` is not a Model, or an array of data is given without `dt`.
    ValueError
        If the channels, the inputs or the sampling interval do not match the model, too few states
        are successive, or the data are constant or infinite.
    """
    import pandas as pd

    expect_model(model, "residuals")
    data = Trajectories.of(data, "residuals", dt=dt)
    check_channels(model, data.states)
    if apart := misplaced(model, data):
        raise ValueError(f"no residuals: {apart}")
    if discrete is None:
        discrete = data.system is not None and data.system.discrete
    plane = MAP if discrete else FLOW
    plane.expect_interval(data.dt, "the data")
    eigenvalues, _ = plane.eigenvalues(model)
    windows = Windows.of(data, model, plane)
    noise = measurement_noise(windows.data)
    seen = _seen(model, eigenvalues, windows, noise, seed)
    rows = [_row(j, eigenvalue, seen, windows) for j, eigenvalue in enumerate(eigenvalues)]
    table = pd.DataFrame(rows, columns=COLUMNS).rename_axis("pair")
    table.attrs = {
        "dt": data.dt,
        "horizon": windows.horizon,
        "noise": noise.deviations.tolist(),
        "settled": noise.settled,
        "warning": _warning(table, windows, data, model),
    }
    return table


COLUMNS = [
    *("eigenvalue", "residual", "floor", "floor_low", "floor_high", "noise_share"),
    *("eigenvalue_bound", "function_bound", "pairs", "verdict", "reason"),
]


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of a model in the data, and which of them are k intervals apart.

    Parameters
    ----------
    data : Trajectories
    length : int
        States in a window.
    rows : (P, length) array of int
        The states of each, in an array (M T, N).
    lags : dict from int to (2, K) array of int
        By k: windows, and those k intervals later.
    horizon : float
        Longest time from the first to the last recorded state of a trajectory.
    plane : Plane
    inputs : (P, q) array, optional
        Those held from the last state of each window on, if the model uses inputs.
    """

    data: Trajectories
    length: int
    rows: NDArray[np.intp]
    lags: dict[int, NDArray[np.intp]]
    horizon: float
    plane: Plane
    inputs: NDArray[np.float64] | None

    @classmethod
    def of(cls, data: Trajectories, model: Model, plane: Plane) -> "Windows":
        used, length = data, model.window
        if data.recorded.mask.sum() > MOST_STATES:
            used = some_of(data)
        if np.isinf(used.states).any():
            raise ValueError(
                "no residuals: the data hold infinite values; NaN stands for what was not recorded"
            )
        seen = used.snapshots().reshape(-1, used.states.shape[2])
        if len(seen) and (seen == seen[0]).all():
            raise ValueError("no residuals: the data are constant: every state is the same")
        recorded = used.recorded
        rows = recorded.windows(length)
        inputs = _inputs_of(model, used, rows)
        # How many inputs before each window are not known.
        unknown = np.zeros(len(rows) + 1, int)
        if inputs is not None:
            unknown[1:] = np.cumsum(~np.isfinite(inputs).all(axis=1))
            inputs = np.nan_to_num(inputs, posinf=0.0, neginf=0.0)
        longest = int(np.diff(recorded.bounds).max(initial=0))
        lags, k = dict[int, NDArray[np.intp]](), 1
        while k <= max(1, longest // 2):
            starts = recorded.starts(length + k)
            both = np.searchsorted(rows[:, 0], recorded.rows[[starts, starts + k]])
            both = both[:, unknown[both[0]] == unknown[both[1]]]
            if both.shape[1] < FEWEST_PAIRS:
                break
            lags[k] = both
            k *= LAG
        if not lags:
            few, apart = both.shape[1], _repr.number(data.dt) if longest else ""
            what = f"{length + 1} states in a row" if length > 1 else "states"
            raise ValueError(
                f"no residuals: {few} pairs of {what} {apart} apart, fewer than {FEWEST_PAIRS}"
                if longest
                else "no residuals: nothing was recorded"
            )
        return cls(used, length, rows, lags, horizon_of(used), plane, inputs)

    def values(
        self,
        model: Model,
        states: NDArray[np.float64],
        count: int,
        chosen: NDArray[np.intp] | slice = slice(None),
    ) -> NDArray:
        """Values (P, count) of the functions, at states (M T, N) in place of those of the data."""
        rows = self.rows[chosen]
        values = np.asarray(model.eigenfunctions(states[rows]))
        if values.shape != (len(rows), count):
            raise ValueError(
                f"{count} eigenvalues but eigenfunction values of shape {values.shape} at "
                f"{len(rows)} windows"
            )
        return values

    def forced(
        self, model: Model, states: NDArray[np.float64], steps: NDArray
    ) -> list[NDArray | None]:
        """Effect (P, s) of inputs on the functions after each lag, with factors μᵏ in `steps`.

        As the model says at these states; None if it does not use inputs. It means nothing where a
        stretch is shorter than the lag.
        """
        if self.inputs is None:
            return [None] * len(self.lags)
        made, lags = [np.asarray(model.forced(states[self.rows], self.inputs))], list(self.lags)
        places = np.arange(len(self.rows))
        for k, step in zip(lags[:-1], steps[:-1], strict=True):
            # Three stretches of k intervals one after another.
            after = [made[-1][np.minimum(places + n * k, len(places) - 1)] for n in range(LAG)]
            parts = [step ** (LAG - 1 - n) * part for n, part in enumerate(after)]
            made.append(np.sum(parts, axis=0))
        return list(made)

    def expect_responses(
        self,
        model: Model,
        states: NDArray[np.float64],
        values: NDArray,
        chosen: NDArray[np.intp],
    ) -> None:
        """Raise an error for invalid responses to inputs, checked at some windows."""
        if self.inputs is None:
            return
        inputs, given = self.inputs, states[self.rows]
        whole = np.asarray(model.forced(given, inputs))
        if whole.shape != values.shape:
            raise ValueError(
                f"{values.shape[1]} eigenvalues but responses to inputs of shape {whole.shape} at "
                f"{len(values)} windows"
            )

        def asked(part: float) -> NDArray | None:
            return model.forced(given[chosen], part * inputs[chosen])

        expect_responses(asked, values, values[chosen], whole[chosen])


def _inputs_of(
    model: Model, data: Trajectories, rows: NDArray[np.intp]
) -> NDArray[np.float64] | None:
    """Inputs (P, q) held from the last state of each window on; None if the model has no use."""
    gains, held = model.gains, data.inputs
    if held is None or not len(rows) or not held.shape[2]:
        return None
    q = held.shape[2]
    if gains is not None and np.shape(gains)[1] != q:
        raise ValueError(
            f"no residuals: the data have {q} inputs, the model was fitted to {np.shape(gains)[1]}"
        )
    inputs = np.array(real(held, "inputs").reshape(-1, q)[rows[:, -1]])
    largest = np.abs(inputs[np.isfinite(inputs)]).max(initial=0.0)
    if largest > LARGEST_INPUT:
        raise ValueError(
            f"no residuals: the inputs reach {largest:.1g}, and products of such numbers overflow: "
            f"give them in a unit in which they stay below {LARGEST_INPUT:g}"
        )
    states = real(data.states, "states").reshape(-1, data.states.shape[2])
    if model.forced(states[rows[:1]], np.nan_to_num(inputs[:1])) is None:
        return None
    dt = getattr(model, "dt", data.dt)
    if abs(data.dt - dt) > SAME_INTERVAL * dt:
        raise ValueError(
            f"no residuals: the model says what inputs do that are held for {dt:.6g}, and those of "
            f"the data are held for {data.dt:.6g}"
        )
    return inputs


def horizon_of(data: Trajectories) -> float:
    """Longest time between the first and last recorded state of a trajectory.

    Uneven times leave short stretches, and many of these show a slow rate all the same.
    """
    if data.regular:
        return data.dt * (data.states.shape[1] - 1)
    recorded = data.recorded
    follows = recorded.follows
    return float(np.bincount(recorded.trajectory[:-1][follows], recorded.steps[follows]).max())


def some_of(data: Trajectories) -> Trajectories:
    """Evenly spread trajectories with up to MOST_STATES states; the beginning of a single one."""
    if len(data) == 1:
        return data[:, :MOST_STATES]
    mean = data.recorded.mask.sum() / len(data)
    count = max(1, int(MOST_STATES / mean))
    return data[np.unique(np.linspace(0, len(data) - 1, count).astype(int))][:, :MOST_STATES]


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the data show of s functions; intervals are (2, s), the lists go by lags.

    Parameters
    ----------
    residual, floor, share : (s,), (3, s) and (s,) arrays
        `floor`: likeliest, lowest, highest.
    varying : (s,) array
        Standard deviation relative to size; NaN for a function that is zero.
    finite, steady : (s,) arrays of bool
        Whether the values are finite at the data, and as near them as the noise goes.
    shifts, defects : list of (2, s) arrays
        At what rate the function disobeys, without noise: the part of φ(x⁺) - e^{λkΔt} φ(x) that is
        along φ, as if the eigenvalue was wrong, and all of it.
    """

    residual: NDArray[np.float64]
    floor: NDArray[np.float64]
    share: NDArray[np.float64]
    varying: NDArray[np.float64]
    finite: NDArray[np.bool_]
    steady: NDArray[np.bool_]
    shifts: list[NDArray[np.float64]]
    defects: list[NDArray[np.float64]]


DEFECT, ALONG, VARIANCE, SIZE = range(4)


def sums_over_pairs(
    values: NDArray,
    centres: NDArray,
    step: NDArray,
    both: NDArray[np.intp],
    forced: NDArray | None,
) -> NDArray:
    """Means (4, s) over pairs from which residuals follow.

    With D = φ(x⁺) - e^{λkΔt} φ(x) less the effect of inputs, they are ⟨|D|²⟩, cov(D, φ), var φ and
    ⟨|φ|²⟩ at x.
    """
    # A row for each function: sums along rows are several times as fast as down columns.
    before, after = (values.T.take(rows, axis=1) for rows in both)
    missed, centred = after - step[:, None] * before, before - centres[:, None]
    if forced is not None:
        missed = missed - forced[both[0]].T
    mean, count = centred.mean(axis=1), both.shape[1]
    along = np.vecdot(centred, missed) / count - missed.mean(axis=1) * mean.conj()
    variance = np.vecdot(centred, centred).real / count - np.abs(mean) ** 2
    squares = [np.vecdot(one, one).real / count for one in (missed, before)]
    return np.stack([squares[0], along, variance, squares[1]])


def _seen(
    model: Model,
    eigenvalues: NDArray[np.complex128],
    windows: Windows,
    noise: MeasurementNoise,
    seed: int,
) -> _Seen:
    s, dt = len(eigenvalues), windows.data.dt
    states = real(windows.data.states, "states").reshape(-1, windows.data.states.shape[2])
    rng = generator([seed], "noise beside that of the data")
    # Some come first, and in random order: the place of a window among all tells its time.
    chosen = rng.permutation(len(windows.rows))[:ASKED_TWICE]
    before = windows.values(model, states, s, chosen)
    own = windows.values(model, states, s)
    windows.expect_responses(model, states, own, chosen)
    original = own
    finite = np.isfinite(own).all(axis=0)
    own = np.where(finite, own, 0.0)
    sizes = np.abs(own).max(axis=0, initial=0.0)
    sizes = np.where(sizes > 0.0, sizes, 1.0)
    own = own / sizes
    centres = own.mean(axis=0)
    rates = np.where(np.isfinite(eigenvalues), eigenvalues, windows.plane.constant)
    with np.errstate(over="ignore"):
        steps = np.stack([windows.plane.over(rates, k * dt) for k in windows.lags])

    def sums(values: NDArray, at: NDArray[np.float64] | None) -> NDArray:
        """(4, lags, s), at states (M T, N); of what noise alone does, which no input drives."""
        parts: list[NDArray | None] = [None] * len(steps)
        if at is not None:
            made = windows.forced(model, at, steps)
            parts = [None if one is None else one / sizes for one in made]
        pairs = zip(steps, windows.lags.values(), parts, strict=True)
        return np.stack([sums_over_pairs(values, centres, *one) for one in pairs], axis=1)

    draws = int(np.clip(MOST_VALUES // max(4 * own.size, 1), FEWEST_DRAWS, MOST_DRAWS))
    steady, even, odd, twice, moved = finite.copy(), [], [], [], []
    with np.errstate(all="ignore"):
        observed = sums(own, states)
        for _ in range(draws):
            drawn, near = rng.standard_normal(states.shape) @ noise.root.T, []
            for factor in (1.0, -1.0, np.sqrt(2.0), -np.sqrt(2.0)):
                values = windows.values(model, states + factor * drawn, s) / sizes
                steady &= np.isfinite(values).all(axis=0)
                values = np.where(steady, values, 0.0)
                near.append(sums(values, states + factor * drawn))
                if factor == 1.0:
                    moved.append(sums(values - own, None).real)
            even.append((near[0] + near[1]) / 2.0 - observed)
            odd.append((near[0] - near[1]) / 2.0)
            twice.append((near[2] + near[3]) / 2.0 - observed)
        taken = _Noise.of(observed, np.array(even), np.array(odd), np.array(twice), noise)
        direct = np.mean(moved, axis=0)
        size = observed[SIZE, 0].real
        residual = np.sqrt(observed[DEFECT, 0].real / size)
        expect_same(before, original, chosen, residual)
        elapsed = dt * np.array(list(windows.lags))
        floor = np.sqrt(np.maximum(taken.of_defect(direct)[:, 0], 0.0) / size)
        return _Seen(
            residual,
            floor,
            np.clip(direct[VARIANCE, 0] / observed[VARIANCE, 0].real, 0.0, 1.0),
            np.sqrt(observed[VARIANCE, 0].real / size),
            finite,
            steady,
            _as_rates(taken.shifts(), rates, elapsed, steps, windows.plane),
            _as_rates(taken.defects(direct), rates, elapsed, steps, windows.plane),
        )


def _as_rates(
    bounds: NDArray[np.float64],
    eigenvalues: NDArray[np.complex128],
    elapsed: NDArray[np.float64],
    steps: NDArray,
    plane: Plane,
) -> list[NDArray[np.float64]]:
    """Of defects (lags, 2, s) after each time elapsed, lowest and highest: the rates, by lags.

    To first order in what an eigenvalue is off by, but for the lowest of a map: where all of a
    function is gone after a few steps, at μ = 0 after one, the first order says nothing.
    """
    if not plane.discrete:
        return list(bounds / (elapsed[:, None] * np.abs(steps))[:, None])
    count = np.rint(elapsed)[:, None]
    lowest = [
        plane.rates(one, eigenvalues, n) for one, n in zip(bounds[:, 0], elapsed, strict=True)
    ]
    slope = count * np.abs(eigenvalues) ** (count - 1.0)
    return list(np.stack([np.array(lowest), bounds[:, 1] / slope], axis=1))


@dataclass(frozen=True, eq=False)
class _Noise:
    """What the noise adds to the sums over pairs, all (4, lags, s).

    Parameters
    ----------
    observed, added : arrays
        The sums, and what the noise adds.
    error : array
        Of that, for a pair that has no defect for the noise to meet.
    met : array
        What comes to it by the noise that meets a defect.
    settled : bool
        Whether the noise may not be less.
    """

    observed: NDArray
    added: NDArray
    error: NDArray[np.float64]
    met: NDArray[np.float64]
    settled: bool

    @classmethod
    def of(
        cls, observed: NDArray, even: NDArray, odd: NDArray, twice: NDArray, noise: MeasurementNoise
    ) -> "_Noise":
        """The effect of noise, from sums with added noise by draws (R, 4, lags, s).

        `even` and odd parts are those of one measure of noise, `twice` the even part of two.
        """
        draws = len(even)
        within = stdtrit(draws - 1, ndtr(DEVIATIONS)) * np.sqrt(1.0 + 1.0 / draws)
        once, two = even.mean(axis=0), twice.mean(axis=0)
        # Where two measures of noise make a quadratic, the third takes that of the data off. How
        # far from a line it is shows how far the quadratic may be from the truth.
        added, bent = 3.0 * once - two, np.abs(2.0 * once - two) / 2.0
        scatter, met = within * even.std(axis=0, ddof=1), within * odd.std(axis=0, ddof=1)
        error = np.sqrt(scatter**2 + (DEVIATIONS * noise.error * np.abs(added)) ** 2 + bent**2)
        return cls(observed, added, error, met, noise.settled)

    def of_defect(self, direct: NDArray) -> NDArray[np.float64]:
        """(3, lags, s) the noise in ⟨|D|²⟩: likeliest, lowest, highest.

        At least what it does to the values directly: a function that noise drowns has no more of it
        when there is more noise.
        """
        part, error = self.added[DEFECT].real, self.error[DEFECT]
        low = part - error if self.settled else np.zeros_like(part)
        return np.stack([part, low, np.maximum(part + error, direct[DEFECT])])

    @property
    def variance(self) -> NDArray[np.float64]:
        """(lags, s) of φ without noise."""
        return np.maximum((self.observed - self.added)[VARIANCE].real, 0.0)

    def defects(self, direct: NDArray) -> NDArray[np.float64]:
        """(lags, 2, s) √⟨|D|²⟩ without noise relative to φ, lowest and highest.

        Relative to φ as observed for the lowest, and without the noise for the highest.
        """
        _, low, high = self.of_defect(direct)
        seen = self.observed[DEFECT].real
        least = np.maximum(seen - high, 0.0) / self.observed[VARIANCE].real
        most = np.maximum(seen - low + self.met[DEFECT], 0.0) / self.variance
        return np.sqrt(np.stack([least, most], axis=1))

    def shifts(self) -> NDArray[np.float64]:
        """(lags, 2, s) the same of |cov(D, φ)| / var φ."""
        along, shifted = (self.observed - self.added)[ALONG], self.added[ALONG]
        near, far = np.abs(along), np.abs(along)
        if not self.settled:
            # The noise is anything up to what was found: what it takes off, any part of that.
            squared = np.abs(shifted) ** 2
            part = -np.real(along * shifted.conj()) / np.where(squared > 0.0, squared, 1.0)
            near = np.abs(along + np.clip(part, 0.0, 1.0) * shifted)
            far = np.maximum(far, np.abs(self.observed[ALONG]))
        sure = np.hypot(self.error[ALONG], self.met[ALONG])
        least = np.maximum(near - sure, 0.0) / self.observed[VARIANCE].real
        return np.stack([least, (far + sure) / self.variance], axis=1)


def _row(j: int, eigenvalue: complex, seen: _Seen, windows: Windows) -> Row:
    unit = windows.plane.unit(eigenvalue, windows.horizon)
    shifts = np.array([one[:, j] for one in seen.shifts]) / unit
    defects = np.array([one[:, j] for one in seen.defects]) / unit
    highest = [one[:, 1] for one in (shifts, defects)]
    bounds = [float(np.where(np.isnan(one), np.inf, one).min()) for one in highest]
    verdict, reason = _verdict(j, eigenvalue, seen, windows, shifts[:, 0], defects[:, 0], bounds)
    told = np.isfinite(eigenvalue) and seen.finite[j]
    if told and windows.plane.alias(eigenvalue, np.pi / windows.data.dt) is not None:
        # It obeys as well as what it is an alias of, which may be any distance away.
        bounds = [np.inf, np.inf]
    floors = seen.floor[:, j] if told and seen.steady[j] else np.full(3, np.nan)
    residual = seen.residual[j] if told else np.nan
    share = seen.share[j]
    if not told or not seen.varying[j] > CONSTANT:
        share, bounds = np.nan, [np.nan, np.nan]
    pairs = windows.lags[1].shape[1]
    return dict(
        zip(
            COLUMNS,
            [eigenvalue, residual, *floors, share, *bounds, pairs, verdict, reason],
            strict=True,
        )
    )


def _verdict(
    j: int,
    eigenvalue: complex,
    seen: _Seen,
    windows: Windows,
    shifts: NDArray[np.float64],
    defects: NDArray[np.float64],
    bounds: Sequence[float],
) -> tuple[str, str]:
    """Of pair j, whose rates of disobedience are relative: lowest by lag, and bounds."""
    dt, horizon, plane = windows.data.dt, windows.horizon, windows.plane
    if not np.isfinite(eigenvalue):
        return UNTOLD, "the eigenvalue is not finite"
    if not seen.finite[j]:
        return UNTOLD, "the function is not finite at some states"
    if np.isnan(seen.varying[j]):
        return UNTOLD, "the function is zero"
    if seen.varying[j] <= CONSTANT:
        if abs(eigenvalue - plane.constant) * horizon <= STILL:
            return SUPPORTED, "constants are eigenfunctions of every system"
        told = f"the function is constant, but the eigenvalue is not {plane.constant.real:g}"
        return NOT_SUPPORTED, told
    if not seen.steady[j]:
        return UNTOLD, "the function is not finite near the measured states"
    if seen.share[j] > DROWNED:
        return UNTOLD, f"{100 * seen.share[j]:.0f} % of the function's variance is noise"
    for what, least, within in (
        ("the eigenvalue error is", shifts, EIGENVALUE_WITHIN),
        ("the function violates its equation by", defects, FUNCTION_WITHIN),
    ):
        worst = int(np.nanargmax(least))
        if (rate := least[worst]) > within:
            lag = list(windows.lags)[worst]
            after = "1 interval" if lag == 1 else f"{lag} intervals"
            shown = f"at least {100 * rate:.1f} %" if rate < FAR else f"above {100 * FAR:,.0f} %"
            return NOT_SUPPORTED, f"{what} {shown}, more than white noise explains (after {after})"
    if _follows_from_inputs(eigenvalue, windows):
        return UNTOLD, "the function decays within the window, as any sum of past inputs would"
    if (other := plane.alias(eigenvalue, np.pi / dt)) is not None:
        return UNTOLD, f"at this sampling interval the eigenvalue could equally be {other:.4g}"
    # An eigenvalue may be as far from an exact one as its function disobeys, whatever its own part.
    if (surely := np.nanmax(defects)) > EIGENVALUE_WITHIN:
        return UNTOLD, f"the function violates its equation by at least {100 * surely:.1f} %"
    if bounds[0] <= EIGENVALUE_WITHIN and bounds[1] <= FUNCTION_WITHIN:
        slow = " of 1 / horizon" if abs(eigenvalue - plane.constant) * horizon < 1.0 else ""
        return SUPPORTED, f"the eigenvalue error is at most {100 * bounds[0]:.1f} %{slow}"
    if abs(plane.over(np.array([eigenvalue]), dt)[0]) < GONE and (not plane.discrete or dt > 1.5):
        return UNTOLD, "the function decays within a sampling interval"
    if bounds[0] > EIGENVALUE_WITHIN:
        return UNTOLD, f"noise could hide an eigenvalue error of {100 * bounds[0]:.0f} %"
    return (
        UNTOLD,
        f"noise could hide a function that violates its equation by {100 * bounds[1]:.0f} %",
    )


def _follows_from_inputs(eigenvalue: complex, windows: Windows) -> bool:
    """Whether sums of past inputs obey this eigenvalue, whatever the system is.

    A window of w states shows the w - 1 inputs between them. With ν the shift that forgets the
    oldest, Σ cⱼ u(t - jΔt) goes on as νᵀc but for what the next input adds, which counts as forced:
    white inputs disobey μ by ‖(ν - μ)ᵀc‖ / ‖c‖, which is about |μ|^(w - 1) for the best c. Others
    may do better, hence a factor of 2.
    """
    shown = windows.length - 1
    if windows.inputs is None or not shown:
        return False
    dt, plane = windows.data.dt, windows.plane
    step = plane.over(np.array([eigenvalue]), dt)[0]
    forgets = np.diag(np.ones(shown - 1), 1) - step * np.eye(shown)
    least = np.linalg.svd(forgets, compute_uv=False)[-1:]
    rate = plane.rates(least, np.array([eigenvalue]), dt)[0]
    return bool(rate <= 2.0 * FUNCTION_WITHIN * plane.unit(eigenvalue, windows.horizon))


def _warning(table: "pd.DataFrame", windows: Windows, data: Trajectories, model: Model) -> str:
    supported = int((table["verdict"] == SUPPORTED).sum())
    said = []
    if 2 * supported < len(table):
        said.append(f"{supported} of {len(table)} pairs are supported by these data")
    if windows.data is not data:
        said.append(f"{len(windows.data)} of {len(data)} trajectories were used")
    if data.inputs is not None and windows.inputs is None:
        said.append("the model does not use the inputs: what they do counts against its pairs")
    elif data.inputs is None and model.gains is not None:
        said.append("the model uses inputs, and the data have none: they count as zero")
    return "; ".join(said)
