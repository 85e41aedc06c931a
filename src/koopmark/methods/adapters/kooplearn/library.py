"""What the kooplearn adapters share: how it is given pairs, and what its kernel estimators hold."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import real
from koopmark.methods.kernels import AnyKernel, Polynomial
from koopmark.methods.method import Method
from koopmark.models import Lift, LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class KooplearnMethod(Method):
    """A method of kooplearn (Kostic et al. 2022).

    It fits one long trajectory and takes `y` for something else than the next states: pairs are
    made by the lag.
    """

    library: ClassVar[str] = "kooplearn"
    install: ClassVar[str] = 'pip install "kooplearn>=2.0"'
    requires: ClassVar[tuple[str, ...]] = ("kooplearn",)


def interleaved(trajectories: Trajectories) -> tuple[NDArray[np.float64], int]:
    """All states (T M, N), time by time, and the lag M that pairs each with its next one.

    Row j of time k is followed, M rows on, by the same trajectory at time k + 1: the pairs at this
    lag are exactly those of the trajectories, without a seam.
    """
    states = real(trajectories.states, "states")
    return states.swapaxes(0, 1).reshape(-1, states.shape[2]), len(states)


@dataclass(frozen=True, eq=False)
class Dots:
    """kooplearn's default kernel: the functions x·xⱼ of training states xⱼ, (P, N) to (P, n)."""

    training: NDArray[np.float64]

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        return np.asarray(states @ self.training.T)


def spelled(kernel: AnyKernel, states: NDArray) -> dict[str, Any]:
    """The kernel as kooplearn's keyword arguments."""
    if isinstance(kernel, Polynomial):
        gamma = kernel.length(states) ** -2
        powers = {"degree": kernel.degree, "gamma": gamma, "coef0": kernel.offset}
        return {"kernel": "poly", **powers}
    return {"kernel": "rbf", "gamma": 0.5 / kernel.length(states) ** 2}


class Cancelling(LinearModel):
    """Eigenfunctions of directions that the kernel does not have, which are sums of rounding.

    They are not combinations of the kernel functions to any digit, so these are not listed.
    """

    def dictionary(self, windows: NDArray) -> None:  # noqa: ARG002
        return None


def kernel_model(
    estimator: Any, lift: Lift, ahead: NDArray, dt: float, kind: type[LinearModel] = LinearModel
) -> Model:
    """Eigenpairs of a fitted kernel estimator, from the matrices that it documents.

    The operator is k(·, X) U Vᵀ k(·, Y) / n. With Vᵀ k(Y, X) U / n = Q μ Q⁻¹, the eigenfunctions
    are k(·, X) U Q / √n, and its prediction after h steps is Σ μ^(h-1) φ Q⁻¹ Vᵀ Y / √n.

    Parameters
    ----------
    estimator : kooplearn.kernel.KernelRidge or NystroemKernelRidge
    lift : callable
        The functions k(·, xⱼ) of the n training states, or centres.
    ahead : (n, N) array
        The states that follow them.
    dt : float
        Sampling interval of the data.
    kind : type of LinearModel
        `Cancelling` where more components are asked for than the kernel has.
    """
    u, v, n = estimator.U_, estimator.V_, len(ahead)
    discrete, vectors = np.linalg.eig(v.T @ estimator.kernel_YX_ @ u / n)
    next_state = np.linalg.lstsq(vectors, (v.T @ ahead / n**0.5).astype(vectors.dtype), rcond=None)
    modes = np.zeros_like(next_state[0])
    np.divide(next_state[0], discrete[:, None], out=modes, where=discrete[:, None] != 0)
    return kind(lift, u @ vectors / n**0.5, continuous(discrete, dt), dt, modes)
