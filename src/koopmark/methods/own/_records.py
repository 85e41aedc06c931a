"""Records: trajectories with any sampling times, fitted along their whole length."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.methods._sampling import together
from koopmark.methods.remarks import fitted_to
from koopmark.simulation import Trajectories

EVEN = 1e-6
"""Relative deviation of a step from the sampling interval that is rounding."""


PER_COLUMN = 3
"""Windows for each column from which a regression is made, unless the times are even."""

RANK, WORST, CORRECTIONS = 1e-12, 1e8, 20
"""Relative singular values that are rounding; condition of eigenvectors that lose half of the
digits; corrections of the trapezoidal rule at most."""

LARGEST, TERMS = 0.5, 14
"""Norm up to which an exponential is summed, and of how many terms: to rounding."""


class Held(NamedTuple):
    """Inputs between the states of a record, including times without a recorded state."""

    values: NDArray[np.float64]
    """(m, L, q) held over one interval after another from the first state on."""
    spans: NDArray[np.float64]
    """(m, L) how long each lasts: 0 after the last state of a trajectory."""
    places: NDArray[np.intp]
    """(m, T) how many of these intervals lie before each state."""

    @classmethod
    def between(cls, times: NDArray, inputs: NDArray) -> "Held":
        """Inputs (m, T, q) held from each state at `times`, (T,) or (m, T), to the next."""
        m, length = inputs.shape[:2]
        spans = np.broadcast_to(np.diff(times), (m, length - 1))
        places = np.broadcast_to(np.arange(length), (m, length))
        return cls(real(inputs[:, :-1], "inputs"), spans, places)

    def at_states(self) -> NDArray[np.float64]:
        """Inputs (m, T, q) from each state on; 0 from the last."""
        padded = np.pad(self.values, ((0, 0), (0, 1), (0, 0)))
        return np.take_along_axis(padded, self.places[..., None], axis=1)


class Record(NamedTuple):
    """Recorded states of trajectories with equal numbers of states."""

    values: NDArray[np.float64]
    """(m, T, N), or those of a dictionary."""
    times: NDArray[np.float64]
    """(T,) if these trajectories share them, or else (m, T)."""
    even: bool
    """Whether the times are an even grid."""
    held: Held | None = None
    """The inputs, if there are any."""

    @property
    def lapse(self) -> NDArray[np.float64]:
        """Times since the first state of each trajectory."""
        return self.times - self.times[..., :1]

    @property
    def shared(self) -> bool:
        """Whether all trajectories have the same times."""
        return self.times.ndim == 1


def records_of(trajectories: Trajectories, least: int = 2) -> list[Record]:
    """All recorded states, grouped by trajectory length, longest first.

    Regular data are one record; trajectories of fewer than `least` states are left out.
    """
    if trajectories.regular:
        states, inputs = real(trajectories.states, "states"), trajectories.inputs
        held = None if inputs is None else Held.between(trajectories.times, inputs)
        return [Record(states, trajectories.times, True, held)]
    if trajectories.inputs is not None:
        return _driven_records(trajectories, trajectories.inputs, least)
    lengths: dict[int, list[Trajectories]] = {}
    parts = trajectories.records(least)
    for record in parts:
        lengths.setdefault(record.states.shape[1], []).append(record)
    found = []
    for length in sorted(lengths, reverse=True):
        alike = lengths[length]
        times = alike[0].times
        if len(alike) > 1:
            times = np.vstack([np.tile(one.times, (len(one), 1)) for one in alike])
        values = np.concatenate([real(one.states, "states") for one in alike])
        found.append(Record(values, times, _even(times)))
    return found


def _driven_records(trajectories: Trajectories, inputs: NDArray, least: int) -> list[Record]:
    """`records_of` data with inputs; a trajectory ends where these are not known, and begins anew.

    Inputs are known at the times of the grid, whether or not a state was recorded there.
    """
    recorded = trajectories.recorded.mask
    grid = np.broadcast_to(trajectories.times, recorded.shape)
    spans = np.diff(grid)
    unknown = ~(np.isfinite(inputs).all(axis=2)[:, :-1] & np.isfinite(spans))
    before = np.pad(np.cumsum(unknown, axis=1), ((0, 0), (1, 0)))
    lengths: dict[int, list[tuple[int, NDArray[np.intp]]]] = {}
    total = used = 0
    for m, mask in enumerate(recorded):
        rows = np.flatnonzero(mask)
        total += max(len(rows) - 1, 0) if len(rows) >= least else 0
        for part in np.split(rows, np.flatnonzero(np.diff(before[m, rows])) + 1):
            if len(part) >= least:
                lengths.setdefault(len(part), []).append((m, part))
                used += len(part) - 1
    if used < total:
        fitted_to(used, f"{used} of {total} pairs: inputs are not known over the others")
    found = []
    for length in sorted(lengths, reverse=True):
        which = np.array([m for m, _ in lengths[length]])[:, None]
        rows = np.stack([part for _, part in lengths[length]])
        places = rows - rows[:, :1]
        # From the first state on; what is after the last one lasts no time.
        after = np.arange(places.max())
        inside = after < places[:, -1:]
        taken = np.minimum(rows[:, :1] + after, spans.shape[1] - 1)
        held = Held(
            np.where(inside[..., None], real(inputs, "inputs")[which, taken], 0.0),
            np.where(inside, spans[which, taken], 0.0),
            places,
        )
        times = grid[which, rows] - grid[which, rows[:, :1]]
        if (times == times[0]).all():
            times = times[0]
        even = _even(times) and bool((np.diff(places) == 1).all())
        values = real(trajectories.states[which, rows], "states")
        found.append(Record(values, times, even, held))
    return found


def _even(times: NDArray) -> bool:
    steps = np.diff(times)
    return times.ndim == 1 and bool(np.ptp(steps) <= EVEN * steps.mean())


def successive(records: list[Record]) -> tuple[NDArray, NDArray, NDArray]:
    """Each state and the next of its record, (P, N) each, and the time between them (P,)."""
    size = records[0].values.shape[2]
    now, ahead = (
        together([record.values[:, part] for record in records]).reshape(-1, size)
        for part in (slice(-1), slice(1, None))
    )
    steps = [
        np.broadcast_to(np.diff(record.times), (len(record.values), record.values.shape[1] - 1))
        for record in records
    ]
    return now, ahead, np.concatenate([each.reshape(-1) for each in steps])


def windows(
    records: list[Record], length: int, dt: float, least: int = PER_COLUMN
) -> list[NDArray] | None:
    """A list of `length` arrays (P, N) of successive states one sampling interval apart.

    None if they are too few, on uneven times or beside gaps, for a regression.
    """
    found = []
    for record in records:
        values, count = record.values, record.values.shape[1] - length + 1
        if count < 1:
            continue
        parts = [values[:, i : count + i].reshape(-1, values.shape[2]) for i in range(length)]
        if not record.even:
            linked = abs(np.diff(record.times) - dt) <= EVEN * dt
            linked = np.broadcast_to(linked, (len(values), values.shape[1] - 1))
            if record.held is not None:
                linked = linked & (np.diff(record.held.places) == 1)
            whole = np.all([linked[:, i : count + i] for i in range(length - 1)], axis=0)
            parts = [part[whole.ravel()] for part in parts]
        found.append(parts)
    every = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    regular = len(records) == 1 and records[0].even
    if not every or not (regular or len(every[0]) >= least * every[0].shape[1]):
        return None
    return every


def held_in_windows(records: list[Record], length: int, dt: float) -> NDArray[np.float64]:
    """Inputs (P, q) held over the last step of each of the `windows`."""
    driven = [one._replace(values=one.held.at_states()) for one in records if one.held is not None]
    found = windows(driven, length, dt, least=0)
    assert found is not None
    return found[length - 2]


def responses(record: Record, rate: complex) -> tuple[NDArray, NDArray]:
    """Responses u (m, T, q) of u̇ = λu + v from u = 0 to the inputs v, and their λ-derivatives."""
    assert record.held is not None
    v, spans, places = record.held
    rate = rate if rate.imag else rate.real
    steps = spans[..., None]
    grown = np.exp(rate * steps)
    x = rate * steps
    gain = steps * np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))
    # ((e^{λh} - 1) / λ)' by its series where the difference would lose digits.
    series = steps**2 * (1 / 2 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x / 144))))
    slope = np.where(abs(x) < 1e-2, series, (steps * grown - gain) / (rate or 1.0))
    response, moved = np.zeros((2, len(v), v.shape[1] + 1, v.shape[2]), dtype=grown.dtype)
    for k in range(v.shape[1]):
        factor, held = grown[:, k], v[:, k]
        response[:, k + 1] = factor * response[:, k] + gain[:, k] * held
        moved[:, k + 1] = factor * (moved[:, k] + steps[:, k] * response[:, k]) + slope[:, k] * held
    at = places[..., None]
    return np.take_along_axis(response, at, axis=1), np.take_along_axis(moved, at, axis=1)


def step_responses(record: Record, rates: NDArray) -> NDArray[np.complex128]:
    """Responses (m, T - 1, q, n) of u̇ = λu + v over each step from u = 0, for n λ."""
    assert record.held is not None
    v, spans, places = record.held
    x = spans[..., None] * np.asarray(rates, dtype=complex)
    grown = np.exp(x)
    gain = spans[..., None] * np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))
    m, q, n = len(v), v.shape[2], len(rates)
    found = np.zeros((m, places.shape[1] - 1, q, n), dtype=complex)
    each = np.arange(m)
    step = np.zeros(m, dtype=int)
    for k in range(v.shape[1]):
        # The step from one state to the next that each interval is part of.
        step += places[each, np.minimum(step + 1, places.shape[1] - 1)] == k
        at = np.minimum(step, found.shape[1] - 1)
        inside = (k < places[:, -1])[:, None, None]
        moved = grown[:, k, None] * found[each, at] + gain[:, k, None] * v[:, k, :, None]
        found[each, at] = np.where(inside, moved, found[each, at])
    return found


def integrated_driven(records: list[Record]) -> tuple[NDArray, NDArray]:
    """G (n, n) and B (q, n) of ẋ = xG + vB at any times, as `integrated` but with inputs."""
    now, ahead, steps = successive(records)
    n, h = now.shape[1], steps[:, None]

    def regressed(before: NDArray, after: NDArray, change: NDArray) -> tuple[NDArray, NDArray]:
        regressors = np.hstack([h * (before + after) / 2.0, total])
        scale = np.linalg.norm(regressors, axis=0)
        scale[scale == 0.0] = 1.0
        fit = np.linalg.lstsq(regressors / scale, change, rcond=RANK)[0] / scale[:, None]
        return fit[:n], fit[n:]

    def responses_of(rates: NDArray) -> NDArray:
        every = [step_responses(record, rates) for record in records]
        return np.concatenate([one.reshape(-1, *one.shape[2:]) for one in every])

    total = responses_of(np.zeros(1))[..., 0].real
    generator, gain = regressed(now, ahead, ahead - now)
    last = np.inf
    for _ in range(CORRECTIONS):
        rates, vectors = np.linalg.eig(generator)
        if not np.linalg.cond(vectors) < WORST:
            break
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            half = np.exp(h / 2.0 * rates)
            forced = np.sum(responses_of(rates) * (gain @ vectors), axis=1)
            before, after = (now @ vectors) * half, (ahead @ vectors - forced) / half
        if not (np.isfinite(before).all() and np.isfinite(after).all()):
            break
        change, added = regressed(before, after, after - before)
        inverse = np.linalg.inv(vectors)
        corrected = ((vectors * rates + vectors @ change) @ inverse).real
        moved = float(np.linalg.norm(corrected - generator))
        if not moved < last:
            break
        generator, gain, last = corrected, gain + (added @ inverse).real, moved
    return generator, gain


def divided_differences(record: Record, order: int) -> NDArray[np.float64]:
    """Divided differences (1, P, N) of order k, scaled to keep the variance of white noise.

    They vanish on polynomials in time of a lower degree, at any times (Gasser, Sroka and
    Jennen-Steinmetz 1986). Of all windows the half with the shortest span is taken, in which least
    of the dynamics is left.
    """
    values, length = record.values, record.values.shape[1] - order
    times = np.broadcast_to(record.times, values.shape[:2])
    windows = np.stack([times[:, j : j + length] for j in range(order + 1)], axis=2)
    span = windows[..., -1] - windows[..., 0]
    apart = (windows[..., :, None] - windows[..., None, :]) / span[..., None, None]
    apart[..., np.arange(order + 1), np.arange(order + 1)] = 1.0
    weights = 1.0 / apart.prod(axis=3)
    weights /= np.linalg.norm(weights, axis=2, keepdims=True)
    differences = sum(weights[..., j, None] * values[:, j : j + length] for j in range(order + 1))
    short = span <= np.median(span)
    return np.asarray(differences)[short][None]


def integrated(now: NDArray, ahead: NDArray, steps: NDArray) -> NDArray[np.float64]:
    """G (n, n) in x(t + h) ≈ x(t) e^{Gh} for rows x (P, n) and any steps h (P,).

    Least squares for the trapezoidal rule x(t + h) - x(t) = h (x(t) + x(t + h)) / 2 G; then the
    same for the correction, in coordinates that move with the last G, which leaves no error of the
    rule if the functions are closed under the dynamics.
    """
    h = steps[:, None]
    generator = np.linalg.lstsq(h * (now + ahead) / 2.0, ahead - now, rcond=RANK)[0]
    last = np.inf
    for _ in range(CORRECTIONS):
        rates, vectors = np.linalg.eig(generator)
        if not np.linalg.cond(vectors) < WORST:
            break
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            half = np.exp(h / 2.0 * rates)
            before, after = (now @ vectors) * half, (ahead @ vectors) / half
        if not (np.isfinite(before).all() and np.isfinite(after).all()):
            break
        change = np.linalg.lstsq(h * (before + after) / 2.0, after - before, rcond=RANK)[0]
        corrected = (vectors * rates + vectors @ change) @ np.linalg.inv(vectors)
        moved = float(np.linalg.norm(corrected.real - generator))
        if not moved < last:
            break
        generator, last = np.asarray(corrected.real), moved
    return generator


def exponentials(generator: NDArray, times: NDArray) -> tuple[NDArray, NDArray]:
    """Exponentials e^{Λt} (S, m, m) at `times` (S,), and Λ-derivatives (m², S, m, m).

    By scaling and squaring of the Taylor series, all times at once: a derivative follows the same
    products (Al-Mohy and Higham 2009).
    """
    m = len(generator)
    units = np.eye(m * m).reshape(m * m, 1, m, m)
    size = float(np.linalg.norm(generator, 1) * abs(times).max(initial=0.0))
    squarings = max(0, int(np.ceil(np.log2(size / LARGEST)))) if size > 0.0 else 0
    scaled = (times / 2.0**squarings)[:, None, None]
    power = np.tile(np.eye(m), (len(times), 1, 1))
    moved_power = np.zeros((m * m, len(times), m, m))
    flow, moved = power.copy(), moved_power.copy()
    for k in range(1, TERMS + 1):
        moved_power = (moved_power @ generator + power @ units) * (scaled / k)
        power = (power @ generator) * (scaled / k)
        flow += power
        moved += moved_power
    for _ in range(squarings):
        moved = moved @ flow + flow @ moved
        flow = flow @ flow
    return flow, moved
