"""Exact Koopman eigenspaces in closed form, the answer key of koopmark."""

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
    offset_of,
)
from koopmark.truth._lattice import (
    DEFECTIVE,
    LatticeEigenspace,
    PrincipalFunctions,
    products_of,
    too_close,
)
from koopmark.truth._law import INSEPARABLE, RELAXATION, SAME_EIGENVALUE, LinearLaw
from koopmark.truth._seen import AffineView, SeenEigenspace

__all__ = [
    "DEFECTIVE",
    "INSEPARABLE",
    "ONE",
    "RELAXATION",
    "SAME_EIGENVALUE",
    "AffineProducts",
    "AffineView",
    "ApproximateEigenspace",
    "ConservedRatios",
    "ConservedSums",
    "Eigenspace",
    "ExponentialEigenspace",
    "LatticeEigenspace",
    "LinearLaw",
    "NullSpace",
    "PrincipalFunctions",
    "ProductEigenspace",
    "SampledProducts",
    "SeenEigenspace",
    "offset_of",
    "products_of",
    "too_close",
]
