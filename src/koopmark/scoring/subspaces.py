"""Angles between spans of functions, from their values at test points."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, qr, solve_triangular

TRUNCATION = 1e-10
"""Singular values below this fraction of the largest count as zero."""

ESTIMATE_IS_OFF_BY = 10.0
"""Generous bound on the factor by which LAPACK's condition estimate errs."""


@dataclass(frozen=True, eq=False)
class Span:
    """The span of some functions, by an orthonormal basis of their values at P points.

    Parameters
    ----------
    basis : (P, rank) array
    triangle : (s, s) array
        R of the values with columns scaled to unit norm: values / norms = Q R.
    norms : (s,) array
        Norms of the columns of the values; none is zero.
    rotation : (U, σ, Vᴴ), optional
        SVD of R, cut at the truncation, where that drops a direction; then basis = Q U.
    """

    basis: NDArray
    triangle: NDArray
    norms: NDArray[np.float64]
    rotation: tuple[NDArray, NDArray[np.float64], NDArray] | None = None

    @cached_property
    def coefficients(self) -> NDArray:
        """(s, rank): what to multiply the values by to get the basis."""
        if self.rotation is None:
            inverse = solve_triangular(self.triangle, np.eye(len(self.triangle)))
        else:
            _, s, vh = self.rotation
            inverse = vh.conj().T / s
        return inverse / self.norms[:, None]


def span(values: NDArray) -> Span:
    """The span of the columns of `values` (P, s), P >= s, none of them zero.

    Columns are scaled to unit norm first, so that the scale of a function does not decide
    whether it counts. Directions whose singular value is below TRUNCATION of the largest are
    dropped; only where there may be one does an SVD follow the QR factorisation.
    """
    norms = np.linalg.norm(values, axis=0)
    q, triangle = qr(values / norms, mode="economic", overwrite_a=True, check_finite=False)
    if _keeps_every_direction(triangle):
        return Span(q, triangle, norms)
    u, s, vh = np.linalg.svd(triangle)
    kept = s > TRUNCATION * s[0]
    rotation = u[:, kept], s[kept], vh[kept]
    return Span(q @ rotation[0], triangle, norms, rotation)


def orthonormal_basis(values: NDArray) -> NDArray:
    """Orthonormal basis (P, rank) of the span of the columns of `values` (P, s).

    See `span`; zero columns span nothing, and values without imaginary parts give a real basis.
    """
    if np.iscomplexobj(values) and not values.imag.any():
        values = values.real
    values = values[:, np.any(values, axis=0)]
    return span(values).basis if values.shape[1] else values


def sines(target: NDArray, recovered: NDArray) -> tuple[float, float]:
    """Largest and root-mean-square principal-angle sine from one span to another.

    Parameters
    ----------
    target, recovered : (P, m), (P, k) arrays
        Orthonormal bases. The sines are the singular values of (I - Q_S Q_Sᴴ) Q_E, so a
        direction of `target` that `recovered` lacks counts 1, and extra ones count nothing.
    """
    outside = target - recovered @ (recovered.conj().T @ target)
    s = np.linalg.svd(np.linalg.qr(outside)[1], compute_uv=False)
    largest = min(float(s[0]), 1.0)
    return largest, min(float(np.linalg.norm(s) / np.sqrt(target.shape[1])), 1.0)


def _keeps_every_direction(triangle: NDArray) -> bool:
    """Whether no singular value of R can be below the truncation, by its condition in the 1-norm.

    σ_min / σ_max is at least 1 / (s κ₁), s the number of columns.
    """
    estimate = lapack.ztrcon if np.iscomplexobj(triangle) else lapack.dtrcon
    reciprocal, _ = estimate(triangle)
    return bool(reciprocal > ESTIMATE_IS_OFF_BY * len(triangle) * TRUNCATION)
