"""Right-hand sides for a whole ensemble, at O(N r) cost per state and without allocations.

With the thin QR factors L = Q S of the weights W = L Rᵀ and y = ζ(x), write y = Q a + n(t), n the
null component in closed form. Only the r coordinates a = Qᵀ y need integration:

    ȧ = Qᵀ linear(y) + S Rᵀ h(ζ⁻¹(Q a + n(t)))

If N <= 2r, one product with W itself is cheaper than two with its factors: then all of y is
integrated, and its null component replaced by the closed form afterwards. The same right-hand sides
give a⁺ of a map. Inputs add Qᵀ B v to the velocity, and P B w to the null component.

Arrays hold one trajectory per column ("lane"), each lane at its own time: what is particular to a
trajectory then multiplies along contiguous memory.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm, sgemm

from koopmark.simulation._driven import LaneInputs
from koopmark.simulation._reduction import Reduction
from koopmark.systems import Network, System

Array = NDArray[np.float64]
NULL_SHARE = 1e-3
"""Share of the null component in the size that errors are relative to: keeps a ≈ 0 from asking
for more digits than rounding leaves. In float32 all of it counts."""
NEURONS_A_ROW, SHORT_ROW = 16, 128
"""Rows of fewer lanes than that are multiplied 16 at a time: NumPy's loops are costly to enter."""


class RightHandSide(Protocol):
    """The velocity or next state of each trajectory's coordinates, and their size."""

    timed: bool
    """Whether the velocity depends on the clock."""

    def clock(self, t: Array, /) -> Array:
        """Time-dependent terms of the velocity at elapsed times `t`, for many stages at once."""

    def __call__(self, clock: Array, a: Array, out: Array, /) -> Array:
        """Velocity (k, m) of the coordinates `a` (k, m) at the clock (m,)."""

    def size(self, clock: Array, a: Array, /) -> Array:
        """Size (m,) that the relative error of the coordinates refers to."""

    def keep(self, lanes: NDArray[np.intp]) -> None:
        """Keep only these lanes."""


class Switches(Protocol):
    """The times at which the inputs of a right-hand side change."""

    @property
    def until(self) -> Array:
        """Elapsed time (m,) of the next change of inputs; infinite if there is none."""

    def switch(self, arrived: NDArray[np.bool_], t: Array, a: Array, velocity: Array, /) -> None:
        """Change the inputs of the lanes that `arrived`, and update their `velocity` (k, m)."""


class DrivenRHS(RightHandSide, Switches, Protocol):
    """A right-hand side with optional inputs."""

    held: LaneInputs | None
    """Those of each lane; None without inputs, where nothing switches."""


class _Until:
    """When the inputs of each lane change."""

    held: LaneInputs | None

    @property
    def until(self) -> Array:
        return np.array(np.inf) if self.held is None else self.held.until


class _Block(NamedTuple):
    """A block of neurons: views of what belongs to it, made once for many evaluations."""

    x: Array
    lift: Array
    gather: Array
    rows: Array
    """x again, several neurons a row."""
    z: Array
    """The null component, likewise."""
    clock: Array
    """(row,) the factors on z, repeated for each neuron of a row."""


class ReducedRHS(_Until):
    """Velocity ȧ of m lanes of a network in its reduced coordinates, by blocks of neurons.

    `z` (N, m) is the null component at time zero. The only buffer is the column
    [a; 1; (t); (w; v); x of a block], which θ, -a, c and inputs enter as extra columns of the two
    products. Where `z` is float32 the neurons are evaluated in float32; coordinates and velocities
    stay float64.
    """

    timed = True

    def __init__(
        self, split: Reduction, z: Array, block: int, held: LaneInputs | None = None
    ) -> None:
        self._split = split
        self._network = split.network
        self.held = held
        n, self._lifted = self._network.size, split.lift.shape[1]
        # Rows before x, of which those of v are not lifted.
        self._clock = split.gather.shape[1] - n
        self._moves = split.null.velocity is not None
        self._slices = [slice(start, min(start + block, n)) for start in range(0, n, block)]
        self._lift = split.lift.astype(z.dtype, copy=False)
        self._gather = [
            np.ascontiguousarray(columns, dtype=z.dtype)
            for columns in np.split(
                split.gather, range(self._clock + block, self._clock + n, block), axis=1
            )
        ]
        self._memory = np.zeros((self._clock + min(block, n)) * z.shape[1], z.dtype)
        self._null_share = NULL_SHARE if z.dtype == np.float64 else 1.0
        self._own: Array | None = None if self._network.activation else np.empty(z.shape)
        self._force = split.force(self._network.weights.thin_qr[0])
        drive = split.null.drive
        self._gram = None if held is None or drive is None else drive.T @ drive
        self._use(z)

    def _use(self, z: Array) -> None:
        m = z.shape[1]
        self._z = z
        self._z_norm = np.sqrt(np.einsum("nm,nm->m", z, z)).astype(float)
        self._column = self._memory.reshape(-1, m)
        own = self._split.clock(np.zeros(m))
        self._carried = self._split.coordinates + len(own)
        self._column[self._split.coordinates : self._carried] = own
        if self.held is not None:
            self._column[self._lifted : self._clock] = self.held.v
        self._head = self._column[: self._lifted]
        states = self._column[self._clock :]
        self._clocks = np.zeros((NEURONS_A_ROW if m < SHORT_ROW else 1, m), z.dtype)
        self._blocks = [
            self._block(states[: part.stop - part.start], part, gather)
            for part, gather in zip(self._slices, self._gather, strict=True)
        ]

    def _block(self, x: Array, part: slice, gather: Array) -> _Block:
        clock = self._clocks if len(x) % len(self._clocks) == 0 else self._clocks[:1]
        rows, z = x.reshape(-1, clock.size), self._z[part].reshape(-1, clock.size)
        return _Block(x, self._lift[part], gather, rows, z, clock.reshape(-1))

    def keep(self, lanes: NDArray[np.intp]) -> None:
        self._memory = self._memory[: len(self._column) * len(lanes)]
        if self._own is not None:
            self._own = np.empty((self._network.size, len(lanes)))
        if self.held is not None:
            self.held.keep(lanes)
        self._use(self._z.take(lanes, axis=1))

    def clock(self, t: Array) -> Array:
        """The time or scale(t) (..., m); with inputs (..., 1 + q, m), w below it."""
        own = t if self._moves else self._split.null.scale(t)
        if self.held is not None:
            own = np.concatenate([own[..., None, :], self.held.carried(t)], axis=-2)
        return own.astype(self._z.dtype, copy=False)

    def switch(self, arrived: NDArray[np.bool_], _t: Array, _a: Array, velocity: Array, /) -> None:
        """Update the velocity after a change of inputs, without a new evaluation."""
        if self.held is not None:
            velocity += self._force @ self.held.advance(arrived)
            self._column[self._lifted : self._clock] = self.held.v

    def __call__(self, clock: Array, a: Array, out: Array) -> Array:
        self._set(clock, a)
        velocity = out if out.dtype == self._z.dtype else np.empty(out.shape, self._z.dtype)
        for block in self._blocks:
            x = self._states(block)
            if self._own is None:
                self._network.coupling(x, out=x)
            else:
                self._network.coupling(x.T, out=self._own.T)
                x[:] = self._own
            if block is self._blocks[0]:
                np.dot(block.gather, self._column, out=velocity)
            else:
                _add_product(block.gather, x, velocity)
        if velocity is not out:
            out[:] = velocity
        return out

    def size(self, clock: Array, a: Array) -> Array:
        """Norm ‖a‖ and a share of the null component, less where ζ⁻¹ magnifies errors."""
        own = clock if self.held is None else clock[0]
        null = self._z_norm if self._moves else own * self._z_norm
        if self._gram is not None:
            w = clock[1:]
            null = null + np.sqrt(np.maximum(np.einsum("qm,qp,pm->m", w, self._gram, w), 0.0))
        size = np.hypot(np.sqrt(np.einsum("km,km->m", a, a)), self._null_share * null)
        if self._network.zeta.theta is not None:
            return size
        self._set(clock, a)
        return np.minimum(size, _size_of_states(self._network, self._states(self._blocks[0])))

    def _set(self, clock: Array, a: Array) -> None:
        r = self._split.coordinates
        self._column[:r] = a
        if self.held is not None:
            self._column[self._carried : self._lifted] = clock[1:]
            clock = clock[0]
        self._clocks[:] = clock
        if self._moves:
            self._column[r + 1] = clock

    def _states(self, block: _Block) -> Array:
        """x of a block of neurons (or of all), written below the coordinates."""
        if self._moves:
            np.copyto(block.rows, block.z)
        else:
            np.multiply(block.z, block.clock, out=block.rows)
        _add_product(block.lift, self._head, block.x)
        if self._network.zeta.theta is None:
            self._network.zeta.inverse(block.x.T, out=block.x.T)
        return block.x


class FullRHS(_Until):
    """Velocity ẏ = linear(y) + W h(ζ⁻¹(y)) of m lanes in all N coordinates, used for N <= 2r.

    One product with [-I 0 (B) | W] or [0 -c (B) | W] and the column [y; 1; (v); h(x)].
    """

    timed = False

    def __init__(self, split: Reduction, lanes: int, held: LaneInputs | None = None) -> None:
        self._network = split.network
        self.held = held
        n, theta = self._network.size, self._network.zeta.theta
        linear, self._force = split.linear_columns(np.eye(n)), split.force(np.eye(n))
        self._gather = np.hstack([linear, self._force, self._network.weights.dense()])
        self._shift = theta is not None
        self._theta: Array | None = None
        if theta is not None and theta.any():
            self._theta = np.broadcast_to(theta, n)[:, None]
        self._memory = np.zeros(self._gather.shape[1] * lanes)
        self._use(lanes)

    def _use(self, lanes: int) -> None:
        n, rows = self._network.size, self._gather.shape[1]
        self._column = self._memory[: rows * lanes].reshape(-1, lanes)
        self._y, self._x = self._column[:n], self._column[-n:]
        self._column[n] = 1.0
        if self.held is not None:
            self._column[n + 1 : -n] = self.held.v

    def switch(self, arrived: NDArray[np.bool_], _t: Array, _a: Array, velocity: Array, /) -> None:
        if self.held is not None:
            velocity += self._force @ self.held.advance(arrived)
            self._column[len(velocity) + 1 : -len(velocity)] = self.held.v

    def keep(self, lanes: NDArray[np.intp]) -> None:
        if self.held is not None:
            self.held.keep(lanes)
        self._use(len(lanes))

    def clock(self, t: Array) -> Array:
        return t

    def __call__(self, _clock: Array, a: Array, out: Array) -> Array:
        np.copyto(self._y, a)
        x = self._states(a)
        if self._network.activation is not None:
            self._network.activation.value(x, out=self._x)
        else:
            self._x[:] = self._network.coupling(x.T).T
        return np.dot(self._gather, self._column, out=out)

    def size(self, _clock: Array, a: Array) -> Array:
        """Norm ‖y‖, less where ζ⁻¹ magnifies errors."""
        size = np.sqrt(np.einsum("km,km->m", a, a))
        if self._shift:
            return size
        return np.minimum(size, _size_of_states(self._network, self._states(a)))

    def _states(self, y: Array) -> Array:
        """x of y: y itself if they are the same."""
        x = self._x
        if self._shift:
            return y if self._theta is None else np.add(y, self._theta, out=x)
        self._network.zeta.inverse(y.T, out=x.T)
        return x


class SystemRHS(_Until):
    """Velocity of any system, or next state of a map, by its own `rhs`."""

    timed = False

    def __init__(self, system: System, lanes: int, held: LaneInputs | None = None) -> None:
        self._system = system
        self.held = held
        self._states, self._velocities = np.empty((2, lanes, system.size))

    def clock(self, t: Array) -> Array:
        return t

    def __call__(self, _clock: Array, a: Array, out: Array) -> Array:
        np.copyto(self._states, a.T)
        if self.held is None:
            velocity = self._system.rhs(self._states, out=self._velocities)
        else:
            velocity = self._system.driven(self._states, self.held.v.T)
        np.copyto(out, velocity.T)
        return out

    def size(self, _clock: Array, a: Array) -> Array:
        return np.sqrt(np.einsum("km,km->m", a, a))

    def switch(self, arrived: NDArray[np.bool_], t: Array, a: Array, velocity: Array, /) -> None:
        if self.held is not None:
            self.held.advance(arrived)
            self(t, a, velocity)

    def keep(self, lanes: NDArray[np.intp]) -> None:
        if self.held is not None:
            self.held.keep(lanes)
        self._states = self._states[: len(lanes)]
        self._velocities = self._velocities[: len(lanes)]


def _size_of_states(network: Network, x: Array) -> Array:
    """‖x‖ min ζ': an error δ of y is one of at most ‖δ‖ / min ζ' in x, to be small beside ‖x‖."""
    return np.linalg.norm(x, axis=0) * np.min(network.zeta.derivative(x.T), axis=1)


def _add_product(left: Array, right: Array, out: Array) -> None:
    """out += left @ right in place, without the temporary that NumPy would need."""
    gemm = dgemm if out.dtype == np.float64 else sgemm
    gemm(1.0, right.T, left.T, beta=1.0, c=out.T, overwrite_c=1)
