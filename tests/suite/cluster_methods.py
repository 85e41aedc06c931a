"""Methods that do to a Dask worker what only fits on one can do."""

import time
from dataclasses import dataclass

import psutil
from hostile_methods import Good

from koopmark.methods.model import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class Naps(Good):
    """Takes its time."""

    seconds: float = 1.0

    def _fit(self, trajectories: Trajectories) -> Model:
        time.sleep(self.seconds)
        return super()._fit(trajectories)


@dataclass(frozen=True)
class KillsItsDaskWorker(Good):
    """Takes the Dask worker down, as a machine does that runs out of memory."""

    def _fit(self, trajectories: Trajectories) -> Model:
        for process in psutil.Process().parents():
            if process.cmdline()[1:3] == ["-P", "-m"]:
                process.parent().kill()
        time.sleep(60)
        raise AssertionError


@dataclass(frozen=True)
class Needy(Good):
    """Needs a library that no worker has."""

    library = "nowhere"
    requires = ("nowhere",)
    install = "pip install nowhere"
