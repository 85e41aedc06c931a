"""The sampling pattern of a recording without its states: times, missing values, inputs."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from koopmark._errors import ConfigError
from koopmark._source import file_digest
from koopmark.simulation import Trajectories

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pattern:
    """Times, missing values and inputs of M trajectories with p channels.

    Parameters
    ----------
    times : (T,) or (M, T) array
        Times in sampling intervals from the first time of each trajectory; NaN after its end.
    recorded : (M, T) or (M, T, p) array of bool
        Which states, or values, were recorded.
    inputs : (M, T, q) array, optional
        Inputs, each held from its time to the next, in their own units.
    """

    times: Array
    recorded: NDArray[np.bool_]
    inputs: Array | None = None

    @classmethod
    def of(cls, data: Trajectories, dt: float | None = None) -> "Pattern":
        """The pattern of recorded data, in units of `dt` or of their own interval.

        A missing time is placed between its neighbours; values that are not finite count as not
        recorded.

        Raises
        ------
        ValueError
            If there is no sampling interval, since no trajectory has two times.
        """
        dt = data.dt if dt is None else dt
        recorded = np.isfinite(data.states)
        # A channel that is missing by itself is marked; otherwise states are there or not.
        if (recorded == recorded[..., :1]).all():
            recorded = recorded[..., 0]
        if data.times.ndim == 1 and data.regular:
            times = np.arange(len(data.times), dtype=float)
        elif data.times.ndim == 1:
            times = (data.times - data.times[0]) / dt
        else:
            times = np.stack([_from_zero(own) for own in data.times / dt])
        inputs = None if data.inputs is None else _held(np.asarray(data.inputs, dtype=float))
        return cls(times, recorded, inputs)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (M, T)."""
        m, t = self.recorded.shape[:2]
        return m, t

    @property
    def states(self) -> NDArray[np.bool_]:
        """Which states (M, T) have at least one recorded value."""
        held = self.recorded
        return held if held.ndim == 2 else np.asarray(np.any(held, axis=2))

    def write(self, path: Path) -> None:
        """Write a .npz file with the same bytes for the same pattern."""
        inputs = {} if self.inputs is None else {"inputs": self.inputs}
        np.savez_compressed(path, times=self.times, recorded=self.recorded, **inputs)  # type: ignore[arg-type]

    @classmethod
    def read(cls, path: Path) -> "Pattern":
        """Read a file of `write`.

        Raises
        ------
        ConfigError
            If there is no such file, or it is not a pattern.
        """
        try:
            return _read(path, file_digest(path))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from None
        except (ValueError, KeyError, BadZipFile) as error:
            raise ConfigError(
                f"{path}: no pattern of trials ({error}): it holds times, recorded and inputs, as "
                "`koopmark twin` writes them"
            ) from None


@lru_cache(maxsize=4)
def _read(path: Path, digest: str) -> Pattern:  # noqa: ARG001 another content is another pattern
    with np.load(path, allow_pickle=False) as file:
        times, recorded = np.asarray(file["times"], dtype=float), np.asarray(file["recorded"])
        inputs = np.asarray(file["inputs"], dtype=float) if "inputs" in file.files else None
    if recorded.dtype != bool or recorded.ndim not in (2, 3):
        raise ValueError("recorded must be true or false, of shape (M, T) or (M, T, p)")
    m, t = recorded.shape[:2]
    if times.shape not in ((t,), (m, t)):
        raise ValueError(f"times must have shape ({t},) or ({m}, {t}), got {times.shape}")
    if inputs is not None and (inputs.ndim != 3 or inputs.shape[:2] != (m, t)):
        raise ValueError(f"inputs must have shape ({m}, {t}, q), got {inputs.shape}")
    return Pattern(times, recorded, inputs)


def _from_zero(times: Array) -> Array:
    """(T,) times from the first on, known up to the last that was."""
    known = np.flatnonzero(np.isfinite(times))
    made = np.full(len(times), np.nan)
    if not len(known):
        # Nothing was recorded: it is simulated from an initial state, and not shown.
        made[0] = 0.0
        return made
    first, last = known[0], known[-1]
    made[first : last + 1] = np.interp(np.arange(first, last + 1), known, times[known])
    # Before the first, at even times.
    made[:first] = made[first] - np.arange(first, 0, -1)
    return made - made[0]


def _held(inputs: Array) -> Array:
    """The inputs (M, T, q), where one is missing the one before it, or else 0."""
    known = np.isfinite(inputs)
    place = np.where(known, np.arange(inputs.shape[1])[None, :, None], 0)
    last = np.maximum.accumulate(place, axis=1)
    filled = np.take_along_axis(inputs, last, axis=1)
    return np.where(np.isfinite(filled), filled, 0.0)
