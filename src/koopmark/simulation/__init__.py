"""From systems to trajectories."""

from koopmark.simulation.trajectories import Trajectories

__all__ = ["Trajectories"]
