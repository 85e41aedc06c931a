"""The page of an analysis of recorded data."""

from koopmark.pages.analysis._page import write_analysis

__all__ = ["write_analysis"]
