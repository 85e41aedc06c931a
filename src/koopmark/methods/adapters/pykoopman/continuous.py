"""PyKoopman: its class for continuous time."""

from dataclasses import dataclass
from typing import ClassVar

from koopmark.methods.adapters.pykoopman.library import PyKoopmanMethod, fitted
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class ContinuousKoopman(PyKoopmanMethod):
    """`pykoopman.KoopmanContinuous()` as a user calls it who sets nothing.

    It never differentiates: what it fits is the discrete-time DMD of rank 2 that
    `pykoopman.Koopman()` fits (docs/library-notes.md).
    """

    # It keeps two directions of the linear data.
    recovers: ClassVar[str] = "plane"

    def _fit(self, trajectories: Trajectories) -> Model:
        import pykoopman

        return fitted(pykoopman.KoopmanContinuous(), *trajectories.pairs(), trajectories.dt)
