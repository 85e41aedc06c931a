"""From a suite file to tables: plan, worker processes, store, export."""

from koopmark.suite.config import Limits, MethodEntry, Suite, load_suite, names, with_methods
from koopmark.suite.executor import cores
from koopmark.suite.export import export
from koopmark.suite.part import Part
from koopmark.suite.plan import Cell, plan
from koopmark.suite.run import Finished, Interrupted, run
from koopmark.suite.verification import verify

__all__ = [
    "Cell",
    "Finished",
    "Interrupted",
    "Limits",
    "MethodEntry",
    "Part",
    "Suite",
    "cores",
    "export",
    "load_suite",
    "names",
    "plan",
    "run",
    "verify",
    "with_methods",
]
