"""Where the Markdown of a check goes besides the terminal."""

import os
from pathlib import Path

from koopmark._errors import ConfigError
from koopmark._files import write_text

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file whose Markdown GitHub Actions shows on the page of a run."""


def publish(markdown: str, file: Path | None = None) -> None:
    """Put Markdown into `file`, and inside GitHub Actions add it to the summary of the step.

    Raises
    ------
    ConfigError
        Where a file cannot be written.
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
