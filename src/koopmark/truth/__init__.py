"""Exact Koopman eigenspaces: the answer key."""

from koopmark.truth.approximate import ApproximateEigenspace
from koopmark.truth.eigenspace import (
    ConservedRatios,
    ConservedSums,
    Eigenspace,
    ExponentialEigenspace,
    ProductEigenspace,
    SampledProducts,
)
from koopmark.truth.lattice import (
    LatticeEigenspace,
    PrincipalFunctions,
    conserved_of,
    lattice,
    products_of,
    targets_of,
    too_close,
)
from koopmark.truth.null_space import NullSpace

__all__ = [
    "ApproximateEigenspace",
    "ConservedRatios",
    "ConservedSums",
    "Eigenspace",
    "ExponentialEigenspace",
    "LatticeEigenspace",
    "NullSpace",
    "PrincipalFunctions",
    "ProductEigenspace",
    "SampledProducts",
    "conserved_of",
    "lattice",
    "products_of",
    "targets_of",
    "too_close",
]
