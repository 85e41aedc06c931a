"""From systems to trajectories."""

from koopmark.simulation.fresh import FreshTrajectories
from koopmark.simulation.null_component import null_component
from koopmark.simulation.reduced import ReducedTrajectories
from koopmark.simulation.simulate import simulate
from koopmark.simulation.stochastic import sample_paths
from koopmark.simulation.trajectories import Trajectories

__all__ = [
    "FreshTrajectories",
    "ReducedTrajectories",
    "Trajectories",
    "null_component",
    "sample_paths",
    "simulate",
]
