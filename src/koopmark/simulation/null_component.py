"""The part of y = ζ(x) that the weights cannot reach, in closed form.

With P the orthogonal projector onto the left null space of W, P W = 0, so that
P ẏ = P linear(y): it needs no integration (docs/theory.md, "More that is exact").
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from koopmark._arrays import real
from koopmark.systems import Drift, Network, Relaxation


class NullFlow(ABC):
    """P y(t) = scale(t) P y(0) + velocity t."""

    @property
    @abstractmethod
    def velocity(self) -> NDArray[np.float64] | None:
        """(N,) what is added per unit of time; None for nothing."""

    @abstractmethod
    def scale(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Factor on P y(0) at each time elapsed."""


@dataclass(frozen=True, eq=False)
class Decay(NullFlow):
    """Relaxation family: P y(t) = e^{-t} P y(0)."""

    @property
    def velocity(self) -> None:
        return None

    def scale(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(-t)


@dataclass(frozen=True, eq=False)
class Slide(NullFlow):
    """Drift family: P y(t) = P y(0) - t P c."""

    projected_rates: NDArray[np.float64]

    @property
    def velocity(self) -> NDArray[np.float64]:
        return -self.projected_rates

    def scale(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ones_like(t)


def null_flow(network: Network) -> NullFlow | None:
    """The closed form of the network's null component; None for a family without one."""
    if isinstance(network, Relaxation):
        return Decay()
    if isinstance(network, Drift):
        return Slide(network.weights.null_space.project(network.rates))
    return None


def null_component(system: Network, initial_states: NDArray, t: ArrayLike) -> NDArray[np.float64]:
    """Exact value at time t of P ζ(x), the part of y = ζ(x) that the weights cannot reach.

    Parameters
    ----------
    system : Relaxation or Drift
    initial_states : (..., N) array
        States x(0).
    t : float or array that broadcasts against (...)
        Time elapsed, in units of the decay time.

    Returns
    -------
    (..., N) array
        e^{-t} P ζ(x(0)) for the relaxation family, P ζ(x(0)) - t P c for the drift family.

    Raises
    ------
    ValueError
        Where the system belongs to neither family.
    """
    flow = null_flow(system)
    if flow is None:
        raise ValueError(f"the null component of a {type(system).__name__} has no closed form here")
    time = real(t, "t")[..., None]
    null = flow.scale(time) * system.weights.null_space.project(
        system.zeta(real(initial_states, "initial_states"))
    )
    return null if flow.velocity is None else null + time * flow.velocity
