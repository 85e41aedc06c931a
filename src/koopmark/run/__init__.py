"""A suite from its plan to its tables."""

from koopmark.run.run import Finished, Interrupted, run

__all__ = ["Finished", "Interrupted", "run"]
