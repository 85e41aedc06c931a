"""Principal Koopman eigenfunctions by the path integral.

About a stable fixed point, for a left eigenvector wᵀJ = λwᵀ of the Jacobian,

    φ(x) = wᵀδ + ∫₀^∞ e^{-λs} wᵀW n(δ(s)) ds,      δ = ζ(x) - ζ(x*),

obeys F·∇φ = λφ on the basin, with ∇φ = w (in y = ζ(x)) at the point. δ falls as e^{ρs}, ρ the
slowest rate, and n as its square (its cube where F is odd about x*), so the integral exists where
Re λ > 2ρ (3ρ). Source: Mohr and Mezić 2016; Deka, Narayanan and Mezić 2023.

δ itself is integrated, scaled by e^{-ρs}, its null component in closed form, with the integral as
coordinates beside it; n keeps its digits however small δ gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation import Tolerance, initial_states_of, integrate, one_blas_thread
from koopmark.spectrum._linearisation import Linearisation
from koopmark.spectrum._nonlinearity import NoSpectrum

Array = NDArray[np.float64]

RTOL = 1e-11
COARSE, COARSE_SAFETY = 30.0, 3.0
"""The integration is repeated at so many times the tolerance: so many times the difference bounds
its error, as now and then the coarse one is right by luck."""
ROUNDING = 1e-14
"""Relative to the sizes of what is added up."""
SMALLEST_SIZE = 1e-3
"""Of the size at the start: what errors are relative to where all coordinates vanish."""
LONGEST, UNDERFLOWS = 300.0, 330.0
"""In times 1/|ρ|, and 1/|λ| twice that; beyond the second n underflows."""
VALUES_AT_ONCE = 400_000
TAIL_SAFETY = 2.0
EIGENVALUE_ROUNDING = 1e-14
"""Of eigenvalues of order 1: what their differences are known to."""
NEAR = 0.1
"""|δ|, relative to 1 + |y*|, below which the tail is estimated; further away nothing is known."""


class OutsideBasin(ValueError):
    """Some states lie outside the basin of the fixed point; the message lists them."""


@dataclass(frozen=True, eq=False)
class PathIntegral:
    """Values of p principal eigenfunctions at M states, with error estimates.

    Parameters
    ----------
    values : (M, p) complex array
        NaN outside the basin.
    error : (M, p) array
        Estimated absolute error: the part of the integral beyond the time of its cut-off, plus the
        integrator's error if `estimate` was set. It is large if the integral converges too slowly
        and was cut early, so check it before you use the values.
    outside : (M,) bool array
        Whether the trajectory of a state does not end at the fixed point.
    """

    values: NDArray[np.complex128]
    error: Array
    outside: NDArray[np.bool_]


def path_integral(
    about: Linearisation,
    states: Array,
    which: Sequence[int] | None = None,
    *,
    rtol: float = RTOL,
    estimate: bool = True,
    longest: float = LONGEST,
) -> PathIntegral:
    """Evaluate principal eigenfunctions at states (M, N) by path integrals.

    Parameters
    ----------
    about : Linearisation
    states : (M, N) array
    which : sequence of int, optional
        Indices into `about.eigenvalues`; all of them by default.
    rtol : float
        Relative accuracy of the integration of δ and φ, 1e-13 to 1e-2.
    estimate : bool
        Whether to integrate a second time to estimate the integrator's error.
    longest : float
        Time, in units of the slowest time scale, at which an integral is cut that has not
        converged; at most 330, where the nonlinearity would underflow. The part beyond is added if
        the slowest mode is real and the others have decayed.

    Raises
    ------
    NoSpectrum
        If an integral does not converge; the message gives the rates.
    ValueError
        If the states have the wrong shape or are not finite, or an index, `rtol` or `longest` is
        out of range.
    """
    count = len(about.eigenvalues)
    chosen = np.arange(count) if which is None else np.asarray(which, dtype=int)
    if not ((chosen >= 0) & (chosen < count)).all():
        raise ValueError(f"which holds {list(chosen)}: indices of {count} eigenvalues")
    if not 0.0 < longest <= UNDERFLOWS:
        raise ValueError(f"longest is {longest:g}: it must be above 0 and at most {UNDERFLOWS:g}")
    states = initial_states_of(states, about.network.size, "states")
    rtol = Tolerance.of(rtol, None).relative
    for index in chosen:
        if not about.converges(index):
            value, kind = about.eigenvalues[index], "an odd" if about.order == 3 else "a"
            named = f"{value.real:.4g}" + (f"{value.imag:+.4g}i" if value.imag else "")
            raise NoSpectrum(
                f"the path integral for the eigenvalue {named} diverges: {kind} nonlinearity needs "
                f"a real part above {about.order:g} x {about.growth:.4g}, the slowest rate, = "
                f"{about.order * about.growth:.4g}"
            )
    at_once = max(1, VALUES_AT_ONCE // states.shape[1])
    with one_blas_thread():
        parts = [
            _part(about, states[start : start + at_once], chosen, rtol, estimate, longest)
            for start in range(0, max(len(states), 1), at_once)
        ]
    return PathIntegral(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.error for part in parts]),
        np.concatenate([part.outside for part in parts]),
    )


def _part(
    about: Linearisation,
    states: Array,
    chosen: NDArray,
    rtol: float,
    estimate: bool,
    longest: float,
) -> PathIntegral:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        delta = about.displacement(states)
        linear = delta @ about.covectors[chosen].T
        fine = _integrated(about, delta, chosen, rtol, longest)
        sizes = np.abs(delta) @ np.abs(about.covectors[chosen]).T + np.abs(fine.integral)
        error = fine.tail + ROUNDING * sizes
        if estimate:
            coarse = _integrated(about, delta, chosen, min(COARSE * rtol, 1e-2), longest)
            error += COARSE_SAFETY * np.abs(fine.integral - coarse.integral)
    values = linear + fine.integral
    values[fine.outside], error[fine.outside] = np.nan, np.nan
    return PathIntegral(values, error, fine.outside)


@dataclass(frozen=True, eq=False)
class _Integrated:
    integral: NDArray[np.complex128]
    tail: Array
    outside: NDArray[np.bool_]


def _integrated(
    about: Linearisation, delta: Array, chosen: NDArray, rtol: float, longest: float = LONGEST
) -> _Integrated:
    """The integrals (M, p) cut where the rest is below rtol, and a bound on the rest."""
    count, p = len(delta), len(chosen)
    integral = np.zeros((count, p), dtype=complex)
    tail = np.zeros((count, p))
    if about.affine or count == 0 or p == 0:
        return _Integrated(integral, tail, np.asarray(~np.isfinite(delta).all(axis=1)))
    tail[:] = np.inf
    eigenvalues = about.eigenvalues[chosen]
    gap = float(np.min(_gaps(about, eigenvalues)))
    fastest = float(np.abs(eigenvalues.real).max())
    end = min(longest / abs(about.growth), 2.0 * longest / fastest)
    chunk = min(end, np.log(1.0 / rtol) / gap + 3.0 / abs(about.growth))
    r = about.basis.shape[1]
    a = delta @ about.basis
    null = delta - a @ about.basis.T
    size = np.linalg.norm(delta, axis=1)
    scaled = np.hstack([a, np.zeros((count, 2 * p))])
    outside = np.asarray(~np.isfinite(size))
    lanes = np.flatnonzero(~outside & (size > 0))
    tail[size == 0] = 0.0
    start = 0.0
    while len(lanes):
        elapsed = min(chunk, end - start)
        rhs = _Scaled(about, null[lanes].T, size[lanes], chosen, start)
        samples = np.full((len(lanes), 1, r + 2 * p), np.nan)
        began = np.ascontiguousarray(scaled[lanes].T)
        integrate(rhs, began, np.array([elapsed]), Tolerance(rtol), samples)
        start += elapsed
        after = samples[:, 0]
        scaled[lanes] = after
        lost = ~np.isfinite(after).all(axis=1)
        integral[lanes] = after[:, r : r + p] + 1j * after[:, r + p :]
        now = np.exp(about.growth * start) * (after[:, :r] @ about.basis.T)
        now += np.exp(-start) * null[lanes]
        near = np.linalg.norm(now, axis=1) <= NEAR * (1.0 + np.linalg.norm(about.centre))
        tail[lanes] = np.where(near[:, None], _tail_bound(about, now, start, chosen), np.inf)
        if start >= end:
            cut = near[:, None] & (tail[lanes] > rtol * size[lanes][:, None])
            rest, uncertain = _tail_estimate(about, now, start, chosen)
            integral[lanes] += np.where(cut, rest, 0.0)
            tail[lanes] = np.where(cut, uncertain, tail[lanes])
        pulled = about.nonlinearity.difference(now) @ about.gather.T @ about.basis.T
        at_rest = np.linalg.norm(pulled - now, axis=1) <= 1e-9 * (1.0 + size[lanes])
        gone = lost | (~near & (at_rest | (start >= end)))
        outside[lanes[gone]] = True
        unfinished = (tail[lanes] > rtol * size[lanes][:, None]).any(axis=1)
        lanes = lanes[unfinished & ~gone] if start < end else lanes[:0]
    return _Integrated(integral, tail, outside)


class _Scaled:
    """ã = e^{-ρs} Qᵀδ and the integrals, for the integrator: one lane a column.

    ã' = (M - 1 - ρ) ã + e^{-(1+ρ)s} S Rᵀ Dg z + e^{-ρs} S Rᵀ n,   I' = e^{-λs} kᵀ S Rᵀ n,

    with δ = e^{ρs} (Q ã + e^{-(1+ρ)s} z), z the null component at time 0.
    """

    timed = True

    def __init__(
        self, about: Linearisation, null: Array, size: Array, chosen: NDArray, start: float
    ) -> None:
        self._start, self._remainder = start, about.nonlinearity.remainder
        self._growth, self._basis, self._gather = about.growth, about.basis, about.gather
        self._null, self._pulled = np.ascontiguousarray(null), about.sloped @ null
        self._null_square = np.einsum("nm,nm->m", null, null)
        self._floor = SMALLEST_SIZE * size
        self._linear = about.sloped @ about.basis - (1.0 + about.growth) * np.eye(len(about.gather))
        self._rates = about.eigenvalues[chosen][:, None]
        self._covectors = about.reduced_covectors[chosen]

    def clock(self, t: Array) -> Array:
        """All that depends on the time alone, (..., 4 + 2 p, m)."""
        time, rho = (t + self._start)[..., None, :], self._growth
        rates = np.array([-(1.0 + rho), rho, -rho, -2.0 * (1.0 + rho)])[:, None]
        turning = np.exp(-self._rates * time)
        return np.concatenate([np.exp(rates * time), turning.real, turning.imag], axis=-2)

    def __call__(self, clock: Array, a: Array, out: Array) -> Array:
        r, p = len(self._linear), len(self._rates)
        fading, growing, shrinking = clock[0], clock[1], clock[2]
        delta = growing * (self._basis @ a[:r] + fading * self._null)
        beyond = self._gather @ self._remainder(delta.T).T
        out[:r] = self._linear @ a[:r] + fading * self._pulled + shrinking * beyond
        integrand = np.empty((p, a.shape[1]), dtype=complex)
        integrand.real, integrand.imag = clock[4 : 4 + p], clock[4 + p :]
        integrand *= self._covectors @ beyond
        out[r : r + p], out[r + p :] = integrand.real, integrand.imag
        return out

    def size(self, clock: Array, a: Array) -> Array:
        faded = self._null_square * clock[3]
        return np.maximum(np.sqrt(np.einsum("km,km->m", a, a) + faded), self._floor)

    def keep(self, lanes: NDArray[np.intp]) -> None:
        self._null, self._pulled = self._null[:, lanes], self._pulled[:, lanes]
        self._null_square, self._floor = self._null_square[lanes], self._floor[lanes]


def _tail_bound(about: Linearisation, delta: Array, time: float, chosen: NDArray) -> Array:
    """Bound (M, p) on what the integrals hold beyond `time`, δ being (M, N) there.

    Unit by unit |δ(s)| stays below b e^{ρ(s - T)}, b = Σ |vᵢ wᵢᵀδ| + |the rest|, as far as the
    motion is linear by then; so |n| stays below its larger value at ±b times e^{2ρ(s - T)} (3ρ).
    """
    parts = delta @ about.covectors.T
    rest = delta - (parts @ about.vectors.T).real
    most = np.abs(parts) @ np.abs(about.vectors).T + np.abs(rest)
    weights = np.abs(about.reduced_covectors[chosen] @ about.gather)
    rates = about.eigenvalues[chosen].real
    integrand = np.exp(-rates * time) * (about.remainder_at_most(most) @ weights.T)
    return TAIL_SAFETY * integrand / _gaps(about, rates)


def _tail_estimate(
    about: Linearisation, delta: Array, time: float, chosen: NDArray
) -> tuple[NDArray[np.complex128], Array]:
    """(M, p) what the integrals hold beyond `time` where one real mode is left, and its error.

    Along v of the slowest rate ρ, n falls as e^{2ρs} (e^{3ρs}): the rest is the integrand over
    λ - 2ρ (3ρ). The error is what the other modes may add to n, what n holds of higher order, and
    the rounding of the eigenvalues over their small difference. Where the slowest is a pair nothing
    is added, and the error is the bound on all of it.
    """
    whole = _tail_bound(about, delta, time, chosen)
    eigenvalues = about.eigenvalues
    if np.isinf(about.order):
        return np.zeros(whole.shape, dtype=complex), whole
    parts = delta @ about.covectors.T
    if eigenvalues[0].real < about.growth:
        slow = delta - (parts @ about.vectors.T).real
    elif eigenvalues[0].imag == 0.0:
        slow = parts[:, :1].real * about.vectors[:, 0].real
    else:
        return np.zeros(whole.shape, dtype=complex), whole
    beyond = about.nonlinearity.remainder(slow)
    covectors = about.reduced_covectors[chosen] @ about.gather
    chosen_ones = eigenvalues[chosen]
    apart = chosen_ones - about.order * about.growth
    rest = np.exp(-chosen_ones * time) * (beyond @ covectors.T) / apart
    others = np.linalg.norm(delta - slow, axis=1) / np.linalg.norm(slow, axis=1)
    share = others * (2.0 + others) * about.order + np.linalg.norm(slow, axis=1)
    share = np.nan_to_num(share, nan=np.inf)[:, None]
    rounding = EIGENVALUE_ROUNDING * (1.0 + np.abs(chosen_ones)) / np.abs(apart)
    rounding = rounding * (1.0 + time * np.abs(apart))
    uncertain = whole * np.minimum(share, 1.0) + np.abs(rest) * rounding
    sound = share < 1.0
    return np.where(sound, rest, 0.0), np.where(sound, uncertain, whole)


def _gaps(about: Linearisation, eigenvalues: NDArray) -> Array:
    """Rates at which the integrands decay; where n = 0 near the point they end, at no rate."""
    if np.isinf(about.order):
        return np.full(len(eigenvalues), abs(about.growth))
    return eigenvalues.real - about.order * about.growth
