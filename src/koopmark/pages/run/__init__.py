"""The page of a run: its section templates and their scripts lie in `sections`."""

from koopmark.pages.run._page import write

__all__ = ["write"]
