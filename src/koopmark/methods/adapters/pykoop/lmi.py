"""pykoop: EDMD as a semidefinite programme, regularised or constrained (Dahdah and Forbes 2021)."""

import signal
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from koopmark.methods.adapters.pykoop.library import PykoopRegressor, operator_model
from koopmark.methods.method import Skip
from koopmark.models import Model
from koopmark.simulation import Trajectories


def lmi_regressors() -> ModuleType:
    """`pykoop.lmi_regressors`, whose import takes over what Ctrl-C does: that is put back."""
    before = signal.getsignal(signal.SIGINT)
    from pykoop import lmi_regressors as module

    if signal.getsignal(signal.SIGINT) is not before:
        signal.signal(signal.SIGINT, before)
    return module


@dataclass(frozen=True)
class LmiRegressor(PykoopRegressor):
    """A regressor that PICOS states and CVXOPT solves, with pykoop's own tolerances.

    One variable of a semidefinite programme for each entry of the Koopman matrix: 3 s for ten
    functions, more than two minutes for twenty.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    """

    requires: ClassVar[tuple[str, ...]] = ("cvxopt", "picos", "pykoop")
    # The solver is content with the objective to 1e-7, where the minimum is flat to its root.
    exactness: ClassVar[float] = 1e-3
    loses: ClassVar[Mapping[str, str]] = {
        "units": "it sees the data through Gram matrices, which square their units",
    }

    @classmethod
    def prepare(cls) -> None:
        super().prepare()
        lmi_regressors()

    @abstractmethod
    def _regressor(self) -> Any:
        """The pykoop object, not fitted."""

    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        regressor = self._regressor()
        try:
            regressor.fit(lift(x), lift(y), n_inputs=0, episode_feature=False)
        except ArithmeticError as error:
            raise ValueError(f"CVXOPT broke down on the programme ({error!r})") from error
        return operator_model(regressor.coef_, trajectories.dt, lift, _how_it_ended(regressor))


def positive(alpha: float) -> None:
    """Refuse a penalty of zero or below, which pykoop's programmes cannot state."""
    if not alpha > 0:
        raise ValueError(f"alpha must be positive, got {alpha}")


def _how_it_ended(regressor: Any) -> str:
    """What the solver says, where that is more than that it has found the optimum."""
    status = getattr(regressor, "solution_status_", "optimal")
    stopped = getattr(regressor, "stop_reason_", "")
    if status != "optimal":
        return f"the solver ended with status {status}"
    return "" if stopped.startswith("Reached tolerance") else stopped


@dataclass(frozen=True)
class LmiEDMD(LmiRegressor):
    """`pykoop.lmi_regressors.LmiEdmd` without a penalty: least squares as a programme.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    """

    def _regressor(self) -> Any:
        return lmi_regressors().LmiEdmd()


@dataclass(frozen=True)
class PenalisedLmiEDMD(LmiRegressor):
    """`LmiEdmd` with a penalty on a norm of the Koopman matrix.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    alpha : float
        Weight of the penalty, against errors summed over the pairs.
    """

    alpha: float = 1.0

    norm: ClassVar[str]
    """What pykoop calls it."""

    def __post_init__(self) -> None:
        positive(self.alpha)

    def _regressor(self) -> Any:
        return lmi_regressors().LmiEdmd(alpha=self.alpha, reg_method=self.norm)


@dataclass(frozen=True)
class TwoNormLmiEDMD(PenalisedLmiEDMD):
    """`LmiEdmd` with a penalty on the largest singular value of the Koopman matrix."""

    norm: ClassVar[str] = "twonorm"
    # The penalty shrinks what is largest.
    exactness: ClassVar[float] = 1e-2


@dataclass(frozen=True)
class NuclearLmiEDMD(PenalisedLmiEDMD):
    """`LmiEdmd` with a penalty on the sum of singular values of the Koopman matrix."""

    norm: ClassVar[str] = "nuclear"
    # The penalty shrinks all directions, by 1 % where the data are 300 states of size 1.
    exactness: ClassVar[float] = 3e-2


@dataclass(frozen=True)
class SpectralRadiusLmiEDMD(LmiRegressor):
    """`LmiEdmdSpectralRadiusConstr`: no discrete eigenvalue beyond a radius.

    Alternates between a programme for the matrix and one for the certificate of its radius.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    spectral_radius : float
        Largest modulus allowed, 1 in pykoop: nothing may grow.
    max_iter : int
        Pairs of programmes solved at most.
    """

    spectral_radius: float = 1.0
    max_iter: int = 100

    trial: ClassVar[Mapping[str, Any]] = {"max_iter": 5}
    loses: ClassVar[Mapping[str, str]] = {
        **LmiRegressor.loses,
        "fast": "the radius allowed is reached by few rounds of its two programmes",
    }

    def __post_init__(self) -> None:
        if not self.spectral_radius > 0:
            raise ValueError(f"spectral_radius must be positive, got {self.spectral_radius}")
        if self.max_iter < 1:
            raise ValueError(f"max_iter must be at least 1, got {self.max_iter}")

    def _regressor(self) -> Any:
        return lmi_regressors().LmiEdmdSpectralRadiusConstr(
            spectral_radius=self.spectral_radius, max_iter=self.max_iter
        )


@dataclass(frozen=True)
class HinfLmiEDMD(LmiRegressor):
    """`LmiEdmdHinfReg`: a penalty on the gain from the input to the state; needs an input.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    alpha : float
        Weight of the penalty.
    """

    alpha: float = 1.0

    loses: ClassVar[Mapping[str, str]] = {}

    def _regressor(self) -> Any:
        return lmi_regressors().LmiEdmdHinfReg(alpha=self.alpha)

    def _fit(self, trajectories: Trajectories) -> Model:  # noqa: ARG002
        raise Skip("the H-infinity norm is the gain from an input, and these systems have none")
