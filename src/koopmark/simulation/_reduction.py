"""A network as r integrated coordinates and a null component in closed form."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import finite, of_width, real
from koopmark.systems import Network, NullFlow, System

Array = NDArray[np.float64]
EXPANDED_AT_ONCE = 1 << 16
"""Numbers in the matrices that are multiplied at once: small networks by the hundred."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """A network split into r integrated coordinates and its closed-form null component.

    The coordinates are carried as the column [a; 1] or, where the null component moves at a
    constant velocity v, [a; 1; t]. With ζ(x) = x - θ the constant takes θ along:

        y or x     = [Q θ v] [a; 1; t] + scale(t) z       z = P y(0)
        ȧ          = [-I 0 | S Rᵀ] [a; 1; h(x)]           relaxation
        ȧ          = [0 -Qᵀc 0 | S Rᵀ] [a; 1; t; h(x)]    drift
    """

    null: NullFlow

    @property
    def network(self) -> Network:
        return self.null.network

    @property
    def coordinates(self) -> int:
        """r, how many coordinates are integrated."""
        return self.network.rank

    @property
    def worthwhile(self) -> bool:
        """Whether integrating r coordinates is cheaper than all N: two N x r products or N x N."""
        return self.network.size > 2 * self.coordinates

    @property
    def by_unit(self) -> bool:
        """Whether ζ and h act unit by unit in a way that may be evaluated on a block of units."""
        return self.network.zeta.theta is not None and self.network.activation is not None

    @cached_property
    def lift(self) -> Array:
        """(N, r + 1) or (N, r + 2): from [a; 1] or [a; 1; t] to y, or to x where ζ is a shift."""
        n, theta = self.network.size, self.network.zeta.theta
        velocity = [] if self.null.velocity is None else [self.null.velocity]
        offset = np.broadcast_to(0.0 if theta is None else theta, n)
        columns = [self.network.weights.thin_qr[0], offset, *velocity]
        return np.ascontiguousarray(np.column_stack(columns))

    @cached_property
    def gather(self) -> Array:
        """(r, r + 1 + N) or (r, r + 2 + N): from [a; 1; h(x)] or [a; 1; t; h(x)] to ȧ."""
        weights = self.network.weights
        q, s = weights.thin_qr
        linear = self.linear_columns(q)
        unused = np.zeros((self.coordinates, self.lift.shape[1] - linear.shape[1]))
        return np.hstack([linear, unused, s @ weights.right.T])

    def linear_columns(self, basis: Array) -> Array:
        """(k, k + 1): from [a; 1] to Bᵀ linear(B a), B the basis (N, k)."""
        rates = self.null.rates
        constant = np.zeros(basis.shape[1]) if rates is None else -(basis.T @ rates)
        law = self.null.law
        factor = -law.decay if law.multiplier is None else law.multiplier
        return np.column_stack([factor * np.eye(basis.shape[1]), constant])

    def clock(self, t: Array) -> Array:
        """(1, ...) or (2, ...): the rows [1] or [1; t] that follow the coordinates."""
        ones = np.ones_like(t)
        return np.stack([ones] if self.null.velocity is None else [ones, t])

    def split(self, y: Array) -> tuple[Array, Array]:
        """Coordinates a (r, M) and null component z (M, N) of the states' y (M, N)."""
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
    ) -> None:
        """States x (m, T, n) of the given units from the coordinates (m, T, r).

        The times elapsed are those of all (T,) or of each (m, T). One product for each trajectory,
        in the precision of `out` where that is all there is to do.
        """
        zeta = self.network.zeta
        if zeta.theta is not None:
            self._expand_linear(samples, z[:, units], elapsed, out, self.lift[units])
            return
        # ζ⁻¹ is in float64, and may have parameters of its own for each unit: it takes all.
        for trajectory in range(len(z)):
            one = slice(trajectory, trajectory + 1)
            own = elapsed if elapsed.ndim == 1 else elapsed[one]
            y = np.empty((1, elapsed.shape[-1], self.network.size))
            self._expand_linear(samples[one], z[one], own, y, self.lift)
            out[one] = zeta.inverse(y, out=y)[..., units]

    def _expand_linear(
        self, samples: Array, z: NDArray, elapsed: Array, out: NDArray, lift: Array
    ) -> None:
        r, shared = self.coordinates, lift.T
        at_once = min(len(z), max(1, EXPANDED_AT_ONCE // max(1, shared.size)))
        weights = np.empty((at_once, elapsed.shape[-1], len(shared) + 1), out.dtype)
        clock, scale = np.moveaxis(self.clock(elapsed), 0, -1), self.null.scale(elapsed)
        if elapsed.ndim == 1:
            weights[:, :, r:-1], weights[:, :, -1] = clock, scale
        rows = np.empty((at_once, len(shared) + 1, shared.shape[1]), out.dtype)
        rows[:, :-1] = shared
        for start in range(0, len(z), at_once):
            part = slice(start, min(start + at_once, len(z)))
            count = part.stop - start
            weights[:count, :, :r] = samples[part]
            if elapsed.ndim == 2:
                weights[:count, :, r:-1], weights[:count, :, -1] = clock[part], scale[part]
            rows[:count, -1] = z[part]
            np.matmul(weights[:count], rows[:count], out=out[part])


def reduction(system: System) -> Reduction | None:
    """The split of a system into coordinates and null component; None where it has none."""
    null = system.null_flow
    return None if null is None else Reduction(null)


def null_component(system: System, initial_states: NDArray, t: ArrayLike) -> Array:
    """Exact value at time t of P ζ(x), the part of y = ζ(x) that the weights cannot reach.

    P is the orthogonal projector onto the left null space of the weights.

    Parameters
    ----------
    system : Relaxation or Drift
    initial_states : (..., N) array
        States x(0).
    t : float or array that broadcasts against (...)
        Time elapsed, in units of the decay time.

    Returns
    -------
    (..., N) array
        e^{-t} P ζ(x(0)) for the relaxation family, P ζ(x(0)) - t P c for the drift family.

    Raises
    ------
    ValueError
        If the system belongs to neither family.
    """
    flow = system.null_flow
    if flow is None:
        raise ValueError(f"the null component of a {type(system).__name__} has no closed form here")
    time, network = real(t, "t")[..., None], flow.network
    states = of_width(finite(initial_states, "initial_states"), system.size, "initial_states")
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
    """M trajectories of a network as the numbers that their states follow from exactly.

    They take r/N of the memory of the states, which `expand` gives back, some or all.

    Parameters
    ----------
    coordinates : (M, T, r) array
        a(t) = Qᵀ ζ(x(t)); NaN after the time at which a trajectory diverged.
    null : (M, N) array
        P ζ(x) at the first time, P the projector onto the left null space of the weights.
    times : (T,) or (M, T) array
        Increasing times, in units of the decay time, of all trajectories or of each.
    diverged_at : (M,) array
        Time at which the coordinates blew up; NaN where they did not.
    split : Reduction
        The network, as coordinates and null component.
    """

    coordinates: Array
    null: NDArray
    times: Array
    diverged_at: Array
    split: Reduction = field(repr=False)

    @property
    def system(self) -> Network:
        """The network that generated them."""
        return self.split.network

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """(M,) True for each trajectory that did not reach the last time."""
        return np.isfinite(self.diverged_at)

    def expand(
        self, trajectories: slice | NDArray = slice(None), units: slice | NDArray = slice(None)
    ) -> NDArray:
        """States (m, T, n) of the chosen trajectories and units, all of them by default."""
        coordinates, null = self.coordinates[trajectories], self.null[trajectories]
        count = len(np.arange(self.null.shape[1])[units])
        states = np.empty((*coordinates.shape[:2], count), self.null.dtype)
        elapsed = self.times - self.times[..., :1]
        if elapsed.ndim == 2:
            elapsed = elapsed[trajectories]
        with np.errstate(over="ignore", invalid="ignore"):
            self.split.expand(coordinates, null, elapsed, states, units)
        return states
