"""PyDMD: LANDO, a kernel model of the next state, linearised at a base state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.pydmd.kernels import spelled
from koopmark.methods.adapters.pydmd.library import PyDMDMethod
from koopmark.methods.dictionaries import Identity
from koopmark.methods.kernels import AnyKernel, Polynomial
from koopmark.methods.subsample import SomePairs
from koopmark.models import LinearModel, Model, continuous, steps_of
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class LANDO(SomePairs, PyDMDMethod):
    """Linear and nonlinear disambiguation optimisation (Baddoo et al. 2022) as PyDMD computes it.

    Kernel regression f of the next state, with f(x̄ + x') = c + A x' + … at a base state x̄. Its
    eigenpairs are those of the affine part, so only eigenfunctions that are affine in the state can
    be exact; the forecast is that of f.

    Parameters
    ----------
    kernel : AnyKernel
    base : str
        The base state: `origin`, or the `mean` of the data.
    dict_tol : float
        Distance in feature space from which a state joins the dictionary of f.
    max_pairs : int
        Snapshot pairs used, at random; all where there are fewer. Each is a step of a loop in
        Python, which takes 0.3 ms with a small dictionary and 10 ms with one of a hundred states.
    seed : int
        Which pairs, and in which order they are visited.
    """

    kernel: AnyKernel = field(default_factory=lambda: Polynomial(degree=1, offset=0.0))
    base: Literal["origin", "mean"] = "origin"
    dict_tol: float = 1e-6
    max_pairs: int = 2000

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = self.pairs(trajectories)
        metric, parameters = spelled(self.kernel, x)
        lando = pydmd.LANDO(
            svd_rank=-1, kernel_metric=metric, kernel_params=parameters, dict_tol=self.dict_tol
        )
        base = x.mean(axis=0) if self.base == "mean" else np.zeros(x.shape[1])
        return _linearised(lando.fit(x.T, y.T), base, trajectories.dt)


@dataclass(frozen=True)
class CubicLANDO(LANDO):
    """`LANDO` with a cubic kernel; parameters as for `LANDO`."""

    kernel: AnyKernel = field(default_factory=lambda: Polynomial(degree=3))

    loses: ClassVar[Mapping[str, str]] = {
        "constant": "it is linearised at the origin, far from data with a constant channel",
        "low rank": "its kernel matrix is rounding in directions without data, on some processors",
    }


@dataclass(frozen=True)
class DefaultLANDO(SomePairs, PyDMDMethod):
    """`pydmd.LANDO()` as a user calls it who sets nothing, at the origin.

    The kernel is linear, the rank is chosen by a threshold. `max_pairs` and `seed` as for `LANDO`.
    """

    max_pairs: int = 2000

    # The threshold keeps one direction of the linear data.
    recovers: ClassVar[str] = "line"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = self.pairs(trajectories)
        lando = pydmd.LANDO().fit(x.T, y.T)
        return _linearised(lando, np.zeros(x.shape[1]), trajectories.dt)


@dataclass(frozen=True, eq=False)
class _Forecasting(LinearModel):
    """Affine eigenfunctions, and a forecast by the kernel model itself, which is a map."""

    lando: Any = None

    def predict(self, windows: NDArray, times: NDArray) -> NDArray | None:
        steps = steps_of(times, self.dt)
        if steps is None:
            return None
        states = windows[:, -1]
        ahead = np.full((len(states), steps.max(initial=0), states.shape[1]), np.nan)
        alive = np.arange(len(states))
        for step in range(ahead.shape[1]):
            # Polynomials run away outside the data; scikit-learn refuses what is not finite.
            finite = np.isfinite(states).all(axis=1)
            alive, states = alive[finite], states[finite]
            if len(alive) == 0:
                break
            states = ahead[alive, step] = self.lando.f(states.T).T
        return ahead[:, steps - 1]


def _linearised(lando: Any, base: NDArray, dt: float) -> Model:
    """The model of a fitted `lando` at the state `base` (N,).

    With x' = x - x̄ and f = x̄ + b + A x', zᵀA = μzᵀ gives the eigenfunction zᵀx' + zᵀb/(μ - 1).
    """
    lando.analyze_fixed_point(base)
    discrete, left = lando.eigs, np.linalg.pinv(lando.modes)
    drift = left @ (lando._bias[:, 0] - base)
    constant = np.zeros_like(drift)
    np.divide(drift, discrete - 1, out=constant, where=discrete != 1)
    return _Forecasting(
        lift=Identity().fitted(base[None]),
        coefficients=np.vstack([constant - left @ base, left.T]),
        rates=continuous(discrete, dt),
        dt=dt,
        lando=lando,
    )
