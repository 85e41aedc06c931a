"""From the tables of a run to summaries, leaderboards and sentences; no HTML.

All of its modules are public: `tables` reads a run, `columns` declares the scores that are shown.
"""

__all__: list[str] = []
