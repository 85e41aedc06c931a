"""Remarks for a model's note: decisions that depend on rounding, and data that were not used.

`Method.fit` collects these remarks for every method, a library's or ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CLOSE = 10.0
"""A singular value within this factor of its cut-off may be on the other side of it elsewhere."""

ROUNDED = 1.0 + 1e-6
"""The same for a value that is not rounding itself, such as a residual."""


@dataclass
class Collected:
    """The remarks made during a fit."""

    remarks: list[str] = field(default_factory=list)
    """Each once."""
    pairs_used: int | None = None
    """See `koopmark.models.Model.pairs_used`."""


_collected: ContextVar[Collected | None] = ContextVar("remarks of the present fit", default=None)


@contextmanager
def collected() -> Iterator[Collected]:
    """Collect the remarks made in the block."""
    said = Collected()
    token = _collected.set(said)
    try:
        yield said
    finally:
        _collected.reset(token)


def remark(text: str) -> None:
    """Add this text to the note of the model being fitted; outside of a fit, do nothing."""
    said = _collected.get()
    if said is not None and text not in said.remarks:
        said.remarks.append(text)


def fitted_to(pairs: int, what: str) -> None:
    """Record how many of the snapshot pairs the fit uses, and add to the note which.

    Parameters
    ----------
    pairs : int
    what : str
        Which, for the note: "one trajectory, the longest of 20".
    """
    said = _collected.get()
    if said is not None:
        said.pairs_used = pairs
    remark(f"fitted to {what}")


def numerical_rank(singular_values: NDArray, tolerance: float, what: str) -> int:
    """Number of singular values above `tolerance` times the largest; close calls are remarked.

    Parameters
    ----------
    singular_values : (k,) array
        In descending order.
    tolerance : float
        Relative to the largest.
    what : str
        Of what this is the rank, for the remark: "the dictionary".
    """
    if len(singular_values) == 0 or not singular_values[0] > 0.0:
        return 0
    relative = singular_values / singular_values[0]
    rank = int(np.sum(relative > tolerance))
    if np.any((relative > tolerance / CLOSE) & (relative < tolerance * CLOSE)):
        remark(hangs_on_rounding(what))
    return rank


def hangs_on_rounding(what: str) -> str:
    """The remark for a singular value within a factor CLOSE of the cut-off."""
    return (
        f"the rank of {what} hangs on rounding: a singular value lies within a factor of "
        f"{CLOSE:g} of the cut-off"
    )


def at_most(
    values: NDArray, limit: float | NDArray, what: str, factor: float = ROUNDED
) -> NDArray[np.bool_]:
    """Which values are at most `limit`; close calls are remarked.

    Parameters
    ----------
    values : (k,) array
    limit : float or (k,) array
    what : str
        What is decided, for the remark: "which pairs are kept".
    factor : float
        Values within this factor of the limit may be on the other side of it elsewhere.
    """
    close = int(np.sum((values >= limit / factor) & (values <= limit * factor)))
    if close:
        remark(f"{what} hangs on rounding: {close} of {len(values)} lie on the threshold")
    return np.asarray(values <= limit)
