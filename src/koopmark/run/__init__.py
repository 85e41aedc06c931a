"""A suite from its plan to its tables."""

from koopmark.run._run import Finished, Interrupted, run

__all__ = ["Finished", "Interrupted", "run"]
