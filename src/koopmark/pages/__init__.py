"""Pages: of a run, of the catalogue, of a history, of the worked example; the terminal's tables."""

from koopmark.pages.history import write_history
from koopmark.pages.run import write

__all__ = ["write", "write_history"]
