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
    """A score of the summary or of the targets table: all that is said of it stands here.

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
    "Correct digits of a target: −log10 of the larger of its relative eigenvalue error and its "
    "eigenfunction error, from 0 to 9; median over the seeds, then mean over the targets, the "
    "datasets and the problems. A fit that failed has 0, and a recording none.",
    lambda value: "–" if math.isnan(value) else f"{value:.1f}",
    shaded="digits",
    table="",
    best="high",
)
FOUND = Column(
    "found",
    "found",
    f"Share of the targets that were found: both errors are at most {scoring.FOUND:g}, or within "
    "three statistical floors if the training data have noise.",
    numbers.percent,
    table="",
    best="high",
)
REACH = Column(
    "reach",
    "reach",
    "Share of the targets that the method's dictionary can hold as well as it takes to be found; "
    "missing if its dictionary cannot be listed.",
    numbers.percent,
    table="",
    best="high",
)
YIELD = Column(
    "yield",
    "yield",
    "Share found of the targets that the method's dictionary can hold.",
    numbers.percent,
    table="",
    best="high",
)
POSSIBLE = Column(
    "possible",
    "possible",
    "Digits that the noise in the training data leaves to the best unbiased estimator "
    "(Cramér-Rao); missing without noise or where no such bound is known.",
    lambda value: numbers.MISSING if math.isnan(value) else f"{value:.1f}",
    table="",
    best="high",
)
LOW, HIGH = (
    Column(
        end,
        f"{100 * CONFIDENCE:g} % CI, {end}",
        "If these are a random sample of problems, the mean over all such problems lies within the "
        f"interval with at least {100 * CONFIDENCE:g} % confidence, for a method chosen "
        "beforehand; that of the luckiest of many lies lower.",
        lambda value: f"{value:.1f}",
        table="",
        best="high",
    )
    for end in ("low", "high")
)
VERSUS_BEST = Column(
    "versus",
    "vs. best",
    "Whether the method is worse than the first one of the board, as good, or better, on a typical "
    "problem, with the probability of that; undecided if it is less than "
    f"{CLAIM:g}. The best method of each other library is compared.",
    lambda value: f"{value:.2f}",
    table="",
    best="high",
)
EIGENVALUE = Column(
    "eigenvalue_error_relative",
    "relative eigenvalue error",
    "Largest distance |λ̂ − λ| among the m pairs that stand for an exact eigenvalue of multiplicity "
    "m, relative to |λ| or, if that is larger, to 1 / horizon; inf if fewer than m were recovered. "
    "Of a map it is |μ̂ − μ|, of the factors of one step, relative to |1 − μ| or 1 / horizon.",
    shaded="error",
    table="targets",
)
EIGENFUNCTION = Column(
    "eigenfunction_error",
    "eigenfunction error",
    "Sine of the largest angle between the exact eigenspace and the span of m recovered "
    "eigenfunctions, on test trajectories: the m functions near its eigenvalue that obey it best. "
    "0 is exact, 1 means that some exact eigenfunction is missed altogether.",
    shaded="error",
    table="targets",
)
FLOOR = Column(
    "oracle_floor",
    "oracle floor",
    "The eigenfunction error of the combination of the method's dictionary that fits the exact "
    "eigenspace best on separate trajectories, many more than the method had. An estimate from "
    "above: the dictionary allows an error about this small, so an error far above it has another "
    "cause.",
    shaded="error",
    table="targets",
)
FLOOR_EIGENVALUE_NOISE = Column(
    "statistical_floor_eigenvalue",
    "statistical floor, eigenvalue",
    "Root-mean-square relative eigenvalue error that the noise in the training data leaves to the "
    "best unbiased estimator (Cramér-Rao); missing without noise or where none is known.",
    table="targets",
)
FLOOR_NOISE = Column(
    "statistical_floor",
    "statistical floor, eigenfunction",
    "Root-mean-square eigenfunction error that the noise in the training data leaves to the best "
    "unbiased estimator (Cramér-Rao); missing without noise or where none is known.",
    table="targets",
)
GAIN = Column(
    "gain_error",
    "gain error",
    "How far what inputs do to the recovered functions of a target is from what they do to the "
    "exact ones, relative: 0 is exact, and 1 is that of a method that gives no gains.",
    shaded="error",
    table="targets",
)
RESIDUAL = Column(
    "residual_median",
    "residual",
    "How far a recovered eigenfunction is from evolving as its eigenvalue says, "
    "‖φ̂(x⁺) − e^(λ̂Δt) φ̂(x)‖ / ‖φ̂(x)‖ on test pairs, median over the recovered pairs; "
    "needs no truth. Of a map μ̂ is in place of e^(λ̂Δt); under inputs, what the method says that "
    "they add counts.",
    shaded="error",
)
GAIN = Column(
    "gain_error",
    "gain error",
    "Relative error of the gains ĝ of the inputs on the target's functions, φ(x⁺) = μ φ(x) + g v, "
    "with what was recovered combined as fits the target best. 1 if the method gives none; "
    "missing without inputs, and where none reaches the target or not only linearly.",
    shaded="error",
    table="targets",
)
VERIFIED = Column(
    "verified",
    "verified",
    "Number of recovered pairs with a residual below 1e-3 |e^(λ̂Δt)|, without constants.",
    numbers.plain,
    best="high",
)
SPURIOUS = Column(
    "spurious_fraction",
    "spurious",
    "Share of recovered pairs with a residual above 0.1 |e^(λ̂Δt)|, without constants.",
    numbers.plain,
)
PRECISION = Column(
    "precision",
    "precision",
    "Share of the recovered pairs, down to the fastest target's rate, that are Koopman eigenpairs: "
    "their eigenvalue is one of the known lattice and their residual small; missing where the "
    "lattice is unknown.",
    numbers.plain,
    best="high",
)
JUDGED = Column(
    "judged",
    "judged",
    "Share of the recovered pairs that precision counts. It leaves out pairs that decay faster "
    "than the known lattice goes or are not finite, copies of others, and aliases; constants count "
    "neither way.",
    numbers.plain,
    best="high",
)
RECALL = Column(
    "recall",
    "recall",
    "Share of all Koopman eigenvalues down to that rate, multiplicities counted, that "
    "a recovered pair matches.",
    numbers.plain,
    best="high",
)
FORECAST = Column(
    "forecast_error",
    "forecast error",
    "Relative root-mean-square error of the predicted state over the test horizon; missing where "
    "the method does not predict.",
    shaded="error",
)
RANK = Column(
    "rank_error",
    "rank error",
    "Rank of the weights as the recovered functions near −1 suggest it, minus the true rank.",
    numbers.plain,
    best="zero",
)
NULL_SPACE = Column(
    "null_space_error",
    "null-space error",
    "Sine of the largest angle between the linear parts of those functions and the left null "
    "space of the weights.",
    shaded="error",
)
SECONDS = Column("fit_seconds", "fit time", "Wall time of the fit alone.", numbers.seconds)
MEMORY = Column(
    "peak_memory_mb",
    "memory (MB)",
    "Peak memory of the fit beyond what its data and libraries already hold, in megabytes.",
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
