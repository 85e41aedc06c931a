"""From a suite file to cells: every fit there is to do, and what each depends on."""

from koopmark.plan.cells import Cell, plan
from koopmark.plan.part import Part
from koopmark.plan.suite import Limits, MethodEntry, Suite, load_suite, names, with_methods

__all__ = [
    "Cell",
    "Limits",
    "MethodEntry",
    "Part",
    "Suite",
    "load_suite",
    "names",
    "plan",
    "with_methods",
]
