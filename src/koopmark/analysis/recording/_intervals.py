"""Intervals for eigenvalues, from fits to trials that were drawn again with replacement.

They are as wide as an eigenvalue scatters from one set of trials to another, and know nothing of
its bias: what is wrong on every draw alike is not in them
(docs/explanation/statistics_of_analyses.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import stdtrit

LEVEL = 0.9
"""Nominal coverage of an interval, of the real and the imaginary part each."""
FEWEST_DRAWS = 2
SAME = 1e-6
"""Relative distance up to which an eigenvalue is the conjugate of another."""
NEAR = 0.25
"""Distance to a pair of a draw, relative to max(|λ|, 1 / horizon), up to which it was found."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """Of s eigenvalues; NaN where too few draws have a pair to match.

    Parameters
    ----------
    low, high : (s,) complex arrays
        Real and imaginary parts have an interval each.
    found : (s,) array
        Share of draws with a pair near.
    """

    low: NDArray[np.complex128]
    high: NDArray[np.complex128]
    found: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        eigenvalues: NDArray[np.complex128],
        draws: Sequence[NDArray[np.complex128]],
        trials: int,
        horizon: float,
    ) -> "Intervals":
        """From the eigenvalues (s,) of a fit, those of fits to draws, and the number of trials.

        The standard error is that of the draws, and as uncertain as the variance of n trials and of
        B draws: the factor of Student's t has 1 / (1 / (n - 1) + 1 / (B - 1)) degrees of freedom.
        Of a mean it is too small by √((n - 1) / n); draws of few trials exaggerate the scatter of
        what is not linear by as much (tests/analysis/recording/test_intervals.py).
        """
        s, unit = len(eigenvalues), units(eigenvalues, horizon)
        blank = np.full(s, np.nan + 1j * np.nan)
        if not draws:
            return cls(blank, blank.copy(), np.full(s, np.nan))
        matched = np.stack([match(eigenvalues, drawn, unit) for drawn in draws])
        with np.errstate(invalid="ignore"):
            found = np.mean(np.abs(matched - eigenvalues) <= NEAR * unit, axis=0)
        there = ~np.isnan(matched)
        count = there.sum(axis=0)
        enough = (count >= FEWEST_DRAWS) & (2 * count > len(draws)) & np.isfinite(eigenvalues)
        if trials < 2 or not enough.any():
            return cls(blank, blank.copy(), found)
        b = np.where(enough, count, FEWEST_DRAWS)
        degrees = 1.0 / (1.0 / (trials - 1) + 1.0 / (b - 1))
        factor = stdtrit(degrees, (1.0 + LEVEL) / 2.0)
        values = np.where(there, matched, 0.0)
        mean = values.sum(axis=0) / np.maximum(count, 1)
        apart = np.where(there, values - mean, 0.0)
        half = factor * (
            np.sqrt(np.sum(apart.real**2, axis=0) / (b - 1))
            + 1j * np.sqrt(np.sum(apart.imag**2, axis=0) / (b - 1))
        )
        half = np.where(enough, half, np.nan + 1j * np.nan)
        return cls(eigenvalues - half, eigenvalues + half, found)


def units(eigenvalues: NDArray[np.complex128], horizon: float) -> NDArray[np.float64]:
    """max(|λ|, 1 / horizon), to which errors of eigenvalues are relative."""
    least = 1.0 / horizon if horizon > 0.0 else 0.0
    return np.maximum(np.abs(eigenvalues), least)


def match(
    eigenvalues: NDArray[np.complex128],
    drawn: NDArray[np.complex128],
    unit: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """The eigenvalue (s,) of a draw that stands for each: one-to-one, NaN for those without.

    A distance d costs d / (d + unit), so that pairs that are nowhere near do not take the place of
    those that are. Those with Im λ >= 0 are matched, and conjugates have the conjugate match.
    """
    matched = np.full(len(eigenvalues), np.nan + 1j * np.nan)
    own, other = _upper(eigenvalues), drawn[_upper(drawn)]
    distance = np.abs(eigenvalues[own, None] - other)
    with np.errstate(invalid="ignore"):
        cost = np.nan_to_num(distance / (distance + unit[own, None]))
    rows, columns = linear_sum_assignment(cost)
    matched[own[rows]] = other[columns]
    for k in np.setdiff1d(np.flatnonzero(np.isfinite(eigenvalues)), own):
        missed = np.abs(eigenvalues[own] - eigenvalues[k].conj())
        matched[k] = matched[own[missed.argmin()]].conj()
    return matched


def _upper(values: NDArray[np.complex128]) -> NDArray[np.intp]:
    """Indices of the finite values that have Im λ >= 0 or no conjugate."""
    finite = np.flatnonzero(np.isfinite(values))
    there = values[finite]
    upper = there[there.imag >= 0.0]
    alone = (np.abs(there.conj()[:, None] - upper) > SAME * np.abs(there)[:, None]).all(axis=1)
    return finite[(there.imag >= 0.0) | alone]
