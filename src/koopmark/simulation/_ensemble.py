"""An ensemble of trajectories: split into tiles, integrated, expanded to states.

A tile has as many trajectories side by side, taken so many neurons at a time, as keep what a
right-hand side touches in the L2 cache; that changes the grouping of sums inside a matrix product
alone, so that results differ by rounding. Tiles do not depend on the number of processes, and hence
nor do any bits.
"""

from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation._driven import HeldInputs, LaneInputs
from koopmark.simulation._integrator import Tolerance, integrate
from koopmark.simulation._iteration import iterate
from koopmark.simulation._reduction import Reduction
from koopmark.simulation._rhs import DrivenRHS, FullRHS, ReducedRHS, SystemRHS
from koopmark.systems import ElementwiseMap, System

Array = NDArray[np.float64]
CERTAINLY_FINITE = 1e30
FALLBACK_L2 = 1 << 20
NARROWEST, WIDEST = 128, 1024
"""Neurons at a time: enough for full speed of the products, few enough to stay in L2."""
MULTIPLE = 16
"""Of which a block is one, unless it holds all neurons."""
SMALL_PRODUCT = 1_000_000
"""Largest m n k for which OpenBLAS multiplies without packing copies of its operands."""
FEWEST_LANES, MOST_LANES = 16, 8192
MOST_STAGE_BYTES = 4 << 20
"""Of the stages of one tile: beyond L2, as entering a loop of NumPy costs more than that."""
MOST_NULL_BYTES = 16 << 20
"""Of the null component of one tile, of which up to three copies are held at once."""


@dataclass(frozen=True)
class Tiling:
    """How an ensemble is tiled: `lanes` trajectories at a time, in blocks of `block` neurons."""

    lanes: int
    block: int


@cache
def l2_bytes() -> int:
    """Size of the first core's L2 cache; 1 MiB if the operating system does not say."""
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            if (index / "level").read_text().strip() == "2":
                size = (index / "size").read_text().strip()
                unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(size[-1:])
                return int(size[:-1]) * unit if unit else int(size)
        except (OSError, ValueError):
            continue
    return FALLBACK_L2


def tile(count: int, size: int, coordinates: int, l2: int, *, blocks: bool = True) -> Tiling:
    """The tiling for `count` trajectories of `size` neurons with `coordinates` integrated ones.

    `blocks` tells whether the neurons may be taken in blocks (they may not where a coupling mixes
    the whole state). Tiles come out nearly equal, so that no small one is left at the end.
    """
    narrow = min(size, NARROWEST) if blocks else size
    lanes = min(
        l2 // (2 * 8 * min(size, NARROWEST)),
        MOST_STAGE_BYTES // (8 * 17 * coordinates),
        SMALL_PRODUCT // (narrow * (coordinates + 1)),
        MOST_NULL_BYTES // (8 * size),
        MOST_LANES,
    )
    tiles = ceil(count / max(lanes, FEWEST_LANES))
    if tiles > 1:
        # Two processes end together.
        tiles += tiles % 2
    lanes = ceil(count / tiles)
    if not blocks:
        return Tiling(lanes, size)
    block = min(l2 // (2 * 8 * lanes), SMALL_PRODUCT // (lanes * (coordinates + 1)), WIDEST, size)
    even = ceil(size / ceil(size / max(block, narrow)))
    return Tiling(lanes, min(ceil(even / MULTIPLE) * MULTIPLE, size))


@dataclass(frozen=True, eq=False)
class Samples:
    """Results of integrating m trajectories, from which their states follow."""

    coordinates: Array
    """(m, 1 + T, r): a at time 0 and at the times elapsed; the states where nothing is reduced."""
    stopped: Array
    """(m,): time elapsed at which a trajectory stopped, NaN for the others."""
    null: NDArray | None = None
    """(m, N): the null component at time 0; None where nothing is reduced."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A system with the sampling times, tolerances and inputs of its trajectories.

    The times are those of all trajectories (T,) or of each (M, T), NaN behind its end.
    """

    system: System
    elapsed: Array
    tolerance: Tolerance
    dtype: np.dtype
    split: Reduction | None
    """The system as coordinates and null component; None if it has none."""
    held: HeldInputs | None = None
    """Also of the first time; None for no inputs."""

    def tiling(self, count: int) -> Tiling:
        """The tiling for `count` trajectories, which depends only on the system and this number."""
        n, split = self.system.size, self.split
        coordinates = split.coordinates if split is not None and split.worthwhile else n
        coordinates += self.system.inputs if self.held is not None else 0
        return tile(count, n, coordinates, l2_bytes(), blocks=split is not None and split.by_unit)

    def parts(self, count: int) -> list[slice]:
        """The tiles of `count` trajectories."""
        lanes = self.tiling(count).lanes if count else 1
        return [slice(start, min(start + lanes, count)) for start in range(0, count, lanes)]

    def elapsed_of(self, part: slice) -> Array:
        """Elapsed times (T,) or (m, T) of these trajectories."""
        return self.elapsed if self.elapsed.ndim == 1 else self.elapsed[part]

    def integrate(self, x0: Array, part: slice, steps: Array | None = None) -> Samples:
        """Integrate these trajectories side by side from initial states x0 (m, N).

        `steps` (m,) are as for the integrator.
        """
        split, elapsed = self.split, self.elapsed_of(part)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if split is not None:
                y0 = mapped(split.network.zeta, x0)
                return self.from_coordinates(split, *split.split(y0), part, y0=y0)
            closed = None if self.held is not None else self._closed(x0, elapsed)
            if closed is not None:
                along = np.concatenate([x0[:, None], closed], axis=1)
                return Samples(along, np.full(len(x0), np.nan))
            rhs = SystemRHS(self.system, len(x0), self._inputs_of(part))
            return Samples(*self._sampled(rhs, x0.T, elapsed, steps))

    def from_coordinates(
        self,
        split: Reduction,
        a: Array,
        z: Array,
        part: slice,
        steps: Array | None = None,
        y0: Array | None = None,
    ) -> Samples:
        """As `integrate`, from coordinates a (r, m), null components z (m, N) and y0 (m, N)."""
        elapsed, held = self.elapsed_of(part), self._inputs_of(part)
        if split.worthwhile:
            # The only copy kept: for large N it is what costs.
            z = np.array(z.T, self.dtype if split.by_unit else np.float64, order="C")
            rhs = ReducedRHS(split, z, self.tiling(len(z.T)).block, held)
            return Samples(*self._sampled(rhs, a, elapsed, steps), z.T)
        q = split.network.weights.thin_qr[0]
        y0 = a.T @ q.T + z if y0 is None else y0
        full = FullRHS(split, len(z), held)
        y, stopped = self._sampled(full, np.ascontiguousarray(y0.T), elapsed, steps)
        return Samples(y @ q, stopped, z)

    def _inputs_of(self, part: slice) -> LaneInputs | None:
        if self.held is None or not self.elapsed.shape[-1]:
            return None
        return LaneInputs(self.held.of(part))

    def _closed(self, x0: Array, elapsed: Array) -> Array | None:
        """States (m, T, N) in closed form, if the system has it: a flow takes times (T,)."""
        if elapsed.ndim == 1:
            return self.system.flow(x0, elapsed)
        states = np.full((*elapsed.shape, x0.shape[1]), np.nan)
        for m, own in enumerate(elapsed):
            known = np.isfinite(own)
            if known.any():
                closed = self.system.flow(x0[m : m + 1], own[known])
                if closed is None:
                    return None
                states[m, known] = closed[0]
        return states

    def _sampled(
        self, rhs: DrivenRHS, start: Array, elapsed: Array, steps: Array | None
    ) -> tuple[Array, Array]:
        samples = np.full((start.shape[1], 1 + elapsed.shape[-1], len(start)), np.nan)
        samples[:, 0] = start.T
        stopped = np.full(len(samples), np.nan)
        if not elapsed.shape[-1]:
            return samples, stopped
        if elapsed.ndim == 2 and np.isnan(elapsed[:, 0]).any():
            # Of a trajectory of one state there is nothing to integrate.
            longer = np.flatnonzero(np.isfinite(elapsed[:, 0]))
            if len(longer):
                rhs.keep(longer)
                part, begun = samples[longer, 1:], np.ascontiguousarray(start[:, longer])
                own = None if steps is None else steps[longer]
                stopped[longer] = self._follow(rhs, begun, elapsed[longer], part, own)
                samples[longer, 1:] = part
                if steps is not None:
                    steps[longer] = own
            return samples, stopped
        return samples, self._follow(rhs, start, elapsed, samples[:, 1:], steps)

    def _follow(
        self, rhs: DrivenRHS, start: Array, elapsed: Array, samples: Array, steps: Array | None
    ) -> Array:
        switches = None if rhs.held is None else rhs
        if self.system.discrete:
            return iterate(rhs, start, elapsed, samples, switches)
        return integrate(rhs, start, elapsed, self.tolerance, samples, switches, steps)

    def expand(self, samples: Samples, part: slice, out: NDArray) -> Array:
        """Write the states (m, T, N) of these trajectories, and return their stopping times."""
        along, elapsed = samples.coordinates[:, 1:], self.elapsed_of(part)
        stopped, suspect = samples.stopped.copy(), np.ones(len(along), dtype=bool)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.split is None or samples.null is None:
                out[...] = along
            else:
                carried = None if self.held is None else self.held.of(part).carried[:, 1:]
                self.split.expand(along, samples.null, elapsed, out, carried=carried)
                if self.split.network.zeta.theta is not None and self.split.null.law.bounded:
                    # |x| <= |a| + |z| + |θ| (+ |PB w|): a look at the coordinates is enough.
                    suspect = ~(np.abs(along).max(axis=(1, 2)) < CERTAINLY_FINITE)
                    if carried is not None:
                        suspect |= ~(np.abs(carried).max(axis=(1, 2)) < CERTAINLY_FINITE)
        for trajectory in np.flatnonzero(suspect):
            own = elapsed if elapsed.ndim == 1 else elapsed[trajectory]
            bad = ~np.isfinite(out[trajectory]).all(axis=1) & np.isfinite(own)
            if bad.any():
                first = own[np.argmax(bad)]
                stopped[trajectory] = np.fmin(stopped[trajectory], first)
                out[trajectory][own > stopped[trajectory]] = np.nan
        return stopped


def mapped(zeta: ElementwiseMap, x0: Array) -> Array:
    """The coordinates y = ζ(x); None for systems without a map ζ."""
    y0 = np.asarray(zeta(x0), dtype=float)
    if not np.isfinite(y0).all():
        row, unit = np.argwhere(~np.isfinite(y0))[0]
        raise ValueError(
            f"initial_states[{row}, {unit}] = {x0[row, unit]:g} is outside the domain of ζ: "
            f"{zeta.name} of it is {y0[row, unit]:g}"
        )
    return y0
