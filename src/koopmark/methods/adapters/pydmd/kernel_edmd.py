"""PyDMD: kernel EDMD."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.pydmd.library import PyDMDMethod
from koopmark.methods.kernels import AnyKernel, KernelColumns, Polynomial, gram, numerical_rank
from koopmark.methods.model import LinearModel, Model, continuous
from koopmark.methods.subsample import some_pairs
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class KernelEDMD(PyDMDMethod):
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
    max_pairs: int = 1000
    seed: int = 0

    trial: ClassVar[Mapping[str, Any]] = {"max_pairs": 200}

    def __post_init__(self) -> None:
        if self.max_pairs < 1:
            raise ValueError(f"max_pairs must be at least 1, got {self.max_pairs}")
        if self.svd_rank == 0:
            raise ValueError("svd_rank 0 (a threshold for noise) is none of PyDMD's kernel EDMD")

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = some_pairs(trajectories, self.max_pairs, self.seed)
        rank = numerical_rank(self.kernel, x) if self.svd_rank is None else self.svd_rank
        metric, parameters = self._spelled(x)
        edmd = pydmd.EDMD(svd_rank=rank, kernel_metric=metric, kernel_params=parameters)
        edmd.fit(x.T, y.T)
        kept = _kept(edmd, self.kernel, x, y)
        operator = edmd.operator
        coefficients = (edmd._svd_modes / operator.svd_vals @ operator.eigenvectors)[:, kept]
        return LinearModel(
            lift=KernelColumns(self.kernel, x),
            coefficients=coefficients,
            rates=continuous(operator.eigenvalues, trajectories.dt),
            dt=trajectories.dt,
            modes=edmd.modes.T,
        )

    def _spelled(self, states: NDArray) -> tuple[str, dict[str, Any]]:
        """The kernel as scikit-learn's `pairwise_kernels` takes it."""
        if isinstance(self.kernel, Polynomial):
            powers = {"degree": self.kernel.degree, "gamma": 1.0, "coef0": self.kernel.offset}
            return "poly", powers
        return "rbf", {"gamma": 0.5 / self.kernel.length(states) ** 2}


def _kept(edmd: Any, kernel: AnyKernel, x: NDArray, y: NDArray) -> NDArray[np.intp]:
    """Which eigenvectors go with the eigenvalues, in order.

    PyDMD drops eigenvalues below 1e-16 in size and their modes, but not their eigenvectors. The
    value that goes with eigenvector v of K̂ = Σ⁻¹ Qᵀ k(Y, X) Q Σ⁻¹ is found again from K̂ v.
    """
    operator = edmd.operator
    vectors = operator.eigenvectors
    dropped = vectors.shape[1] - len(operator.eigenvalues)
    if not dropped:
        return np.arange(vectors.shape[1])
    features = edmd._svd_modes / operator.svd_vals
    ahead = features.T @ gram(kernel, y, x) @ features @ vectors
    sizes = np.linalg.norm(ahead, axis=0) / np.linalg.norm(vectors, axis=0)
    return np.sort(np.argsort(sizes, kind="stable")[dropped:])
