"""What a run keeps: a row for every fit, its tables, and the CSV files made of them."""

from koopmark.store.export import export
from koopmark.store.store import Store

__all__ = ["Store", "export"]
