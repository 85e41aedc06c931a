"""A method that does nothing: what is left is the runner's own work."""

from dataclasses import dataclass

from koopmark.methods import Method, Skip
from koopmark.models import Model
from koopmark.simulation import Trajectories


@dataclass(frozen=True)
class Nothing(Method):
    """Skips all data; `number` tells one from another."""

    number: int = 0

    def _fit(self, trajectories: Trajectories) -> Model:
        raise Skip("nothing is fitted")
