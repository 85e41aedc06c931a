"""Methods that fit nothing: what is left is the runner's own work."""

import time
from dataclasses import dataclass

from koopmark.methods import Method, Skip
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class Nothing(Method):
    """Skips all data; `number` tells one from another."""

    number: int = 0
    seconds: float = 0.0
    """Processor time that is spent before."""

    def _fit(self, trajectories: Trajectories) -> Model:
        end = time.thread_time() + self.seconds
        while time.thread_time() < end:
            pass
        raise Skip("nothing is fitted")
