"""Pages: of a run, of an analysis, of runs compared, of a history, the catalogue, an example;
terminal tables."""

from pathlib import Path

from koopmark.analysis.recording import Analysis
from koopmark.pages.analysis import write_analysis
from koopmark.pages.compare import write_comparison
from koopmark.pages.history import write_history
from koopmark.pages.run import write_run

__all__ = ["write", "write_analysis", "write_comparison", "write_history", "write_run"]


def write(folder: str | Path) -> Path:
    """Write the page of a run or of an analysis, whichever the folder holds, and its tables.

    Raises ConfigError as `write_run` and `write_analysis` do.
    """
    return write_analysis(folder) if Analysis.is_in(folder) else write_run(folder)
