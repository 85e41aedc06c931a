"""What of a run goes into a paper as text: leaderboards as tables, references as BibTeX."""

from koopmark.pages.paper._cite import bibliography
from koopmark.pages.paper._table import board_table

__all__ = ["bibliography", "board_table"]
