"""The page of a run: its section templates and their scripts lie in `sections`."""

from koopmark.pages.run._page import write_run

__all__ = ["write_run"]
