"""Exact Koopman eigenspaces: the answer key."""

from koopmark.truth.approximate import ApproximateEigenspace
from koopmark.truth.eigenspace import (
    ONE,
    AffineProducts,
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
    "ONE",
    "AffineProducts",
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
