"""A network as r integrated coordinates and a null component in closed form."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation.null_component import NullFlow, null_flow
from koopmark.systems import Activation, Drift, Network, Shift, System

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

    network: Network
    null: NullFlow

    @property
    def coordinates(self) -> int:
        """r, how many coordinates are integrated."""
        return self.network.weights.rank

    @property
    def worthwhile(self) -> bool:
        """Whether integrating r coordinates is cheaper than all N: two N x r products or N x N."""
        return self.network.size > 2 * self.coordinates

    @property
    def by_unit(self) -> bool:
        """Whether ζ and h act unit by unit in a way that may be evaluated on a block of units."""
        return isinstance(self.network.zeta, Shift) and isinstance(
            self.network.coupling, Activation
        )

    @cached_property
    def lift(self) -> Array:
        """(N, r + 1) or (N, r + 2): from [a; 1] or [a; 1; t] to y, or to x where ζ is a shift."""
        n, zeta = self.network.size, self.network.zeta
        theta = np.broadcast_to(zeta.theta if isinstance(zeta, Shift) else 0.0, n)
        velocity = [] if self.null.velocity is None else [self.null.velocity]
        columns = [self.network.weights.thin_qr[0], theta, *velocity]
        return np.ascontiguousarray(np.column_stack(columns))

    @cached_property
    def gather(self) -> Array:
        """(r, r + 1 + N) or (r, r + 2 + N): from [a; 1; h(x)] or [a; 1; t; h(x)] to ȧ."""
        weights, r = self.network.weights, self.coordinates
        q, s = weights.thin_qr
        linear = linear_columns(self.network, q)
        unused = np.zeros((r, self.lift.shape[1] - linear.shape[1]))
        return np.hstack([linear, unused, s @ weights.right.T])

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

        One product for each trajectory, in the precision of `out` where that is all there is to do.
        """
        zeta = self.network.zeta
        if not isinstance(zeta, Shift):
            # ζ⁻¹ is in float64, and may have parameters of its own for each unit: it takes all.
            for trajectory in range(len(z)):
                one = slice(trajectory, trajectory + 1)
                y = np.empty((1, len(elapsed), self.network.size))
                self._expand_linear(samples[one], z[one], elapsed, y, self.lift)
                out[one] = zeta.inverse(y, out=y)[..., units]
            return
        self._expand_linear(samples, z[:, units], elapsed, out, self.lift[units])

    def _expand_linear(
        self, samples: Array, z: NDArray, elapsed: Array, out: NDArray, lift: Array
    ) -> None:
        r, shared = self.coordinates, lift.T
        at_once = min(len(z), max(1, EXPANDED_AT_ONCE // max(1, shared.size)))
        weights = np.empty((at_once, len(elapsed), len(shared) + 1), out.dtype)
        weights[:, :, r:-1] = self.clock(elapsed).T
        weights[:, :, -1] = self.null.scale(elapsed)
        rows = np.empty((at_once, len(shared) + 1, shared.shape[1]), out.dtype)
        rows[:, :-1] = shared
        for start in range(0, len(z), at_once):
            part = slice(start, min(start + at_once, len(z)))
            count = part.stop - start
            weights[:count, :, :r] = samples[part]
            rows[:count, -1] = z[part]
            np.matmul(weights[:count], rows[:count], out=out[part])


def reduction(system: System) -> Reduction | None:
    """The split of a system into coordinates and null component; None where it has none."""
    if not isinstance(system, Network):
        return None
    null = null_flow(system)
    return None if null is None else Reduction(system, null)


def linear_columns(network: Network, basis: Array) -> Array:
    """(k, k + 1): from [a; 1] to the coordinates Bᵀ linear(B a) = -a or -Bᵀ c."""
    k = basis.shape[1]
    if isinstance(network, Drift):
        return np.column_stack([np.zeros((k, k)), -(basis.T @ network.rates)])
    return -np.eye(k, k + 1)
