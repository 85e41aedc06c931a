"""Where trajectories end, and with it which Koopman eigenvalues there are on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koopmark.simulation import initial_states_of, simulate
from koopmark.spectrum._equations import relaxation_network
from koopmark.spectrum._fixed_points import (
    FixedPoint,
    closed_form_fixed_point,
    contracts,
    fixed_points,
)
from koopmark.spectrum._lattice import LatticePoint
from koopmark.spectrum._nonlinearity import NoSpectrum
from koopmark.systems import System

STARTS = 20
"""So many of the states are starts of the search too."""
SETTLED = 40.0
"""In times of the slowest rate: how long trajectories are followed."""
LONGEST = 400.0
AT_REST = 1e-2
"""Distance from a fixed point, relative to 1 + its size, at which a trajectory is there."""


@dataclass(frozen=True)
class KnownSpectrum:
    """All Koopman eigenvalues with |Re λ| <= `bound` on the basin that trajectories lie in."""

    points: tuple[LatticePoint, ...]
    bound: float

    @property
    def count(self) -> int:
        """Eigenvalues with their multiplicities."""
        return sum(point.multiplicity for point in self.points)


def attractor(system: System, states: NDArray[np.float64]) -> FixedPoint:
    """The one stable fixed point at which the trajectories from `states` (M, N) end.

    Raises
    ------
    NoSpectrum
        Where they end at several or at none that was found, and for systems of families whose
        lattice is not known: neither relaxation networks nor linear behind a change of coordinates.
    """
    states = initial_states_of(states, system.size, "states")
    known = closed_form_fixed_point(system)
    if known is not None:
        return known
    if relaxation_network(system) is None:
        if system.null_flow is not None:
            raise NoSpectrum("the eigenvalues of a drift network fill a line: there is no lattice")
        raise NoSpectrum(
            f"the lattice of eigenvalues is not known for a {type(system).__name__}: it is for "
            "relaxation networks and stable systems that are linear in other coordinates"
        )
    points = fixed_points(system, starts=states[:STARTS]).stable
    if contracts(system) and len(points) == 1:
        return points[0]
    if not points:
        raise NoSpectrum("the network has no stable fixed point that was found")
    slowest = max(point.growth for point in points)
    following = min(SETTLED / abs(slowest), LONGEST)
    ends = simulate(system, states, [0.0, following], rtol=1e-6).states[:, 1]
    places = np.array([point.state for point in points])
    distance = np.linalg.norm(ends[:, None] - places, axis=2)
    nearest = np.argmin(distance, axis=1)
    rests = np.min(distance, axis=1) <= AT_REST * (1.0 + np.linalg.norm(places[nearest], axis=1))
    if not rests.all():
        raise NoSpectrum(
            f"{int(np.sum(~rests))} of {len(states)} test trajectories end at no fixed point that "
            "was found"
        )
    attracting = np.unique(nearest)
    if len(attracting) > 1:
        raise NoSpectrum(f"the test trajectories end at {len(attracting)} different fixed points")
    return points[attracting[0]]
