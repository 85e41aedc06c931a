"""Linear and nonlinear part of a relaxation network around a stable fixed point.

With δ = y - y*, y = ζ(x), and the nonlinearity g = h ∘ ζ⁻¹ split at y* into its slope Dg and the
rest n,

    δ̇ = J δ + Q S Rᵀ n(δ),      J = -I + Q S Rᵀ Dg,      W = Q S Rᵀ.

Left eigenvectors of J other than null vectors of the weights follow from those of the r x r
matrix M = S Rᵀ Dg Q: where kᵀM = μ kᵀ, w = (S Rᵀ Dg)ᵀ k / μ has wᵀJ = (μ - 1) wᵀ and Qᵀw = k.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.spectrum._equations import relaxation_network
from koopmark.spectrum._fixed_points import FixedPoint, is_odd
from koopmark.spectrum._nonlinearity import Composite, NoSpectrum, nonlinearity
from koopmark.systems import Network, System

Array = NDArray[np.float64]

DEFECTIVE = 1e-8
"""Reciprocal condition of the eigenvectors of M, and |μ|, below which J has no such basis."""


@dataclass(frozen=True, eq=False)
class Linearisation:
    """A relaxation network in coordinates around one of its stable fixed points.

    Raises
    ------
    NoSpectrum
        If the system is not a relaxation network, the point is not stable, or the eigenvectors
        there are not a basis.
    """

    system: System
    point: FixedPoint

    def __post_init__(self) -> None:
        _ = self.network
        if not self.point.stable:
            raise NoSpectrum(
                f"the fixed point is not stable: the real part {self.point.growth:.3g} is among "
                "its eigenvalues"
            )

    @cached_property
    def network(self) -> Network:
        found = relaxation_network(self.system)
        if found is None:
            raise NoSpectrum(
                f"a {type(self.system).__name__} is no relaxation network: its eigenfunctions "
                "about a fixed point are not computed"
            )
        return found

    @cached_property
    def centre(self) -> Array:
        """The fixed point y* = ζ(x*), (N,)."""
        return np.asarray(self.network.zeta(self.point.state), dtype=float)

    @cached_property
    def nonlinearity(self) -> Composite:
        return nonlinearity(self.network, self.centre)

    @property
    def basis(self) -> Array:
        """Orthonormal basis Q (N, r)."""
        return self.network.weights.thin_qr[0]

    @cached_property
    def gather(self) -> Array:
        """The matrix S Rᵀ (r, N)."""
        return self.network.weights.thin_qr[1] @ self.network.weights.right.T

    @cached_property
    def sloped(self) -> Array:
        """The matrix S Rᵀ Dg (r, N)."""
        return self.nonlinearity.pull(self.gather)

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        """Eigenvalues (r,) of the Jacobian J other than the N - r copies of -1."""
        return self.point.reduced_eigenvalues

    @property
    def growth(self) -> float:
        """Largest real part in the spectrum of J."""
        return max(float(self.eigenvalues.real.max()), -1.0)

    @cached_property
    def order(self) -> float:
        """Lowest order of the nonlinearity n: 2, or 3 if F is odd about the point; inf if n = 0."""
        if not self._bends(1e-3):
            return np.inf
        at_origin = np.linalg.norm(self.point.state) <= 1e-12
        return 3.0 if at_origin and is_odd(self.network) else 2.0

    @cached_property
    def affine(self) -> bool:
        """Whether n = 0 everywhere, not only near the point."""
        return not any(self._bends(size) for size in (1e-3, 1.0, 1e3))

    def converges(self, index: int) -> bool:
        """Whether the path integral of eigenvalue `index` converges: Re λ > order x growth."""
        return bool(self.eigenvalues[index].real > self.order * self.growth)

    def _bends(self, size: float) -> bool:
        rng = generator("fixed points", "bends")
        probes = size * rng.choice([-1.0, 1.0], size=(4, self.network.size))
        return bool(self.nonlinearity.remainder(probes).any())

    @property
    def covectors(self) -> NDArray[np.complex128]:
        """Left eigenvectors w (r, N) of J for `eigenvalues`, with unit norm."""
        return self._covectors_and_reduced[0]

    @property
    def reduced_covectors(self) -> NDArray[np.complex128]:
        """The reduced left eigenvectors Qᵀw (r, r)."""
        return self._covectors_and_reduced[1]

    @cached_property
    def _covectors_and_reduced(self) -> tuple[NDArray, NDArray]:
        from scipy.optimize import linear_sum_assignment

        mu, right = np.linalg.eig(self.sloped @ self.basis)
        # Not by sorting: rounding decides the order of equal real parts, here and at the point.
        _, order = linear_sum_assignment(np.abs(self.eigenvalues[:, None] + 1.0 - mu))
        mu, right = mu[order].astype(complex), right[:, order]
        s = np.linalg.svd(right, compute_uv=False)
        if s[-1] < DEFECTIVE * s[0]:
            raise NoSpectrum(
                "the Jacobian at the fixed point has no basis of eigenvectors: two of its "
                "eigenvalues coincide"
            )
        left = np.linalg.inv(right)
        scaled = left @ self.sloped
        # μ = 0: -1 once more, with the eigenvector Q k where the weights do not couple to it.
        uncoupled = np.abs(mu) < DEFECTIVE
        if (np.abs(scaled[uncoupled]) > DEFECTIVE).any():
            raise NoSpectrum(
                "an eigenvalue of the fixed point coincides with the -1 of the weights' null space"
            )
        scaled[uncoupled] = left[uncoupled] @ self.basis.T
        w = scaled / np.where(uncoupled, 1.0, mu)[:, None]
        size = np.linalg.norm(w, axis=1, keepdims=True)
        return w / size, left / size

    @cached_property
    def vectors(self) -> NDArray[np.complex128]:
        """Right eigenvectors v = Q q (N, r) of J, normalised to wᵢᵀvⱼ = δᵢⱼ."""
        return self.basis @ np.linalg.inv(self.reduced_covectors)

    def remainder_at_most(self, bound: Array) -> Array:
        """Bound (..., N) on |n(δ)| for all small |δ| <= `bound` (..., N).

        If h mixes units, the bound is 4 times the largest value over 16 choices of signs.
        """
        n = self.nonlinearity.remainder
        if self.network.activation is not None:
            return np.maximum(np.abs(n(bound)), np.abs(n(-bound)))
        signs = generator("fixed points", "signs").choice([-1.0, 1.0], size=(16, bound.shape[-1]))
        return 4.0 * np.max([np.abs(n(sign * bound)) for sign in signs], axis=0)

    def displacement(self, states: Array) -> Array:
        """Displacement δ = ζ(x) - y* (..., N) from the fixed point."""
        return np.asarray(self.network.zeta(states), dtype=float) - self.centre
