"""Run suites: from the plan to the tables."""

from koopmark.run._run import Finished, Interrupted, run

__all__ = ["Finished", "Interrupted", "run"]
