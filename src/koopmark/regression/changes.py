"""What a check looks at: the scores, how much each may move, and what it found to have moved."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Metric:
    """How a change of one score is judged.

    Parameters
    ----------
    name : str
        Column of fits.csv or targets.csv.
    floor : float
        Magnitudes below it are all alike: what rounding on another machine may move.
    decades : float
        A change of log10 by more than this counts.
    higher_is_better : bool
        Errors are better low; counts of what was verified are better high.
    """

    name: str
    floor: float
    decades: float = 0.5
    higher_is_better: bool = False


TARGET_METRICS = (
    Metric("eigenvalue_error_relative", floor=1e-8),
    Metric("eigenfunction_error", floor=1e-7),
)
FIT_METRICS = (
    Metric("null_space_error", floor=1e-7),
    Metric("forecast_error", floor=1e-7),
    Metric("residual_median", floor=1e-7),
    # Numbers and shares: one more wrong is a change, rounding is not.
    Metric("rank_error", floor=0.5, decades=0.1),
    Metric("spurious_fraction", floor=0.05, decades=0.3),
    Metric("precision", floor=0.02, decades=0.1, higher_is_better=True),
    Metric("recall", floor=0.02, decades=0.1, higher_is_better=True),
    Metric("verified", floor=0.5, decades=0.3, higher_is_better=True),
)


@dataclass(frozen=True)
class Change:
    """A score that moved by more than its tolerance."""

    dataset: str
    seed: int
    method: str
    target: str
    """Empty for scores of the fit as a whole."""
    metric: str
    baseline: float
    now: float
    decades: float
    """How much worse, in powers of ten; negative is better, infinite where a score was lost."""


@dataclass(frozen=True)
class StatusChange:
    """A fit that ended ok in one run and not in the other."""

    dataset: str
    seed: int
    method: str
    baseline: str
    now: str
    reason: str


@dataclass(frozen=True)
class Row:
    """A fit, or a target of a fit, that only one of the two runs has."""

    dataset: str
    seed: int
    method: str
    target: str = ""


def decades_worse(
    baseline: NDArray[np.float64], now: NDArray[np.float64], metric: Metric
) -> NDArray[np.float64]:
    """How many powers of ten each score got worse (negative: better), magnitudes above the floor.

    Infinite where a score became infinite or is missing now; what the baseline did not score
    cannot get worse.
    """
    with np.errstate(invalid="ignore"):
        change = np.log10(np.maximum(np.abs(now), metric.floor)) - np.log10(
            np.maximum(np.abs(baseline), metric.floor)
        )
    # Infinite in both: unchanged.
    change = np.where(np.isinf(baseline) & np.isinf(now), 0.0, change)
    change = -change if metric.higher_is_better else change
    change = np.where(np.isnan(now), np.inf, change)
    return np.where(np.isnan(baseline), 0.0, change)
