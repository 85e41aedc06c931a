"""Simulation of an ensemble from initial states at requested times."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from koopmark._arrays import check_finite, checked, real
from koopmark._errors import a
from koopmark.simulation._driven import (
    Feedback,
    HeldInputs,
    elapsed_of,
    inputs_of,
    takes_inputs,
)
from koopmark.simulation._ensemble import Ensemble, Samples, mapped
from koopmark.simulation._feedback import fed_back
from koopmark.simulation._integrator import Tolerance
from koopmark.simulation._processes import each_tile, one_blas_thread
from koopmark.simulation._reduction import ReducedTrajectories, reduction
from koopmark.simulation._times import times_of
from koopmark.simulation._trajectories import Trajectories
from koopmark.systems import StochasticSystem, System

Array = NDArray[np.float64]


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
    jobs: int = 1,
    inputs: ArrayLike | Feedback | None = None,
) -> Trajectories:
    """Simulate a trajectory of a system from each initial state.

    For networks of the relaxation and drift families only r coordinates of each trajectory are
    integrated. The null component P ζ(x(t)), from which the exact eigenfunctions are made, follows
    its closed form to rounding (docs/explanation/theory/exact_eigenfunctions.md), also with inputs.
    A map is iterated in the same coordinates. A system with a closed-form flow is evaluated by it,
    and every other system is integrated in its full state.

    Each trajectory has its own steps and error control, and steps to the times at which its own
    inputs change. Other trajectories in the batch change it by rounding only, or by less than the
    tolerance if rounding moves an error estimate across the limit.

    Parameters
    ----------
    system : System
    initial_states : (M, N) array_like
        Real states at the first time of each trajectory.
    times : (T,) or (M, T) array_like
        Increasing times of all trajectories or of each, in the unit of time of the system, with
        NaN after the end of shorter trajectories. They may have any spacing and start at any time,
        since no system depends on time. For a map they must be whole numbers of steps apart.
    rtol : float, optional
        Relative accuracy of the states, in the norm of a state: 1e-13 to 1e-2, by default 1e-9.
        Below 1e-11 rounding may limit the accuracy. In float32: 1e-5 (the default) to 1e-2. Maps
        are exact to rounding and ignore `rtol` and `atol`.
    atol : float, optional
        Absolute error of a state that is allowed in addition, zero by default.
    dtype : float64 or float32
        Type of the states. With float32 the network is evaluated in float32 as well if ζ is a
        shift, h acts unit by unit and reduced coordinates are integrated; the steps remain float64.
        The null component then follows its closed form to the rounding of float32.
    out : (M, T, N) array of that dtype, optional
        Array for the states, such as a memory map. It is written tile by tile, and no other array
        of this size is allocated.
    jobs : int
        Number of processes; the result has the same bits for any number. With more than one, worker
        processes compute, and threads of this process write the states. The first call starts the
        workers; they end after five minutes without a call. A script that defines its own system
        must guard its entry (`if __name__ == "__main__":`), and functions of a notebook must be in
        a module.
    inputs : (T, q) or (M, T, q) array_like, or callable, optional
        Inputs v of all trajectories or of each, held from each time to the next; zero by default.
        Inputs from the last time of a trajectory on have no effect and may be NaN. A callable is a
        feedback law: it takes the number of the interval and the states (M, N) at its start (NaN
        for trajectories that have ended or diverged), and returns the inputs (M, q) during the
        interval. With a feedback law only one process is used.

    Returns
    -------
    Trajectories
        States after the end of a trajectory are NaN. If a trajectory blows up or reaches a value
        that is not finite, `diverged_at` has its time, and later states are NaN. Blow-up means a
        norm above 1e150, or an error control that needs steps below 1e-14 of the time span. For a
        map the time is that of the last state within these bounds.

    Raises
    ------
    TypeError
        If `system` is not a System, or an argument has the wrong type.
    ValueError
        If shapes disagree, a value is complex or not finite, the times do not increase, a tolerance
        is out of range, an initial state is outside the domain of ζ, the times of a map are not
        whole steps apart, inputs are given to a system without inputs, a feedback law returns
        invalid inputs, or a system cannot be sent to another process.
    RuntimeError
        If a worker process dies.
    """
    x0, grid, ensemble = _prepared(system, initial_states, times, rtol, atol, dtype, jobs, inputs)
    shape = (len(x0), grid.shape[-1], system.size)
    states = np.empty(shape, ensemble.dtype) if out is None else out
    if states.shape != shape or states.dtype != ensemble.dtype:
        raise ValueError(
            f"out must be a {ensemble.dtype} array of shape {shape}, got {states.dtype} "
            f"{states.shape}"
        )
    stopped, held = np.full(len(x0), np.nan), _values(ensemble, shape)
    states[:, 0] = x0

    def expand(part: slice, samples: Samples) -> None:
        stopped[part] = ensemble.expand(samples, part, states[part, 1:])

    # Decaying states underflow to 0, which is no error even where the caller raises underflow.
    with one_blas_thread(), np.errstate(under="ignore"):
        if callable(inputs):
            stopped, held = fed_back(ensemble, x0, inputs, states)
        elif grid.shape[-1] > 1:
            each_tile(ensemble, x0, jobs, expand)
    return Trajectories(states, grid, grid[..., 0] + stopped, inputs=held, system=system)


@checked
def simulate_reduced(
    system: System,
    initial_states: ArrayLike,
    times: ArrayLike,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    dtype: DTypeLike = np.float64,
    jobs: int = 1,
    inputs: ArrayLike | None = None,
) -> ReducedTrajectories:
    """Simulate a network in its r coordinates and null component, without storing states.

    Parameters are those of `simulate`; `ReducedTrajectories.expand` gives the states.

    Raises
    ------
    TypeError
        If `system` is not a System, or an argument has the wrong type.
    ValueError
        As `simulate`, and if the system has no reduced coordinates.
    RuntimeError
        If a worker process dies.
    """
    if callable(inputs):
        raise TypeError(
            "a feedback law needs the states: use koopmark.simulate, whose inputs can be given here"
        )
    x0, grid, ensemble = _prepared(system, initial_states, times, rtol, atol, dtype, jobs, inputs)
    split = ensemble.split
    if split is None:
        raise ValueError(f"{a(type(system).__name__)} has no reduction: use koopmark.simulate")
    coordinates = np.empty((len(x0), grid.shape[-1], split.coordinates))
    null = np.empty(x0.shape, ensemble.dtype)
    stopped = np.full(len(x0), np.nan)

    def keep(part: slice, samples: Samples) -> None:
        coordinates[part], null[part] = samples.coordinates, samples.null
        stopped[part] = samples.stopped

    with one_blas_thread(), np.errstate(under="ignore"):
        each_tile(ensemble, x0, jobs, keep)
    for trajectory in np.flatnonzero(np.isfinite(stopped)):
        own = ensemble.elapsed_of(slice(trajectory, trajectory + 1))
        coordinates[trajectory, 1:][np.atleast_2d(own)[0] > stopped[trajectory]] = np.nan
    held = ensemble.held
    return ReducedTrajectories(
        coordinates,
        null,
        grid,
        grid[..., 0] + stopped,
        split,
        _values(ensemble, coordinates.shape),
        None if held is None else held.carried,
    )


def sample_paths(
    system: StochasticSystem, initial_states: ArrayLike, times: ArrayLike, rng: np.random.Generator
) -> Trajectories:
    """Draw a path of a stochastic system from each initial state by its transition density.

    The distribution is exact at the given times, whatever their spacing.

    `initial_states` (M, N) and `times`, (T,) or (M, T), are as for `simulate`; `rng` draws the
    noise. With times (M, T), the path of a trajectory does not depend on the times of others.

    Raises
    ------
    ValueError
        If shapes disagree, a value is complex or not finite, or the times do not increase.
    """
    x0 = initial_states_of(initial_states, system.size)
    grid = _grid(times, len(x0))
    states: Array = np.full((len(x0), grid.shape[-1], system.size), np.nan)
    if grid.ndim == 2:
        for m, own in enumerate(rng.spawn(len(x0))):
            known = np.isfinite(grid[m])
            path = sample_paths(system, x0[m : m + 1], grid[m, known], own)
            states[m, known] = path.states[0]
        return Trajectories(states, grid, system=system)
    states[:, 0] = x0
    for index, dt in enumerate(np.diff(grid)):
        states[:, index + 1] = system.transition(states[:, index], float(dt), rng)
    return Trajectories(states, grid, system=system)


def initial_states_of(states: ArrayLike, size: int, what: str = "initial_states") -> Array:
    """Convert to real, finite states (M, N) of a system; `what` names them in errors.

    Raises
    ------
    ValueError
        If the states have another shape, or are not real and finite.
    """
    array = real(states, what)
    if array.ndim != 2 or array.shape[1] != size:
        raise ValueError(f"{what} must have shape (M, N) with N = {size}, got {array.shape}")
    check_finite(array, what)
    return array


def _prepared(
    system: System,
    initial_states: ArrayLike,
    times: ArrayLike,
    rtol: float | None,
    atol: float | None,
    dtype: DTypeLike,
    jobs: int,
    inputs: ArrayLike | Feedback | None,
) -> tuple[Array, Array, Ensemble]:
    """Initial states, times and the ensemble, once all that was asked for has been checked."""
    x0 = initial_states_of(initial_states, System.expected(system, "simulate").size)
    grid, precision = _grid(times, len(x0)), np.dtype(dtype)
    tolerance = Tolerance.of(rtol, atol, precision)
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}: it must be 1 or more")
    elapsed, held = elapsed_of(system, grid), None
    if inputs is not None:
        takes_inputs(system)
    if inputs is not None and not callable(inputs):
        law = None if system.null_flow is None else system.null_flow.law
        held = HeldInputs.under(law, inputs_of(inputs, system, len(x0), grid), elapsed)
    split = reduction(system, driven=inputs is not None)
    ensemble = Ensemble(system, elapsed[..., 1:], tolerance, precision, split, held)
    if split is not None and split.network.zeta.theta is None:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            # A shift takes all states; of another map a bad one is refused before any work.
            mapped(split.network.zeta, x0)
    return x0, grid, ensemble


def _values(ensemble: Ensemble, shape: tuple[int, ...]) -> Array | None:
    """The inputs (M, T, q) of so many trajectories and times; None if the system takes none."""
    if ensemble.held is not None:
        return ensemble.held.values
    q = ensemble.system.inputs
    return np.zeros((*shape[:2], q)) if q else None


def _grid(times: ArrayLike, count: int) -> Array:
    """(T,) or (M, T) times of so many trajectories; in the second form each ends where NaN begin.

    Raises
    ------
    ValueError
        If there are times for other than `count` trajectories, a trajectory has no first time, or
        a time is missing before its last.
    """
    given, grid = np.shape(times), times_of(times)
    if len(given) == 2 and given[0] != count:
        raise ValueError(
            f"times must have shape (T,) or (M, T) with M = {count}, the number of initial "
            f"states, got {given}"
        )
    if grid.ndim == 2:
        missing = np.isnan(grid)
        wrong = missing[:, :1] | (missing[:, :-1] & ~missing[:, 1:]).any(axis=1, keepdims=True)
        if wrong.any():
            m = int(np.argmax(wrong))
            k = int(np.argmax(missing[m]))
            raise ValueError(
                f"times[{m}, {k}] is nan: each trajectory needs a first time, and none may be "
                "missing before its last"
            )
    return grid
