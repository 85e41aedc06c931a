"""From systems to trajectories."""

from koopmark.simulation._simulate import simulate
from koopmark.simulation._trajectories import Trajectories
from koopmark.simulation.fresh import FreshTrajectories
from koopmark.simulation.null_component import null_component
from koopmark.simulation.reduced import ReducedTrajectories
from koopmark.simulation.stochastic import sample_paths

__all__ = [
    "FreshTrajectories",
    "ReducedTrajectories",
    "Trajectories",
    "null_component",
    "sample_paths",
    "simulate",
]
