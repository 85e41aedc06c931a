"""Which recovered eigenvalues are Koopman eigenvalues, and how many of these were recovered.

On the basin of a stable fixed point the eigenvalues form a known lattice
(docs/explanation/theory/lattice.md), of which the targets in closed form are a part. A recovered
pair counts as one of its points where both agree within one radius: the eigenvalue, and the rate at
which the eigenfunction disobeys it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from koopmark.scoring._cluster import MEMBER, obeying
from koopmark.scoring._plane import FLOW, MAP
from koopmark.scoring._residuals import CLUSTER_RADIUS
from koopmark.spectrum import KnownSpectrum

EXACT, KNOWN, CONSTANT, SPURIOUS, BEYOND = "exact", "known", "constant", "spurious", "beyond"
ALIASED, COPY, SURPLUS = "aliased", "copy", "surplus"
"""Kinds of a recovered pair: on a lattice point with a closed form, on another, the trivial one at
0, on none, further left than the lattice was listed, on what sampling makes of a point whose
frequency is too high for it, a combination of others that are on such points, and one that obeys
such a point beyond its multiplicity."""
NEVER = 1e9


@dataclass(frozen=True)
class SpectrumScores:
    """Classification of the recovered pairs, and scores; NaN with a note if undefined."""

    kinds: tuple[str, ...]
    precision: float
    judged: float
    recall: float
    note: str


def score_spectrum(
    known: KnownSpectrum | None,
    eigenvalues: NDArray[np.complex128],
    rates: NDArray[np.float64],
    values: NDArray,
    constant: NDArray[np.bool_],
    highest: float = np.inf,
    unknown: str = "",
) -> SpectrumScores:
    """Classify recovered eigenpairs by the lattice of known eigenvalues.

    A pair may stand for a lattice point λ where |λ̂ - λ| <= 0.05 and its rate is <= 0.05, unless its
    function is a combination of others that may, near λ: it is a copy then. Pairs and points are
    matched one to one, a point as often as its multiplicity, so that as many as can be are matched,
    and of such matchings one with the least sum of distances. One that is left over and obeys a
    point at a rate <= 1e-6 is surplus: a continuous eigenfunction beyond the smooth ones.
    `precision` is the share of the pairs that are judged that stand for a point: of those with
    |Re λ̂| <= bound, or |μ̂| >= bound of a map, that are no copies, aliases or surplus. `judged` is
    the share of these among all pairs. `recall` is the share of points, multiplicities counted,
    that a pair stands for. None of them counts constants.

    Parameters
    ----------
    known : KnownSpectrum, optional
    eigenvalues, rates : (s,) arrays
        Recovered eigenvalues, and the rates at which the pairs disobey them (`Plane.rates`); those
        that are not finite have no kind.
    values : (P, s) array
        Their functions at the test points.
    constant : (s,) array of bool
        Which functions are constants (`constants`).
    highest : float
        See `highest_frequency`.
    unknown : str
        Why the eigenvalues are not known; empty if nobody asked.
    """
    if known is not None:
        unknown = "" if known.points else "no eigenvalue is that slow"
        if not unknown and len(rates) and np.isnan(rates).all():
            unknown = "there are no residuals"
    if known is None or unknown:
        note = f"precision, recall: {unknown}" if unknown else ""
        return SpectrumScores(("",) * len(eigenvalues), np.nan, np.nan, np.nan, note)
    exact = [point.eigenvalue for point in known.points]
    plane = MAP if known.discrete else FLOW
    aliases = [plane.alias(one, highest) for one in exact]
    hides = [other is not None for other in aliases]
    points = np.array([e if a is None else a for e, a in zip(exact, aliases, strict=True)])
    copies = np.array([point.multiplicity for point in known.points])
    finite = np.isfinite(eigenvalues) & np.isfinite(values).all(axis=0)
    obeys = finite & ~constant & (rates <= CLUSTER_RADIUS)
    apart, copied = _told_apart(eigenvalues, rates, values, np.flatnonzero(obeys), points)
    matched = _matched(eigenvalues, apart, points, copies)
    # What obeys λ̂ disobeys λ at the rate |λ̂ - λ|.
    nearest = np.abs(eigenvalues[:, None] - points).min(axis=1)
    surplus = apart & (matched < 0) & (rates + nearest <= MEMBER)
    closed = np.where([point.exact for point in known.points], EXACT, KNOWN)
    unmatched = np.where(known.holds(eigenvalues), SPURIOUS, BEYOND)
    # Of the conditions that a pair meets the first decides.
    conditions = [~finite, constant, copied, matched >= 0, surplus]
    answers: list[Any] = ["", CONSTANT, COPY, np.where(hides, ALIASED, closed)[matched], SURPLUS]
    kinds = np.select(conditions, answers, unmatched).tolist()
    right = kinds.count(EXACT) + kinds.count(KNOWN)
    judged = right + kinds.count(SPURIOUS)
    counted = len(kinds) - kinds.count(CONSTANT)
    hidden = int(copies[hides].sum())
    notes = [] if judged else [f"precision: no recovered pair has {known.within}"]
    if hidden:
        notes.append(
            f"recall: {hidden} of {known.count} eigenvalues have |Im λ| above π/Δt = {highest:.4g} "
            "and do not count"
        )
    return SpectrumScores(
        tuple(kinds),
        right / judged if judged else np.nan,
        judged / counted if counted else np.nan,
        right / (known.count - hidden) if known.count > hidden else np.nan,
        "; ".join(notes),
    )


def _told_apart(
    eigenvalues: NDArray[np.complex128],
    rates: NDArray[np.float64],
    values: NDArray,
    candidates: NDArray[np.intp],
    points: NDArray[np.complex128],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pairs are near a point with functions of their own (s,), and which with copies.

    A function obeys eigenvalues up to twice the radius apart: so far around a point no two pairs
    may have one function, be it for one point or for two.
    """
    apart, copied = np.zeros((2, len(eigenvalues)), bool)
    for point in points:
        distance = np.abs(eigenvalues[candidates] - point)
        near = candidates[distance <= CLUSTER_RADIUS]
        near = near[~(apart[near] | copied[near])]
        if len(near):
            around = candidates[apart[candidates] & (distance <= 2.0 * CLUSTER_RADIUS)]
            apart[obeying(values, rates, near, around)] = True
            copied[near] = ~apart[near]
    return apart, copied


def _matched(
    eigenvalues: NDArray[np.complex128],
    apart: NDArray[np.bool_],
    points: NDArray[np.complex128],
    copies: NDArray[np.intp],
) -> NDArray[np.intp]:
    """(s,) index of the point that each pair stands for, -1 for none."""
    from scipy.optimize import linear_sum_assignment

    found = np.full(len(eigenvalues), -1)
    candidates = np.flatnonzero(apart)
    distance = np.abs(eigenvalues[candidates, None] - points)
    near = distance <= CLUSTER_RADIUS
    # No point can be taken more often than there are pairs near it.
    slots = np.repeat(np.arange(len(points)), np.minimum(copies, near.sum(axis=0)))
    cost = np.where(near[:, slots], distance[:, slots], NEVER)
    pairs, taken = linear_sum_assignment(cost)
    real = cost[pairs, taken] < NEVER
    found[candidates[pairs[real]]] = slots[taken[real]]
    return found
