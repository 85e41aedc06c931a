"""The store of a run: its results, tables and CSV files."""

from koopmark.store._portraits import POINTS, PREFIX
from koopmark.store._store import FILE, Store, read, write_tables
from koopmark.store._tables import (
    EIGENPAIRS,
    FAILURES,
    FITS,
    STATUSES,
    TABLES,
    TARGETS,
    Outcome,
    Rows,
    make_rows,
    sanitise,
)

__all__ = [
    "EIGENPAIRS",
    "FAILURES",
    "FILE",
    "FITS",
    "POINTS",
    "PREFIX",
    "STATUSES",
    "TABLES",
    "TARGETS",
    "Outcome",
    "Rows",
    "Store",
    "make_rows",
    "read",
    "sanitise",
    "write_tables",
]
