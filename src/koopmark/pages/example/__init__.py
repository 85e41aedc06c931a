"""The three-population example, worked out: pictures and numbers."""

from koopmark.pages.example._page import write_example

__all__ = ["write_example"]
