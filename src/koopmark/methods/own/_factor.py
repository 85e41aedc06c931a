"""The triangular factor of snapshot pairs, which contains all that least squares needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from koopmark._arrays import real, stored
from koopmark._tsqr import block_rows, eliminate, triangle_of
from koopmark.methods.dictionaries import Observables
from koopmark.methods.own._gram import gram_triangle
from koopmark.methods.own._inputs import InputTerms
from koopmark.methods.own._linalg import real_product
from koopmark.simulation import Trajectories

DEPENDENT = 1e-10
"""Part of a term of inputs, relative to its size, that is rounding: it depends on the others."""

FEWEST_FUNCTIONS = 30
"""Size of a dictionary from which on it saves time to try Gram matrices, and to look for columns
that repeat others."""

FEWEST_REPEATS = 4
"""One column in so many has to repeat another if leaving them out is to save time."""


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
    terms : int
        G, how many terms of inputs there are: R is (2D + G, 2D + G) then, that of [Ψ_X Γ Ψ_Y],
        and the blocks are those of its `separated` factor.
    """

    triangle: NDArray[np.float64]
    pairs: int
    terms: int = 0

    def __post_init__(self) -> None:
        triangle = real(self.triangle, "triangle")
        square = triangle.ndim == 2 and triangle.shape[0] == triangle.shape[1]
        if not square or (len(triangle) - self.terms) % 2 or len(triangle) < self.terms:
            shape = "(2D + G, 2D + G)" if self.terms else "(2D, 2D)"
            raise ValueError(f"triangle must have shape {shape}, got {triangle.shape}")
        object.__setattr__(self, "triangle", triangle)

    @property
    def size(self) -> int:
        """Number D of dictionary functions."""
        return (len(self.triangle) - self.terms) // 2

    @property
    def columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The columns of R for Ψ_X (2D + G, D), Γ (2D + G, G) and Ψ_Y (2D + G, D)."""
        now, gamma, ahead = np.split(self.triangle, [self.size, self.size + self.terms], axis=1)
        return now, gamma, ahead

    @property
    def xx(self) -> NDArray[np.float64]:
        """The block R₁₁ (D, D)."""
        return self.triangle[: self.size, : self.size]

    @property
    def xy(self) -> NDArray[np.float64]:
        """The block R₁₂ (D, D)."""
        return self.triangle[: self.size, self.size :]

    @property
    def yy(self) -> NDArray[np.float64]:
        """The block R₂₂ (D, D), the part of Ψ_Y outside the span of Ψ_X."""
        return self.triangle[self.size :, self.size :]

    def merge(self, other: "SnapshotFactor") -> "SnapshotFactor":
        """The factor of both sets of pairs, which must come from the same dictionary.

        Raises
        ------
        ValueError
            If the two dictionaries differ in size.
        """
        if self.size != other.size:
            raise ValueError(f"factors of {self.size} and {other.size} functions do not merge")
        if self.terms != other.terms:
            raise ValueError(
                f"factors with {self.terms} and {other.terms} terms of inputs do not merge"
            )
        triangle, block = (factor.triangle.copy(order="F") for factor in (self, other))
        merged = eliminate(triangle, block, triangular=True)
        return SnapshotFactor(merged, self.pairs + other.pairs, self.terms)

    def separated(
        self, tolerance: float = DEPENDENT
    ) -> tuple["SnapshotFactor", NDArray[np.float64] | None]:
        """The factor of [Ψ_X, Ψ_Y - Γ B], and the effect B (G, D) of inputs on ψ in a step.

        In least squares Ψ_Y ≈ Ψ_X K + Γ B, so that K, its eigenpairs and their residuals are those
        of the factor (EDMDc: Korda and Mezić 2018). What Γ has in
        common with Ψ_X, or its terms with each other, up to `tolerance` of their size, is put down
        to Ψ_X: of inputs that do not excite, eigenfunctions that they do not reach stay exact.

        Without inputs the factor itself, and None.
        """
        if not self.terms:
            return self, None
        size, (now, gamma, ahead) = self.size, self.columns
        scale = np.linalg.norm(now, axis=0)
        scale[scale == 0.0] = 1.0
        # Rows of directions that are rounding in Ψ_X belong to what comes behind.
        u, s, _ = np.linalg.svd(now[:size] / scale)
        empty = u[:, int(np.sum(s > tolerance * s.max(initial=0.0))) :]
        outside, target = (
            np.vstack([empty.T @ part[:size], part[size:]]) for part in (gamma, ahead)
        )
        sizes = np.linalg.norm(gamma, axis=0)
        sizes[sizes == 0.0] = 1.0
        u, s, vt = np.linalg.svd(outside / sizes, full_matrices=False)
        kept = s > tolerance
        response = (vt[kept].T / s[kept]) @ (u[:, kept].T @ target) / sizes[:, None]
        return SnapshotFactor(triangle_of(now, ahead - gamma @ response), self.pairs), response

    def save(self, path: str | Path) -> None:
        """Write an npz file that `load` can read, here or on another machine."""
        with Path(path).open("wb") as file:
            np.savez(file, triangle=self.triangle, pairs=self.pairs, terms=self.terms)

    @classmethod
    def load(cls, path: str | Path) -> "SnapshotFactor":
        """Read a file that `save` has written; nothing in the file is executed.

        Raises
        ------
        ValueError
            If the file holds something else.
        """
        with Path(path).open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            names = {"triangle", "pairs", "terms"}
            if not isinstance(arrays, np.lib.npyio.NpzFile) or set(arrays) != names:
                raise ValueError(f"{path} holds no snapshot factor: it must be written by `save`")
            return cls(arrays["triangle"], int(arrays["pairs"]), int(arrays["terms"]))


def factor_of(
    observables: Observables, trajectories: Trajectories, terms: InputTerms | None = None
) -> SnapshotFactor:
    """The factor of all snapshot pairs, with input terms if the trajectories have inputs."""
    blocks = trajectories.blocks()
    states, driven = [block.states for block in blocks], trajectories.inputs is not None
    held = [block.inputs for block in blocks if block.inputs is not None] if driven else None
    return factorise(observables, *states, inputs=held, terms=terms)


def factorise(
    observables: Observables,
    *parts: NDArray,
    inputs: Sequence[NDArray] | None = None,
    terms: InputTerms | None = None,
) -> SnapshotFactor:
    """Compute the factor of all snapshot pairs of trajectories.

    By Gram matrices if these keep the digits (docs/explanation/performance/index.md), in two or
    three passes over the data; otherwise by QR, in one more, or two if columns repeat others at
    first and not to the end. Memory beyond the data is O(D²): neither the pairs nor their
    dictionary values are ever held at once, so `states` may be a memory map larger than the memory.

    Parameters
    ----------
    observables : Observables
        ψ, D functions.
    *parts : (M, T, N) arrays
        Trajectories, those of one length together. Pairs are never formed across two of them.
    inputs : sequence of (M, T, Q) arrays, optional
        The inputs of each part, held from their time to the next.
    terms : InputTerms, optional
        How they enter; linearly by default.
    """
    held: Sequence[NDArray | None] = [None] * len(parts) if inputs is None else inputs
    if len(held) != len(parts):
        raise ValueError(f"inputs must be those of each of {len(parts)} parts, got {len(held)}")
    if terms is None:
        terms = InputTerms(0 if inputs is None or not parts else inputs[0].shape[2])
    checked = [_checked(part, of, terms) for part, of in zip(parts, held, strict=True)]
    pairs = sum(len(states) * (states.shape[1] - 1) for states in checked)
    triangle = None
    if not terms.size and observables.size >= FEWEST_FUNCTIONS:
        triangle = gram_triangle(partial(_lifted, observables, checked), observables.size, pairs)
    if triangle is None:
        triangle = _eliminated(observables, checked, held, terms)
    return SnapshotFactor(triangle, pairs, terms.size)


def _checked(part: NDArray, inputs: NDArray | None, terms: InputTerms) -> NDArray:
    states = stored(part, "states")
    if states.ndim != 3 or states.shape[1] < 2 or not states.size:
        raise ValueError(
            f"states must have shape (M, T, N) with two times at least, got {states.shape}"
        )
    if inputs is not None and inputs.shape != (*states.shape[:2], terms.inputs):
        raise ValueError(
            f"inputs must have shape ({states.shape[0]}, {states.shape[1]}, {terms.inputs}), "
            f"got {inputs.shape}"
        )
    return states


def _corners(states: NDArray, rows: int) -> Iterator[tuple[slice, slice]]:
    """Cuts of states (M, T, N) into consecutive pairs of some trajectories, at most `rows` pairs.

    The trajectories, and the times of the first states of the pairs.
    """
    count = states.shape[1] - 1
    length = ceil(count / ceil(count / rows))
    wide = rows // length
    for first, start in product(range(0, len(states), wide), range(0, count, length)):
        yield slice(first, first + wide), slice(start, min(start + length, count))


def _snapshots(states: NDArray, which: slice, when: slice) -> tuple[NDArray[np.float64], int]:
    """Their states (k (t + 1), N), one time after another, and the number k of trajectories."""
    part = states[which, when.start : when.stop + 1]
    return (
        np.ascontiguousarray(part.swapaxes(0, 1), dtype=float).reshape(-1, states.shape[2]),
        len(part),
    )


def _lifted(
    observables: Observables, parts: Sequence[NDArray]
) -> Iterator[tuple[NDArray[np.float64], int]]:
    """The values ψ at all states, as `gram_triangle` takes them."""
    rows, buffer = block_rows(2 * observables.size), np.empty(0)
    for states in parts:
        for which, when in _corners(states, rows):
            flat, together = _snapshots(states, which, when)
            shape = (len(flat), observables.size)
            if buffer.size < len(flat) * observables.size:
                buffer = np.empty(len(flat) * observables.size)
            values = buffer[: len(flat) * observables.size].reshape(shape, order="F")
            yield observables(flat, out=values), together


def _eliminated(
    observables: Observables,
    parts: Sequence[NDArray],
    held: Sequence[NDArray | None],
    terms: InputTerms,
    source: NDArray[np.intp] | None = None,
) -> NDArray[np.float64]:
    """R of [Ψ_X Γ Ψ_Y] by QR, block by block.

    Of windows most columns of Ψ_Y are columns of Ψ_X. They have the same column in R, and QR leaves
    them out. `source` has the place of that column in Ψ_X for each of Ψ_Y, or -1; by default it
    is what the first pairs show.
    """
    if source is None:
        source = _repeats(observables, parts, terms)
    size, after = observables.size, observables.size + terms.size
    fresh, repeated = np.flatnonzero(source < 0), np.flatnonzero(source >= 0)
    width = after + len(fresh)
    triangle, rows = np.zeros((width, width), order="F"), block_rows(width)
    buffer = np.empty(rows * width)
    for states, inputs in zip(parts, held, strict=True):
        for which, when in _corners(states, rows):
            flat, together = _snapshots(states, which, when)
            pairs = len(flat) - together
            block = buffer[: pairs * width].reshape((pairs, width), order="F")
            now, ahead = block[:, :size], block[:, after:]
            observables(flat[:pairs], out=now)
            last = observables(flat[pairs:])
            # One time after another, Ψ_Y is Ψ_X shifted: only the values at the last time are new.
            for target, values in ((slice(pairs - together), now[together:]),
                                   (slice(pairs - together, pairs), last)):  # fmt: skip
                ahead[target] = values[:, fresh]
                if not np.array_equal(values[:, repeated], now[target][:, source[repeated]]):
                    return _eliminated(observables, parts, held, terms, np.full(size, -1))
            if inputs is not None:
                driven = np.asarray(inputs[which, when].swapaxes(0, 1), dtype=float)
                terms.write(now, driven.reshape(pairs, terms.inputs), block[:, size:after])
            triangle = eliminate(triangle, block)
    r = np.zeros((after + size, after + size), order="F")
    r[:after, :after] = triangle[:after, :after]
    r[:after, after + repeated] = triangle[:after, source[repeated]]
    # Upper triangular, since the columns keep their order.
    r[:width, after + fresh] = triangle[:, after:]
    return r


def _repeats(
    observables: Observables, parts: Sequence[NDArray], terms: InputTerms
) -> NDArray[np.intp]:
    """For each column of Ψ_Y that of Ψ_X which it repeats in the first pairs, or -1.

    -1 throughout where it would save little.
    """
    none = np.full(observables.size, -1)
    if observables.size < FEWEST_FUNCTIONS or not parts:
        return none
    which, when = next(_corners(parts[0], block_rows(2 * observables.size + terms.size)))
    flat, together = _snapshots(parts[0], which, when)
    values = observables(flat)
    now, ahead = values[: len(flat) - together].T, values[together:].T
    # A channel that is silent at first may speak later.
    places = {column.tobytes(): k for k, column in enumerate(now) if column.min() < column.max()}
    source = np.array([places.get(column.tobytes(), -1) for column in ahead])
    return source if FEWEST_REPEATS * np.sum(source >= 0) >= len(source) else none


def readout(factor: SnapshotFactor, coefficients: NDArray, state: slice | None) -> NDArray | None:
    """Modes M (s, N) in x ≈ ψ(x) C M, by least squares on the training data.

    None if the dictionary does not contain the state.
    """
    if state is None:
        return None
    wanted = factor.xx[:, state]
    if coefficients.shape[1] == 0:
        return np.zeros((0, wanted.shape[1]))
    values = real_product(factor.xx, coefficients)
    return lstsq(values, wanted, lapack_driver="gelsy", check_finite=False)[0]
