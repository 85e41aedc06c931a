"""Exact Koopman eigenspaces."""

from koopmark.truth._eigenspace import (
    ONE,
    AffineProducts,
    ApproximateEigenspace,
    ConservedRatios,
    ConservedSums,
    Eigenspace,
    ExponentialEigenspace,
    NullSpace,
    ProductEigenspace,
    SampledProducts,
)
from koopmark.truth._lattice import (
    DEFECTIVE,
    INSEPARABLE,
    SAME_EIGENVALUE,
    LatticeEigenspace,
    PrincipalFunctions,
    products_of,
    too_close,
)

__all__ = [
    "DEFECTIVE",
    "INSEPARABLE",
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
    "products_of",
    "too_close",
]
