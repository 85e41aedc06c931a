"""The scores a page shows: what they are called, how they are written, what they mean."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from koopmark import scoring
from koopmark.analysis import numbers
from koopmark.analysis.significance import CLAIM, CONFIDENCE


@dataclass(frozen=True)
class Column:
    """A score of the summary or of the targets table, with all that is said of it.

    A new one is declared here, joins the lists below of where it is shown, and gets its row in
    docs/reference/tables.
    """

    key: str
    title: str
    meaning: str
    write: Callable[[float], str] = numbers.scientific
    shaded: Literal["error", "digits", ""] = ""
    """Whether its size colours its cell, as that of an error or of correct digits."""
    table: Literal["fits", "targets", ""] = "fits"
    """The CSV table it is a column of; empty if the analysis computes it."""
    best: Literal["low", "high", "zero"] = "low"


DIGITS = Column(
    "digits",
    "digits",
    "Correct digits of a target: −log10 of the larger of its two errors (relative eigenvalue error "
    "and eigenfunction error), from 0 to 9. First the median over the seeds is taken, then the "
    "mean over the targets, the datasets and the problems. A fit that failed has 0 digits. "
    "Recordings have no digits.",
    lambda value: "–" if math.isnan(value) else f"{value:.1f}",
    shaded="digits",
    table="",
    best="high",
)
FOUND = Column(
    "found",
    "found",
    f"Share of the targets that were found. A target is found if both of its errors are at most "
    f"{scoring.FOUND:g}, or, if the training data have noise, at most three times their "
    "statistical floors.",
    numbers.percent,
    table="",
    best="high",
)
REACH = Column(
    "reach",
    "reach",
    "Share of the targets that are attainable: the method's dictionary contains their "
    "eigenfunctions accurately enough for them to be found. Missing if the functions of the "
    "dictionary cannot be listed.",
    numbers.percent,
    table="",
    best="high",
)
YIELD = Column(
    "yield",
    "yield",
    "Share of the attainable targets that were found. If it is low, the dictionary is right and "
    "the fit loses the eigenfunctions.",
    numbers.percent,
    table="",
    best="high",
)
POSSIBLE = Column(
    "possible",
    "possible",
    "Correct digits that the best unbiased estimator can reach with this noise in the training "
    "data (Cramér-Rao bound). Missing if there is no noise, or if no such bound is known.",
    lambda value: numbers.MISSING if math.isnan(value) else f"{value:.1f}",
    table="",
    best="high",
)
LOW, HIGH = (
    Column(
        end,
        f"{100 * CONFIDENCE:g} % CI, {end}",
        "If these problems are a random sample, the mean over all such problems lies in this "
        f"interval with at least {100 * CONFIDENCE:g} % confidence. This holds for a method chosen "
        "beforehand. The best of many methods is partly lucky, so its mean may lie below the "
        "interval.",
        lambda value: f"{value:.1f}",
        table="",
        best="high",
    )
    for end in ("low", "high")
)
VERSUS_BEST = Column(
    "versus",
    "vs. best",
    "Whether the method is worse than the first method of the board, as good, or better on a "
    "typical problem, with the probability of that. “Undecided” means that the probability is "
    f"below {CLAIM:g}. Only the best method of each other library is compared.",
    lambda value: f"{value:.2f}",
    table="",
    best="high",
)
EIGENVALUE = Column(
    "eigenvalue_error_relative",
    "relative eigenvalue error",
    "Largest distance |λ̂ − λ| among the m recovered pairs that are matched to an exact eigenvalue "
    "of multiplicity m. It is relative to |λ| or to 1 / horizon, whichever is larger, and infinite "
    "if fewer than m pairs were recovered. For a map it is |μ̂ − μ|, with the multipliers of one "
    "step, relative to |1 − μ| or 1 / horizon.",
    shaded="error",
    table="targets",
)
EIGENFUNCTION = Column(
    "eigenfunction_error",
    "eigenfunction error",
    "Sine of the largest angle between the exact eigenspace, of dimension m, and the span of m "
    "recovered eigenfunctions, on test trajectories. These are the m functions with an eigenvalue "
    "near the exact one that obey it best. 0 is exact; 1 means that some exact eigenfunction is "
    "missed completely.",
    shaded="error",
    table="targets",
)
FLOOR = Column(
    "oracle_floor",
    "oracle floor",
    "Eigenfunction error of the best combination of the dictionary's functions. It is fitted to "
    "the exact eigenspace, on separate trajectories and many more than the method had. The "
    "dictionary allows an error about this small, so a much larger error has another cause.",
    shaded="error",
    table="targets",
)
FLOOR_EIGENVALUE_NOISE = Column(
    "statistical_floor_eigenvalue",
    "statistical floor, eigenvalue",
    "Smallest root-mean-square relative eigenvalue error that an unbiased estimator can have with "
    "this noise in the training data (Cramér-Rao bound). Missing if there is no noise, or if no "
    "such bound is known.",
    table="targets",
)
FLOOR_NOISE = Column(
    "statistical_floor",
    "statistical floor, eigenfunction",
    "Smallest root-mean-square eigenfunction error that an unbiased estimator can have with this "
    "noise in the training data (Cramér-Rao bound). Missing if there is no noise, or if no such "
    "bound is known.",
    table="targets",
)
RESIDUAL = Column(
    "residual_median",
    "residual",
    "How far a recovered eigenfunction is from evolving as its eigenvalue says: "
    "‖φ̂(x⁺) − e^(λ̂Δt) φ̂(x)‖ / ‖φ̂(x)‖ on snapshot pairs of the test data, median over the "
    "recovered eigenpairs. It needs no answer key. For a map, μ̂ takes the place of e^(λ̂Δt). With "
    "inputs, the contribution that the method ascribes to them is added to the prediction.",
    shaded="error",
)
GAIN = Column(
    "gain_error",
    "gain error",
    "Relative error of the gains g, which say how the inputs v act on the target's functions: "
    "φ(x⁺) = μ φ(x) + g v. The recovered functions are combined as fits the target best. 0 is "
    "exact, and 1 is the error of a method that gives no gains. Missing if no input acts on the "
    "target, or not only linearly.",
    shaded="error",
    table="targets",
)
VERIFIED = Column(
    "verified",
    "verified",
    "Number of recovered eigenpairs with a residual below 1e-3 |e^(λ̂Δt)|. Constant functions are "
    "not counted.",
    numbers.plain,
    best="high",
)
SPURIOUS = Column(
    "spurious_fraction",
    "spurious",
    "Share of the recovered eigenpairs with a residual above 0.1 |e^(λ̂Δt)|. Constant functions "
    "are not counted.",
    numbers.plain,
)
PRECISION = Column(
    "precision",
    "precision",
    "Share of the recovered eigenpairs that are true, counted down to the rate of the fastest "
    "target. A pair is true if its eigenvalue is in the lattice of all Koopman eigenvalues and its "
    "residual is small. Missing if that lattice is unknown.",
    numbers.plain,
    best="high",
)
JUDGED = Column(
    "judged",
    "judged",
    "Share of the recovered eigenpairs that precision judges. It leaves out aliases, copies of "
    "other pairs, and pairs that are not finite or decay faster than the known lattice reaches. "
    "Constant functions do not count at all.",
    numbers.plain,
    best="high",
)
RECALL = Column(
    "recall",
    "recall",
    "Share of all Koopman eigenvalues, down to the rate of the fastest target and counted "
    "with multiplicity, that a recovered eigenpair matches.",
    numbers.plain,
    best="high",
)
FORECAST = Column(
    "forecast_error",
    "forecast error",
    "Relative root-mean-square error of the predicted states over the length of the test "
    "trajectories. Missing if the method does not predict states.",
    shaded="error",
)
RANK = Column(
    "rank_error",
    "rank error",
    "Rank of the weights that follows from the recovered functions with an eigenvalue near −1, "
    "minus the true rank.",
    numbers.plain,
    best="zero",
)
NULL_SPACE = Column(
    "null_space_error",
    "null-space error",
    "Sine of the largest angle between the left null space of the weights and the span of the "
    "linear parts of the recovered functions with an eigenvalue near −1.",
    shaded="error",
)
SECONDS = Column("fit_seconds", "fit time", "Wall-clock time of the fit only.", numbers.seconds)
MEMORY = Column(
    "peak_memory_mb",
    "memory (MB)",
    "Peak memory of the fit in megabytes, beyond what its data and libraries already use.",
    numbers.plain,
)

SUMMARY = [
    DIGITS,
    FOUND,
    REACH,
    YIELD,
    POSSIBLE,
    GAIN,
    RESIDUAL,
    VERIFIED,
    SPURIOUS,
    PRECISION,
    JUDGED,
    RECALL,
    FORECAST,
    RANK,
    NULL_SPACE,
    SECONDS,
    MEMORY,
]
AT_A_GLANCE = [DIGITS, FOUND, REACH, RESIDUAL, PRECISION, JUDGED, RECALL, FORECAST, SECONDS]
AGAINST_LEVELS = [DIGITS, FOUND, RESIDUAL, FORECAST, SECONDS, MEMORY]
TARGETS = [EIGENVALUE, EIGENFUNCTION, FLOOR]
UNDER_NOISE = [FLOOR_EIGENVALUE_NOISE, FLOOR_NOISE]
"""Beside those of TARGETS where the training data have noise and a floor is known."""
UNDER_INPUTS = [GAIN]
"""Beside those of TARGETS where inputs reach the functions of a target."""
COSTS = [SECONDS, MEMORY]
AGAINST_COST = [DIGITS, FOUND, FORECAST, RESIDUAL]
