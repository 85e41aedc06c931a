"""Exact Koopman eigenspaces."""

from koopmark.truth._approximate import ApproximateEigenspace
from koopmark.truth._eigenspace import (
    ONE,
    AffineProducts,
    ConservedRatios,
    ConservedSums,
    Eigenspace,
    ExponentialEigenspace,
    ProductEigenspace,
    SampledProducts,
)
from koopmark.truth._lattice import (
    DEFECTIVE,
    SAME_EIGENVALUE,
    LatticeEigenspace,
    PrincipalFunctions,
    conserved_of,
    lattice,
    products_of,
    targets_of,
    too_close,
)
from koopmark.truth._null_space import NullSpace

__all__ = [
    "DEFECTIVE",
    "ONE",
    "SAME_EIGENVALUE",
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
