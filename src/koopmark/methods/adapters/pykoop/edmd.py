"""pykoop: EDMD by least squares, with a ridge, with the lasso, and DMD."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from koopmark.methods.adapters.pykoop.library import PykoopRegressor


def not_negative(alpha: float) -> None:
    """Refuse a penalty below zero."""
    if not alpha >= 0:
        raise ValueError(f"alpha must not be negative, got {alpha}")


@dataclass(frozen=True)
class EDMD(PykoopRegressor):
    """`pykoop.Edmd` (Williams, Kevrekidis and Rowley 2015), by the normal equations.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    """

    loses: ClassVar[Mapping[str, str]] = {
        "units": "it sees the data through Gram matrices, which square their units",
    }

    def _regressor(self) -> Any:
        import pykoop

        return pykoop.Edmd()


@dataclass(frozen=True)
class TikhonovEDMD(PykoopRegressor):
    """`pykoop.Edmd` with its ridge: Σ|ψ(x⁺) - ψ(x) K|² + α|K|² over all pairs.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    alpha : float
        α, in units of squared dictionary values summed over the pairs.
    """

    alpha: float = 1.0

    # The ridge shrinks K: by 1 %, where the data are 300 states of size 1.
    exactness: ClassVar[float] = 3e-2
    loses: ClassVar[Mapping[str, str]] = {
        "units": "the ridge is in squared units of the data",
    }

    def __post_init__(self) -> None:
        not_negative(self.alpha)

    def _regressor(self) -> Any:
        import pykoop

        return pykoop.Edmd(alpha=self.alpha)


@dataclass(frozen=True)
class LassoEDMD(PykoopRegressor):
    """`pykoop.EdmdMeta` with `sklearn.linear_model.Lasso`.

    pykoop fits the lasso to the normal equations, Gram matrix against Gram matrix, instead of to
    the data (docs/library-notes.md).

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    alpha : float
        Weight of the sum of absolute coefficients.
    """

    alpha: float = 1e-3

    recovers: ClassVar[str] = "the lasso sets small coefficients of a linear map to zero"

    def __post_init__(self) -> None:
        not_negative(self.alpha)

    def _regressor(self) -> Any:
        import pykoop
        from sklearn.linear_model import Lasso

        return pykoop.EdmdMeta(Lasso(alpha=self.alpha, fit_intercept=False))


@dataclass(frozen=True)
class DMD(PykoopRegressor):
    """`pykoop.Dmd` (Tu et al. 2014) at full rank, its default, by a singular value decomposition.

    Parameters
    ----------
    dictionary : AnyDictionary
        See `PykoopRegressor`.
    """

    loses: ClassVar[Mapping[str, str]] = {
        "low rank": "at full rank it divides by the rounding of directions without data",
        "constant": "at full rank it divides by the rounding of directions without data",
        "units": "at full rank it divides by what rounding leaves beside large units, "
        "on some processors",
    }

    def _regressor(self) -> Any:
        import pykoop

        return pykoop.Dmd()
