"""A network as r integrated coordinates and a null component in closed form."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, of_width, real
from koopmark._errors import a
from koopmark.simulation._driven import HeldInputs, elapsed_of, inputs_of
from koopmark.simulation._times import times_of
from koopmark.systems import Network, NullFlow, System

Array = NDArray[np.float64]
EXPANDED_AT_ONCE = 1 << 16
"""Numbers in the matrices that are multiplied at once: small networks by the hundred."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """A network split into r integrated coordinates and a null component in closed form.

    The coordinates are carried as the column [a; 1] or, where the null component moves at a
    constant velocity, [a; 1; t]. With ζ(x) = x - θ the constant takes θ along:

        y or x     = [Q θ velocity] [a; 1; t] + scale(t) z    z = P y(0)
        ȧ          = [-I 0 | S Rᵀ] [a; 1; h(x)]               relaxation, with μI a⁺ of a map
        ȧ          = [0 -Qᵀc 0 | S Rᵀ] [a; 1; t; h(x)]        drift

    Under inputs v the column has w, what the null component keeps of them (`_driven`), and v:

        y or x     = [… P B] [a; 1; (t); w] + scale(t) z
        ȧ or a⁺    = [… 0 QᵀB | S Rᵀ] [a; 1; (t); w; v; h(x)]
    """

    null: NullFlow
    driven: bool = False
    """Whether inputs are given; without, those that the network takes are zero and left out."""

    @property
    def network(self) -> Network:
        return self.null.network

    @property
    def coordinates(self) -> int:
        """Number r of integrated coordinates."""
        return self.network.rank

    @property
    def worthwhile(self) -> bool:
        """Whether integrating r coordinates is cheaper than integrating all N."""
        return self.network.size > 2 * self.coordinates

    @property
    def by_unit(self) -> bool:
        """Whether ζ and h act unit by unit and can be evaluated on a block of units."""
        return self.network.zeta.theta is not None and self.network.activation is not None

    @cached_property
    def lift(self) -> Array:
        """Matrix (N, r + 1 (+ 1) (+ q)) from [a; 1; (t); (w)] to y, or to x if ζ is a shift."""
        n, theta = self.network.size, self.network.zeta.theta
        velocity = [] if self.null.velocity is None else [self.null.velocity]
        offset = np.broadcast_to(0.0 if theta is None else theta, n)
        drive = [self.null.drive] if self.driven and self.null.drive is not None else []
        columns = [self.network.weights.thin_qr[0], offset, *velocity, *drive]
        return np.ascontiguousarray(np.column_stack(columns))

    @cached_property
    def gather(self) -> Array:
        """Matrix (r, r + 1 (+ 1) (+ 2q) + N) from [a; 1; (t); (w; v); h(x)] to ȧ or a map's a⁺."""
        weights = self.network.weights
        q, s = weights.thin_qr
        linear = self.linear_columns(q)
        unused = np.zeros((self.coordinates, self.lift.shape[1] - linear.shape[1]))
        return np.hstack([linear, unused, self.force(q), s @ weights.right.T])

    def force(self, basis: Array) -> Array:
        """Effect (k, q) of inputs on the velocity along a basis (N, k); (k, 0) without inputs."""
        weights = self.network.input_weights if self.driven else None
        return np.empty((basis.shape[1], 0)) if weights is None else basis.T @ weights

    def linear_columns(self, basis: Array) -> Array:
        """Matrix (k, k + 1) from [a; 1] to Eᵀ linear(E a), with E the basis (N, k)."""
        rates = self.null.rates
        constant = np.zeros(basis.shape[1]) if rates is None else -(basis.T @ rates)
        law = self.null.law
        factor = -law.decay if law.multiplier is None else law.multiplier
        return np.column_stack([factor * np.eye(basis.shape[1]), constant])

    def clock(self, t: Array) -> Array:
        """The rows [1] or [1; t] that follow the coordinates, of shape (1, ...) or (2, ...)."""
        ones = np.ones_like(t)
        return np.stack([ones] if self.null.velocity is None else [ones, t])

    def null_after(self, z: NDArray, elapsed: Array, v: Array) -> NDArray:
        """Null component (M, N) after elapsed times (M,), from z and held inputs (M, q)."""
        null, t = self.null, elapsed[:, None]
        after = null.scale(t) * z
        if null.velocity is not None:
            after += t * null.velocity
        return after if null.drive is None else after + (null.law.gain(t) * v) @ null.drive.T

    def split(self, y: Array) -> tuple[Array, Array]:
        """Coordinates a (r, M) and null components z (M, N) of y (M, N)."""
        q = self.network.weights.thin_qr[0]
        a = y @ q
        z = a @ q.T
        return a.T.copy(), np.subtract(y, z, out=z)

    def expand(
        self,
        samples: Array,
        z: NDArray,
        elapsed: Array,
        out: NDArray,
        units: slice | NDArray = slice(None),
        carried: Array | None = None,
    ) -> None:
        """States x (m, T, n) of the given units from the coordinates (m, T, r).

        The times elapsed are those of all (T,) or of each (m, T); `carried` is w (m, T, q) at them.
        One product for each trajectory, in the precision of `out` where that is all there is to do.
        """
        zeta = self.network.zeta
        if carried is None:
            carried = np.empty((*samples.shape[:2], 0))
        if zeta.theta is not None:
            self._expand_linear(samples, z[:, units], elapsed, carried, out, self.lift[units])
            return
        # ζ⁻¹ is in float64, and may have parameters of its own for each unit: it takes all.
        for trajectory in range(len(z)):
            one = slice(trajectory, trajectory + 1)
            own = elapsed if elapsed.ndim == 1 else elapsed[one]
            y = np.empty((1, elapsed.shape[-1], self.network.size))
            self._expand_linear(samples[one], z[one], own, carried[one], y, self.lift)
            out[one] = zeta.inverse(y, out=y)[..., units]

    def _expand_linear(
        self,
        samples: Array,
        z: NDArray,
        elapsed: Array,
        carried: Array,
        out: NDArray,
        lift: Array,
    ) -> None:
        r, shared, w = self.coordinates, lift.T, lift.shape[1] - carried.shape[2]
        at_once = min(len(z), max(1, EXPANDED_AT_ONCE // max(1, shared.size)))
        weights = np.empty((at_once, elapsed.shape[-1], len(shared) + 1), out.dtype)
        clock, scale = np.moveaxis(self.clock(elapsed), 0, -1), self.null.scale(elapsed)
        if elapsed.ndim == 1:
            weights[:, :, r:w], weights[:, :, -1] = clock, scale
        rows = np.empty((at_once, len(shared) + 1, shared.shape[1]), out.dtype)
        rows[:, :-1] = shared
        for start in range(0, len(z), at_once):
            part = slice(start, min(start + at_once, len(z)))
            count = part.stop - start
            weights[:count, :, :r] = samples[part]
            weights[:count, :, w:-1] = carried[part]
            if elapsed.ndim == 2:
                weights[:count, :, r:w], weights[:count, :, -1] = clock[part], scale[part]
            rows[:count, -1] = z[part]
            np.matmul(weights[:count], rows[:count], out=out[part])


def reduction(system: System, driven: bool = False) -> Reduction | None:
    """The split of a system into coordinates and null component; None if it has none."""
    null = system.null_flow
    return None if null is None else Reduction(null, driven)


def null_component(
    system: System,
    initial_states: NDArray,
    t: ArrayLike,
    inputs: ArrayLike | None = None,
) -> Array:
    """Exact value at time t of the null component P ζ(x), which the weights cannot reach.

    P is the orthogonal projector onto the left null space of the weights.

    Parameters
    ----------
    system : Relaxation, RelaxationMap or Drift
    initial_states : (..., N) array
        States x(0).
    t : float or array that broadcasts against (...)
        Elapsed time, in units of the decay time, or steps of a map. With inputs: times (T,) or
        (M, T) as for `simulate`, the first of which is that of the initial states (M, N).
    inputs : (T, q) or (M, T, q) array_like, optional
        Inputs v, held from each time to the next.

    Returns
    -------
    (..., N) array
        e^{-t} P ζ(x(0)) for the relaxation family, μᵗ P ζ(x(0)) for its maps, P ζ(x(0)) - t P c for
        the drift family. With inputs the shape is (M, T, N), and P B w(t) is added, where w obeys
        the same law from zero.

    Raises
    ------
    ValueError
        If the system belongs to neither family, or shapes disagree.
    """
    flow = system.null_flow
    if flow is None:
        raise ValueError(
            f"the null component of {a(type(system).__name__)} has no closed form here"
        )
    time, network = real(t, "t")[..., None], flow.network
    states = of_width(finite(initial_states, "initial_states"), system.size, "initial_states")
    if inputs is not None:
        grid = times_of(t)
        if states.ndim != 2 or (grid.ndim == 2 and len(grid) != len(states)):
            raise ValueError(
                "with inputs, initial_states must have shape (M, N) and t (T,) or (M, T), got "
                f"{states.shape} and {grid.shape}"
            )
        elapsed = elapsed_of(system, grid)
        held = HeldInputs.under(flow.law, inputs_of(inputs, system, len(states), grid), elapsed)
        along = null_component(system, states[:, None], elapsed)
        return along if flow.drive is None else along + held.carried @ flow.drive.T
    if not _broadcasts(time.shape[:-1], states.shape[:-1]):
        raise ValueError(
            f"t of shape {time.shape[:-1]} does not broadcast against {states.shape[:-1]} states"
        )
    y = network.zeta(states)
    null = flow.scale(time) * network.weights.null_space.project(y)
    return null if flow.velocity is None else null + time * flow.velocity


def _broadcasts(*shapes: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, eq=False)
class ReducedTrajectories:
    """Trajectories of a network as coordinates and null components, without states.

    They take r/N of the memory of the states; `expand` gives all or some of these.

    Parameters
    ----------
    coordinates : (M, T, r) array
        a(t) = Qᵀ ζ(x(t)); NaN after the time at which a trajectory diverged.
    null : (M, N) array
        P ζ(x) at the first time, P the projector onto the left null space of the weights.
    times : (T,) or (M, T) array
        Increasing times, in units of the decay time, of all trajectories or of each.
    diverged_at : (M,) array
        Time at which the coordinates blew up; NaN if they did not.
    split : Reduction
        The network as coordinates and null component.
    inputs : (M, T, q) array, optional
        Inputs v, held from each time to the next; None without inputs.
    carried : (M, T, q) array, optional
        w: P ζ(x) is the null component without inputs and P B w.
    """

    coordinates: Array
    null: NDArray
    times: Array
    diverged_at: Array
    split: Reduction = field(repr=False)
    inputs: Array | None = None
    carried: Array | None = None

    @property
    def system(self) -> Network:
        """The simulated network."""
        return self.split.network

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """Whether (M,) each trajectory stopped before the last time."""
        return np.isfinite(self.diverged_at)

    def expand(
        self, trajectories: slice | NDArray = slice(None), units: slice | NDArray = slice(None)
    ) -> NDArray:
        """States (m, T, n) of the chosen trajectories and units; by default all."""
        coordinates, null = self.coordinates[trajectories], self.null[trajectories]
        count = len(np.arange(self.null.shape[1])[units])
        states = np.empty((*coordinates.shape[:2], count), self.null.dtype)
        elapsed = elapsed_of(self.system, self.times)
        if elapsed.ndim == 2:
            elapsed = elapsed[trajectories]
        carried = None if self.carried is None else self.carried[trajectories]
        with np.errstate(over="ignore", invalid="ignore"):
            self.split.expand(coordinates, null, elapsed, states, units, carried)
        return states
