"""PyDMD: exponentials fitted to a trajectory by variable projection, with and without bagging."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.adapters.pydmd.modes import Sequence
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class _Exponentials(PyDMDMethod):
    """x(t) ≈ Σⱼ bⱼ modeⱼ e^{λⱼt} along one trajectory: the eigenvalues are continuous-time."""

    def _fit(self, trajectories: Trajectories) -> Model:
        sequence = self._sequence(trajectories)
        fitted = self._estimator(sequence).fit(sequence.values, sequence.times - sequence.times[0])
        return sequence.continuous_model(fitted.eigs, fitted.modes)

    def _sequence(self, trajectories: Trajectories) -> Sequence:
        return Sequence.of(trajectories)

    @abstractmethod
    def _estimator(self, sequence: Sequence) -> Any:
        """The PyDMD object, not fitted."""


@dataclass(frozen=True)
class _Ranked(_Exponentials):
    """At the numerical rank of a dictionary along the trajectory, unless told otherwise."""

    dictionary: AnyDictionary = STATE
    svd_rank: int | None = None

    recovers: ClassVar[str] = "trajectory"

    def _sequence(self, trajectories: Trajectories) -> Sequence:
        return Sequence.of(trajectories, self.dictionary)


@dataclass(frozen=True)
class VarProDMD(_Ranked):
    """Variable projection (Askham and Kutz 2018) by SciPy's least squares, longest trajectory.

    It fits a whole trajectory with as many exponentials as there are directions. Where the dynamics
    are nonlinear no such fit exists, and unlike methods that look one step ahead it does not keep
    the directions that are linear apart from the rest.

    Parameters
    ----------
    dictionary : AnyDictionary
        As for `DMD`.
    svd_rank : int, optional
        Number of exponentials: by default the numerical rank of the data.
    """

    loses: ClassVar[Mapping[str, str]] = {
        "low rank": "SciPy's least squares stops at seven digits",
        "constant": "it starts from reciprocals of the eigenvalues, of which one is 0",
        "units": "SciPy's least squares stops at a tolerance in the units of the data",
    }

    def _estimator(self, sequence: Sequence) -> Any:
        import pydmd

        return pydmd.VarProDMD(svd_rank=sequence.rank(self.svd_rank))


@dataclass(frozen=True)
class DefaultVarProDMD(_Exponentials):
    """`pydmd.VarProDMD()` as a user calls it who sets nothing: rank by a threshold."""

    recovers: ClassVar[str] = "line"

    def _estimator(self, sequence: Sequence) -> Any:  # noqa: ARG002
        import pydmd

        return pydmd.VarProDMD()


@dataclass(frozen=True)
class BOPDMD(_Ranked):
    """Optimised DMD (Askham and Kutz 2018) as PyDMD's `BOPDMD` computes it, longest trajectory.

    The same problem as `VarProDMD` with another optimiser.

    Parameters
    ----------
    dictionary, svd_rank
        As for `VarProDMD`.
    tolerance : float
        Relative error of the trajectory at which the optimiser stops. PyDMD's own, 1e-6, costs
        eight digits on data that can be fitted exactly.
    """

    tolerance: float = 1e-12

    def _estimator(self, sequence: Sequence) -> Any:
        return self._optimised(sequence)

    def _optimised(self, sequence: Sequence, **bagging: Any) -> Any:
        import pydmd

        options = {"tol": self.tolerance}
        rank = sequence.rank(self.svd_rank)
        return pydmd.BOPDMD(svd_rank=rank, varpro_opts_dict=options, **bagging)


@dataclass(frozen=True)
class DefaultBOPDMD(_Exponentials):
    """`pydmd.BOPDMD()` as a user calls it who sets nothing: rank by a threshold, no bagging."""

    recovers: ClassVar[str] = "line"
    # The optimiser stops where the relative error of the trajectory is 1e-6.
    exactness: ClassVar[float] = 1e-6

    def _estimator(self, sequence: Sequence) -> Any:  # noqa: ARG002
        import pydmd

        return pydmd.BOPDMD()


@dataclass(frozen=True)
class BaggedBOPDMD(BOPDMD):
    """BOP-DMD (Sashidhar and Kutz 2022): the mean of many fits, each to a part of the trajectory.

    Parameters
    ----------
    dictionary, svd_rank, tolerance
        As for `BOPDMD`.
    num_trials : int
        Fits that are averaged.
    trial_size : float
        Share of the states in each.
    eig_sort : str
        Order by which eigenvalues of one fit are matched with those of another: `real`, `imag`,
        `abs`, or `auto`, by what varies most. None of them holds real eigenvalues and conjugate
        pairs apart (docs/library-notes.md).
    seed : int
        Which states.
    """

    num_trials: int = 100
    trial_size: float = 0.6
    eig_sort: Literal["auto", "real", "imag", "abs"] = "auto"
    seed: int = 0

    # It mixes up the two eigenvalues of a conjugate pair.
    recovers: ClassVar[str] = "line"
    trial: ClassVar[Mapping[str, Any]] = {"num_trials": 5}

    def __post_init__(self) -> None:
        if self.num_trials < 1:
            raise ValueError(f"num_trials must be at least 1, got {self.num_trials}")
        if not 0 < self.trial_size < 1:
            raise ValueError(f"trial_size must be between 0 and 1, got {self.trial_size}")

    def _estimator(self, sequence: Sequence) -> Any:
        bagging = {name: getattr(self, name) for name in ("num_trials", "trial_size", "eig_sort")}
        return self._optimised(sequence, **bagging)
