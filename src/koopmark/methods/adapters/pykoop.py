"""Methods of pykoop (Dahdah and Forbes), whose regressors return a Koopman matrix."""

import signal
from abc import abstractmethod
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Method, Skip, Tags
from koopmark.methods._options import Count, CountOrAll, NotNegative, Positive
from koopmark.methods.adapters._pairs import (
    EMPTY,
    NEARLY_EMPTY,
    data_rank,
    output_rank,
    under_inputs,
)
from koopmark.methods.adapters._pykoop import (
    GRAM,
    NORMAL,
    PYKOOP,
    BilinearEDMDc,
    DelayDMD,
    DelayEDMDc,
    PolynomialEDMD,
    PolynomialEDMDc,
)
from koopmark.methods.dictionaries import AnyDictionary, Identity
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class _Regressor(Method):
    """A regressor of pykoop on a dictionary of ours, by default the state with a constant.

    pykoop adds no constant, and computes no eigenpairs.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)

    tags = PYKOOP

    @abstractmethod
    def _regressor(self, before: NDArray, after: NDArray) -> Any:
        """The pykoop object, not fitted, for values beside inputs and the next values."""

    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        held = trajectories.held() if self.tags.inputs else np.empty((len(x), 0))
        before, after = np.hstack([lift(x), held]), lift(y)
        regressor = self._regressor(before, after)
        regressor.fit(before, after, n_inputs=held.shape[1], episode_feature=False)
        # What a solver says if that is more than that it has found the optimum.
        status, note = getattr(regressor, "solution_status_", "optimal"), ""
        if status != "optimal":
            note = f"the solver ended with status {status}"
        elif not getattr(regressor, "stop_reason_", "").startswith("Reached tolerance"):
            note = getattr(regressor, "stop_reason_", "")
        operator, response = np.split(regressor.coef_, [lift.size])
        model = LinearModel.from_operator(operator, trajectories.dt, lift, lift.state, note)
        return under_inputs(model, response) if held.shape[1] else model


@dataclass(frozen=True)
class EDMD(_Regressor):
    """`pykoop.Edmd` (Williams, Kevrekidis and Rowley 2015), by the normal equations.

    Least squares from each snapshot to the next in a dictionary, with a ridge if asked for.

    Parameters
    ----------
    alpha : float
        Weight of a ridge, Σ|ψ(x⁺) - ψ(x) K|² + α|K|² over all pairs: in units of squared
        dictionary values summed over the pairs.
    """

    alpha: NotNegative = 0.0

    tags = replace(PYKOOP, loses=NORMAL, papers=(papers.WILLIAMS_2015,))

    def promises(self) -> Tags:
        # A ridge of 1 shrinks K: by 1 %, if the data are 300 states of size 1.
        return replace(self.tags, exactness=3e-2) if self.alpha else self.tags

    def _regressor(self, before: NDArray, after: NDArray) -> Any:  # noqa: ARG002
        import pykoop

        return pykoop.Edmd(alpha=self.alpha)


@dataclass(frozen=True)
class EDMDc(EDMD):
    """`pykoop.Edmd` with inputs (Korda and Mezić 2018), by the normal equations.

    Least squares from the dictionary at each snapshot, beside the input held after it, to the
    dictionary at the next snapshot.

    Parameters
    ----------
    alpha : float
        Weight of a ridge, as for `EDMD`, on what inputs do as well.
    """

    tags = replace(EDMD.tags, inputs=True, papers=(papers.KORDA_2018,))


@dataclass(frozen=True)
class LassoEDMD(_Regressor):
    """`pykoop.EdmdMeta` with `sklearn.linear_model.Lasso`.

    EDMD with a penalty on the sum of absolute coefficients, which sets small ones to zero.

    pykoop fits the lasso to the normal equations, Gram matrix against Gram matrix, instead of to
    the data (docs/reference/library-notes).

    Parameters
    ----------
    alpha : float
        Weight of the sum of absolute coefficients.
    """

    alpha: NotNegative = 1e-3

    # By default EdmdMeta takes scikit-learn's LinearRegression.
    tags = replace(
        PYKOOP.none("the lasso sets small coefficients of a linear map to zero"),
        by_default=None,
        papers=(papers.WILLIAMS_2015,),
    )

    def _regressor(self, before: NDArray, after: NDArray) -> Any:  # noqa: ARG002
        import pykoop
        from sklearn.linear_model import Lasso

        return pykoop.EdmdMeta(Lasso(alpha=self.alpha, fit_intercept=False))


@dataclass(frozen=True)
class DMD(_Regressor):
    """`pykoop.Dmd` (Tu et al. 2014) at full rank, its default, by singular values.

    The matrix that takes each snapshot to the next with the least squared error over all pairs.
    """

    tags = replace(
        PYKOOP,
        loses={
            "low rank": EMPTY,
            "constant": NEARLY_EMPTY,
            "units": "at full rank it divides by what rounding leaves beside large units, "
            "on some processors",
        },
        papers=(papers.TU_2014,),
    )

    def _regressor(self, before: NDArray, after: NDArray) -> Any:  # noqa: ARG002
        import pykoop

        return pykoop.Dmd()


@dataclass(frozen=True)
class DMDc(_Regressor):
    """`pykoop.Dmdc`: DMD with control (Proctor, Brunton and Kutz 2016), by singular values.

    Least squares from each snapshot and the input held after it to the next snapshot, in the
    leading directions of both sides.

    Parameters
    ----------
    rank : int, optional
        Directions of the snapshots beside the inputs kept (`tsvd_unshifted`): -1, pykoop's own, for
        all. By default those that stand out of rounding: inputs need not fill theirs.
    output_rank : int, optional
        Directions of the next snapshots kept (`tsvd_shifted`), likewise.
    mode_type : "projected" or "exact"
        The modes from which pykoop builds its matrix again.
    """

    rank: CountOrAll | None = None
    output_rank: CountOrAll | None = None
    mode_type: Literal["projected", "exact"] = "projected"

    tags = replace(
        PYKOOP,
        inputs=True,
        by_default={**(PYKOOP.by_default or {}), "rank": -1, "output_rank": -1},
        loses={"units": DMD.tags.loses["units"]},
        papers=(papers.PROCTOR_2016,),
    )

    def promises(self) -> Tags:
        if self.rank != -1:
            return self.tags
        return replace(self.tags, loses={**self.tags.loses, "low rank": EMPTY})

    def _regressor(self, before: NDArray, after: NDArray) -> Any:
        import pykoop

        return pykoop.Dmdc(self.mode_type, *_cuts(before, after, self.rank, self.output_rank))


def _cuts(
    before: NDArray, after: NDArray, rank: int | None = None, ahead: int | None = None
) -> tuple[Any, Any]:
    """pykoop's truncations at ranks, by default those of the values; -1 for none."""
    import pykoop

    rank = data_rank(before) if rank is None else rank
    ahead = output_rank(before[:, : after.shape[1]], after) if ahead is None else ahead
    first, second = (None if k == -1 else pykoop.Tsvd("rank", k) for k in (rank, ahead))
    return first, second


def lmi_regressors() -> ModuleType:
    """Import `pykoop.lmi_regressors`, and restore the handler of Ctrl-C that it replaces."""
    before = signal.getsignal(signal.SIGINT)
    from pykoop import lmi_regressors as module

    if signal.getsignal(signal.SIGINT) is not before:
        signal.signal(signal.SIGINT, before)
    return module


@dataclass(frozen=True)
class _Programme(_Regressor):
    """EDMD as a semidefinite programme (Dahdah and Forbes 2021), which CVXOPT solves.

    pykoop's own tolerances. PICOS states one variable for each entry of the Koopman matrix: 3 s for
    ten functions, more than two minutes for twenty.
    """

    # The solver is content with the objective to 1e-7, where the minimum is flat to its root.
    tags = replace(PYKOOP, requires=("cvxopt", "picos", "pykoop"), exactness=1e-3)

    @classmethod
    def prepare(cls) -> None:
        super().prepare()
        lmi_regressors()

    def _fit(self, trajectories: Trajectories) -> Model:
        try:
            return super()._fit(trajectories)
        except ArithmeticError as error:
            raise ValueError(f"CVXOPT broke down on the programme ({error!r})") from error


@dataclass(frozen=True)
class LmiEDMD(_Programme):
    """`pykoop.lmi_regressors.LmiEdmd`: least squares as a programme, with a penalty if asked for.

    EDMD stated as a semidefinite programme (Dahdah and Forbes 2021), which CVXOPT solves.

    Parameters
    ----------
    penalty : "none", "twonorm" or "nuclear"
        On the largest singular value of the Koopman matrix, or on the sum of all.
    alpha : float
        Weight of the penalty, against errors summed over the pairs.
    """

    penalty: Literal["none", "twonorm", "nuclear"] = "none"
    alpha: Positive = 1.0

    tags = replace(_Programme.tags, papers=(papers.DAHDAH_2021,))

    def promises(self) -> Tags:
        # A penalty shrinks directions: of 1, by 1 % if the data are 300 states of size 1.
        exactness = {"none": self.tags.exactness, "twonorm": 1e-2, "nuclear": 3e-2}
        return replace(self.tags, exactness=exactness[self.penalty])

    def _regressor(self, before: NDArray, after: NDArray) -> Any:  # noqa: ARG002
        if self.penalty == "none":
            return lmi_regressors().LmiEdmd()
        return lmi_regressors().LmiEdmd(alpha=self.alpha, reg_method=self.penalty)


@dataclass(frozen=True)
class SpectralRadiusLmiEDMD(_Programme):
    """`LmiEdmdSpectralRadiusConstr`: no discrete eigenvalue beyond a radius.

    EDMD (Dahdah and Forbes 2021) that alternates between a programme for the matrix and one for the
    certificate of its radius.

    Parameters
    ----------
    spectral_radius : float
        Largest modulus allowed, 1 in pykoop: nothing may grow.
    max_iter : int
        Pairs of programmes solved at most.
    """

    spectral_radius: Positive = 1.0
    max_iter: Count = 100

    tags = replace(
        _Programme.tags,
        trial={"max_iter": 5},
        loses={**GRAM, "fast": "the radius allowed is reached by few rounds of its two programmes"},
        papers=(papers.DAHDAH_2021,),
    )

    def _regressor(self, before: NDArray, after: NDArray) -> Any:  # noqa: ARG002
        return lmi_regressors().LmiEdmdSpectralRadiusConstr(
            spectral_radius=self.spectral_radius, max_iter=self.max_iter
        )


@dataclass(frozen=True)
class HinfLmiEDMD(_Programme):
    """`LmiEdmdHinfReg`: EDMD with a penalty on the gain from the input to the state.

    The gain is the H-infinity norm of the system from input to state (Dahdah and Forbes 2022); a
    programme for the matrix alternates with one for the certificate of the norm.

    Parameters
    ----------
    alpha : float
        Weight of the norm, against errors summed over the pairs.
    max_iter : int
        Pairs of programmes solved at most; one takes 2 s for ten functions.
    """

    alpha: Positive = 1.0
    max_iter: Count = 100

    tags = replace(
        _Programme.tags.none("the penalty makes the gain smaller than it is"),
        inputs=True,
        trial={"max_iter": 5},
        papers=(papers.DAHDAH_2022,),
    )

    def _fit(self, trajectories: Trajectories) -> Model:
        if not trajectories.held().shape[1]:
            raise Skip("the H-infinity norm is the gain from an input, and these data have none")
        return super()._fit(trajectories)

    def _regressor(self, before: NDArray, after: NDArray) -> Any:  # noqa: ARG002
        return lmi_regressors().LmiEdmdHinfReg(alpha=self.alpha, max_iter=self.max_iter)


METHODS: dict[str, Method] = {
    "pykoop.dmd": DMD(),
    "pykoop.edmd": EDMD(),
    "pykoop.edmd_polynomial": PolynomialEDMD(),
    "pykoop.dmd_delays": DelayDMD(),
    "pykoop.dmdc": DMDc(),
    "pykoop.edmdc": EDMDc(),
    "pykoop.edmdc_bilinear": BilinearEDMDc(),
    "pykoop.edmdc_polynomial": PolynomialEDMDc(),
    "pykoop.edmdc_delays": DelayEDMDc(),
    "pykoop.edmd_tikhonov": EDMD(alpha=1.0),
    "pykoop.edmd_lasso": LassoEDMD(),
    "pykoop.lmi_edmd": LmiEDMD(),
    "pykoop.lmi_edmd_twonorm": LmiEDMD(penalty="twonorm"),
    "pykoop.lmi_edmd_nuclear": LmiEDMD(penalty="nuclear"),
    "pykoop.lmi_edmd_spectral_radius": SpectralRadiusLmiEDMD(),
    "pykoop.lmi_edmd_hinf": HinfLmiEDMD(),
}
