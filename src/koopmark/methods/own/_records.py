"""Trajectories at times of their own: the records that are fitted along their whole length."""

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


class Record(NamedTuple):
    """Recorded states of some trajectories, as many of each, one after another."""

    values: NDArray[np.float64]
    """(m, T, N), or those of a dictionary."""
    times: NDArray[np.float64]
    """(T,) if these trajectories share them, or else (m, T)."""
    even: bool
    """Whether the times are an even grid."""
    inputs: NDArray[np.float64] | None = None
    """(m, T, q) held from each time to the next."""

    @property
    def lapse(self) -> NDArray[np.float64]:
        """The times since the first of each trajectory."""
        return self.times - self.times[..., :1]

    @property
    def shared(self) -> bool:
        """Whether the trajectories have the same times."""
        return self.times.ndim == 1


def records_of(trajectories: Trajectories, least: int = 2) -> list[Record]:
    """All that was recorded, trajectories of one length together, the longest first.

    Regular data are one record; trajectories of fewer than `least` states are left out. Of data
    with inputs and gaps, over which these are not known, the stretches without a gap are taken.
    """
    if trajectories.regular:
        inputs = trajectories.inputs
        return [Record(real(trajectories.states, "states"), trajectories.times, True, inputs)]
    lengths: dict[int, list[Trajectories]] = {}
    parts = trajectories.records(least)
    if trajectories.inputs is not None and not trajectories.full:
        parts = trajectories.blocks(least)
        used = sum(len(part) * (part.states.shape[1] - 1) for part in parts)
        if used < trajectories.neighbours:
            what = f"{used} of {trajectories.neighbours} pairs: inputs are not known over gaps"
            fitted_to(used, what)
    for record in parts:
        lengths.setdefault(record.states.shape[1], []).append(record)
    found = []
    for length in sorted(lengths, reverse=True):
        alike = lengths[length]
        times = alike[0].times
        if len(alike) > 1:
            times = np.vstack([np.tile(one.times, (len(one), 1)) for one in alike])
        values = np.concatenate([real(one.states, "states") for one in alike])
        held = [one.inputs for one in alike if one.inputs is not None]
        found.append(Record(values, times, _even(times), np.concatenate(held) if held else None))
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
    """`length` arrays (P, N): states in a row that are one sampling interval apart.

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
            whole = np.all([linked[:, i : count + i] for i in range(length - 1)], axis=0)
            parts = [part[whole.ravel()] for part in parts]
        found.append(parts)
    every = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    regular = len(records) == 1 and records[0].even
    if not every or not (regular or len(every[0]) >= least * every[0].shape[1]):
        return None
    return every


def held_in_windows(records: list[Record], length: int, dt: float) -> NDArray[np.float64]:
    """(P, q) inputs held over the last step of each of the `windows`."""
    driven = [one._replace(values=one.inputs) for one in records if one.inputs is not None]
    found = windows(driven, length, dt, least=0)
    assert found is not None
    return found[length - 2]


def responses(record: Record, rate: complex) -> tuple[NDArray, NDArray]:
    """u (m, T, q) with u̇ = λu + v from u = 0 under the inputs v, and its derivative with λ."""
    assert record.inputs is not None
    v = record.inputs
    rate = rate if rate.imag else rate.real
    steps = np.broadcast_to(np.diff(record.times), (len(v), v.shape[1] - 1))[..., None]
    grown = np.exp(rate * steps)
    x = rate * steps
    gain = steps * np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))
    # ((e^{λh} - 1) / λ)' by its series where the difference would lose digits.
    series = steps**2 * (1 / 2 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x / 144))))
    slope = np.where(abs(x) < 1e-2, series, (steps * grown - gain) / (rate or 1.0))
    response, moved = np.zeros((2, *v.shape), dtype=grown.dtype)
    for k in range(v.shape[1] - 1):
        factor, held = grown[:, k], v[:, k]
        response[:, k + 1] = factor * response[:, k] + gain[:, k] * held
        moved[:, k + 1] = factor * (moved[:, k] + steps[:, k] * response[:, k]) + slope[:, k] * held
    return response, moved


def divided_differences(record: Record, order: int) -> NDArray[np.float64]:
    """(1, P, N) those of the k-th order of successive states that keep the variance of white noise.

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
    """G (n, n) in x(t + h) ≈ x(t) e^{Gh} for rows x (P, n) and steps h (P,) of any length.

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
    """e^{Λt} (S, m, m) at any `times` (S,), and its derivatives with Λ (m², S, m, m).

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
