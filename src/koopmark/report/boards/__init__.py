"""Leaderboards: who recovers most, by question, and which differences are more than chance."""
