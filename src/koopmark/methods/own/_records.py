"""Trajectories at times of their own: the records that are fitted along their whole length."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.methods._sampling import together
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

    Regular data are one record; trajectories of fewer than `least` states are left out.
    """
    if trajectories.regular:
        return [Record(real(trajectories.states, "states"), trajectories.times, even=True)]
    lengths: dict[int, list[Trajectories]] = {}
    for record in trajectories.records(least):
        lengths.setdefault(record.states.shape[1], []).append(record)
    found = []
    for length in sorted(lengths, reverse=True):
        alike = lengths[length]
        times = alike[0].times
        if len(alike) > 1:
            times = np.vstack([np.tile(one.times, (len(one), 1)) for one in alike])
        values = np.concatenate([real(one.states, "states") for one in alike])
        found.append(Record(values, times, even=_even(times)))
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


def windows(records: list[Record], length: int, dt: float) -> list[NDArray] | None:
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
    if not every or not (regular or len(every[0]) >= PER_COLUMN * every[0].shape[1]):
        return None
    return every


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
