"""Systems with exact keys, observed in the way that data of one's own were."""

from koopmark.datasets.twin._families import Family
from koopmark.datasets.twin._twin import Twin, twin

__all__ = ["Family", "Twin", "twin"]
