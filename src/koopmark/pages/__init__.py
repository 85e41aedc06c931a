"""Pages: of a run, of runs compared, of a history, the catalogue, an example; terminal tables."""

from koopmark.pages.compare import write_comparison
from koopmark.pages.history import write_history
from koopmark.pages.run import write

__all__ = ["write", "write_comparison", "write_history"]
