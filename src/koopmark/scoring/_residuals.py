"""How far functions are from obeying φ(x⁺) = e^{λΔt} φ(x) on test trajectories."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.scoring._subspaces import (
    keeps_every_direction,
    level_columns,
)
from koopmark.simulation import Trajectories
from koopmark.systems import StochasticSystem, System
from koopmark.truth import ApproximateEigenspace, Eigenspace

MOST_EXPECTATIONS = 300
"""Test points at which the expectation over the next state is taken."""

Functions = Callable[[NDArray], NDArray]


def pair_residuals(
    values: NDArray, eigenvalues: NDArray[np.complex128], dt: float
) -> NDArray[np.float64]:
    """‖φ(x⁺) - e^{λΔt} φ(x)‖ / ‖φ(x)‖ of each pair over all snapshot pairs; inf for φ = 0.

    NaN where there are no snapshot pairs.

    Parameters
    ----------
    values : (M, T, s) array
        Of s functions along M trajectories.
    eigenvalues : (s,) array
    dt : float
        Δt.
    """
    if values.shape[1] < 2:
        return np.full(len(eigenvalues), np.nan)
    missed, size = np.zeros((2, len(eigenvalues)))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        values = level_columns(values)
        step = _multipliers(eigenvalues, dt)
        for along in values:
            missed += _sum_of_squares(along[1:] - step * along[:-1])
            size += _sum_of_squares(along[:-1])
        ratio = np.sqrt(missed / size)
    return np.where(np.isfinite(ratio), ratio, np.inf)


def rates_of(
    residuals: NDArray[np.float64], eigenvalues: NDArray[np.complex128] | complex, dt: float
) -> NDArray[np.float64]:
    """At which rates functions disobey λ, per unit of time: residual / (Δt |e^{λΔt}|).

    To first order it is |λ̂ - λ| of a function that obeys λ̂. A residual alone says nothing after a
    step in which all of a function should decay: whatever vanishes at the attractor has a small
    one.
    """
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        rates = residuals / (dt * np.exp(np.asarray(eigenvalues).real * dt))
    return np.where(np.isnan(rates) & ~np.isnan(residuals), np.inf, rates)


def largest_rate(values: NDArray, eigenvalue: complex, dt: float) -> float:
    """The largest rate at which a combination of functions disobeys λ, as of `rates_of`.

    Parameters
    ----------
    values : (M, T, k) array
        Along M trajectories. If the k functions are not independent there, it is infinite.
    """
    count = values.shape[2]
    here = values[:, :-1].reshape(-1, count)
    missed = (values[:, 1:] - _multipliers(np.array([eigenvalue]), dt) * values[:, :-1]).reshape(
        -1, count
    )
    here, missed = level_columns(here), level_columns(missed, like=here)
    norms = np.linalg.norm(here, axis=0)
    if not norms.all():
        return np.inf
    triangle = triangle_of(here / norms)
    if not keeps_every_direction(triangle):
        return np.inf
    rest = triangle_of(missed / norms)
    largest = np.linalg.norm(solve_triangular(triangle, rest.T, trans="T"), 2)
    return float(rates_of(np.array(largest), eigenvalue, dt))


def expected_pairs(
    functions: Functions, system: StochasticSystem, test: Trajectories, window: int = 1
) -> NDArray:
    """φ(x) and E[φ(X⁺) | x] of functions of a stochastic system: (Q, 2, s), like Q trajectories.

    On single paths φ(X⁺) scatters around its expectation, for an exact eigenfunction too. The
    expectation is a quadrature over the exact transition, at evenly spaced ones of the test points.

    Parameters
    ----------
    functions : callable
        (P, window, N) windows to (P, s) values.
    """
    windows = test.windows(window)
    flat = windows.reshape(-1, *windows.shape[2:])
    here = flat[np.unique(np.linspace(0, len(flat) - 1, MOST_EXPECTATIONS).astype(int))]
    nodes, weights = system.quadrature(here[:, -1], test.dt)
    past = np.broadcast_to(here[:, None, 1:], (*nodes.shape[:2], window - 1, nodes.shape[-1]))
    after = np.concatenate([past, nodes[:, :, None]], axis=2)
    values = np.asarray(functions(after.reshape(-1, *after.shape[2:])))
    expected = np.einsum("q,pqs->ps", weights, values.reshape(*nodes.shape[:2], -1))
    return np.stack([np.asarray(functions(here)), expected], axis=1)


def target_residual(space: Eigenspace, system: System, test: Trajectories) -> tuple[float, float]:
    """Largest residual of the functions of a target, and the bound on it where they are not exact.

    |φ(x⁺) - e^{-Δt}φ(x)| <= (1 - e^{-Δt}) b with b the bound on the generator: over P pairs the
    residual is at most √P (1 - e^{-Δt}) b / ‖φ(x)‖.
    """
    rates = np.full(space.dimension, space.eigenvalue)
    if isinstance(system, StochasticSystem):
        pairs = expected_pairs(lambda windows: space.evaluate(windows[:, -1]), system, test)
        return float(pair_residuals(pairs, rates, test.dt).max()), 0.0
    values = space.evaluate(test.states)
    bound = 0.0
    if isinstance(space, ApproximateEigenspace) and not space.exact:
        size = np.sqrt(np.mean(values[:, :-1] ** 2, axis=(0, 1)))
        bound = float(np.max(space.deviation_bounds(test.dt) / size))
    return float(pair_residuals(values, rates, test.dt).max()), bound


def _multipliers(eigenvalues: NDArray[np.complex128], dt: float) -> NDArray:
    # λ = -inf, from μ = 0, predicts zero.
    step = np.where(np.isneginf(eigenvalues.real), 0.0, np.exp(eigenvalues * dt))
    return step if step.imag.any() else step.real


def _sum_of_squares(values: NDArray) -> NDArray[np.float64]:
    """Σ |z|² down each column."""
    if np.iscomplexobj(values):
        return _sum_of_squares(values.real) + _sum_of_squares(values.imag)
    return np.einsum("ij,ij->j", values, values)
