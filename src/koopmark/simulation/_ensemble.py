"""One tile of an ensemble: coordinates integrated here, states expanded from them there.

The two halves meet in `Samples`, which is r/N of the size of the states: what a worker process
sends back.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation._integrator import Tolerance, integrate
from koopmark.simulation._reduction import Reduction, reduction
from koopmark.simulation._rhs import FullRHS, ReducedRHS, RightHandSide, SystemRHS
from koopmark.simulation.tiling import l2_bytes, tile
from koopmark.systems import ElementwiseMap, Shift, System

Array = NDArray[np.float64]

CERTAINLY_FINITE = 1e30


@dataclass(frozen=True, eq=False)
class Samples:
    """What integrating m trajectories leaves: everything that their states follow from."""

    coordinates: Array
    """(m, 1 + T, r): a at time 0 and at the times elapsed; the states where nothing is reduced."""
    null: NDArray | None
    """(m, N): the null component at time 0."""
    stopped: Array
    """(m,): time elapsed at which a trajectory stopped, NaN for the others."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A system, the times elapsed at which its states are wanted, and how exactly."""

    system: System
    elapsed: NDArray[np.float64]
    tolerance: Tolerance
    dtype: np.dtype

    @cached_property
    def split(self) -> Reduction | None:
        return reduction(self.system)

    def parts(self, count: int) -> list[slice]:
        """The tiles of `count` trajectories. They depend on nothing else that a caller chooses."""
        n, split = self.system.size, self.split
        reduced = split is not None and split.worthwhile
        lanes = tile(
            count,
            n,
            split.coordinates if split is not None and reduced else n,
            l2_bytes(),
            blocks=split is not None and split.by_unit,
        ).lanes
        return [slice(start, min(start + lanes, count)) for start in range(0, count, lanes)]

    def integrate(self, x0: NDArray[np.float64]) -> Samples:
        """Integrate the trajectories from x0 (m, N) side by side."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.split is None:
                closed = self.system.flow(x0, self.elapsed)
                if closed is not None:
                    along = np.concatenate([x0[:, None], closed], axis=1)
                    return Samples(along, None, np.full(len(x0), np.nan))
                rhs = SystemRHS(self.system.rhs, len(x0), self.system.size)
                states, stopped = self._sampled(rhs, x0.T)
                return Samples(states, None, stopped)
            if self.split.worthwhile:
                return self._reduced(self.split, x0)
            y0 = mapped(self.split.network.zeta, x0)
            z = self.split.split(y0)[1]
            full = FullRHS(self.split.network, len(z))
            samples, stopped = self._sampled(full, np.ascontiguousarray(y0.T))
            return Samples(samples @ self.split.network.weights.thin_qr[0], z, stopped)

    def _reduced(self, split: Reduction, x0: Array) -> Samples:
        count, n = x0.shape
        a, z = split.split(mapped(split.network.zeta, x0))
        tiling = tile(count, n, split.coordinates, l2_bytes(), blocks=split.by_unit)
        dtype = self.dtype if split.by_unit else np.dtype(np.float64)
        z = np.array(z.T, dtype, order="C")  # the only copy kept: for large N it is what costs
        rhs = ReducedRHS(split, z, tiling.block)
        samples, stopped = self._sampled(rhs, a)
        return Samples(samples, z.T, stopped)

    def _sampled(self, rhs: RightHandSide, start: Array) -> tuple[Array, Array]:
        samples = np.full((start.shape[1], 1 + len(self.elapsed), len(start)), np.nan)
        samples[:, 0] = start.T
        return samples, integrate(rhs, start, self.elapsed, self.tolerance, samples[:, 1:])

    def expand(self, samples: Samples, out: NDArray) -> Array:
        """Write the states (m, T, N) at the times elapsed; when each trajectory stopped."""
        along = samples.coordinates[:, 1:]
        stopped, suspect = samples.stopped.copy(), np.ones(len(along), dtype=bool)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.split is None or samples.null is None:
                out[...] = along
            else:
                self.split.expand(along, samples.null, self.elapsed, out)
                if isinstance(self.split.network.zeta, Shift):
                    # |x| <= |a| + |z| + |θ|: looking at the coordinates is enough, and cheaper.
                    suspect = ~(np.abs(along).max(axis=(1, 2)) < CERTAINLY_FINITE)
        for trajectory in np.flatnonzero(suspect):
            bad = ~np.isfinite(out[trajectory]).all(axis=1)
            if bad.any():
                first = self.elapsed[np.argmax(bad)]
                stopped[trajectory] = np.fmin(stopped[trajectory], first)
                out[trajectory][self.elapsed > stopped[trajectory]] = np.nan
        return stopped


def mapped(zeta: ElementwiseMap, x0: NDArray[np.float64], first: int = 0) -> NDArray[np.float64]:
    """y = ζ(x), where that exists."""
    y0 = np.asarray(zeta(x0), dtype=float)
    if not np.isfinite(y0).all():
        row, unit = np.argwhere(~np.isfinite(y0))[0]
        raise ValueError(
            f"initial_states[{first + row}, {unit}] = {x0[row, unit]:g} is outside the domain of "
            f"ζ: {zeta.name} of it is {y0[row, unit]:g}"
        )
    return y0
