"""A suite from its plan to its tables."""

from koopmark.run._overview import LEGEND, grid
from koopmark.run._run import Finished, Interrupted, run

__all__ = ["LEGEND", "Finished", "Interrupted", "grid", "run"]
