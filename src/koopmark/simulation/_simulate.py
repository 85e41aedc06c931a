"""Simulate an ensemble: initial states in, trajectories on the requested times out."""

from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from koopmark._arrays import checked
from koopmark.simulation._ensemble import Ensemble, mapped
from koopmark.simulation._times import times_of
from koopmark.simulation._trajectories import Trajectories
from koopmark.simulation.arguments import (
    initial_states_of,
    jobs_of,
    output_of,
    precision_of,
    tolerance_of,
)
from koopmark.simulation.reduced import ReducedTrajectories
from koopmark.simulation.workers import blas, integrate_parts
from koopmark.systems import Shift, System

Array = NDArray[np.float64]


@overload
def simulate(
    system: System,
    initial_states: ArrayLike,
    times: ArrayLike,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    dtype: DTypeLike = np.float64,
    out: NDArray | None = None,
    reduced: Literal[False] = False,
    jobs: int = 1,
) -> Trajectories: ...


@overload
def simulate(
    system: System,
    initial_states: ArrayLike,
    times: ArrayLike,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    dtype: DTypeLike = np.float64,
    out: None = None,
    reduced: Literal[True],
    jobs: int = 1,
) -> ReducedTrajectories: ...


@checked
def simulate(
    system: System,
    initial_states: ArrayLike,
    times: ArrayLike,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    dtype: DTypeLike = np.float64,
    out: NDArray | None = None,
    reduced: bool = False,
    jobs: int = 1,
) -> Trajectories | ReducedTrajectories:
    """Trajectories of a system from each initial state.

    For networks of either family only r coordinates of each trajectory are integrated; the null
    component P ζ(x(t)), from which the exact eigenfunctions are made, follows its closed form to
    rounding (docs/theory.md). A system that has its flow in closed form is asked for it, and every
    other is integrated in its full state. Each trajectory has steps and error control of its own:
    what else is in the batch, and how it is tiled, changes it by rounding only (or, where rounding
    turns an error estimate right at the limit into one beyond it, by less than the tolerance).

    Parameters
    ----------
    system : System
    initial_states : (M, N) array_like
        States at the time `times[0]`, real.
    times : (T,) array_like
        Increasing times, in units of the decay time. Any spacing: the steps do not follow it.
    rtol : float, optional
        Relative accuracy asked of the states, in the norm of a state: 1e-13 to 1e-2, by default
        1e-9. Below 1e-11 rounding may be what limits it. In float32 1e-5 (the default) to 1e-2.
    atol : float, optional
        Absolute error of a state that is always allowed, zero by default.
    dtype : float64 or float32
        Of the states. With float32 the network is evaluated in float32 too, wherever ζ is a shift,
        h acts unit by unit and coordinates are integrated; their steps are float64 always. The
        null component then follows its closed form to the rounding of float32.
    out : (M, T, N) array of that dtype, optional
        Where to write the states, tile by tile: nothing of its size is allocated (a memory map,
        say).
    reduced : bool
        Whether to return the r coordinates and the null component instead of the states.
    jobs : int
        How many processes integrate. The result has the same bits whatever their number. Where
        processes cannot be forked a script must guard its entry (`if __name__ == "__main__":`).

    Returns
    -------
    Trajectories, or ReducedTrajectories where `reduced`
        A trajectory that blew up or met a value that is not finite has its time in `diverged_at`
        and NaN for its states after it; blow-up means a norm above 1e150, or an error control
        that asks for steps below 1e-14 of the whole time span.

    Raises
    ------
    TypeError
        If a number or the system is something else.
    ValueError
        If shapes disagree, a value is complex or not finite, the times do not increase, a tolerance
        is out of range, or an initial state is outside the domain of ζ.
    """
    x0 = initial_states_of(initial_states, System.expected(system, "simulate").size)
    grid = times_of(times)
    precision = precision_of(dtype)
    tolerance = tolerance_of(rtol, atol, precision)
    ensemble = Ensemble(system, grid[1:] - grid[0], tolerance, precision)
    parts = ensemble.parts(len(x0)) if len(x0) else []
    _check_domain(ensemble, x0, parts)
    with blas().limit(limits=1, user_api="blas"):
        if reduced:
            return _coordinates(ensemble, x0, grid, out, parts, jobs_of(jobs))
        states = output_of(out, (len(x0), len(grid), system.size), precision)
        stopped = np.full(len(x0), np.nan)
        states[:, 0] = x0
        if len(grid) > 1:
            for part, samples in integrate_parts(ensemble, x0, parts, jobs_of(jobs)):
                stopped[part] = ensemble.expand(samples, states[part, 1:])
    return Trajectories(states, grid, grid[0] + stopped, system)


def _coordinates(
    ensemble: Ensemble,
    x0: NDArray[np.float64],
    grid: NDArray[np.float64],
    out: NDArray | None,
    parts: list[slice],
    jobs: int,
) -> ReducedTrajectories:
    split = ensemble.split
    if split is None:
        raise ValueError(f"a {type(ensemble.system).__name__} has no reduction: use reduced=False")
    if out is not None:
        raise ValueError("out holds states: it cannot be given with reduced=True")
    coordinates = np.empty((len(x0), len(grid), split.coordinates))
    null = np.empty(x0.shape, ensemble.dtype)
    stopped = np.full(len(x0), np.nan)
    for part, samples in integrate_parts(ensemble, x0, parts, jobs):
        assert samples.null is not None
        coordinates[part], null[part] = samples.coordinates, samples.null
        stopped[part] = samples.stopped
    for trajectory in np.flatnonzero(np.isfinite(stopped)):
        coordinates[trajectory, 1:][ensemble.elapsed > stopped[trajectory]] = np.nan
    return ReducedTrajectories(coordinates, null, grid, grid[0] + stopped, split)


def _check_domain(ensemble: Ensemble, x0: NDArray[np.float64], parts: list[slice]) -> None:
    """Refuse a bad initial state before anything is integrated."""
    if ensemble.split is None or isinstance(ensemble.split.network.zeta, Shift):
        return
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for part in parts:
            mapped(ensemble.split.network.zeta, x0[part], part.start)
