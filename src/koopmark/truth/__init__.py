"""Exact Koopman eigenspaces: the answer key."""

from koopmark.truth.eigenspace import (
    ConservedRatios,
    ConservedSums,
    Eigenspace,
    ExponentialEigenspace,
    ProductEigenspace,
    SampledProducts,
)
from koopmark.truth.null_space import NullSpace

__all__ = [
    "ConservedRatios",
    "ConservedSums",
    "Eigenspace",
    "ExponentialEigenspace",
    "NullSpace",
    "ProductEigenspace",
    "SampledProducts",
]
