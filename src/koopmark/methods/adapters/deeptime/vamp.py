"""deeptime: the variational approach for Markov processes, and its reversible relative."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.deeptime.library import DeeptimeMethod
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.methods.method import Skip
from koopmark.models import Lift, LinearModel, Model, continuous
from koopmark.simulation import Trajectories

STATE = Identity(constant=False)
"""The state alone: covariances are taken about means, which stand for the constant."""


@dataclass(frozen=True, eq=False)
class WithOne:
    """[1, χ(x)]: (P, N) states to (P, 1 + D)."""

    observables: Lift

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        return np.hstack([np.ones((len(states), 1)), self.observables(states)])


@dataclass(frozen=True)
class VAMP(DeeptimeMethod):
    """`deeptime.decomposition.VAMP` (Wu and Noé 2020) as a model of the Koopman operator.

    VAMP gives singular functions f = Uᵀ(χ - μ₀), g = Vᵀ(χ - μ₁) and singular values S, and its
    singular values are not eigenvalues. They make a model, though: χ(x⁺) - μ₁ ≈ (χ(x) - μ₀) K with
    K = U S Vᵀ C₁₁, which is linear in [1, χ]; its eigenpairs are computed here.

    Parameters
    ----------
    dictionary : AnyDictionary
        χ, without a constant.
    epsilon : float
        Eigenvalues of the covariances that are cut off, in absolute terms; deeptime's default.
    """

    dictionary: AnyDictionary = STATE
    epsilon: float = 1e-6

    loses: ClassVar[Mapping[str, str]] = {
        "units": "epsilon is a variance, in the units of the data",
    }

    def __post_init__(self) -> None:
        if not self.epsilon >= 0:
            raise ValueError(f"epsilon must not be negative, got {self.epsilon}")

    def _fit(self, trajectories: Trajectories) -> Model:
        from deeptime.decomposition import VAMP as Estimator

        x, y = trajectories.pairs()
        observables = self.dictionary.fitted(x)
        estimator = Estimator(lagtime=1, epsilon=self.epsilon, observable_transform=observables)
        fitted = estimator.fit((x, y)).fetch_model()
        scaled = fitted.singular_vectors_left * fitted.singular_values
        inner = scaled @ fitted.singular_vectors_right.T @ fitted.cov_tt
        operator = np.zeros((len(inner) + 1, len(inner) + 1))
        operator[0, 0] = 1.0
        operator[0, 1:] = fitted.mean_t - fitted.mean_0 @ inner
        operator[1:, 1:] = inner
        discrete, vectors = np.linalg.eig(operator)
        dt = trajectories.dt
        modes = None
        if observables.state is not None:
            state = np.eye(len(operator))[:, 1:][:, observables.state].astype(vectors.dtype)
            modes = np.linalg.lstsq(vectors, state, rcond=None)[0]
        return LinearModel(WithOne(observables), vectors, continuous(discrete, dt), dt, modes)


@dataclass(frozen=True)
class TICA(DeeptimeMethod):
    """`deeptime.decomposition.TICA` (Pérez-Hernández et al. 2013), for reversible processes."""

    recovers: ClassVar[str] = "it applies to reversible processes only"

    def _fit(self, trajectories: Trajectories) -> Model:  # noqa: ARG002
        raise Skip(
            "TICA assumes a reversible process in equilibrium and symmetrises the data in time; "
            "a trajectory that decays is neither"
        )
