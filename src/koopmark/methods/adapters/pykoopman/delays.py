"""PyKoopman: delay coordinates, for EDMD and for HAVOK, on one trajectory."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.adapters.pykoopman.library import PyKoopmanMethod, PyKoopmanModel
from koopmark.models import Model
from koopmark.simulation import Trajectories

RANK_TOLERANCE = 1e-10
"""Delay coordinates depend on each other: singular values below this, relative, are rounding."""


@dataclass(frozen=True, eq=False)
class DelayModel(PyKoopmanModel):
    """A fitted `pykoopman.Koopman` whose observables are `TimeDelay`."""

    window: int = 1
    note: str = ""

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        # Windows one after the other: of the delay coordinates of that, those are asked for that
        # lie within one window.
        values = np.asarray(self.koopman.psi(self._joined(windows).T), dtype=complex)
        return values.T[:: self.window]

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return np.asarray(self.lift(self._joined(windows)))[:: self.window]

    def _joined(self, windows: NDArray) -> NDArray:
        return windows.reshape(-1, windows.shape[2])


class HavokModel(DelayModel):
    """PyKoopman multiplies with the singular values where it should divide: φ = Z⁻¹ U_r⁺ ψ here."""

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        regressor = self.koopman._regressor()
        coordinates = np.linalg.pinv(regressor.ur) @ self.lift(self._joined(windows)).T
        values = np.linalg.solve(regressor.eigenvectors_, coordinates.astype(complex))
        return values.T[:: self.window]


def numerical_rank(states: NDArray) -> int:
    """Directions of the states (T, N) that stand out of rounding."""
    singular = np.linalg.svd(states, compute_uv=False)
    return int(np.sum(singular > RANK_TOLERANCE * singular[0]))


@dataclass(frozen=True)
class DelayEDMD(PyKoopmanMethod):
    """`pykoopman.regression.EDMD` with `TimeDelay`: Hankel DMD (Arbabi and Mezić 2017).

    PyKoopman makes delay coordinates of one trajectory, so one is used, the longest.

    Parameters
    ----------
    n_delays : int
        Earlier states beside the present one.
    delay : int
        Sampling intervals from one to the next.
    svd_rank : int, optional
        Directions kept: -1 for all. By default those that stand out of rounding: where -1 is an
        eigenvalue, delayed states depend on each other, and full rank divides by rounding.
    """

    n_delays: int = 2
    delay: int = 1
    svd_rank: int | None = None

    recovers: ClassVar[str] = "trajectory"

    def __post_init__(self) -> None:
        if self.n_delays < 1 or self.delay < 1:
            raise ValueError(
                f"n_delays and delay must be at least 1, got {self.n_delays} and {self.delay}"
            )

    @property
    def _window(self) -> int:
        return self.n_delays * self.delay + 1

    def _regressor(self, delayed: NDArray) -> Any:
        """The PyKoopman regressor, not fitted, for delay coordinates (T, D)."""
        import pykoopman

        rank = numerical_rank(delayed) if self.svd_rank is None else self.svd_rank
        return pykoopman.regression.EDMD(svd_rank=rank)

    def _fit(self, trajectories: Trajectories) -> Model:
        return self._fitted(trajectories, DelayModel)

    def _fitted(self, trajectories: Trajectories, kind: type[DelayModel]) -> Model:
        import pykoopman

        one, count = trajectories.longest(), len(trajectories.states)
        windows = one.windows(self._window)[0, :, :: self.delay]
        observables = pykoopman.observables.TimeDelay(delay=self.delay, n_delays=self.n_delays)
        koopman = pykoopman.Koopman(
            observables=observables, regressor=self._regressor(windows.reshape(len(windows), -1))
        )
        koopman.fit(one.states[0], dt=trajectories.dt)
        note = f"fitted to the longest of {count} trajectories, {len(one.times)} states"
        return kind(koopman, trajectories.dt, observables.transform, self._window, note)


@dataclass(frozen=True)
class HAVOK(DelayEDMD):
    """`pykoopman.regression.HAVOK` (Brunton et al. 2017): delay coordinates, driven by the last.

    A linear system for all principal delay coordinates but the last, which forces it; derivatives
    are central differences, exact to the second order of the sampling interval. Its eigenvalues
    are those of the system without the forcing.

    Parameters
    ----------
    n_delays : int
        See `DelayEDMD`.
    delay : int
        See `DelayEDMD`.
    svd_rank : int, optional
        Principal delay coordinates, the forcing included. By default PyKoopman's: a threshold for
        noise.
    """

    n_delays: int = 10

    recovers: ClassVar[str] = "a system with forcing has no eigenfunctions in the state alone"

    def _regressor(self, delayed: NDArray) -> Any:  # noqa: ARG002
        import pykoopman

        return pykoopman.regression.HAVOK(svd_rank=self.svd_rank)

    def _fit(self, trajectories: Trajectories) -> Model:
        return self._fitted(trajectories, HavokModel)
