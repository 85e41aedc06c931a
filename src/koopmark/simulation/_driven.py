"""Trajectories under inputs that are held from one time to the next, and those of maps."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite
from koopmark.simulation._integrator import Tolerance, integrate
from koopmark.simulation._rhs import SystemRHS
from koopmark.simulation._trajectories import Trajectories
from koopmark.systems import System

Array = NDArray[np.float64]
Feedback = Callable[[int, Array], ArrayLike]
"""From the number of an interval and the states (M, N) at its start to the inputs (M, q) in it."""
WHOLE = 1e-9


def inputs_of(given: ArrayLike, shape: tuple[int, ...], what: str = "inputs") -> Array:
    """Inputs (M, T, q) of all trajectories, from (T, q) or (M, T, q).

    Raises
    ------
    ValueError
        If they have another shape, or are not finite.
    """
    v, (count, length, q) = finite(given, what), shape
    if v.shape not in ((length, q), (count, length, q)):
        raise ValueError(
            f"{what} must have shape ({length}, {q}) or ({count}, {length}, {q}), a value of each "
            f"of {q} inputs at each time, got {v.shape}"
        )
    return np.broadcast_to(v, shape).copy()


def steps_of(grid: Array) -> NDArray[np.intp]:
    """How many steps of a map lie between the times (T,).

    Raises
    ------
    ValueError
        If the times are no whole numbers of steps apart, or differ between trajectories.
    """
    if grid.ndim == 2:
        raise ValueError("a map takes times (T,), the same for all trajectories")
    elapsed = grid - grid[0]
    steps = np.rint(elapsed)
    if (np.abs(elapsed - steps) > WHOLE * np.maximum(1.0, steps)).any():
        raise ValueError(
            f"the unit of time of a map is one step: its times must be whole numbers apart, got "
            f"{grid[:4]}"
        )
    return np.diff(steps).astype(np.intp)


def stepwise(
    system: System, x0: Array, grid: Array, inputs: ArrayLike | Feedback | None, tol: Tolerance
) -> Trajectories:
    """Trajectories one interval after the other, each with its inputs."""
    count, length, q = len(x0), grid.shape[-1], system.inputs
    if inputs is not None and not q:
        raise ValueError(
            f"this {type(system).__name__} takes no inputs: with_inputs(B) of a network makes one "
            "that does, and koopmark.systems.from_weights(W, inputs=B)"
        )
    steps = steps_of(grid) if system.discrete else None
    v = np.zeros((count, length, q))
    if inputs is not None and not callable(inputs):
        v = inputs_of(inputs, v.shape)
    states = np.full((count, length, system.size), np.nan)
    states[:, 0] = x0
    diverged = np.full(count, np.nan)
    for k in range(length - 1):
        here = states[:, k]
        if callable(inputs):
            v[:, k] = np.asarray(inputs(k, here))
        with np.errstate(all="ignore"):
            if steps is not None:
                after = here
                for _ in range(steps[k]):
                    after = system.driven(after, v[:, k]) if q else system.rhs(after)
                states[:, k + 1] = after
                continue
            begun = np.hstack([here, v[:, k]])

            def field(z: Array, out: Array) -> Array:
                n = system.size
                out[:, :n] = system.driven(z[:, :n], z[:, n:]) if q else system.rhs(z[:, :n])
                out[:, n:] = 0.0
                return out

            rhs = SystemRHS(field, count, begun.shape[1])
            samples = np.full((count, 1, begun.shape[1]), np.nan)
            elapsed = np.atleast_1d(grid[..., k + 1] - grid[..., k])
            stopped = integrate(
                rhs,
                np.ascontiguousarray(begun.T),
                elapsed.reshape(-1, 1) if grid.ndim == 2 else elapsed,
                tol,
                samples,
            )
            states[:, k + 1] = samples[:, 0, : system.size]
            diverged = np.fmin(diverged, grid[..., k] + stopped)
    return Trajectories(states, grid, diverged, inputs=v if q else None, system=system)
