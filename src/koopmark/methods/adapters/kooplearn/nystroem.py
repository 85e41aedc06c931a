"""kooplearn: kernel EDMD on Nyström centres."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from numpy.typing import NDArray

from koopmark._keys import generator
from koopmark.methods._sampling import some_states
from koopmark.methods.adapters.kooplearn.library import (
    Cancelling,
    Dots,
    KooplearnMethod,
    interleaved,
    kernel_model,
    spelled,
)
from koopmark.methods.kernels import AnyKernel, KernelColumns, Polynomial, numerical_rank
from koopmark.models import Lift, LinearModel, Model
from koopmark.simulation import Trajectories


def fitted_model(
    estimator: Any,
    kernel: AnyKernel | None,
    trajectories: Trajectories,
    kind: type[LinearModel] = LinearModel,
) -> Model:
    """The model of a `kooplearn.kernel.NystroemKernelRidge` fitted to all pairs.

    Without a kernel it is kooplearn's default, x·x'.
    """
    states, lag = interleaved(trajectories)
    estimator.fit(states)
    chosen = estimator.nys_centers_idxs_
    centres = states[chosen]
    # The length of a kernel is that of the states, not of the centres.
    lift: Lift = Dots(centres)
    if kernel is not None:
        lift = KernelColumns(kernel, centres, kernel.length(states))
    return kernel_model(estimator, lift, states[chosen + lag], trajectories.dt, kind)


@dataclass(frozen=True)
class Nystroem(KooplearnMethod):
    """`kooplearn.kernel.NystroemKernelRidge` (Meanti et al. 2023), on principal components.

    Parameters
    ----------
    kernel : AnyKernel
    alpha : float
        Ridge.
    reduced_rank : bool
        Reduced-rank regression instead of projection on principal components: there kooplearn
        forgets the ridge (docs/library-notes.md).
    n_components : int, optional
        Rank. By default that of the kernel matrix of some states, above its rounding.
    n_centers : int
        Centres, drawn with replacement from all but the last pairs.
    seed : int
        Which centres.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    alpha: float = 1e-12
    reduced_rank: bool = False
    n_components: int | None = None
    n_centers: int = 300
    seed: int = 0

    _kind: ClassVar[type[LinearModel]] = LinearModel

    loses: ClassVar[Mapping[str, str]] = {
        "constant": "its ridge costs digits where functions of the kernel depend on each other",
    }

    def __post_init__(self) -> None:
        if self.n_centers < 1:
            raise ValueError(f"n_centers must be at least 1, got {self.n_centers}")
        if not self.alpha >= 0:
            raise ValueError(f"alpha must not be negative, got {self.alpha}")
        if self.n_components is not None and self.n_components < 1:
            raise ValueError(f"n_components must be at least 1, got {self.n_components}")

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.kernel import NystroemKernelRidge as Estimator

        states, lag = interleaved(trajectories)
        estimator = Estimator(
            n_components=self._rank(states),
            lag_time=lag,
            reduced_rank=self.reduced_rank,
            alpha=self.alpha,
            n_centers=self.n_centers,
            random_state=self.seed % 2**32,
            **spelled(self.kernel, states),
        )
        return fitted_model(estimator, self.kernel, trajectories, self._kind)

    def _rank(self, states: NDArray) -> int:
        if self.n_components is not None:
            return self.n_components
        rng = generator({"seed": self.seed, "count": self.n_centers}, "rank of a kernel matrix")
        return numerical_rank(self.kernel, some_states(states, self.n_centers, rng))


@dataclass(frozen=True)
class ReducedRankNystroem(Nystroem):
    """Reduced-rank regression on Nyström centres; parameters as for `Nystroem`.

    All components are kept by default: without a ridge, which kooplearn forgets, the first ones
    are rounding.
    """

    reduced_rank: bool = True

    _kind: ClassVar[type[LinearModel]] = Cancelling

    recovers: ClassVar[str] = "without a ridge it divides by the rounding of its kernel matrices"
    loses: ClassVar[Mapping[str, str]] = {}

    def _rank(self, states: NDArray) -> int:  # noqa: ARG002
        return self.n_centers if self.n_components is None else self.n_components


@dataclass(frozen=True)
class DefaultNystroem(KooplearnMethod):
    """`kooplearn.kernel.NystroemKernelRidge` with its defaults: linear kernel, reduced rank.

    A tenth of the pairs are centres, and all their directions are kept.

    Parameters
    ----------
    seed : int
        Which centres.
    """

    seed: int = 0

    recovers: ClassVar[str] = "a kernel of rank 3 is asked for as many components as centres"

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.kernel import NystroemKernelRidge as Estimator

        lag = len(trajectories.states)
        estimator = Estimator(lag_time=lag, random_state=self.seed % 2**32)
        return fitted_model(estimator, None, trajectories, Cancelling)
