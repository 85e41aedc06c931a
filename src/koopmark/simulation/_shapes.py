"""Conversion of arrays to the shapes of trajectory data."""

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

NO_TIMES = "Trajectories need times: pass times, (T,) or (M, T), or dt, the sampling interval"


def times_given(times: ArrayLike | None, dt: float | None, length: int) -> ArrayLike:
    """The given times, or times every `dt` from 0 on for `length` states.

    Raises
    ------
    TypeError, ValueError
        If both are given, or neither, or `dt` is no positive number.
    """
    if (times is None) == (dt is None):
        raise TypeError(NO_TIMES if dt is None else "Trajectories take times or dt, not both")
    if times is not None:
        return times
    if isinstance(dt, bool) or not isinstance(dt, Real) or not 0.0 < float(dt) < np.inf:
        raise ValueError(f"dt must be a positive number, got {dt!r}")
    return float(dt) * np.arange(length)


def trajectories_given(array: NDArray, what: str, last: str) -> NDArray:
    """States as (M, T, N), with a matrix taken as one trajectory."""
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        one = f": {what}[:, None] has one channel" if array.ndim == 1 and array.size else ""
        raise ValueError(
            f"{what} must have shape (M, T, {last}), or (T, {last}) for one trajectory, "
            f"got {array.shape}{one}"
        )
    return array


def padded(
    parts: list[NDArray], length: int, what: str, like: list[NDArray] | None = None
) -> NDArray:
    """Arrays (Tᵢ, k) in one array (M, length, k), padded by NaN, with lengths checked by `like`.

    Raises
    ------
    ValueError
        If the lengths do not match `like`, or the arrays differ in k; the message names the array.
    """
    if like is not None and len(parts) != len(like):
        raise ValueError(f"{what} must hold one array for each of {len(like)}, got {len(parts)}")
    for k, part in enumerate(parts):
        if part.ndim != 2:
            raise ValueError(f"{what}[{k}] must have two axes, times and channels: {part.shape}")
        if part.shape[1] != parts[0].shape[1]:
            raise ValueError(
                f"{what}[{k}] has {part.shape[1]} channels, and {what}[0] {parts[0].shape[1]}"
            )
        if like is not None and len(part) != len(like[k]):
            raise ValueError(f"{what}[{k}] has {len(part)} entries for {len(like[k])} states")
    if all(len(part) == length for part in parts):
        return np.stack(parts)
    single = all(part.dtype == np.float32 for part in parts)
    kind = np.float32 if single else np.float64
    whole = np.full((len(parts), length, parts[0].shape[1]), np.nan, kind)
    for row, part in zip(whole, parts, strict=True):
        row[: len(part)] = part
    return whole
