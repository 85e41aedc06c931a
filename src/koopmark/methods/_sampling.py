"""Statistics of the data without a second copy of them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real

BLOCK_BYTES = 2**18
"""Data that are looked at together."""


def spread(states: NDArray) -> float:
    """Root-mean-square distance of states (..., N) from their mean, the unit of bandwidths."""
    leading = tuple(range(states.ndim - 1))
    mean = states.mean(axis=leading, dtype=float)
    count = states.size // states.shape[-1]
    return float(np.sqrt(sum(np.sum((part - mean) ** 2) for part in _parts(states)) / count))


def some_states(states: NDArray, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """At most `count` of the states (..., N) as rows, drawn without replacement, in order."""
    shape = states.shape[:-1]
    available = int(np.prod(shape))
    chosen = np.sort(rng.choice(available, size=min(count, available), replace=False))
    return real(states[np.unravel_index(chosen, shape)], "states")


def together(parts: Sequence[NDArray]) -> NDArray:
    """All states of trajectories in parts (M, T, N): one part unchanged, several as (1, P, N).

    For what depends neither on their order nor on the trajectory that they are of.
    """
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([part.reshape(-1, part.shape[2]) for part in parts])[None]


def along(rows: NDArray, parts: Sequence[NDArray]) -> list[NDArray]:
    """Values (P, D) at the states of `together`, as parts (M, T, D) by trajectory."""
    ends = np.cumsum([part.shape[0] * part.shape[1] for part in parts])
    split = [rows] if len(parts) == 1 else np.split(rows, ends[:-1])
    return [values.reshape(*part.shape[:2], -1) for values, part in zip(split, parts, strict=True)]


def _parts(states: NDArray) -> Iterator[NDArray]:
    """All states, in views of bounded size."""
    if states.nbytes <= BLOCK_BYTES or states.ndim == 1:
        yield states
    elif len(states) == 1:
        yield from _parts(states[0])
    else:
        together = max(1, BLOCK_BYTES // states[0].nbytes)
        for start in range(0, len(states), together):
            yield from _parts(states[start : start + together])
