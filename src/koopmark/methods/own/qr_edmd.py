"""Extended dynamic mode decomposition by one QR pass, with a residual for every eigenpair."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, lstsq, lu_solve

from koopmark.methods._bounds import Count, Tolerance
from koopmark.methods.dictionaries import AnyDictionary, Monomials, Observables
from koopmark.methods.method import Method
from koopmark.methods.own._factor import SnapshotFactor, factorise
from koopmark.methods.own._linalg import eigenbasis, real_product, whitening
from koopmark.methods.own._near import eigenpairs_near
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories

DEPENDENT = 1e-12
"""Reciprocal condition below which eigenvectors count as dependent."""


@dataclass(frozen=True)
class QREDMD(Method):
    """EDMD (Williams, Kevrekidis and Rowley 2015) from the triangular factor of the data.

    Parameters
    ----------
    dictionary : AnyDictionary
        ψ.
    tolerance : float
        Directions of the dictionary whose singular value on the data, relative to the largest and
        with columns scaled to unit norm, lies below it are dropped.

    near : tuple of float
        Continuous-time eigenvalues near which pairs are wanted; empty for all pairs. Where the
        dictionary is large and few pairs are wanted, finding those alone is several times faster.
    count : int
        How many pairs near each, at least the multiplicity looked for.

    The model's `residuals` are those of ResDMD (Colbrook and Townsend 2024), in the form that is
    not squared; its eigenpairs come in the order of their residuals, smallest first.
    """

    dictionary: AnyDictionary = field(default_factory=Monomials)
    tolerance: Tolerance = 1e-10
    near: tuple[float, ...] = ()
    count: Count = 20

    def _fit(self, trajectories: Trajectories) -> Model:
        states = trajectories.states
        observables = self.dictionary.fitted(states)
        factor = factorise(observables, states)
        dt = trajectories.dt
        return linear_model(factor, observables, dt, self.tolerance, self.near, self.count)


class Eigenpairs(NamedTuple):
    """Eigenpairs of the compressed Koopman operator, s of them."""

    discrete: NDArray[np.complex128]
    """μ (s,)."""
    coefficients: NDArray[np.complex128]
    """C (D, s): φ = ψ C, of unit norm on the training states."""
    residuals: NDArray[np.float64]
    """(s,) ‖φ(Y) - μ φ(X)‖ / ‖φ(X)‖ over the training pairs."""
    modes: NDArray[np.complex128]
    """(s, n) least-squares readout ψ ≈ φ modes of the n functions asked for."""


def eigenpairs(
    factor: SnapshotFactor,
    tolerance: float,
    readout: slice | None = None,
    near: NDArray | None = None,
    count: int = 20,
) -> Eigenpairs:
    """Eigenpairs of K = R₁₁⁺ R₁₂ and their residuals, from the factor alone.

    With W such that the functions ψ W are orthonormal on the training states (see `whitening`) and
    U = R₁₁ W, K reads K̃ = Uᵀ R₁₂ W. An eigenvector c gives v = W c, and its residual is
    √(‖(R₁₂ - μR₁₁)v‖² + ‖R₂₂ v‖²) / ‖R₁₁ v‖.

    `readout` names the columns of ψ, the state say, that the modes are to give back. With `near`
    only the `count` pairs nearest to each of these discrete eigenvalues are computed.
    """
    w, u = whitening(factor.xx, tolerance)
    ahead = factor.xy @ w
    compressed = ahead if u is None else u.T @ ahead
    if near is None:
        discrete, vectors = eigenbasis(compressed)
    else:
        discrete, vectors = eigenpairs_near(compressed, near, count)
    now = vectors if u is None else real_product(u, vectors)
    inside = real_product(ahead, vectors) - now * discrete
    outside = real_product(factor.yy @ w, vectors)
    residuals = np.hypot(np.linalg.norm(inside, axis=0), np.linalg.norm(outside, axis=0))
    residuals /= np.linalg.norm(vectors, axis=0)
    modes = np.empty((len(discrete), 0), dtype=complex)
    if readout is not None:
        wanted = factor.xx[:, readout]
        wanted = wanted if u is None else u.T @ wanted
        modes = _combination(vectors, wanted)
    order = np.argsort(residuals, kind="stable")
    return Eigenpairs(
        np.asarray(discrete, dtype=complex)[order],
        real_product(w, vectors[:, order]),
        residuals[order],
        modes[order],
    )


def _combination(vectors: NDArray, wanted: NDArray) -> NDArray:
    """M with vectors M ≈ wanted in least squares; vectors may be few, or depend on each other."""
    if vectors.shape[0] == vectors.shape[1]:
        getrf, gecon = lapack.get_lapack_funcs(("getrf", "gecon"), (vectors,))
        lu, pivots, _ = getrf(vectors)
        if gecon(lu, np.linalg.norm(vectors, 1))[0] > DEPENDENT:
            return lu_solve((lu, pivots), wanted, check_finite=False)
    return lstsq(vectors, wanted, lapack_driver="gelsy", check_finite=False)[0]


def linear_model(
    factor: SnapshotFactor,
    observables: Observables,
    dt: float,
    tolerance: float = 1e-10,
    near: tuple[float, ...] = (),
    count: int = 20,
) -> LinearModel:
    """The model of a factor, wherever its parts were computed and merged; see `QREDMD`."""
    discrete_near = np.exp(dt * np.array(near)) if near else None
    pairs = eigenpairs(factor, tolerance, observables.state, discrete_near, count)
    return LinearModel(
        lift=observables,
        coefficients=pairs.coefficients,
        rates=continuous(pairs.discrete, dt),
        dt=dt,
        modes=None if observables.state is None else pairs.modes,
        training_residuals=pairs.residuals,
    )
