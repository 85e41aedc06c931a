"""Simulate an ensemble: initial states in, trajectories on the requested times out."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark.simulation.integrator import Tolerance, integrate
from koopmark.simulation.reduction import Reduction, reduction
from koopmark.simulation.rhs import FullRHS, ReducedRHS, RightHandSide, SystemRHS
from koopmark.simulation.tiling import l2_bytes, tile
from koopmark.simulation.trajectories import Trajectories
from koopmark.systems import ElementwiseMap, Shift, System

Array = NDArray[np.float64]

TIGHTEST, LOOSEST = 1e-13, 1e-2
CERTAINLY_FINITE = 1e300


def simulate(
    system: System,
    initial_states: ArrayLike,
    times: ArrayLike,
    *,
    rtol: float = 1e-9,
    atol: float | None = None,
    out: Array | None = None,
) -> Trajectories:
    """Trajectories of a system from each initial state.

    For networks of either family only r coordinates of each trajectory are integrated; the null
    component P ζ(x(t)), from which the exact eigenfunctions are made, follows its closed form to
    rounding (docs/theory.md). Every other system is integrated in its full state. Each trajectory
    has steps and error control of its own: what else is in the batch, and how it is tiled, changes
    it by rounding only (or, where rounding turns an error estimate right at the limit into one
    beyond it, by less than the tolerance).

    Parameters
    ----------
    system : System
    initial_states : (M, N) array
        States at the time `times[0]`.
    times : (T,) array
        Increasing times, in units of the decay time. Any spacing: the steps do not follow it.
    rtol : float
        Relative accuracy asked of the states, in the norm of a state; 1e-13 to 1e-2. Below 1e-11
        rounding may be what limits it.
    atol : float, optional
        Absolute error of a state that is always allowed, zero by default.
    out : (M, T, N) float64 array, optional
        Where to write the states (a memory map, say).

    Returns
    -------
    Trajectories
        A trajectory that blew up or met a value that is not finite has its time in `diverged_at`
        and NaN for its states after it; blow-up means a norm above 1e150, or an error control
        that asks for steps below 1e-14 of the whole time span.

    Raises
    ------
    ValueError
        Where shapes disagree, a value is not finite, the times do not increase, a tolerance is out
        of range, or an initial state is outside the domain of ζ.
    """
    x0 = _initial_states(initial_states, system.size)
    grid = _times(times)
    tolerance = _tolerance(rtol, atol)
    states = _states(out, (len(x0), len(grid), system.size))
    states[:, 0] = x0
    stopped = np.full(len(x0), np.nan)
    elapsed = grid[1:] - grid[0]
    if len(elapsed) and len(x0):
        split = reduction(system)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if split is None:
                stopped = _full(system, x0, elapsed, tolerance, states[:, 1:])
            else:
                y0 = _mapped(split.network.zeta, x0)
                stopped = _reduced(split, y0, elapsed, tolerance, states[:, 1:])
    for trajectory in np.flatnonzero(np.isfinite(stopped)):
        states[trajectory, 1:][elapsed > stopped[trajectory]] = np.nan
    return Trajectories(states, grid, grid[0] + stopped, system)


def _reduced(
    split: Reduction, y0: Array, elapsed: Array, tolerance: Tolerance, states: Array
) -> Array:
    """Integrate a network's coordinates and expand them; when each trajectory stopped."""
    n = y0.shape[1]
    integrated = split.coordinates if split.worthwhile else n
    tiling = tile(len(y0), n, integrated, l2_bytes(), blocks=split.by_unit)
    stopped = np.full(len(y0), np.nan)
    for part in _tiles(len(y0), tiling.lanes):
        a, z = split.split(y0[part])
        if split.worthwhile:
            rhs: RightHandSide = ReducedRHS(split, z.T.copy(), tiling.block)
        else:
            rhs, a = FullRHS(split.network, len(z)), y0[part].T
        samples = np.full((len(z), len(elapsed), len(a)), np.nan)
        stopped[part] = integrate(rhs, a, elapsed, tolerance, samples)
        if not split.worthwhile:
            samples = samples @ split.network.weights.thin_qr[0]
        split.expand(samples, z, elapsed, states[part])
        suspect = np.ones(len(z), dtype=bool)
        if isinstance(split.network.zeta, Shift):
            # Then |x| <= |a| + |z| + |θ|: looking at the coordinates is enough, and cheaper.
            suspect = ~(np.abs(samples).max(axis=(1, 2)) < CERTAINLY_FINITE)
        _stop_at_non_finite(states[part], elapsed, suspect, stopped[part])
    return stopped


def _full(system: System, x0: Array, elapsed: Array, tolerance: Tolerance, states: Array) -> Array:
    """Integrate the state itself; when each trajectory stopped."""
    size = system.size
    tiling = tile(len(x0), size, size, l2_bytes(), blocks=False)
    stopped = np.full(len(x0), np.nan)
    for part in _tiles(len(x0), tiling.lanes):
        rhs = SystemRHS(system.rhs, len(x0[part]), size)
        states[part] = np.nan
        stopped[part] = integrate(rhs, x0[part].T, elapsed, tolerance, states[part])
        suspect = ~np.isfinite(stopped[part])
        _stop_at_non_finite(states[part], elapsed, suspect, stopped[part])
    return stopped


def _tiles(count: int, lanes: int) -> Iterator[slice]:
    for start in range(0, count, lanes):
        yield slice(start, min(start + lanes, count))


def _stop_at_non_finite(
    states: Array, elapsed: Array, suspect: NDArray[np.bool_], stopped: Array
) -> None:
    """Where a state is not finite before its trajectory stopped, it stopped there."""
    for trajectory in np.flatnonzero(suspect):
        bad = ~np.isfinite(states[trajectory]).all(axis=1)
        if bad.any():
            stopped[trajectory] = np.fmin(stopped[trajectory], elapsed[np.argmax(bad)])


def _initial_states(initial_states: ArrayLike, size: int) -> Array:
    states = np.asarray(initial_states, dtype=float)
    if states.ndim != 2 or states.shape[1] != size:
        raise ValueError(
            f"initial_states must have shape (M, N) with N = {size}, got {states.shape}"
        )
    if not np.isfinite(states).all():
        row, unit = np.argwhere(~np.isfinite(states))[0]
        raise ValueError(f"initial_states[{row}, {unit}] is {states[row, unit]}: not finite")
    return states


def _times(times: ArrayLike) -> Array:
    grid = np.array(times, dtype=float)
    if grid.ndim != 1 or len(grid) == 0:
        raise ValueError(f"times must have shape (T,) with T >= 1, got {grid.shape}")
    if not np.isfinite(grid).all():
        raise ValueError("times hold a value that is not finite")
    if not (np.diff(grid) > 0).all():
        index = int(np.argmin(np.diff(grid) > 0))
        raise ValueError(
            f"times must increase, but times[{index + 1}] = {grid[index + 1]:g} follows "
            f"times[{index}] = {grid[index]:g}"
        )
    return grid


def _tolerance(rtol: float, atol: float | None) -> Tolerance:
    if not TIGHTEST <= rtol <= LOOSEST:
        raise ValueError(f"rtol is {rtol:g}: it must be between {TIGHTEST:g} and {LOOSEST:g}")
    absolute = 0.0 if atol is None else atol
    if not 0.0 <= absolute < np.inf:
        raise ValueError(f"atol is {absolute:g}: it must be zero or positive, and finite")
    return Tolerance(rtol, absolute)


def _states(out: Array | None, shape: tuple[int, int, int]) -> Array:
    if out is None:
        return np.empty(shape)
    if out.shape != shape or out.dtype != np.float64:
        raise ValueError(
            f"out must be a float64 array of shape {shape}, got {out.dtype} {out.shape}"
        )
    return out


def _mapped(zeta: ElementwiseMap, x0: Array) -> Array:
    """y = ζ(x), where that exists."""
    y0 = np.asarray(zeta(x0), dtype=float)
    if not np.isfinite(y0).all():
        row, unit = np.argwhere(~np.isfinite(y0))[0]
        raise ValueError(
            f"initial_states[{row}, {unit}] = {x0[row, unit]:g} is outside the domain of ζ: "
            f"{zeta.name} of it is {y0[row, unit]:g}"
        )
    return y0
