"""PyDMD: kernel EDMD."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.pydmd.kernels import spelled
from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.kernels import AnyKernel, KernelColumns, Polynomial, gram, numerical_rank
from koopmark.methods.subsample import SomePairs
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class KernelEDMD(SomePairs, PyDMDMethod):
    """Kernel EDMD (Williams, Rowley and Kevrekidis 2015) as PyDMD computes it.

    Parameters
    ----------
    kernel : AnyKernel
    svd_rank : int, optional
        Directions of the feature space kept: -1 for as many as pairs. By default those that stand
        out of the rounding of the kernel matrix.
    max_pairs : int
        Snapshot pairs used, at random; all where there are fewer. Three n x n matrices and the
        eigenvectors of a nonsymmetric one: memory grows with the square of this number, and time
        with its cube (some seconds at 1000).
    seed : int
        Which pairs.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    svd_rank: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.svd_rank == 0:
            raise ValueError("svd_rank 0 (a threshold for noise) is none of PyDMD's kernel EDMD")

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = self.pairs(trajectories)
        rank = numerical_rank(self.kernel, x) if self.svd_rank is None else self.svd_rank
        metric, parameters = spelled(self.kernel, x)
        edmd = pydmd.EDMD(svd_rank=rank, kernel_metric=metric, kernel_params=parameters)
        return _model(edmd, self.kernel, x, y, trajectories.dt)


@dataclass(frozen=True)
class DefaultKernelEDMD(SomePairs, PyDMDMethod):
    """`pydmd.EDMD()` as a user calls it who sets nothing: a linear kernel, at full rank.

    `max_pairs` and `seed` as for `KernelEDMD`.
    """

    recovers: ClassVar[str] = (
        "its true pairs are exact, and stand among as many of rounding as there are data"
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = self.pairs(trajectories)
        linear = Polynomial(degree=1, offset=0.0)
        found = _model(pydmd.EDMD(), linear, x, y, trajectories.dt)
        # k(x, X) C = x Xᵀ C: without the kernel columns their rounding does not grow with C.
        return replace(found, lift=STATE.fitted(x), coefficients=x.T @ found.coefficients)


def _model(edmd: Any, kernel: AnyKernel, x: NDArray, y: NDArray, dt: float) -> LinearModel:
    """The model of an unfitted `edmd` with this kernel."""
    edmd.fit(x.T, y.T)
    operator = edmd.operator
    features = edmd._svd_modes * _reciprocal(operator.svd_vals)
    kept = _kept(operator, features, kernel, x, y)
    return LinearModel(
        lift=KernelColumns(kernel, x),
        coefficients=(features @ operator.eigenvectors)[:, kept],
        rates=continuous(operator.eigenvalues, dt),
        dt=dt,
        modes=edmd.modes.T,
    )


def _reciprocal(singular: NDArray) -> NDArray:
    """1/σ, zero where PyDMD's pseudo-inverse of the diagonal matrix has zero."""
    inverse = np.zeros_like(singular)
    np.divide(1.0, singular, out=inverse, where=singular > 1e-15 * singular.max())
    return inverse


def _kept(
    operator: Any, features: NDArray, kernel: AnyKernel, x: NDArray, y: NDArray
) -> NDArray[np.intp]:
    """Which eigenvectors go with the eigenvalues, in order.

    PyDMD drops eigenvalues below 1e-16 in size and their modes, but not their eigenvectors. The
    value that goes with eigenvector v of K̂ = Σ⁻¹ Qᵀ k(Y, X) Q Σ⁻¹ is found again from K̂ v, with
    QΣ⁻¹ the `features`.
    """
    vectors = operator.eigenvectors
    dropped = vectors.shape[1] - len(operator.eigenvalues)
    if not dropped:
        return np.arange(vectors.shape[1])
    ahead = features.T @ gram(kernel, y, x) @ features @ vectors
    sizes = np.linalg.norm(ahead, axis=0) / np.linalg.norm(vectors, axis=0)
    return np.sort(np.argsort(sizes, kind="stable")[dropped:])
