"""The page that compares runs."""

from koopmark.pages.compare._page import write_comparison

__all__ = ["write_comparison"]
