"""From the tables of a run to summaries, leaderboards and sentences; no HTML."""
