"""The page of a history, and the trends that it and the page of a run show."""

from koopmark.pages.history._page import Trends, trends_beside, write_history

__all__ = ["Trends", "trends_beside", "write_history"]
