"""Twins: systems with an answer key that are sampled as a recording was."""

from koopmark.datasets.twins._families import Family
from koopmark.datasets.twins._twin import SEEDS, Twin, twin

__all__ = ["SEEDS", "Family", "Twin", "twin"]
