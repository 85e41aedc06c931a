"""The triangular factor of snapshot pairs: all that least squares needs to know about the data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from koopmark.methods.dictionaries import Observables

BLOCK_ROWS, BLOCK_BYTES = 2048, 2**25
"""Largest block of rows: matrix products run at full speed, and memory stays bounded."""

PANEL = 32
"""Columns that LAPACK eliminates at a time."""


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

    def save(self, path: Path) -> None:
        """Write to an .npz file, to be merged with those of other processes or machines."""
        np.savez(path, triangle=self.triangle, pairs=self.pairs)

    @classmethod
    def load(cls, path: Path) -> "SnapshotFactor":
        """Read what `save` wrote; no pickle is loaded."""
        with np.load(path, allow_pickle=False) as file:
            return cls(np.asfortranarray(file["triangle"]), int(file["pairs"]))

    def merge(self, other: "SnapshotFactor") -> "SnapshotFactor":
        """The factor of both sets of pairs.

        Raises
        ------
        ValueError
            Where the two dictionaries differ in size.
        """
        if self.size != other.size:
            raise ValueError(f"factors of {self.size} and {other.size} functions do not merge")
        triangle = self.triangle.copy(order="F")
        triangle = _eliminate(triangle, other.triangle.copy(order="F"), triangular=True)
        return SnapshotFactor(triangle, self.pairs + other.pairs)


def factorise(observables: Observables, states: NDArray) -> SnapshotFactor:
    """The factor of all snapshot pairs of trajectories (M, T, N), in one pass.

    Memory beyond the data is O(D²): neither the pairs nor their dictionary values are ever held
    at once.
    """
    size = observables.size
    triangle = np.zeros((2 * size, 2 * size), order="F")
    rows = min(BLOCK_ROWS, max(64, BLOCK_BYTES // (16 * size)))
    buffer = np.empty((rows, 2 * size), order="F")
    for x, y in _blocks(states, rows):
        block = buffer if len(x) == rows else np.empty((len(x), 2 * size), order="F")
        observables(x, out=block[:, :size])
        observables(y, out=block[:, size:])
        triangle = _eliminate(triangle, block)
    return SnapshotFactor(triangle, len(states) * (states.shape[1] - 1))


def _blocks(states: NDArray, rows: int) -> Iterator[tuple[NDArray, NDArray]]:
    """Snapshot pairs (X, Y), at most `rows` at a time, (P, N) each."""
    n = states.shape[2]
    steps = states.shape[1] - 1
    together = max(1, rows // steps)
    for first in range(0, len(states), together):
        group = states[first : first + together]
        for start in range(0, steps, rows):
            stop = min(start + rows, steps)
            yield (
                group[:, start:stop].reshape(-1, n),
                group[:, start + 1 : stop + 1].reshape(-1, n),
            )


def _eliminate(triangle: NDArray, block: NDArray, triangular: bool = False) -> NDArray:
    """R of [triangle; block]; both are overwritten. LAPACK's tpqrt leaves the zeros of R alone."""
    columns = triangle.shape[1]
    height = columns if triangular else 0
    triangle, _, _, info = lapack.dtpqrt(
        height, min(PANEL, columns), triangle, block, overwrite_a=1, overwrite_b=1
    )
    if info != 0:
        raise RuntimeError(f"LAPACK dtpqrt refused argument {-info}")
    return triangle
