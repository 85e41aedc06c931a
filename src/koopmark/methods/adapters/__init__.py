"""Adapters to libraries, each used as its manual recommends."""
