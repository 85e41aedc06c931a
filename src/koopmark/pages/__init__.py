"""Pages: of a run, of the catalogue, of a history, of the worked example; the terminal's tables."""

from pathlib import Path

from koopmark.pages.history import write_history
from koopmark.pages.run import write

__all__ = ["write", "write_example", "write_history"]


def write_example(out_dir: Path) -> Path:
    """Write the three-population example: its pictures as one page, its numbers as CSV.

    Returns the path of the page.
    """
    # Fits and scores are needed here alone.
    from koopmark.pages.example import write_example

    return write_example(out_dir)
