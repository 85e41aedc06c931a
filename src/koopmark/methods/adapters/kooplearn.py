"""Methods of kooplearn (Kostic et al. 2022).

It fits one long trajectory and takes `y` for something else than the next states: pairs are made by
the lag, as `lagged` lays out the states.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark._keys import generator
from koopmark.methods import papers
from koopmark.methods._method import Method, Tags
from koopmark.methods._options import Count, CountOrAll, NotNegative
from koopmark.methods._sampling import some_states
from koopmark.methods.adapters._pairs import Subsampled
from koopmark.methods.dictionaries import AnyDictionary, Dictionary, Identity
from koopmark.methods.kernels import (
    AnyKernel,
    Kernel,
    KernelColumns,
    Linear,
    Polynomial,
    numerical_rank,
)
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories

STATE = Identity(constant=False)
"""The state alone, which is what kooplearn's methods are fitted to unless told otherwise."""

KOOPLEARN = Tags(
    library="kooplearn",
    install='pip install "kooplearn>=2.0"',
    requires=("kooplearn",),
    sampling="segments",
)
KERNEL_DEFAULT = {"kernel": Linear(), "alpha": 1e-6, "reduced_rank": True, "n_components": -1}

Solver = Literal["auto", "dense", "arpack", "randomized"]
"""Of eigenvalue problems; "randomized" sketches (Turri et al. 2023)."""


def lagged(trajectories: Trajectories) -> tuple[NDArray[np.float64], int]:
    """States as rows, and the lag at which their pairs are the snapshot pairs.

    Regular data are interleaved, time by time, (T M, N): M rows behind row j of time k comes the
    same trajectory at time k + 1. Of other data all first states of the P pairs come before all
    second ones, (2 P, N).
    """
    if not trajectories.regular:
        x, y = trajectories.pairs()
        return np.vstack([x, y]), len(x)
    states = real(trajectories.states, "states")
    return states.swapaxes(0, 1).reshape(-1, states.shape[2]), len(states)


def _each_once(trajectories: Trajectories, rows: NDArray) -> NDArray[np.float64]:
    """The states of `lagged` rows, of which those of other than regular data hold most twice."""
    if trajectories.regular:
        return rows
    return real(trajectories.snapshots(), "states").reshape(-1, trajectories.states.shape[2])


@dataclass(frozen=True)
class Ridge(Method):
    """`kooplearn.linear_model.Ridge`: EDMD, by default as plain least squares.

    Least squares from each snapshot to the next in a dictionary; a ridge and a rank are options.

    Parameters
    ----------
    dictionary : AnyDictionary
        The state with a constant: kooplearn adds none.
    alpha : float
        Ridge, against the mean square of the dictionary values.
    reduced_rank : bool
        Reduced-rank regression (Kostic et al. 2022) instead of projection on principal components.
        With `alpha` zero kooplearn gets it wrong (docs/reference/library-notes).
    n_components : int, optional
        Rank; that of the dictionary by default.
    eigen_solver : str
        "dense", "arpack" or "randomized" (Turri et al. 2023; needs a positive `alpha` with
        `reduced_rank`). "auto" is "arpack" if the dictionary has more than 200 functions and the
        rank is below 10, else "dense".
    seed : int
        The sketch.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)
    alpha: NotNegative = 0.0
    reduced_rank: bool = False
    n_components: Count | None = None
    eigen_solver: Solver = "auto"
    seed: int = 0

    tags = replace(
        KOOPLEARN,
        loses={"units": "it cuts off in the units of the data"},
        by_default={"dictionary": STATE, "alpha": 1e-6, "reduced_rank": True},
        papers=(
            papers.WILLIAMS_2015,
            papers.KOSTIC_2022,
            papers.TURRI_2023,
        ),
    )

    def promises(self) -> Tags:
        # The ridge, against a mean square of about 1.
        exactness = max(self.tags.exactness, 100 * self.alpha)
        loses = dict(self.tags.loses)
        if self.reduced_rank:
            loses["map"] = "what is gone after a step has no part in the ranks that are kept"
        return replace(self.tags, exactness=exactness, loses=loses)

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.linear_model import Ridge as Estimator

        states, lag = lagged(trajectories)
        lift = self.dictionary.fitted(_each_once(trajectories, states))
        estimator = Estimator(
            n_components=self.n_components,
            lag_time=lag,
            reduced_rank=self.reduced_rank,
            alpha=self.alpha,
            eigen_solver=self.eigen_solver,
            random_state=self.seed % 2**32,
        )
        estimator.fit(lift(states))
        # Eigenfunctions at the unit vectors of feature space are their own coefficients.
        discrete, coefficients = estimator.eig(eval_right_on=np.eye(lift.size))
        return LinearModel.from_coefficients(
            discrete, coefficients, trajectories.dt, lift, lift.state
        )


@dataclass(frozen=True)
class KernelRidge(Subsampled):
    """`kooplearn.kernel.KernelRidge`, by default projected on principal components, no ridge.

    Kernel EDMD: least squares in the functions that a kernel implies, at a rank.

    Parameters
    ----------
    seed : int
        Which pairs, and the sketch.
    alpha : float
        Ridge: n α is added to the diagonal of the kernel matrix of n states.
    reduced_rank : bool
        Reduced-rank regression (Kostic et al. 2022) instead of projection on principal components.
    n_components : int, optional
        Rank, -1 for all. By default that of the kernel matrix above its rounding.
    eigen_solver : str
        "dense", "arpack" or "randomized" (Turri et al. 2023; needs a positive `alpha` with
        `reduced_rank`). "auto" is "arpack" if there are more than 200 pairs and the rank is
        below 10, else "dense".
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    alpha: NotNegative = 0.0
    reduced_rank: bool = False
    n_components: CountOrAll | None = None
    eigen_solver: Solver = "auto"

    tags = replace(
        KOOPLEARN,
        trial={"max_pairs": 100},
        by_default=KERNEL_DEFAULT,
        papers=(
            papers.WILLIAMS_2015_KERNEL,
            papers.KOSTIC_2022,
            papers.TURRI_2023,
        ),
    )

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_kernel()

    def promises(self) -> Tags:
        if self.n_components == -1:
            return self.tags.none("a kernel is asked for more components than it has")
        # The ridge, relative to kernel values of the order of 1.
        return replace(self.tags, exactness=max(self.tags.exactness, 1e3 * self.alpha))

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.kernel import KernelRidge as Estimator

        x, y = self.pairs(trajectories)
        rank = numerical_rank(self.kernel, x) if self.n_components is None else self.n_components
        estimator = Estimator(
            n_components=None if rank == -1 else rank,
            lag_time=len(x),
            reduced_rank=self.reduced_rank,
            alpha=self.alpha,
            eigen_solver=self.eigen_solver,
            random_state=self.seed % 2**32,
            **_in_kooplearn(self.kernel, x),
        )
        estimator.fit(np.vstack([x, y]))
        kind = Unlisted if rank == -1 else LinearModel
        return _kernel_model(estimator, KernelColumns(self.kernel, x), y, trajectories.dt, kind)


@dataclass(frozen=True)
class Nystroem(Method):
    """`kooplearn.kernel.NystroemKernelRidge` (Meanti et al. 2023), on principal components.

    Kernel EDMD with kernel functions of some states alone, the centres, fitted to all pairs.

    Parameters
    ----------
    alpha : float
        Ridge: c α is added to the diagonal of both c × c matrices of the eigenvalue problem, with
        c the number of centres. kooplearn uses at least 1000 machine epsilons, 2.2e-13.
    reduced_rank : bool
        Reduced-rank regression instead of projection on principal components: there kooplearn
        forgets the ridge (docs/reference/library-notes), so that the first components are rounding.
    n_components : int, optional
        Rank, -1 for all. By default that of the kernel matrix of some states, above its rounding.
    n_centers : int, optional
        Centres, drawn with replacement from all but the last pairs; None for a tenth of the pairs.
    seed : int
        Which centres.
    """

    kernel: AnyKernel = field(default_factory=Polynomial)
    alpha: NotNegative = 1e-12
    reduced_rank: bool = False
    n_components: CountOrAll | None = None
    n_centers: Count | None = 300
    seed: int = 0

    tags = replace(
        KOOPLEARN,
        loses={
            "constant": "its ridge costs digits where functions of the kernel depend on each other"
        },
        by_default={**KERNEL_DEFAULT, "n_centers": None},
        papers=(
            papers.MEANTI_2023,
            papers.KOSTIC_2022,
        ),
    )

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_kernel()

    def promises(self) -> Tags:
        if self.reduced_rank or self.n_components == -1:
            return self.tags.none(
                "without a ridge it divides by the rounding of its kernel matrices"
            )
        return self.tags

    def _fit(self, trajectories: Trajectories) -> Model:
        from kooplearn.kernel import NystroemKernelRidge as Estimator

        class Nystroem(Estimator):  # type: ignore[misc]
            def _center_selection(self, count: int) -> NDArray:
                # kooplearn takes the lag off twice: of pairs whose lag is their number none is
                # left.
                return super()._center_selection(count or self.lag_time)

        states, lag = lagged(trajectories)
        seen = _each_once(trajectories, states)
        estimator = Nystroem(
            n_components=self._rank(seen),
            lag_time=lag,
            reduced_rank=self.reduced_rank,
            alpha=self.alpha,
            n_centers=0.1 if self.n_centers is None else self.n_centers,
            random_state=self.seed % 2**32,
            **_in_kooplearn(self.kernel, seen),
        )
        estimator.fit(states)
        chosen = estimator.nys_centers_idxs_
        # The length of a kernel is that of the states, not of the centres.
        lift = KernelColumns(self.kernel, states[chosen], self.kernel.length(seen))
        kind = Unlisted if self.n_components == -1 else LinearModel
        return _kernel_model(estimator, lift, states[chosen + lag], trajectories.dt, kind)

    def _rank(self, states: NDArray) -> int | None:
        if self.n_components == -1:
            return self.n_centers
        if self.n_components is not None:
            return self.n_components
        count = max(1, len(states) // 10) if self.n_centers is None else self.n_centers
        rng = generator({"seed": self.seed, "count": count}, "rank of a kernel matrix")
        return numerical_rank(self.kernel, some_states(states, count, rng))


def _in_kooplearn(kernel: Kernel, states: NDArray) -> dict[str, Any]:
    """The kernel as keyword arguments, which are those of scikit-learn."""
    name, parameters = kernel.in_sklearn(states)
    return {"kernel": name, **parameters}


class Unlisted(LinearModel):
    """Eigenfunctions in directions that the kernel does not have; they are sums of rounding errors.

    They are not combinations of the kernel functions to any digit, so these are not listed.
    """

    def dictionary(self, windows: NDArray) -> None:  # noqa: ARG002
        return None


def _kernel_model(
    estimator: Any, lift: KernelColumns, ahead: NDArray, dt: float, kind: type[LinearModel]
) -> Model:
    """Eigenpairs of a fitted kernel estimator, from the matrices that it documents.

    The operator is k(·, X) U Vᵀ k(·, Y) / n. With Vᵀ k(Y, X) U / n = Q μ Q⁻¹, the eigenfunctions
    are k(·, X) U Q / √n, and its prediction after h steps is Σ μ^(h-1) φ Q⁻¹ Vᵀ Y / √n.
    `lift` are the functions k(·, xⱼ) of the n training states, or centres, and `ahead` (n, N) the
    states that follow them.
    """
    u, v, n = estimator.U_, estimator.V_, len(ahead)
    discrete, vectors = np.linalg.eig(v.T @ estimator.kernel_YX_ @ u / n)
    next_state = np.linalg.lstsq(vectors, (v.T @ ahead / n**0.5).astype(vectors.dtype), rcond=None)
    modes = np.zeros_like(next_state[0])
    np.divide(next_state[0], discrete[:, None], out=modes, where=discrete[:, None] != 0)
    rates = continuous(discrete, dt)
    return kind(lift, u @ vectors / n**0.5, rates, dt, modes, discrete=discrete)


METHODS: dict[str, Method] = {
    "kooplearn.ridge": Ridge(),
    "kooplearn.ridge_reduced_rank": Ridge(alpha=1e-10, reduced_rank=True),
    "kooplearn.ridge_randomised": Ridge(alpha=1e-10, reduced_rank=True, eigen_solver="randomized"),
    "kooplearn.kernel_ridge": KernelRidge(),
    "kooplearn.kernel_ridge_reduced_rank": KernelRidge(alpha=1e-6, reduced_rank=True),
    "kooplearn.kernel_ridge_randomised": KernelRidge(
        alpha=1e-6, reduced_rank=True, eigen_solver="randomized"
    ),
    "kooplearn.nystroem": Nystroem(),
    "kooplearn.nystroem_reduced_rank": Nystroem(reduced_rank=True, n_components=-1),
}
