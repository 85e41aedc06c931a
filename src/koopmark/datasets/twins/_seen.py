"""Sensors whose channels resemble those of the data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.datasets.measured import Measured
from koopmark.simulation import Trajectories

Array = NDArray[np.float64]
MOST_VARIABLES = 40
"""Of a system of the twin."""
MOST_HIDDEN = 8
"""Of one that fewer sensors see."""
MOST_NUMBERS = 40_000
"""Of a matrix of sensors, two of which are in a recipe."""
FAINT = 1e-2
"""Deviation of the weakest direction, relative to the strongest, that a system may have."""
ENOUGH = 10
"""States for each channel from which on the directions that have to do with the next are told."""
FAR = 0.05
"""Deviation that initial states have at least in each direction, relative to all."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Channels s = mean + scale (A z) of unit-variance coordinates z (n,), and their initial law.

    Parameters
    ----------
    mean, scale : (p,) arrays
        Of each channel; a constant one has the scale 1.
    mixing : (p, n) array
        A: the covariance of the standardised channels without noise is A Aᵀ.
    noise : (p,) array
        Of the measurement, relative to the standard deviation of the rest.
    first_mean, first_root : (n,) and (n, n) arrays
        Mean of z at the first samples, and R with their covariance R Rᵀ.
    """

    mean: Array
    scale: Array
    mixing: Array
    noise: Array
    first_mean: Array
    first_root: Array

    @property
    def size(self) -> int:
        """Number n of coordinates."""
        return self.mixing.shape[1]

    def began(self, turn: Array) -> tuple[Array, Array]:
        """Mean (m,) and root (m, m) of unit-variance variables w, z = Q w, at the start of trials.

        What sensors do not see of them is as anywhere. Q (n, m) has orthonormal rows.
        """
        unseen = np.eye(turn.shape[1]) - turn.T @ turn
        return turn.T @ self.first_mean, turn.T @ self.first_root @ turn + unseen


def variables_of(measured: Measured, seen: Seen) -> int:
    """Number of variables of a twin system.

    It exceeds the number of coordinates if few channels show more over time.
    """
    if measured.order <= seen.size or measured.constant.any():
        return seen.size
    return min(measured.order, MOST_HIDDEN)


def seen_of(data: Trajectories, measured: Measured) -> Seen:
    """Sensors for the data, with a coordinate for each direction with a signal, two at least."""
    varying = np.flatnonzero(~measured.constant)
    mean = np.where(np.isfinite(measured.mean), measured.mean, 0.0)
    scale = np.where(measured.constant, 1.0, measured.deviation)
    level = np.where(np.isfinite(measured.noise), measured.noise, 0.0) / scale
    values = (data.states[..., varying] - mean[varying]) / scale[varying]
    known = np.isfinite(values)
    flat = np.where(known, values, 0.0).reshape(-1, len(varying))
    there = known.reshape(flat.shape).astype(float)
    # Of pairs of values that were recorded together.
    covariance = (flat.T @ flat) / np.maximum(there.T @ there, 1.0)
    covariance -= np.diag(np.minimum(level[varying] ** 2, np.diag(covariance)))
    sizes, turn = np.linalg.eigh(covariance)
    n = min(max(measured.signal, 2), len(varying), MOST_VARIABLES, MOST_NUMBERS // len(mean))
    if len(flat) < ENOUGH * len(varying):
        n = min(n, max(2, _above_noise(flat, level[varying])))
    sizes, turn = sizes[::-1][:n], turn[:, ::-1][:, :n]
    root = np.sqrt(np.maximum(sizes, FAINT**2 * sizes[0]))
    mixing = np.zeros((len(mean), n))
    mixing[varying] = turn * root
    shown = np.linalg.norm(mixing, axis=1)
    noise = np.divide(level, shown, out=np.zeros(len(mean)), where=shown > 0.0)
    mean0, root0 = _first(values, level[varying], turn / root)
    return Seen(mean, scale, mixing, np.minimum(noise, 1e3), mean0, root0)


def _above_noise(values: Array, level: Array) -> int:
    """Directions of (P, p) values that vary more than noise of these levels does in any.

    Of so few samples noise alone has variances up to (1 + √(p/P))² (Marchenko and Pastur 1967).
    """
    samples, channels = values.shape
    units = np.where(level > 0.0, level, max(float(level.max()), 1e-9) * 1e-3)
    sizes = np.linalg.svd(values / units, compute_uv=False) ** 2 / samples
    return int(np.sum(sizes > (1.0 + np.sqrt(channels / samples)) ** 2))


def _first(values: Array, level: Array, inverse: Array) -> tuple[Array, Array]:
    """Mean (n,) and root of the covariance (n, n) of the first samples of trials, without noise."""
    n = inverse.shape[1]
    complete: NDArray[np.bool_] = np.all(np.isfinite(values), axis=2)
    begun = np.flatnonzero(complete.any(axis=1))
    if len(begun) < 3:
        return np.zeros(n), np.eye(n)
    first = values[begun, complete[begun].argmax(axis=1)] @ inverse
    noise = (inverse.T * level**2) @ inverse
    sizes, turn = np.linalg.eigh(np.cov(first.T).reshape(n, n) - noise)
    whole = np.sqrt(max(float(np.mean(first**2)), 1e-12))
    return first.mean(axis=0), turn * np.sqrt(np.maximum(sizes, (FAR * whole) ** 2))
