"""Scores of one exact eigenspace: eigenvalue and eigenfunction errors."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from koopmark.scoring.subspaces import orthonormal_basis, sines
from koopmark.truth import Eigenspace

CLUSTER_RADIUS = 0.05
"""Recovered eigenvalues within this distance of a target, per unit of time, form its cluster."""

MAX_DIRECTIONS = 64
"""Of a larger eigenspace so many random directions are scored."""

POINTS_PER_FUNCTION = 4
"""Test points needed per function in a span, or its angles mean nothing."""


@dataclass(frozen=True)
class TargetScores:
    """One row of `targets.csv`; errors are NaN, with a note, where they could not be had."""

    target: str
    target_eigenvalue_re: float
    target_eigenvalue_im: float
    target_dimension: int
    scored_dimension: int
    eigenvalue_error: float
    eigenvalue_error_mean: float
    eigenfunction_error: float
    eigenfunction_error_rms: float
    eigenfunction_error_cluster: float
    cluster_excess: int
    oracle_floor: float
    notes: str = field(default="")


def label(eigenvalue: complex, dimension: int) -> str:
    """How a target is named in tables: `-1`, `-2 (x36)`, `-0.41+2.00i`."""
    text = f"{eigenvalue.real:.4g}"
    if eigenvalue.imag:
        text += f"{eigenvalue.imag:+.4g}i"
    return text if dimension == 1 else f"{text} (x{dimension})"


def score_target(
    space: Eigenspace,
    states: NDArray,
    eigenvalues: NDArray[np.complex128],
    values: NDArray[np.complex128],
    dictionary_basis: NDArray | None,
    rng: np.random.Generator,
) -> TargetScores:
    """Score recovered eigenpairs against one exact eigenspace (docs/scores.md).

    Parameters
    ----------
    space : Eigenspace
        The target (λ, E), dim E = m.
    states : (P, N) array
        Clean test states.
    eigenvalues : (s,) array
        Recovered eigenvalues, all finite.
    values : (P, s) array
        Recovered eigenfunctions at `states`.
    dictionary_basis : (P, D) array, optional
        Orthonormal basis of the whole dictionary at `states`, for the oracle floor.
    rng : Generator
        Draws the directions of a large E.
    """
    m = space.dimension
    scored = space.sample(MAX_DIRECTIONS, rng)
    exact = orthonormal_basis(scored.evaluate(states))
    distance = np.abs(eigenvalues - space.eigenvalue)
    nearest = np.argsort(distance, kind="stable")
    cluster = nearest[: max(min(m, len(nearest)), int(np.sum(distance <= CLUSTER_RADIUS)))]
    notes: list[str] = []
    if exact.shape[1] < scored.dimension:
        # Along a trajectory the values of E are known from its first: few trajectories, few angles.
        told = f"{exact.shape[1]} of {scored.dimension} directions"
        notes.append(f"eigenfunction_error: the test trajectories tell only {told} apart")
        error = rms = cluster_error = floor = np.nan
    else:
        error, rms = _angles(exact, values[:, nearest[:m]], notes, "eigenfunction_error")
        cluster_error = error
        if len(cluster) > m:
            name = "eigenfunction_error_cluster"
            cluster_error, _ = _angles(exact, values[:, cluster], notes, name)
        floor = np.nan if dictionary_basis is None else sines(exact, dictionary_basis)[0]
    enough = len(eigenvalues) >= m
    return TargetScores(
        target=label(space.eigenvalue, m),
        target_eigenvalue_re=space.eigenvalue.real,
        target_eigenvalue_im=space.eigenvalue.imag,
        target_dimension=m,
        scored_dimension=scored.dimension,
        eigenvalue_error=float(distance[nearest[m - 1]]) if enough else np.inf,
        eigenvalue_error_mean=float(distance[nearest[:m]].mean()) if enough else np.inf,
        eigenfunction_error=error,
        eigenfunction_error_rms=rms,
        eigenfunction_error_cluster=cluster_error,
        cluster_excess=len(cluster) - m,
        oracle_floor=floor,
        notes="; ".join(notes),
    )


def _angles(exact: NDArray, values: NDArray, notes: list[str], score: str) -> tuple[float, float]:
    points, functions = values.shape
    if points < POINTS_PER_FUNCTION * functions:
        notes.append(f"{score}: {points} test points for {functions} recovered functions")
        return np.nan, np.nan
    return sines(exact, orthonormal_basis(values))
