"""Fixed points, attractors, and the principal eigenfunctions and eigenvalues at a fixed point."""

from koopmark.spectrum._attractors import Regime, exponents_at_rest, largest_exponents, regime
from koopmark.spectrum._fixed_points import (
    FixedPoint,
    FixedPoints,
    attractor,
    closed_form_fixed_point,
    coincide,
    contracts,
    fixed_point_near,
    fixed_points,
)
from koopmark.spectrum._lattice import (
    BasinEigenspace,
    BasinFunctions,
    KnownSpectrum,
    LatticePoint,
    Term,
    basin_eigenspaces,
    inexact,
    lattice,
)
from koopmark.spectrum._linearisation import Linearisation
from koopmark.spectrum._nonlinearity import NoSpectrum
from koopmark.spectrum._path_integral import OutsideBasin, PathIntegral, path_integral

__all__ = [
    "BasinEigenspace",
    "BasinFunctions",
    "FixedPoint",
    "FixedPoints",
    "KnownSpectrum",
    "LatticePoint",
    "Linearisation",
    "NoSpectrum",
    "OutsideBasin",
    "PathIntegral",
    "Regime",
    "Term",
    "attractor",
    "basin_eigenspaces",
    "closed_form_fixed_point",
    "coincide",
    "contracts",
    "exponents_at_rest",
    "fixed_point_near",
    "fixed_points",
    "inexact",
    "largest_exponents",
    "lattice",
    "path_integral",
    "regime",
]
