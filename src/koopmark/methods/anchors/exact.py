"""The answer key, entered as a method: what a perfect fit scores."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.method import Method
from koopmark.models import Model
from koopmark.simulation import Trajectories, simulate
from koopmark.systems import StochasticSystem, System
from koopmark.truth import Eigenspace

PREDICTION_RTOL = 1e-11


@dataclass(frozen=True, eq=False)
class ExactModel(Model):
    """The exact eigenspaces, each with as many eigenpairs as dimensions."""

    targets: tuple[Eigenspace, ...]
    system: System | None
    dt: float

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        values = [target.eigenvalue for target in self.targets]
        return np.repeat(np.array(values, dtype=complex), [t.dimension for t in self.targets])

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        states = windows[:, -1]
        return np.hstack([target.evaluate(states) for target in self.targets]).astype(complex)

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return self.eigenfunctions(windows)

    def predict(self, windows: NDArray, times: NDArray) -> NDArray | None:
        """By simulating the system, NaN where it diverges; the mean of a stochastic one."""
        if self.system is None:
            return None
        if isinstance(self.system, StochasticSystem):
            return self.system.mean(windows[:, -1], times)
        increasing, places = np.unique(times, return_inverse=True)
        grid = np.concatenate([[0.0], increasing])
        followed = simulate(self.system, windows[:, -1], grid, rtol=PREDICTION_RTOL)
        return followed.states[:, 1 + places]


@dataclass(frozen=True)
class Exact(Method):
    """Looks up what it is asked for: the eigenspaces that ride along with the data."""

    recovers: ClassVar[str] = "nonlinear"
    needs_system: ClassVar[bool] = True
    is_anchor: ClassVar[bool] = True

    def _fit(self, trajectories: Trajectories) -> Model:
        return ExactModel(known_targets(trajectories), trajectories.system, trajectories.dt)


def known_targets(trajectories: Trajectories) -> tuple[Eigenspace, ...]:
    """The eigenspaces that ride along with the data.

    Raises
    ------
    ValueError
        Where there are none.
    """
    if not trajectories.targets:
        raise ValueError(
            "an anchor needs the exact eigenspaces, and these trajectories carry none: "
            "set Trajectories.targets, as datasets do"
        )
    return trajectories.targets
