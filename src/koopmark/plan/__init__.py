"""Planning: from a suite file to cells, one for each fit."""

from koopmark.plan._cells import Cell, execution_order, plan
from koopmark.plan._data import Level
from koopmark.plan._selection import Selection, refuse_whole_run
from koopmark.plan._source import EVERY_FIT, code_of, is_loaded
from koopmark.plan._suite import (
    Limits,
    MethodEntry,
    Suite,
    foreign_code,
    load_suite,
    names,
    with_methods,
)

__all__ = [
    "EVERY_FIT",
    "Cell",
    "Level",
    "Limits",
    "MethodEntry",
    "Selection",
    "Suite",
    "code_of",
    "execution_order",
    "foreign_code",
    "is_loaded",
    "load_suite",
    "names",
    "plan",
    "refuse_whole_run",
    "with_methods",
]
