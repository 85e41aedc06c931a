"""Methods of pykoop (Dahdah and Forbes): a regressor gives a Koopman matrix, and that is all."""

import signal
from abc import abstractmethod
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.methods import papers
from koopmark.methods._method import Method, Skip, Tags
from koopmark.methods._options import Count, NotNegative, Positive
from koopmark.methods.adapters._pairs import EMPTY
from koopmark.methods.dictionaries import AnyDictionary, Dictionary, Identity
from koopmark.models import LinearModel, Model
from koopmark.simulation import Trajectories

GRAM = {"units": "it sees the data through Gram matrices, which square their units"}

PYKOOP = Tags(
    library="pykoop",
    install='pip install "pykoop>=2.0"',
    requires=("pykoop",),
    sampling="segments",
    # The state alone.
    by_default={"dictionary": Identity(constant=False)},
    loses=GRAM,
)


@dataclass(frozen=True)
class _Regressor(Method):
    """A regressor of pykoop on a dictionary of ours, by default the state with a constant.

    pykoop adds no constant, and computes no eigenpairs.
    """

    dictionary: AnyDictionary = field(default_factory=Identity)

    tags = PYKOOP

    @abstractmethod
    def _regressor(self) -> Any:
        """The pykoop object, not fitted."""

    def _fit(self, trajectories: Trajectories) -> Model:
        x, y = trajectories.pairs()
        lift = self.dictionary.fitted(x)
        regressor = self._regressor()
        regressor.fit(lift(x), lift(y), n_inputs=0, episode_feature=False)
        # What a solver says if that is more than that it has found the optimum.
        status, note = getattr(regressor, "solution_status_", "optimal"), ""
        if status != "optimal":
            note = f"the solver ended with status {status}"
        elif not getattr(regressor, "stop_reason_", "").startswith("Reached tolerance"):
            note = getattr(regressor, "stop_reason_", "")
        return LinearModel.from_operator(regressor.coef_, trajectories.dt, lift, lift.state, note)


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

    tags = replace(PYKOOP, papers=(papers.WILLIAMS_2015,))

    def promises(self) -> Tags:
        # A ridge of 1 shrinks K: by 1 %, if the data are 300 states of size 1.
        return replace(self.tags, exactness=3e-2) if self.alpha else self.tags

    def _regressor(self) -> Any:
        import pykoop

        return pykoop.Edmd(alpha=self.alpha)


@dataclass(frozen=True)
class LassoEDMD(_Regressor):
    """`pykoop.EdmdMeta` with `sklearn.linear_model.Lasso`.

    EDMD with a penalty on the sum of absolute coefficients, which sets small ones to zero.

    pykoop fits the lasso to the normal equations, Gram matrix against Gram matrix, instead of to
    the data (docs/library-notes.md).

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

    def _regressor(self) -> Any:
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
            "constant": EMPTY,
            "units": "at full rank it divides by what rounding leaves beside large units, "
            "on some processors",
        },
        papers=(papers.TU_2014,),
    )

    def _regressor(self) -> Any:
        import pykoop

        return pykoop.Dmd()


@dataclass(frozen=True, eq=False)
class Lifting:
    """The lifting functions of a fitted pipeline, (P, N) to (P, D)."""

    pipeline: Any

    def __call__(self, states: NDArray) -> NDArray[np.float64]:
        return np.asarray(self.pipeline.lift(states, episode_feature=False), dtype=float)


@dataclass(frozen=True)
class PolynomialEDMD(Method):
    """`pykoop.KoopmanPipeline` with `PolynomialLiftingFn`, `ConstantLiftingFn` and `Edmd`.

    Least squares from each snapshot to the next in all monomials of the state up to a degree. Each
    stretch without a gap is an episode of its own.

    Parameters
    ----------
    degree : int
        Monomials up to this degree, the constant included.
    """

    degree: Count = 2

    # pykoop has no default list of lifting functions.
    tags = replace(PYKOOP, by_default=None, papers=(papers.WILLIAMS_2015,))

    @classmethod
    def _holding(cls, dictionary: Dictionary) -> dict[str, Any] | None:
        return dictionary.as_degree()

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoop

        parts = [block.states for block in trajectories.blocks()]
        lengths = [part.shape[1] for part in parts for _ in part]
        episodes = np.repeat(np.arange(len(lengths), dtype=float), lengths)
        states = np.vstack([part.reshape(-1, part.shape[2]) for part in parts])
        data = np.column_stack([episodes, states])
        polynomial = pykoop.PolynomialLiftingFn(order=self.degree)
        pipeline = pykoop.KoopmanPipeline(
            lifting_functions=[("polynomial", polynomial), ("one", pykoop.ConstantLiftingFn())],
            regressor=pykoop.Edmd(),
        )
        pipeline.fit(data, n_inputs=0, episode_feature=True)
        # Lifted states begin with the state.
        return LinearModel.from_operator(
            pipeline.regressor_.coef_, trajectories.dt, Lifting(pipeline), slice(states.shape[1])
        )


def lmi_regressors() -> ModuleType:
    """`pykoop.lmi_regressors`, whose import takes over what Ctrl-C does: that is put back."""
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

    def _regressor(self) -> Any:
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

    def _regressor(self) -> Any:
        return lmi_regressors().LmiEdmdSpectralRadiusConstr(
            spectral_radius=self.spectral_radius, max_iter=self.max_iter
        )


@dataclass(frozen=True)
class HinfLmiEDMD(_Programme):
    """`LmiEdmdHinfReg`: a penalty on the gain from the input to the state; needs an input.

    These systems have none, and every fit is skipped with this reason.
    """

    tags = replace(_Programme.tags, loses={}, by_default=None, papers=(papers.DAHDAH_2022,))

    def _regressor(self) -> Any:
        raise Skip("the H-infinity norm is the gain from an input, and these systems have none")


METHODS: dict[str, Method] = {
    "pykoop.dmd": DMD(),
    "pykoop.edmd": EDMD(),
    "pykoop.edmd_polynomial": PolynomialEDMD(),
    "pykoop.edmd_tikhonov": EDMD(alpha=1.0),
    "pykoop.edmd_lasso": LassoEDMD(),
    "pykoop.lmi_edmd": LmiEDMD(),
    "pykoop.lmi_edmd_twonorm": LmiEDMD(penalty="twonorm"),
    "pykoop.lmi_edmd_nuclear": LmiEDMD(penalty="nuclear"),
    "pykoop.lmi_edmd_spectral_radius": SpectralRadiusLmiEDMD(),
    "pykoop.lmi_edmd_hinf": HinfLmiEDMD(),
}
