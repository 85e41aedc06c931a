"""Affine functions with a common real rate along noisy trajectories, and how many there may be.

A function c + lᵀy that decays as e^{λt} is a multiple of e^{λt} along each trajectory. What is left
of it without that multiple is noise alone, and of how much noise is known from the data: in units
of it, the quadratic form of what is left has as many eigenvalues at the level of noise as there are
such functions. That bounds their number from above whatever a model found; the functions of a model
of which more is left than their error allows do not count, and so bound it from below.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.models import Model
from koopmark.scoring._plane import FLOW, MAP, Plane
from koopmark.simulation import MeasurementNoise, Trajectories
from koopmark.truth import LinearLaw

Array = NDArray[np.float64]

SPREAD = 0.25
"""Functions of a model whose eigenvalues are so near, relative, may be at one rate: noise parts
eigenvalues that are the same."""
CANDIDATES = 8
"""Rates of a model that are tried."""
FEWEST_AT_A_RATE = 2
"""One function at a real rate is had by almost every system."""
COMMON_WITHIN = 0.1
"""Share of the rate by which functions may disobey it, as the noise allows."""
DEVIATIONS = 3.0
"""Standard errors within which everything is noise."""
ROUNDING = 1e-6
"""Noise that is taken for granted, relative to each channel: integrators leave as much."""
COSINE = 0.95
"""Between a function of the model and an affine one, from which on it is taken for that."""
TRIES = 24
"""Evaluations in which a rate is fitted."""
FASTEST = 3.0
"""Decay within a sampling interval beyond which a rate does not show."""


@dataclass(frozen=True, eq=False)
class CommonRate:
    """The affine functions at one rate, and an upper bound on their number.

    Parameters
    ----------
    law : LinearLaw
    coefficients : (N + 1, k) array
        (c, l) of independent functions c + lᵀy that obey the rate.
    refused : int
        Directions of which none obeys it: the rank is at least this.
    unseen : int
        Directions in which the data show only noise.
    fewest : int
        Functions that there must be.
    """

    law: LinearLaw
    coefficients: Array
    refused: int
    unseen: int
    fewest: int

    @property
    def found(self) -> int:
        """Number k of recovered functions."""
        return self.coefficients.shape[1]


@dataclass(frozen=True, eq=False)
class Whitened:
    """Trajectories in coordinates in which the noise is white with variance 1.

    Parameters
    ----------
    z : (M, L, N) array
        z = W (y - centre), zeros where nothing was recorded.
    mask : (M, L) array of bool
    times : (M, L) array
        Zero where nothing was recorded.
    inputs : (M, L, q) array, optional
        Each held from its time to the next, where nothing is missing between them.
    whitening : (N, N) array
        W.
    centre : (N,) array
    error : float
        Of the noise variance, relative.
    settled : bool
        Whether there may not be less noise.
    """

    z: Array
    mask: NDArray[np.bool_]
    times: Array
    inputs: Array | None
    whitening: Array
    centre: Array
    error: float
    settled: bool

    @classmethod
    def of(cls, data: Trajectories, noise: MeasurementNoise) -> "Whitened":
        """Whiten the data by their noise; with inputs and gaps, segments count as trajectories."""
        if data.inputs is not None and not data.regular:
            parts = data.segments(2)
            data = Trajectories.from_arrays(
                [part.states[0] for part in parts],
                times=[part.times.ravel() for part in parts],
                inputs=[np.asarray(part.inputs)[0] for part in parts],
            )
        mask = data.recorded.mask
        states = real(data.states, "states")
        seen = states[mask]
        centre = seen.mean(axis=0)
        scale = seen.std(axis=0)
        scale[scale == 0.0] = 1.0
        root = noise.root / scale[:, None]
        covariance = root @ root.T + ROUNDING**2 * np.eye(len(scale))
        powers, axes = np.linalg.eigh(covariance)
        whitening = (axes / np.sqrt(powers)).T / scale
        z = np.where(mask[..., None], states - centre, 0.0) @ whitening.T
        times = np.where(mask, np.broadcast_to(data.times, mask.shape), 0.0)
        inputs = None if data.inputs is None else np.nan_to_num(real(data.inputs, "inputs"))
        return cls(z, mask, times, inputs, whitening, centre, noise.error, noise.settled)

    @property
    def size(self) -> int:
        """Number N of channels."""
        return self.z.shape[2]

    @property
    def degrees(self) -> int:
        """Degrees of freedom left beside an amplitude per trajectory and the constant."""
        counts = self.mask.sum(axis=1)
        return int(np.maximum(counts - 1, 0).sum()) - 1

    def spread(self) -> Array:
        """Sum of squares and products (N, N) about the mean."""
        seen = self.z[self.mask]
        return seen.T @ seen

    def profiles(self, law: LinearLaw) -> Array:
        """Decay profiles (M, L), of unit norm in each trajectory."""
        last = np.where(self.mask, self.times, -np.inf).max(axis=1, initial=-np.inf)
        first = np.where(self.mask, self.times, np.inf).min(axis=1, initial=np.inf)
        # From the end on if it grows: else it overflows.
        origin = np.where(np.isfinite(first), first if law.bounded else last, 0.0)
        elapsed = np.where(self.mask, self.times - origin[:, None], 0.0)
        profile = np.where(self.mask, law.scale(elapsed), 0.0)
        norms = np.linalg.norm(profile, axis=1, keepdims=True)
        return np.asarray(profile / np.where(norms > 0.0, norms, 1.0))

    def resolution(self, law: LinearLaw) -> float:
        """Change of the normalised profile per unit change of the rate."""
        profile = self.profiles(law)
        origin = np.where(self.mask, self.times, np.inf).min(axis=1, keepdims=True)
        elapsed = np.where(self.mask, self.times - origin, 0.0)
        moved = elapsed * profile
        if law.discrete:
            mu = law.multiplier or 0.0
            # d μᵗ / dμ, which is no multiple of t μᵗ at μ = 0.
            moved = moved / mu if abs(mu) > ROUNDING else np.where(elapsed == 1.0, 1.0, 0.0)
        moved = moved - profile * np.sum(moved * profile, axis=1, keepdims=True)
        several = self.mask.sum(axis=1) > 1
        return float(np.sqrt(np.mean(np.sum(moved[several] ** 2, axis=1)))) if several.any() else 0

    def left(self, law: LinearLaw, directions: Array) -> tuple[Array, Array]:
        """Residual products (s, s) of functions (N, s) after the fit, and their constants (s,).

        The constants (in front of c) are those that leave least.
        """
        s = directions.shape[1]
        values = np.concatenate([self.z @ directions, self.mask[..., None].astype(float)], axis=2)
        profile = self.profiles(law)
        rest = _without(values, profile).reshape(-1, s + 1)
        if self.inputs is not None:
            made = _without(self._responses(law), profile).reshape(len(rest), -1)
            basis, triangle = np.linalg.qr(made)
            sizes = np.abs(np.diag(triangle))
            basis = basis[:, sizes > ROUNDING * sizes.max(initial=0.0)]
            rest = rest - basis @ (basis.T @ rest)
        gram = rest.T @ rest
        seen = gram[s, s] > ROUNDING * self.mask.sum()
        constants = -gram[:s, s] / gram[s, s] if seen else np.zeros(s)
        return gram[:s, :s] + np.outer(gram[:s, s], constants), constants

    def _responses(self, law: LinearLaw) -> Array:
        assert self.inputs is not None
        found = np.zeros(self.inputs.shape)
        for k in range(self.inputs.shape[1] - 1):
            step = np.where(self.mask[:, k + 1], self.times[:, k + 1] - self.times[:, k], 0.0)
            step = step[:, None]
            found[:, k + 1] = law.scale(step) * found[:, k] + law.gain(step) * self.inputs[:, k]
        return np.where(self.mask[..., None], found, 0.0)

    @cached_property
    def unseen(self) -> int:
        """Number of directions with noise only."""
        beside = int(self.mask.sum()) - self.degrees
        return int(np.sum(np.linalg.eigvalsh(self.spread()) <= self.most(self.size) + beside))

    def ruled_out(self, law: LinearLaw) -> int:
        """Number of directions in which no function obeys the law."""
        whole, _ = self.left(law, np.eye(self.size))
        return int(np.sum(np.linalg.eigvalsh(whole) > self.most(self.size)))

    def most(self, functions: int) -> float:
        """Upper bound on the noise's sum of squares in any direction of so many `functions`.

        The largest singular value of a matrix of white noise (Davidson and Szarek 2001).
        """
        root = np.sqrt(self.degrees) + np.sqrt(functions) + DEVIATIONS
        return float(root**2 * (1.0 + DEVIATIONS * self.error))


def _without(values: Array, profile: Array) -> Array:
    """(M, L, s) without the multiple of the profile (M, L) in each trajectory."""
    amplitudes = np.einsum("ml,mls->ms", profile, values)
    return values - profile[..., None] * amplitudes[:, None]


def common_rate(
    model: Model, data: Trajectories, noise: MeasurementNoise, plane: Plane, rate: float | None
) -> CommonRate | None:
    """The rate at which the largest number of affine functions of a model obey their law.

    None if no affine functions of the model are near a common real rate.

    Parameters
    ----------
    model : Model
    data : Trajectories
        Noisy, with gaps, ragged; not used for the fit.
    noise : MeasurementNoise
        Of the data.
    plane : Plane
    rate : float, optional
        λ, or μ of a map; by default those that functions of the model have in common are tried.
    """
    seen = Whitened.of(data, noise)
    eigenvalues, _ = plane.eigenvalues(model)
    values = np.asarray(model.eigenfunctions(data.windows(model.window)))
    last = (real(data.windows(model.window)[:, -1], "states") - seen.centre) @ seen.whitening.T
    finite = np.isfinite(values).all(axis=0) & np.isfinite(eigenvalues)
    fewest = FEWEST_AT_A_RATE if rate is None else 1
    given = list(_rates(eigenvalues[finite], plane, seen)) if rate is None else [rate]
    best: CommonRate | None = None
    for centre in given:
        near = finite & (np.abs(eigenvalues - centre) <= SPREAD * _unit(plane, centre))
        directions = _affine(last, values[:, near])
        if directions.shape[1] < fewest:
            continue
        law = (
            law_at(plane, centre) if rate is not None else _fitted(seen, plane, centre, directions)
        )
        one = _judged(seen, law, directions, fewest)
        if best is None or (one.found, -one.refused) > (best.found, -best.refused):
            best = one
    if rate is not None or (best is not None and best.found >= fewest):
        return best
    # The data may allow at a rate of one function what the model does not have.
    single = [law_at(plane, one) for one in _shown(eigenvalues[finite], plane, seen).real]
    empty = np.empty((seen.size + 1, 0))
    allowed = [
        CommonRate(law, empty, seen.ruled_out(law), seen.unseen, fewest)
        for law in single[:CANDIDATES]
    ]
    return min(allowed, key=lambda one: one.refused, default=best)


def ruled_out(data: Trajectories, noise: MeasurementNoise | None, law: LinearLaw) -> int:
    """Number of directions l in which no function c + lᵀy obeys the law, for any model."""
    if noise is None:
        n = data.states.shape[2]
        noise = MeasurementNoise(np.zeros((n, n)), 0.0, np.ones(n, bool), np.zeros(n, bool))
    return Whitened.of(data, noise).ruled_out(law)


def law_at(plane: Plane, rate: float) -> LinearLaw:
    """The linear law of decay at rate λ, or by the factor μ per step of a map."""
    return LinearLaw(multiplier=float(rate)) if plane.discrete else LinearLaw(decay=-float(rate))


def _unit(plane: Plane, rate: float) -> float:
    return abs(1.0 - rate) if plane.discrete else abs(rate)


def _shown(
    eigenvalues: NDArray[np.complex128], plane: Plane, seen: Whitened
) -> NDArray[np.complex128]:
    """Those that may be real, without those so slow that they do not show, or of a flow so fast."""
    times = np.where(seen.mask, seen.times, np.nan)
    horizon = float(np.nanmax(np.nanmax(times, axis=1) - np.nanmin(times, axis=1)))
    steps = np.diff(times, axis=1)
    step = float(np.nanmedian(steps)) if np.isfinite(steps).any() else np.inf
    units = np.array([_unit(plane, one) for one in eigenvalues.real])
    shown = (np.abs(eigenvalues.imag) <= SPREAD * units) & (units * horizon >= 1.0)
    if not plane.discrete:
        shown &= units * step <= FASTEST
    return np.asarray(eigenvalues[shown])


def _rates(eigenvalues: NDArray[np.complex128], plane: Plane, seen: Whitened) -> Iterator[float]:
    """Real rates of a model, those near which most of its eigenvalues are first."""
    left = _shown(eigenvalues, plane, seen)
    for _ in range(CANDIDATES):
        if not len(left):
            return
        widths = SPREAD * np.array([_unit(plane, one) for one in left.real])
        near = np.abs(left[:, None] - left.real) <= widths
        centre = int(np.argmax(near.sum(axis=0)))
        yield float(np.median(left[near[:, centre]].real))
        left = left[~near[:, centre]]


def _affine(last: Array, values: NDArray) -> Array:
    """Directions l (N, s) of the affine functions of z (P, N) that the values (P, k) span.

    Orthonormal, those being left out that are constant.
    """
    parts = np.hstack([values.real, values.imag]) if np.iscomplexobj(values) else values
    sizes = np.abs(parts).max(axis=0, initial=0.0)
    parts = parts[:, sizes > 0.0] / sizes[sizes > 0.0]
    parts = parts - parts.mean(axis=0)
    if not parts.size:
        return np.empty((last.shape[1], 0))
    functions = _basis(parts)
    centred = last - last.mean(axis=0)
    u, s, vh = np.linalg.svd(centred, full_matrices=False)
    kept = s > ROUNDING**2 * s[0]
    turned, cosines, _ = np.linalg.svd(u[:, kept].T @ functions, full_matrices=False)
    chosen = turned[:, cosines >= COSINE]
    return np.linalg.qr((vh[kept].T / s[kept]) @ chosen)[0]


def _basis(parts: Array) -> Array:
    norms = np.linalg.norm(parts, axis=0)
    parts = parts[:, norms > ROUNDING] / norms[norms > ROUNDING]
    u, s, _ = np.linalg.svd(parts, full_matrices=False)
    return u[:, s > ROUNDING * s.max(initial=0.0)]


def _fitted(seen: Whitened, plane: Plane, centre: float, directions: Array) -> LinearLaw:
    """The rate near the centre at which least of the functions is left, by golden sections."""

    def cost(rate: float) -> float:
        gram, _ = seen.left(law_at(plane, rate), directions)
        return float(np.linalg.slogdet(gram + np.eye(len(gram)))[1])

    width = SPREAD * _unit(plane, centre)
    low, high = centre - width, centre + width
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    inner = [high - golden * (high - low), low + golden * (high - low)]
    costs = [cost(one) for one in inner]
    for _ in range(TRIES):
        if costs[0] <= costs[1]:
            high, inner[1], costs[1] = inner[1], inner[0], costs[0]
            inner[0] = high - golden * (high - low)
            costs[0] = cost(inner[0])
        else:
            low, inner[0], costs[0] = inner[0], inner[1], costs[1]
            inner[1] = low + golden * (high - low)
            costs[1] = cost(inner[1])
    return law_at(plane, (low + high) / 2.0)


def _judged(seen: Whitened, law: LinearLaw, directions: Array, fewest: int) -> CommonRate:
    n, s = directions.shape
    against = seen.ruled_out(law)
    spread = seen.spread()
    states = int(seen.mask.sum())
    gram, constants = seen.left(law, directions)
    signal = directions.T @ spread @ directions - states * (1.0 + DEVIATIONS * seen.error) * np.eye(
        s
    )
    sure = seen.degrees * (1.0 - DEVIATIONS * seen.error) - DEVIATIONS * np.sqrt(2 * seen.degrees)
    known = gram - (sure if seen.settled else 0.0) * np.eye(s)
    plane = MAP if law.discrete else FLOW
    rate = float(law.eigenvalue(1).real)
    allowed = (COMMON_WITHIN * _unit(plane, rate) * seen.resolution(law)) ** 2
    surplus, turned = np.linalg.eigh(known - allowed * signal)
    kept = turned[:, surplus < 0.0]
    if kept.shape[1] > n - against:
        _, order = np.linalg.eigh(kept.T @ gram @ kept)
        kept = kept @ order[:, : n - against]
    linear = seen.whitening.T @ (directions @ kept)
    constant = constants @ kept - seen.centre @ linear
    return CommonRate(law, np.vstack([constant, linear]), against, seen.unseen, fewest)
