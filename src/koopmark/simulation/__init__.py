"""From systems to trajectories."""

from koopmark.simulation.null_component import null_component
from koopmark.simulation.simulate import simulate
from koopmark.simulation.trajectories import Trajectories

__all__ = ["Trajectories", "null_component", "simulate"]
