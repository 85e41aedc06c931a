"""Which recovered eigenvalues are Koopman eigenvalues at all, and how many of those were found.

On the basin of a stable fixed point the eigenvalues form a known lattice (docs/theory.md), of which
the targets in closed form are a part. A recovered pair counts as one of its points where both agree
within one radius: the eigenvalue, and the rate at which the eigenfunction disobeys it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.scoring.sampled import alias
from koopmark.scoring.targets import CLUSTER_RADIUS
from koopmark.spectrum import KnownSpectrum

EXACT, KNOWN, CONSTANT, SPURIOUS, BEYOND = "exact", "known", "constant", "spurious", "beyond"
ALIASED = "aliased"
"""Kinds of a recovered pair: on a lattice point with a closed form, on another, the trivial one at
0, on none, further left than the lattice was listed, and on what sampling makes of a point whose
frequency is too high for it."""

NEVER = 1e9


@dataclass(frozen=True)
class SpectrumScores:
    """Kinds of the pairs, and the two scores; NaN, with a note, where there is nothing to say."""

    kinds: tuple[str, ...]
    precision: float
    recall: float
    note: str


def score_spectrum(
    known: KnownSpectrum | None,
    eigenvalues: NDArray[np.complex128],
    residuals: NDArray[np.float64],
    dt: float,
    highest: float = np.inf,
) -> SpectrumScores:
    """Tell recovered eigenpairs apart by the lattice of known eigenvalues.

    Parameters
    ----------
    known : KnownSpectrum or None
        None where nobody asked.
    eigenvalues : (s,) complex array
        Recovered eigenvalues; those that are not finite have no kind.
    residuals : (s,) array
        Of the pairs on test snapshot pairs, one step of `dt` apart.
    dt : float
    highest : float
        |Im λ| up to which the training data tell eigenvalues apart (`sampled.highest_frequency`).

    Returns
    -------
    SpectrumScores
        A pair may stand for a lattice point λ where |λ̂ - λ| <= 0.05 and its residual / dt <= 0.05.
        Pairs and points are matched one to one, a point as often as its multiplicity, so that as
        many as can be are matched, and of such matchings one with the least sum of distances.
        `precision` is the share of pairs with |Re λ̂| <= bound that stand for a point, `recall` the
        share of points, multiplicities counted, that a pair stands for; neither counts the
        constant.
    """
    nothing = ("",) * len(eigenvalues)
    if known is None:
        return SpectrumScores(nothing, np.nan, np.nan, "")
    if known.note or not known.points:
        reason = known.note or "no eigenvalue is that slow"
        return SpectrumScores(nothing, np.nan, np.nan, f"precision, recall: {reason}")
    if len(residuals) and np.isnan(residuals).all():
        return SpectrumScores(nothing, np.nan, np.nan, "precision, recall: there are no residuals")
    aliases = [alias(point.eigenvalue, highest) for point in known.points]
    seen = [
        point.eigenvalue if other is None else other
        for point, other in zip(known.points, aliases, strict=True)
    ]
    points = np.array([0.0, *seen])
    copies = np.array([1, *(point.multiplicity for point in known.points)])
    matched = _matched(eigenvalues, residuals / dt <= CLUSTER_RADIUS, points, copies)
    kinds = []
    for value, at in zip(eigenvalues, matched, strict=True):
        if not np.isfinite(value):
            kinds.append("")
        elif at >= 0:
            taken_for = at > 0 and aliases[at - 1] is not None
            kinds.append(ALIASED if taken_for else _kind(known, at))
        else:
            kinds.append(SPURIOUS if abs(value.real) <= known.bound else BEYOND)
    right = kinds.count(EXACT) + kinds.count(KNOWN)
    judged = right + kinds.count(SPURIOUS)
    hidden = sum(int(n) for n, other in zip(copies[1:], aliases, strict=True) if other is not None)
    notes = [] if judged else [f"precision: no recovered pair has |Re λ| <= {known.bound:g}"]
    if hidden:
        notes.append(
            f"recall: {hidden} of {known.count} eigenvalues have |Im λ| above π/Δt = {highest:.4g} "
            "and do not count"
        )
    return SpectrumScores(
        tuple(kinds),
        right / judged if judged else np.nan,
        right / (known.count - hidden) if known.count > hidden else np.nan,
        "; ".join(notes),
    )


def _kind(known: KnownSpectrum, at: int) -> str:
    if at == 0:
        return CONSTANT
    return EXACT if known.points[at - 1].exact else KNOWN


def _matched(
    eigenvalues: NDArray[np.complex128],
    obeys: NDArray[np.bool_],
    points: NDArray[np.complex128],
    copies: NDArray[np.intp],
) -> NDArray[np.intp]:
    """(s,) index of the point that each pair stands for, -1 for none."""
    from scipy.optimize import linear_sum_assignment

    found = np.full(len(eigenvalues), -1)
    candidates = np.flatnonzero(obeys & np.isfinite(eigenvalues))
    distance = np.abs(eigenvalues[candidates, None] - points)
    near = distance <= CLUSTER_RADIUS
    # No point can be taken more often than there are pairs near it.
    slots = np.repeat(np.arange(len(points)), np.minimum(copies, near.sum(axis=0)))
    cost = np.where(near[:, slots], distance[:, slots], NEVER)
    pairs, taken = linear_sum_assignment(cost)
    real = cost[pairs, taken] < NEVER
    found[candidates[pairs[real]]] = slots[taken[real]]
    return found
