"""PyKoopman: its defaults, and EDMD with the state or with polynomials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from koopmark.methods.adapters.pykoopman.library import PyKoopmanMethod, fitted
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class DefaultKoopman(PyKoopmanMethod):
    """`pykoopman.Koopman()` as a user calls it who sets nothing: DMD of rank 2 in the state."""

    # It keeps two directions of the linear data.
    recovers: ClassVar[str] = "plane"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        return fitted(pykoopman.Koopman(), *trajectories.pairs(), trajectories.dt)


@dataclass(frozen=True)
class IdentityEDMD(PyKoopmanMethod):
    """`pykoopman.regression.EDMD` in the state itself; it has no constant to offer."""

    loses: ClassVar[Mapping[str, str]] = {
        "low rank": "at full rank it divides by the rounding of directions without data",
    }

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        koopman = pykoopman.Koopman(regressor=pykoopman.regression.EDMD())
        return fitted(koopman, *trajectories.pairs(), trajectories.dt)


@dataclass(frozen=True)
class PolynomialEDMD(PyKoopmanMethod):
    """`pykoopman.regression.EDMD` with `pykoopman.observables.Polynomial`.

    Parameters
    ----------
    degree : int
        Monomials up to this degree, the constant included.
    """

    degree: int = 2

    loses: ClassVar[Mapping[str, str]] = {
        "low rank": "at full rank it divides by the rounding of directions without data",
        "constant": "at full rank it divides by the rounding of directions without data",
        "units": "at full rank it divides by the rounding of directions without data",
    }

    def __post_init__(self) -> None:
        if self.degree < 1:
            raise ValueError(f"degree must be at least 1, got {self.degree}")

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        class Polynomial(pykoopman.observables.Polynomial):  # type: ignore[misc]
            # PyKoopman 1.2.1 reads the name that scikit-learn gave this before version 1.2.
            n_input_features_ = property(lambda self: self.n_features_in_)

        koopman = pykoopman.Koopman(
            observables=Polynomial(degree=self.degree), regressor=pykoopman.regression.EDMD()
        )
        return fitted(koopman, *trajectories.pairs(), trajectories.dt)
