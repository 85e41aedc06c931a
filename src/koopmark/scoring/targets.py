"""Scores of one exact eigenspace: eigenvalue and eigenfunction errors."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark.scoring.sampled import alias
from koopmark.scoring.subspaces import largest_and_rms, orthonormal_basis, outside
from koopmark.truth import Eigenspace

CLUSTER_RADIUS = 0.05
"""Recovered eigenvalues within this distance of a target, per unit of time, form its cluster."""

MAX_DIRECTIONS = 64
"""Of a larger eigenspace so many random directions are scored."""

POINTS_PER_FUNCTION = 4
"""Test points needed per function in a span, or its angles mean nothing."""


FOUND = 1e-3
"""A target is found where neither error exceeds this."""

EXACT = 1e-9
"""Times √m: what rounding leaves of the errors of an m-dimensional eigenspace."""

DIGITS = 9.0
"""The most digits that count: those of an error of EXACT."""


@dataclass(frozen=True)
class TargetScores:
    """One row of `targets.csv`; errors are NaN, with a note, where they could not be had.

    `target_index` is the target's place in its dataset's list, from 0; `target` is its label.
    """

    target_index: int
    target: str
    target_eigenvalue_re: float
    target_eigenvalue_im: float
    target_dimension: int
    scored_dimension: int
    eigenvalue_error: float
    eigenvalue_error_relative: float
    eigenvalue_error_mean: float
    eigenfunction_error: float
    eigenfunction_error_rms: float
    eigenfunction_error_cluster: float
    cluster_excess: int
    oracle_floor: float
    oracle_floor_in_sample: float
    statistical_floor_eigenvalue: float
    statistical_floor: float
    target_residual: float
    residual_bound: float
    notes: str = field(default="")


def found(
    eigenvalue_error_relative: ArrayLike, eigenfunction_error: ArrayLike
) -> NDArray[np.bool_]:
    """Which targets were found, by their scores: all copies of λ are there, and so is all of E.

    One error alone says little: of many functions some are near every eigenvalue, and as many as
    there are dimensions span every eigenspace. A missing score is not found.
    """
    eigenvalue = np.asarray(eigenvalue_error_relative, dtype=float)
    return (eigenvalue <= FOUND) & (np.asarray(eigenfunction_error, dtype=float) <= FOUND)


def larger_error(
    eigenvalue_error_relative: ArrayLike, eigenfunction_error: ArrayLike
) -> NDArray[np.float64]:
    """e, the larger of both errors of each target, which have no unit; inf if one is missing."""
    larger = np.maximum(
        np.asarray(eigenvalue_error_relative, dtype=float),
        np.asarray(eigenfunction_error, dtype=float),
    )
    return np.where(np.isnan(larger), np.inf, larger)


def digits(error: ArrayLike, dimension: ArrayLike = 1) -> NDArray[np.float64]:
    """Correct digits of each target: -log10 e, between 0 and DIGITS.

    Parameters
    ----------
    error : array
        e of `larger_error`. A missing one has no digits.
    dimension : array
        m of each target: up to EXACT √m an error is rounding, and all digits are correct.
    """
    e = np.asarray(error, dtype=float)
    rounding = e <= EXACT * np.sqrt(np.asarray(dimension, dtype=float))
    e = np.where(np.isnan(e), np.inf, np.where(rounding, EXACT, e))
    return np.clip(-np.log10(np.maximum(e, EXACT)), 0.0, DIGITS) + 0.0


def labels(spaces: Sequence[Eigenspace]) -> tuple[str, ...]:
    """What people call the targets of a list: `-1`, `-2 (x36)`, `-0.41+2.00i`; no two alike.

    Four digits, or as many as tell apart the eigenvalues that four do not, up to twelve; what even
    these do not tell apart is numbered. `≈-1 (x8)` where the functions of the space are
    eigenfunctions only nearly.
    """
    texts = [_digits(space.eigenvalue, 4) for space in spaces]
    finest = [_digits(space.eigenvalue, 12) for space in spaces]
    for digits in range(5, 13):
        meant = Counter(text for text, _ in set(zip(texts, finest, strict=True)))
        texts = [
            text if meant[text] == 1 else _digits(space.eigenvalue, digits)
            for text, space in zip(texts, spaces, strict=True)
        ]
    names = [
        f"{'' if space.exact else '≈'}{text}"
        + (f" (x{space.dimension})" if space.dimension > 1 else "")
        for text, space in zip(texts, spaces, strict=True)
    ]
    counts, seen = Counter(names), Counter[str]()
    for place, name in enumerate(names):
        if counts[name] > 1:
            seen[name] += 1
            names[place] = f"{name} #{seen[name]}"
    return tuple(names)


def _digits(eigenvalue: complex, digits: int) -> str:
    imaginary = f"{eigenvalue.imag:+.{digits}g}i" if eigenvalue.imag else ""
    return f"{eigenvalue.real:.{digits}g}{imaginary}"


@dataclass(frozen=True, eq=False)
class ScoredSpace:
    """An exact eigenspace (λ, E), and orthonormal functions that stand for it in a score."""

    space: Eigenspace
    directions: Eigenspace
    """All of E, or the directions drawn from it."""

    first: NDArray
    """(P,) values of the first of these functions."""

    basis: NDArray
    """(P, rank) values. The rank is lower where the test trajectories cannot tell them apart:
    along a trajectory the values of E are known from its first."""

    index: int
    """Of the target in its dataset's list."""

    label: str
    """Of the target, for people."""

    @property
    def scored_dimension(self) -> int:
        """Of all of E, or of the directions drawn from it."""
        return self.directions.dimension

    @property
    def told_apart(self) -> bool:
        """Whether the test points show every direction that is to be scored."""
        return self.basis.shape[1] == self.scored_dimension


def scored_space(
    space: Eigenspace, states: NDArray, rng: np.random.Generator, index: int, label: str
) -> ScoredSpace:
    """E at clean test states (P, N); `rng` draws the directions where it is large."""
    scored = space.sample(MAX_DIRECTIONS, rng)
    values = scored.evaluate(states)
    return ScoredSpace(space, scored, values[:, 0].copy(), orthonormal_basis(values), index, label)


@dataclass(frozen=True)
class Floor:
    """How near a dictionary comes to one exact eigenspace E, as sines on the test set."""

    value: float = np.nan
    """From E to the combinations fitted on fresh trajectories: an estimate from above."""

    in_sample: float = np.nan
    """From E to all of the dictionary, on the test set: the lower bound."""

    note: str = ""
    """Why there is no value."""


def score_target(
    target: ScoredSpace,
    eigenvalues: NDArray[np.complex128],
    values: NDArray | None,
    floor: Floor,
    own_residual: tuple[float, float],
    horizon: float,
    highest: float = np.inf,
) -> TargetScores:
    """Score recovered eigenpairs against one exact eigenspace (docs/scores.md).

    Parameters
    ----------
    target : ScoredSpace
        (λ, E), dim E = m.
    eigenvalues : (s,) array
        Recovered eigenvalues, all finite.
    values : (P, s) array
        Recovered eigenfunctions at the same test points; None where they have no values there.
    floor : Floor
        How near the method's dictionary comes to E.
    own_residual : (float, float)
        The residual of the target's own functions, and the bound on it: see `target_residual`.
    horizon : float
        Length of the test trajectories: a rate below 1 / horizon is as good as none in them.
    highest : float
        |Im λ| up to which the training data tell eigenvalues apart (`sampled.highest_frequency`).
        Of a target beyond it nothing is scored: the note says what it is taken for.
    """
    space, m = target.space, target.space.dimension
    taken_for = alias(space.eigenvalue, highest)
    distance = np.abs(eigenvalues - (space.eigenvalue if taken_for is None else taken_for))
    nearest = np.argsort(distance, kind="stable")
    cluster = nearest[: max(min(m, len(nearest)), int(np.sum(distance <= CLUSTER_RADIUS)))]
    notes = [floor.note] if floor.note else []
    enough = len(eigenvalues) >= m
    furthest = float(distance[nearest[m - 1]]) if enough else np.inf
    mean = float(distance[nearest[:m]].mean()) if enough else np.inf
    error = rms = cluster_error = np.nan
    if taken_for is not None:
        notes.append(
            f"|Im λ| is above π/Δt = {highest:.4g}: sampled every {np.pi / highest:.4g} this "
            f"eigenvalue cannot be told from {_digits(taken_for, 4)}, to which the recovered ones "
            f"come as close as {furthest:.1e}"
        )
        furthest = mean = np.nan
    elif target.told_apart:
        if values is not None:
            error, rms, cluster_error = _angles(target.basis, values[:, cluster], m, notes)
    else:
        told = f"{target.basis.shape[1]} of {target.scored_dimension} directions"
        notes.append(f"eigenfunction_error: the test trajectories tell only {told} apart")
    return TargetScores(
        target_index=target.index,
        target=target.label,
        target_eigenvalue_re=space.eigenvalue.real,
        target_eigenvalue_im=space.eigenvalue.imag,
        target_dimension=m,
        scored_dimension=target.scored_dimension,
        eigenvalue_error=furthest,
        eigenvalue_error_relative=furthest / relative_to(space.eigenvalue, horizon),
        eigenvalue_error_mean=mean,
        eigenfunction_error=error,
        eigenfunction_error_rms=rms,
        eigenfunction_error_cluster=cluster_error,
        cluster_excess=len(cluster) - m,
        oracle_floor=floor.value,
        oracle_floor_in_sample=floor.in_sample,
        statistical_floor_eigenvalue=np.nan,
        statistical_floor=np.nan,
        target_residual=own_residual[0],
        residual_bound=own_residual[1],
        notes="; ".join(notes),
    )


def relative_to(eigenvalue: complex, horizon: float) -> float:
    """The size by which an eigenvalue error is divided: max(|λ|, 1 / horizon)."""
    return max(abs(eigenvalue), 1.0 / horizon if horizon > 0 else 0.0) or 1.0


def _angles(
    exact: NDArray, cluster: NDArray, m: int, notes: list[str]
) -> tuple[float, float, float]:
    """Largest and rms sine to the first m functions of the cluster, largest to all of it.

    One factorisation serves both: the nearest m come first in the cluster.
    """
    points, size = cluster.shape
    counts = [min(m, size)]
    if size > m:
        counts.append(size)
    names = ["eigenfunction_error", "eigenfunction_error_cluster"]
    able = [k for k in counts if points >= POINTS_PER_FUNCTION * k]
    for name, k in zip(names, counts, strict=False):
        if k not in able:
            notes.append(f"{name}: {points} test points for {k} recovered functions")
    if not able:
        return np.nan, np.nan, np.nan
    parts = outside([exact], cluster[:, : able[-1]], able)
    largest, rms = largest_and_rms(parts[0])
    in_cluster = largest_and_rms(parts[-1])[0] if able == counts else np.nan
    return largest, rms, in_cluster
