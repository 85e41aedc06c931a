"""Systems with exact keys, observed in the way that data of one's own were."""

from koopmark.datasets.twins._families import Family
from koopmark.datasets.twins._twin import SEEDS, Twin, twin

__all__ = ["SEEDS", "Family", "Twin", "twin"]
