"""PyDMD: physics-informed DMD, least squares on a set of matrices of known structure."""

from dataclasses import dataclass
from typing import Literal

from koopmark.methods.adapters.pydmd.library import STATE, PyDMDMethod
from koopmark.methods.adapters.pydmd.modes import from_pairs
from koopmark.methods.dictionaries import AnyDictionary
from koopmark.methods.method import Skip
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class PiDMD(PyDMDMethod):
    """Physics-informed DMD (Baddoo et al. 2023) as PyDMD computes it.

    PyDMD has no default set of matrices. The weights of the systems here are full, so the sensible
    one is the banded matrices with a band that holds them: ordinary least squares, row by row. The
    other sets exclude the exact operator, and are there to see what a wrong constraint costs.

    Parameters
    ----------
    dictionary : AnyDictionary
        As for `DMD`.
    manifold : str
        `diagonal` (banded), `symmetric`, `uppertriangular` or `lowertriangular`.
    band : int, optional
        Diagonals kept on each side, the main one included: by default all.
    """

    dictionary: AnyDictionary = STATE
    manifold: Literal["diagonal", "symmetric", "uppertriangular", "lowertriangular"] = "diagonal"
    band: int | None = None

    def __post_init__(self) -> None:
        if self.band is not None and self.band < 1:
            raise ValueError(f"band must be at least 1, got {self.band}")

    def _fit(self, trajectories: Trajectories) -> Model:
        import pydmd

        x, y = trajectories.pairs()
        band = self.dictionary.fitted(x).size if self.band is None else self.band
        # Without compute_A a sparse solver is asked for all eigenvalues, and refuses.
        dmd = pydmd.PiDMD(manifold=self.manifold, manifold_opt=band, compute_A=True)
        return from_pairs(dmd, x, y, trajectories.dt, self.dictionary)


@dataclass(frozen=True)
class UnitaryPiDMD(PyDMDMethod):
    """Physics-informed DMD on the unitary matrices, for dynamics that conserve a norm."""

    def _fit(self, trajectories: Trajectories) -> Model:  # noqa: ARG002
        raise Skip(
            "a unitary operator has eigenvalues of modulus one, and these dynamics are dissipative"
        )
