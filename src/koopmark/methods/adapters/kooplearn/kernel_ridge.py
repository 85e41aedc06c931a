"""kooplearn: kernel EDMD as ridge regression, of full and of reduced rank."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from koopmark.methods.adapters.kooplearn.library import (
    Cancelling,
    Dots,
    KooplearnMethod,
    kernel_model,
    spelled,
)
from koopmark.methods.kernels import AnyKernel, KernelColumns, Polynomial, numerical_rank
from koopmark.methods.subsample import SomePairs
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class KernelRidge(SomePairs, KooplearnMethod):
    """`kooplearn.kernel.KernelRidge`, by default projected on principal components, no ridge.

    Parameters
    ----------
    kernel : AnyKernel
    alpha : float
        Ridge: n α is added to the diagonal of the kernel matrix of n states.
    reduced_rank : bool
        Reduced-rank regression (Kostic et al. 2022) instead of projection on principal components.
    n_components : int, optional
        Rank. By default that of the kernel matrix above its rounding.
    eigen_solver : "auto", "dense", "arpack" or "randomized"
        "randomized" sketches (Turri et al. 2023).
    max_pairs : int
        Snapshot pairs used, at random; all where there are fewer. Three n x n matrices, and with
        `reduced_rank` a nonsymmetric eigenproblem of that size: memory grows with the square of
        this number, time with its cube.
    seed : int
        Which pairs, and the sketch.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    alpha: float = 0.0
    reduced_rank: bool = False
    n_components: int | None = None
    eigen_solver: Literal["auto", "dense", "arpack", "randomized"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.alpha >= 0:
            raise ValueError(f"alpha must not be negative, got {self.alpha}")
        if self.n_components is not None and self.n_components < 1:
            raise ValueError(f"n_components must be at least 1, got {self.n_components}")

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.kernel import KernelRidge as Estimator

        x, y = self.pairs(trajectories)
        rank = numerical_rank(self.kernel, x) if self.n_components is None else self.n_components
        estimator = Estimator(
            n_components=rank,
            lag_time=len(x),
            reduced_rank=self.reduced_rank,
            alpha=self.alpha,
            eigen_solver=self.eigen_solver,
            random_state=self.seed % 2**32,
            **spelled(self.kernel, x),
        )
        estimator.fit(np.vstack([x, y]))
        return kernel_model(estimator, KernelColumns(self.kernel, x), y, trajectories.dt)


@dataclass(frozen=True)
class ReducedRankKernelRidge(KernelRidge):
    """Reduced-rank regression with kooplearn's own ridge; parameters as for `KernelRidge`."""

    alpha: float = 1e-6
    reduced_rank: bool = True

    # The ridge of 1e-6, relative to kernel values of the order of 1.
    exactness: ClassVar[float] = 1e-3


@dataclass(frozen=True)
class RandomisedKernelRidge(ReducedRankKernelRidge):
    """Reduced-rank regression by a random sketch; parameters as for `KernelRidge`."""

    eigen_solver: Literal["auto", "dense", "arpack", "randomized"] = "randomized"


@dataclass(frozen=True)
class DefaultKernelRidge(SomePairs, KooplearnMethod):
    """`kooplearn.kernel.KernelRidge` with its defaults: linear kernel, all ranks, a ridge of 1e-6.

    Parameters
    ----------
    max_pairs : int
        See `KernelRidge`.
    seed : int
        Which pairs.
    """

    recovers: ClassVar[str] = "a kernel of rank 3 is asked for as many components as pairs"

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.kernel import KernelRidge as Estimator

        x, y = self.pairs(trajectories)
        estimator = Estimator(lag_time=len(x)).fit(np.vstack([x, y]))
        return kernel_model(estimator, Dots(x), y, trajectories.dt, Cancelling)
