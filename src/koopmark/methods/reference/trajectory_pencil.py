"""How well functions of a dictionary follow an exponential along whole trajectories."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, eigh, solve_triangular

from koopmark._tsqr import triangle_of
from koopmark.methods.products import real_product

REGULARISATION = 1e-13
"""Added to the noise of every function, relative to its size: data without noise have a metric."""


FAINT = 1e-9
"""Variance of the noise, relative to that of a function."""


class Fit(NamedTuple):
    """Functions that follow e^{λt} best, in increasing order of their misfit."""

    misfits: NDArray[np.float64]
    """κ (k,): mean square deviation from e^{λt}, in units of the noise: 1 for exact ones."""
    coefficients: NDArray
    """(D, k) of the functions in the dictionary."""


@dataclass(frozen=True, eq=False)
class TrajectoryPencil:
    """The deviation of every function φ = ψ c from a multiple of e^{λt} on each trajectory.

    An eigenfunction obeys φ(xₘ(t)) = aₘ e^{λt} on every trajectory m, with its own aₘ. With P_λ
    the projector in time that removes e^{λt}, what is left is cᴴ S_λ c, S_λ = Σₘ Ψₘᴴ P_λ Ψₘ
    (variable projection: Golub and Pereyra 1973). White noise of covariance C in ψ adds
    M (T - 1) C whatever λ is. So the pencil (S_λ, M (T - 1) C) has an eigenvalue κ near 1 where
    λ is a Koopman eigenvalue, one for each dimension of its eigenspace, and larger ones for
    everything else; minimising κ is maximum likelihood for Gaussian noise, trajectories being
    otherwise free.

    Parameters
    ----------
    values : (M, T, D) array
        Dictionary values along the trajectories.
    covariance : (D, D) array
        C. Functions without noise (the constant) have zeros in it.
    times : (T,) array
        Evenly spaced.
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    times: NDArray[np.float64]

    @cached_property
    def certain(self) -> NDArray[np.bool_]:
        """(D,) functions without noise: these are combined freely."""
        return np.diag(self.covariance) == 0.0

    @property
    def freedom(self) -> int:
        """M (T - 1), the numbers that a misfit is the mean of."""
        return len(self.values) * (len(self.times) - 1)

    @property
    def count(self) -> int:
        """How many functions have a misfit."""
        return int(np.sum(~self.certain))

    @cached_property
    def faint(self) -> bool:
        """Whether the noise is so weak that squares of the values have too few digits for it."""
        noisy = ~self.certain
        size = np.mean(self.values[..., noisy] ** 2, axis=(0, 1))
        return bool(np.any(np.diag(self.covariance)[noisy] <= FAINT * size))

    @cached_property
    def _origin(self) -> NDArray[np.float64]:
        """(D,) what is subtracted for the sake of digits, where a constant gives it back."""
        mean = self.values.mean(axis=(0, 1))
        return np.where(self.certain, 0.0, mean) if self._has_constant else np.zeros_like(mean)

    @cached_property
    def _has_constant(self) -> bool:
        constant = self.values[..., self.certain]
        return bool(constant.shape[-1] == 1 and np.ptp(constant) == 0.0)

    @cached_property
    def _whitening(self) -> NDArray[np.float64]:
        """(D, D) B: ψ B has the certain functions first, then those whose noise is white."""
        noisy = ~self.certain
        flat = self.values[..., noisy] - self._origin[noisy]
        size = np.mean(flat**2, axis=(0, 1))
        size[size == 0.0] = 1.0
        covariance = self.covariance[np.ix_(noisy, noisy)] + REGULARISATION * np.diag(size)
        scale = np.sqrt(np.diag(covariance))
        lower = cholesky(covariance / np.outer(scale, scale), lower=True)
        whitening = np.zeros((len(noisy),) * 2)
        split = len(noisy) - self.count
        whitening[np.flatnonzero(self.certain), np.arange(split)] = 1.0
        inverse = solve_triangular(lower, np.eye(len(scale)), lower=True).T / scale[:, None]
        whitening[np.flatnonzero(noisy), split:] = inverse
        return whitening

    @cached_property
    def _white(self) -> NDArray[np.float64]:
        return (self.values - self._origin) @ self._whitening

    @cached_property
    def _gram(self) -> NDArray[np.float64]:
        flat = self._white.reshape(-1, self._white.shape[2])
        return flat.T @ flat

    def misfits(self, rate: complex, count: int) -> NDArray[np.float64]:
        """The `count` least κ at this λ."""
        reduced, _ = self._reduced(rate)
        return eigh(reduced, eigvals_only=True, subset_by_index=(0, count - 1)) / self.freedom

    def every_misfit(self, rate: complex) -> NDArray[np.float64]:
        """All κ at this λ."""
        return np.linalg.eigvalsh(self._reduced(rate)[0]) / self.freedom

    def quick(self, rate: complex, count: int) -> Fit:
        """As `best`, from S_λ itself: faster, with half the digits."""
        reduced, free = self._reduced(rate)
        squares, functions = eigh(reduced, subset_by_index=(0, count - 1))
        return Fit(squares / self.freedom, self._spelled(functions, -free @ functions))

    def best(self, rate: complex, count: int) -> Fit:
        """The `count` functions that follow e^{λt} best, from the values and not their squares.

        One QR factorisation of the projected values keeps the digits that S_λ squares away.
        """
        split = self._white.shape[2] - self.count
        profile = self._profile(rate)
        amplitudes = np.tensordot(self._white, profile.conj(), axes=(1, 0))
        projected = self._white - amplitudes[:, None, :] * profile[:, None]
        triangle = triangle_of(projected.reshape(-1, projected.shape[2]))
        _, s, vh = np.linalg.svd(triangle[split:, split:])
        functions = vh[::-1][:count].conj().T
        mixed = triangle[:split, split:] @ functions
        free = -np.linalg.lstsq(triangle[:split, :split], mixed, rcond=None)[0]
        return Fit(s[::-1][:count] ** 2 / self.freedom, self._spelled(functions, free))

    def _spelled(self, functions: NDArray, free: NDArray) -> NDArray:
        """Coefficients (D, k) in the dictionary of combinations of the whitened functions."""
        coefficients = real_product(self._whitening, np.vstack([free, functions]))
        if self._has_constant:
            shift = real_product(self._origin[None], coefficients)[0]
            coefficients[np.flatnonzero(self.certain)[0]] -= shift
        return coefficients

    def step(self, rate: complex, coefficients: NDArray) -> complex:
        """The Gauss-Newton step of λ for these functions, in Kaufman's (1975) approximation."""
        values = real_product(self.values.reshape(-1, self.values.shape[2]), coefficients)
        values = values.reshape(*self.values.shape[:2], -1)
        profile = self._profile(rate)
        slope = (self.times - self.times[0]) * profile
        slope = slope - profile * np.vdot(profile, slope)
        amplitudes = np.tensordot(profile.conj(), values, axes=(0, 1))
        residual = values - profile[:, None] * amplitudes[:, None, :]
        # P_λ(t e^{λt}) a is how the fitted exponential moves with λ.
        along = np.tensordot(slope.conj(), residual, axes=(0, 1))
        size = np.vdot(slope, slope).real * np.sum(abs(amplitudes) ** 2)
        step = np.vdot(amplitudes, along) / size if size > 0 else 0.0
        return complex(step) if rate.imag else complex(step.real)

    def _profile(self, rate: complex) -> NDArray:
        """(T,) e^{λt} of unit norm; real for real λ."""
        exponent = rate if rate.imag else rate.real
        lapse = self.times - (self.times[0] if rate.real <= 0 else self.times[-1])
        profile = np.exp(exponent * lapse)
        return profile / np.linalg.norm(profile)

    def _reduced(self, rate: complex) -> tuple[NDArray, NDArray]:
        """S_λ in the whitened functions, with the certain ones fitted away (Schur complement)."""
        profile = self._profile(rate)
        amplitudes = np.tensordot(self._white, profile.conj(), axes=(1, 0))
        whole = self._gram - amplitudes.conj().T @ amplitudes
        split = self._white.shape[2] - self.count
        free = np.linalg.lstsq(whole[:split, :split], whole[:split, split:], rcond=None)[0]
        reduced = whole[split:, split:] - whole[split:, :split] @ free
        return (reduced + reduced.conj().T) / 2.0, free
