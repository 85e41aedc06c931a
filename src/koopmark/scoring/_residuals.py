"""What test trajectories show of recovered pairs: how far they are from φ(x⁺) = e^{λΔt} φ(x).

A model is fitted to states one training interval `dt` apart, of `channels` variables. A test set
may be sampled otherwise: then its own interval is Δt.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.datasets.answer_key import Quadrature
from koopmark.models import Model
from koopmark.scoring._subspaces import keeps_every_direction, level_columns, sum_of_squares
from koopmark.simulation import SAME_INTERVAL, Trajectories
from koopmark.truth import Eigenspace

CLUSTER_RADIUS = 0.05
"""Recovered eigenvalues within this distance of a target, per unit of time, form its cluster; a
function that disobeys its eigenvalue at a higher rate is none of its eigenfunctions."""
MOST_EXPECTATIONS = 300
"""Test points at which the expectation over the next state is taken."""
ROUNDING = 1e-9
"""Relative, of frequencies."""


def finite_ones(trajectories: Trajectories) -> tuple[Trajectories, str]:
    """The trajectories all of whose states are finite, and a note if there are others.

    Raises
    ------
    ValueError
        If there is none.
    """
    finite = np.array([np.isfinite(one).all() for one in trajectories.states], dtype=bool)
    if finite.all() and len(finite):
        return trajectories, ""
    if not finite.any():
        held = f"all {len(finite)} hold a value that is not finite" if len(finite) else "none given"
        raise ValueError(f"no test trajectory to score on: {held}")
    states, ended = trajectories.states[finite], trajectories.diverged_at[finite]
    lost = f"{int(np.sum(~finite))} of {len(finite)} test trajectories"
    note = f"{lost} hold a value that is not finite: left out"
    return replace(trajectories, states=states, diverged_at=ended), note


def check_channels(model: Model, states: NDArray, size: int | None = None) -> None:
    """Refuse states (..., N) that are not those of the model, or of a system of this size.

    Raises
    ------
    ValueError
        If the numbers of variables differ.
    """
    n, fitted = states.shape[-1], model.channels
    if size is not None and size != n:
        raise ValueError(f"the test states have {n} variables, the system has {size}")
    if fitted is not None and fitted != n:
        raise ValueError(f"the test states have {n} variables, the model was fitted to {fitted}")


def misplaced(model: Model, test: Trajectories) -> str:
    """Why windows of the test set mean nothing to the model; empty if they do.

    A function of several consecutive states takes them one training interval apart.
    """
    dt = getattr(model, "dt", test.dt)
    if model.window == 1 or not abs(test.dt - dt) > SAME_INTERVAL * dt:
        return ""
    return (
        f"the method's windows of {model.window} states are {dt:.6g} apart, the test set is "
        f"sampled every {test.dt:.6g}"
    )


def highest_frequency(
    dt: float, eigenvalues: NDArray[np.complex128], rates: NDArray[np.float64]
) -> float:
    """|Im λ| up to which a model tells eigenvalues apart: π/Δt, infinite if it knows no bound.

    Frequencies 2π/Δt apart give the same states. A model that has eigenvalues beyond π/Δt, with
    functions that obey them, has them from elsewhere, such as the vector field.

    `dt` is Δt of the training data; if no rate at which pairs disobey their eigenvalues is known
    every eigenvalue counts.
    """
    limit = np.pi / dt
    obeying = np.isfinite(eigenvalues) & ((rates <= CLUSTER_RADIUS) | np.isnan(rates).all())
    frequencies = np.abs(eigenvalues.imag[obeying])
    return np.inf if (frequencies > limit * (1.0 + ROUNDING)).any() else float(limit)


def alias(eigenvalue: complex, highest: float) -> complex | None:
    """The eigenvalue with |Im λ| <= `highest` for which this one is taken; None if it has so."""
    if abs(eigenvalue.imag) <= highest * (1.0 + ROUNDING):
        return None
    turns = round(eigenvalue.imag / (2.0 * highest))
    return complex(eigenvalue.real, eigenvalue.imag - 2.0 * highest * turns)


def pair_residuals(
    values: NDArray, eigenvalues: NDArray[np.complex128], dt: float
) -> NDArray[np.float64]:
    """‖φ(x⁺) - e^{λΔt} φ(x)‖ / ‖φ(x)‖ of each pair over all snapshot pairs; inf for φ = 0.

    `values` (M, T, s) are those of s functions along M trajectories. NaN if T < 2.
    """
    if values.shape[1] < 2:
        return np.full(len(eigenvalues), np.nan)
    missed, size = np.zeros((2, len(eigenvalues)))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        values = level_columns(values)
        step = multipliers(eigenvalues, dt)
        for along in values:
            missed += sum_of_squares(along[1:] - step * along[:-1])
            size += sum_of_squares(along[:-1])
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

    Infinite if the functions (M, T, k), along M trajectories, are not independent there.
    """
    count = values.shape[2]
    here = values[:, :-1].reshape(-1, count)
    missed = values[:, 1:] - multipliers(np.array([eigenvalue]), dt) * values[:, :-1]
    here, missed = level_columns(here), level_columns(missed.reshape(-1, count), like=here)
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
    functions: Callable[[NDArray], NDArray],
    quadrature: Quadrature,
    test: Trajectories,
    window: int = 1,
) -> NDArray:
    """φ(x) and E[φ(X⁺) | x] of functions of a stochastic system: (Q, 2, s), like Q trajectories.

    On single paths φ(X⁺) scatters around its expectation, for an exact eigenfunction too. The
    expectation is a quadrature over the exact transition, at evenly spaced ones of the test points.
    `functions` take windows (P, window, N) to values (P, s).
    """
    flat = test.windows(window)
    here = flat[np.unique(np.linspace(0, len(flat) - 1, MOST_EXPECTATIONS).astype(int))]
    nodes, weights = quadrature(here[:, -1], test.dt)
    past = np.broadcast_to(here[:, None, 1:], (*nodes.shape[:2], window - 1, nodes.shape[-1]))
    after = np.concatenate([past, nodes[:, :, None]], axis=2)
    values = np.asarray(functions(after.reshape(-1, *after.shape[2:])))
    expected = np.einsum("q,pqs->ps", weights, values.reshape(*nodes.shape[:2], -1))
    return np.stack([np.asarray(functions(here)), expected], axis=1)


def target_residual(
    space: Eigenspace, quadrature: Quadrature | None, test: Trajectories
) -> tuple[float, float]:
    """Largest residual of the functions of a target, and the bound on it if they are not exact.

    |φ(x⁺) - e^{-Δt}φ(x)| <= (1 - e^{-Δt}) b with b the bound on the generator: over P pairs the
    residual is at most √P (1 - e^{-Δt}) b / ‖φ(x)‖.
    """
    rates = np.full(space.dimension, space.eigenvalue)
    if quadrature is not None:
        pairs = expected_pairs(lambda windows: space.evaluate(windows[:, -1]), quadrature, test)
        return float(pair_residuals(pairs, rates, test.dt).max()), 0.0
    values = space.evaluate(test.states)
    bound = 0.0
    if not space.exact:
        size = np.sqrt(np.mean(values[:, :-1] ** 2, axis=(0, 1)))
        bound = float(np.max(space.deviation_bounds(test.dt) / size))
    return float(pair_residuals(values, rates, test.dt).max()), bound


def multipliers(eigenvalues: NDArray[np.complex128], dt: float) -> NDArray:
    """e^{λΔt} (s,), real if all are."""
    # λ = -inf, from μ = 0, predicts zero.
    step = np.where(np.isneginf(eigenvalues.real), 0.0, np.exp(eigenvalues * dt))
    return step if step.imag.any() else step.real
