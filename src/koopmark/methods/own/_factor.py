"""The triangular factor of snapshot pairs: all that least squares needs to know about the data."""

from dataclasses import dataclass
from itertools import product
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from koopmark._arrays import real, stored
from koopmark._tsqr import block_rows, eliminate
from koopmark.methods.dictionaries import Observables
from koopmark.methods.own._linalg import real_product


@dataclass(frozen=True, eq=False)
class SnapshotFactor:
    """R of a QR factorisation [Ψ_X Ψ_Y] = Q R, in blocks R = [[R₁₁, R₁₂], [0, R₂₂]].

    RᵀR is the Gram matrix of all pairs, but R keeps the digits that the Gram matrix squares
    away. Factors of parts of the data merge into the factor of the whole (TSQR: Demmel, Grigori,
    Hoemmen and Langou 2012), in any order, up to the signs of rows and rounding.

    Parameters
    ----------
    triangle : (2D, 2D) array
        R, upper triangular.
    pairs : int
        Number of snapshot pairs it stands for.
    """

    triangle: NDArray[np.float64]
    pairs: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "triangle", real(self.triangle, "triangle"))

    @property
    def size(self) -> int:
        """D, the number of dictionary functions."""
        return len(self.triangle) // 2

    @property
    def xx(self) -> NDArray[np.float64]:
        """R₁₁ (D, D)."""
        return self.triangle[: self.size, : self.size]

    @property
    def xy(self) -> NDArray[np.float64]:
        """R₁₂ (D, D)."""
        return self.triangle[: self.size, self.size :]

    @property
    def yy(self) -> NDArray[np.float64]:
        """R₂₂ (D, D): what Ψ_Y holds outside the span of Ψ_X."""
        return self.triangle[self.size :, self.size :]

    def merge(self, other: "SnapshotFactor") -> "SnapshotFactor":
        """The factor of both sets of pairs. Both must come from one and the same dictionary.

        Raises
        ------
        ValueError
            Where the two dictionaries differ in size.
        """
        if self.size != other.size:
            raise ValueError(f"factors of {self.size} and {other.size} functions do not merge")
        triangle, block = (factor.triangle.copy(order="F") for factor in (self, other))
        return SnapshotFactor(eliminate(triangle, block, triangular=True), self.pairs + other.pairs)

    def save(self, path: str | Path) -> None:
        """Write an npz file that `load` reads, here or on another machine."""
        with Path(path).open("wb") as file:
            np.savez(file, triangle=self.triangle, pairs=self.pairs)

    @classmethod
    def load(cls, path: str | Path) -> "SnapshotFactor":
        """What `save` has written; nothing in the file is executed.

        Raises
        ------
        ValueError
            Where the file holds something else.
        """
        with Path(path).open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile) or set(arrays) != {"triangle", "pairs"}:
                raise ValueError(f"{path} holds no snapshot factor: it must be written by `save`")
            return cls(arrays["triangle"], int(arrays["pairs"]))


def factorise(observables: Observables, *parts: NDArray) -> SnapshotFactor:
    """The factor of all snapshot pairs of trajectories, in one pass over them.

    Memory beyond the data is O(D²): neither the pairs nor their dictionary values are ever held
    at once, so `states` may be a memory map larger than the memory.

    Parameters
    ----------
    observables : Observables
        ψ, D functions.
    *parts : (M, T, N) arrays
        Trajectories, those of one length together. Pairs are never formed across two of them.
    """
    size = observables.size
    triangle = np.zeros((2 * size, 2 * size), order="F")
    buffer = np.empty(block_rows(2 * size) * 2 * size)
    pairs = 0
    for part in parts:
        states = stored(part, "states")
        triangle = _with_pairs(triangle, observables, states, buffer)
        pairs += len(states) * (states.shape[1] - 1)
    return SnapshotFactor(triangle, pairs)


def _with_pairs(
    triangle: NDArray, observables: Observables, states: NDArray, buffer: NDArray
) -> NDArray:
    """The triangle of what `triangle` stands for and of the pairs of `states` (M, T, N)."""
    size, count = observables.size, states.shape[1] - 1
    rows = len(buffer) // (2 * size)
    # Consecutive snapshots (steps + 1, trajectories, N) with at most `rows` pairs in them.
    length = ceil(count / ceil(count / rows))
    wide = rows // length
    corners = product(range(0, len(states), wide), range(0, count, length))
    for first, start in corners:
        part = states[first : first + wide, start : start + length + 1]
        snapshots = np.ascontiguousarray(part.swapaxes(0, 1), dtype=float)
        steps, together = len(snapshots) - 1, snapshots.shape[1]
        flat = snapshots.reshape(-1, states.shape[2])
        pairs = steps * together
        block = buffer[: pairs * 2 * size].reshape((pairs, 2 * size), order="F")
        observables(flat[:pairs], out=block[:, :size])
        # One time after another, Ψ_Y is Ψ_X shifted: only the values at the last time are new.
        block[: pairs - together, size:] = block[together:, :size]
        observables(flat[pairs:], out=block[pairs - together :, size:])
        triangle = eliminate(triangle, block)
    return triangle


def readout(factor: SnapshotFactor, coefficients: NDArray, state: slice | None) -> NDArray | None:
    """M (s, N) in x ≈ ψ(x) C M, in least squares over the training data; None without a state."""
    if state is None:
        return None
    wanted = factor.xx[:, state]
    if coefficients.shape[1] == 0:
        return np.zeros((0, wanted.shape[1]))
    values = real_product(factor.xx, coefficients)
    return lstsq(values, wanted, lapack_driver="gelsy", check_finite=False)[0]
