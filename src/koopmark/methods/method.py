"""What a method is: hyperparameters with a fit."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from koopmark.methods.model import Model
from koopmark.simulation import Trajectories


class Skip(Exception):
    """Raised by a method that does not apply to the data by design; its text is the reason."""


@dataclass(frozen=True)
class Method(ABC):
    """A frozen dataclass of hyperparameters; subclasses write `_fit`.

    A method that draws random numbers has a field `seed`, and nothing else that is random.
    """

    library: ClassVar[str] = "koopmark"
    """The distribution that does the work, as `pip install` names it."""

    def fit(self, trajectories: Trajectories) -> Model:
        """Fit to all snapshot pairs of `trajectories`.

        Raises
        ------
        ValueError
            Where the data hold non-finite values, fewer than two times, or do not vary.
        Skip
            Where the method does not apply to such data by design.
        """
        check_data(trajectories)
        return self._fit(trajectories)

    @abstractmethod
    def _fit(self, trajectories: Trajectories) -> Model: ...


def check_data(trajectories: Trajectories) -> None:
    """Refuse data from which nothing can be learnt, in a sentence.

    Raises
    ------
    ValueError
        As said in `Method.fit`.
    """
    states = trajectories.states
    if states.shape[0] == 0 or states.shape[1] < 2:
        raise ValueError(
            f"no snapshot pairs: {states.shape[0]} trajectories of {states.shape[1]} states"
        )
    finite = np.isfinite(states).all(axis=(1, 2))
    if not finite.all():
        first = int(np.argmin(finite))
        raise ValueError(
            f"{int(np.sum(~finite))} of {len(finite)} trajectories hold a non-finite value, "
            f"number {first} the first: leave out what diverged"
        )
    if np.ptp(states.reshape(-1, states.shape[2]), axis=0).max() == 0.0:
        raise ValueError("the data are constant: every snapshot is the same state")
