"""Residuals of recovered pairs on test trajectories: the deviation from φ(x⁺) = e^{λΔt} φ(x).

Of a map it is φ(x⁺) = μ φ(x), and inputs add what the model says of them. A model is fitted to
states one training interval `dt` apart, of `channels` variables. A test set may be sampled
otherwise: then its own interval is Δt.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.datasets.answer_key import AnswerKey, Quadrature
from koopmark.models import Model
from koopmark.scoring._plane import FLOW, ROUNDING, Plane
from koopmark.scoring._subspaces import keeps_every_direction, level_columns, sum_of_squares
from koopmark.scoring._test_set import TestSet
from koopmark.simulation import SAME_INTERVAL, Trajectories, check_range
from koopmark.truth import Eigenspace

CLUSTER_RADIUS = 0.05
"""Recovered eigenvalues within this distance of a target, per unit of time, form its cluster; a
function that disobeys its eigenvalue at a higher rate is none of its eigenfunctions."""
MOST_EXPECTATIONS = 300
"""Test points at which the expectation over the next state is taken."""


def finite_ones(trajectories: Trajectories) -> tuple[Trajectories, str]:
    """The trajectories whose recorded states are finite, and a note if there are others.

    Those that diverged, hold an infinite value or were recorded nowhere are left out.

    Raises
    ------
    ValueError
        If there is none.
    """
    finite = ~trajectories.diverged & trajectories.recorded.mask.any(axis=1)
    finite &= np.array([not np.isinf(one).any() for one in trajectories.states], dtype=bool)
    if finite.all() and len(finite):
        return trajectories, ""
    if not finite.any():
        held = (
            f"all {len(finite)} diverged, or hold no finite value" if len(finite) else "none given"
        )
        raise ValueError(f"no test trajectory to score on: {held}")
    lost = f"{int(np.sum(~finite))} of {len(finite)} test trajectories"
    return trajectories[finite], f"{lost} diverged or hold a value that is not finite: left out"


def check_channels(model: Model, states: NDArray, size: int | None = None) -> None:
    """Raise ValueError if states (..., N) do not fit the model or a system of this size.

    And those that are constant or of a scale at which nothing can be computed.

    Raises
    ------
    ValueError
        If the numbers of variables differ, or as `check_range` says.
    """
    n, fitted = states.shape[-1], model.channels
    if size is not None and size != n:
        raise ValueError(f"the test states have {n} variables, the system has {size}")
    if fitted is not None and fitted != n:
        raise ValueError(f"the test states have {n} variables, the model was fitted to {fitted}")
    if states.size:
        rows = states.reshape(-1, n)
        # fmin and fmax pass over what was not recorded.
        check_range(np.fmin.reduce(rows), np.fmax.reduce(rows), "the test data")


def check_inputs(key: AnswerKey, test: Trajectories) -> None:
    """Raise ValueError for test data without the inputs of the system.

    Raises
    ------
    ValueError
        If there are none, or another number of them, or some are not known.
    """
    if key.inputs and test.inputs is None:
        raise ValueError(
            f"the system is moved by {key.inputs} inputs and the test set has none: give those "
            "held from each state on, as koopmark.Trajectories(states, times, inputs=...)"
        )
    if test.inputs is None:
        return
    if key.inputs and test.inputs.shape[2] != key.inputs:
        raise ValueError(
            f"the test set has {test.inputs.shape[2]} inputs, the system takes {key.inputs}"
        )
    check_finite_inputs(test)


def check_finite_inputs(data: Trajectories) -> None:
    """Raise ValueError if an input between two recorded states is missing.

    Raises
    ------
    ValueError
        If there are such.
    """
    if not np.isfinite(data.held()).all():
        raise ValueError(
            "inputs are not finite between states that were recorded: leave out "
            "what was recorded there, as NaN in the states"
        )


def misplaced(model: Model, test: Trajectories) -> str:
    """Why windows of the test set do not suit the model; empty if they do.

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
    dt: float,
    eigenvalues: NDArray[np.complex128],
    rates: NDArray[np.float64],
    plane: Plane = FLOW,
) -> float:
    """Frequency π/Δt up to which a model can tell eigenvalues apart.

    Frequencies 2π/Δt apart give the same states. A model that has eigenvalues beyond π/Δt, with
    functions that obey them, has them from elsewhere, such as the vector field: it knows no bound,
    and that is infinite.

    `dt` is Δt of the training data; if no rate at which pairs disobey their eigenvalues is known
    every eigenvalue counts.
    """
    limit = np.pi / dt
    obeying = np.isfinite(eigenvalues) & ((rates <= CLUSTER_RADIUS) | np.isnan(rates).all())
    frequencies = np.abs(plane.frequencies(eigenvalues)[obeying])
    return np.inf if (frequencies > limit * (1.0 + ROUNDING)).any() else float(limit)


@dataclass(frozen=True, eq=False)
class Along:
    """Values of s functions along M trajectories; for processes, their expectations over a step.

    Parameters
    ----------
    values : (M, T, s) array
        At times `dt` apart; T = 1 if none follows another.
    dt : float
    plane : Plane
        That of eigenvalues.
    forced : (M, T - 1, s) array, optional
        What inputs add to each function from one time to the next; None for nothing.
    origins : int, optional
        Of how many trajectories the values are, if not of M.
    """

    values: NDArray
    dt: float
    plane: Plane = FLOW
    forced: NDArray | None = None
    origins: int | None = None

    @property
    def trajectories(self) -> int:
        """Number of trajectories."""
        return self.origins or len(self.values)

    @property
    def steps(self) -> int:
        """Number T - 1 of steps."""
        return self.values.shape[1] - 1

    def of(self, functions: NDArray[np.intp] | NDArray[np.bool_]) -> "Along":
        """The values of some of the functions."""
        forced = None if self.forced is None else self.forced[:, :, functions]
        return replace(self, values=self.values[:, :, functions], forced=forced)

    def alone(self) -> "Along":
        """The same values without the effect of inputs."""
        return replace(self, forced=None)

    def residuals(self, eigenvalues: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Residual ‖φ(x⁺) - μ φ(x) - forced‖ / ‖φ(x)‖ of each pair over all snapshot pairs.

        μ is e^{λΔt}, or that of a map. NaN if no time follows another.
        """
        if not self.steps:
            return np.full(len(eigenvalues), np.nan)
        missed, size = np.zeros((2, len(eigenvalues)))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            values = level_columns(self.values)
            forced = self.forced
            if forced is not None:
                forced = level_columns(forced, like=self.values)
            step = self.plane.over(eigenvalues, self.dt)
            for place, along in enumerate(values):
                rest = along[1:] - step * along[:-1]
                missed += sum_of_squares(rest if forced is None else rest - forced[place])
                size += sum_of_squares(along[:-1])
            ratio = np.sqrt(missed / size)
        return np.where(np.isfinite(ratio), ratio, np.inf)

    def rates(self, eigenvalues: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Rate at which each function violates its eigenvalue (see `Plane.rates`)."""
        return self.plane.rates(self.residuals(eigenvalues), eigenvalues, self.dt)

    def largest_rate(self, eigenvalue: complex) -> float:
        """Largest rate at which a combination of the functions violates this eigenvalue.

        Infinite if the functions are not independent here.
        """
        values, count = self.values, self.values.shape[2]
        here = values[:, :-1].reshape(-1, count)
        missed = values[:, 1:] - self.plane.over(np.array([eigenvalue]), self.dt) * values[:, :-1]
        if self.forced is not None:
            missed = missed - self.forced
        here, missed = level_columns(here), level_columns(missed.reshape(-1, count), like=here)
        norms = np.linalg.norm(here, axis=0)
        if not norms.all():
            return np.inf
        triangle = triangle_of(here / norms)
        if not keeps_every_direction(triangle):
            return np.inf
        rest = triangle_of(missed / norms)
        largest = np.linalg.norm(solve_triangular(triangle, rest.T, trans="T"), 2)
        return float(self.plane.rates(np.array(largest), eigenvalue, self.dt))


def converted(
    forced: NDArray,
    eigenvalues: NDArray[np.complex128],
    own: float,
    dt: float,
    plane: Plane,
) -> NDArray:
    """Effect (..., s) of inputs over the interval `dt`, from that over the model's `own`.

    Exact for φ̇ = λφ + b v, so for all that gains say. Of others, as of products, it is the leading
    order: they are off by about |λ| (dt - own) of the response.
    """
    if not abs(dt - own) > SAME_INTERVAL * own:
        return forced
    with np.errstate(all="ignore"):
        ratio = plane.held(eigenvalues, dt) / plane.held(eigenvalues, own)
    ratio = np.where(np.isfinite(ratio), ratio, 1.0)
    return forced * (ratio if ratio.imag.any() else ratio.real)


def expected_pairs(
    functions: Callable[[NDArray], NDArray],
    quadrature: Quadrature,
    test: Trajectories,
    window: int = 1,
) -> NDArray:
    """Values φ(x) and expectations E[φ(X⁺) | x] of functions of a process, as (Q, 2, s).

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
    space: Eigenspace, quadrature: Quadrature | None, test: TestSet, plane: Plane = FLOW
) -> tuple[float, float]:
    """Largest residual of the functions of a target, and its bound if they are not exact.

    |φ(x⁺) - e^{-Δt}φ(x)| <= (1 - e^{-Δt}) b with b the bound on the generator: over P pairs the
    residual is at most √P (1 - e^{-Δt}) b / ‖φ(x)‖. Under inputs it is how far φ(x⁺) is from its
    exact value under those that are held.
    """
    data, eigenvalues = test.data, np.full(space.dimension, space.eigenvalue)
    if quadrature is not None:
        pairs = expected_pairs(lambda windows: space.evaluate(windows[:, -1]), quadrature, data)
        return float(Along(pairs, data.dt, plane).residuals(eigenvalues).max()), 0.0
    if data.regular:
        here = test.whole[:, :-1]
        values = space.evaluate(test.whole)
    else:
        both = test.whole_pairs
        here = both[0][:, None]
        values = np.stack([space.evaluate(states) for states in both], axis=1)
        if not len(values):
            return np.nan, np.nan
    bound, forced = 0.0, None
    if not space.exact:
        size = np.sqrt(np.mean(values[:, :-1] ** 2, axis=(0, 1)))
        bound = float(np.max(space.deviation_bounds(data.dt) / size))
    if data.inputs is not None:
        held = data.held().reshape(*here.shape[:2], -1)
        forced = space.advanced(here, held, data.dt) - space.advanced(here, None, data.dt)
    along = Along(values, data.dt, plane, forced)
    return float(along.residuals(eigenvalues).max()), bound
