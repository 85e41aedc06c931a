"""What the pykoop adapters share: a regressor gives a Koopman matrix, and that is all."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.dictionaries import AnyDictionary, Identity, Observables
from koopmark.methods.method import Method
from koopmark.methods.readout import state_readout
from koopmark.models import LinearModel, Model, continuous
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class PykoopMethod(Method):
    """A method of pykoop (Dahdah and Forbes)."""

    library: ClassVar[str] = "pykoop"
    install: ClassVar[str] = 'pip install "pykoop>=2.0"'
    requires: ClassVar[tuple[str, ...]] = ("pykoop",)


@dataclass(frozen=True)
class PykoopRegressor(PykoopMethod):
    """A regressor of pykoop on a dictionary of ours.

    Parameters
    ----------
    dictionary : AnyDictionary
        The state with a constant: pykoop adds none.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)

    @abstractmethod
    def _regressor(self) -> Any:
        """The pykoop object, not fitted."""

    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        regressor = self._regressor()
        regressor.fit(lift(x), lift(y), n_inputs=0, episode_feature=False)
        return operator_model(regressor.coef_, trajectories.dt, lift)


def operator_model(coefficients: NDArray, dt: float, lift: Observables, note: str = "") -> Model:
    """Eigenpairs, which pykoop does not compute, of its `coef_` K (D, D) in ψ(x⁺) ≈ ψ(x) K."""
    discrete, vectors = np.linalg.eig(coefficients)
    modes = state_readout(vectors, lift)
    return LinearModel(lift, vectors, continuous(discrete, dt), dt, modes, note=note)
