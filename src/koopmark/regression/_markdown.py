"""Markdown tables, and where a comparison goes: a file, and the summary of a step of CI."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from koopmark._errors import ConfigError
from koopmark._files import write_text

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file whose Markdown GitHub Actions shows on the page of a run."""

MOST_ROWS = 50
"""Longer tables are cut, and say so."""


def section(
    title: str, header: Sequence[str], rows: Iterable[Sequence[str]], level: int = 2
) -> list[str]:
    """A heading and a table of at most `MOST_ROWS` rows; nothing without rows."""
    rows = list(rows)
    if not rows:
        return []
    # No text ends a cell or a row.
    plain = [[" ".join(text.split()).replace("|", "\\|") for text in row] for row in rows]
    lines = [list(header), ["---"] * len(header), *plain[:MOST_ROWS]]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    more = len(rows) - MOST_ROWS
    return [f"{'#' * level} {title}", table, *([f"and {more:,} more."] if more > 0 else [])]


def document(parts: Iterable[str]) -> str:
    """Paragraphs, headings and tables with an empty line between them."""
    return "\n\n".join(parts) + "\n"


def publish(markdown: str, file: Path | None = None) -> None:
    """Put Markdown into `file`, and inside GitHub Actions add it to the summary of the step.

    Raises
    ------
    ConfigError
        If a file cannot be written.
    """
    if file is not None:
        write_text(file, markdown)
    if summary := os.environ.get(STEP_SUMMARY):
        try:
            with open(summary, "a", encoding="utf-8") as page:
                page.write(f"{markdown}\n")
        except OSError as error:
            raise ConfigError(
                f"{summary}, which {STEP_SUMMARY} names, cannot be written to ({error.strerror})"
            ) from None
