"""Beyond the closed form: fixed points, principal eigenfunctions, the lattice of eigenvalues."""

from koopmark.spectrum.fixed_points import (
    FixedPoint,
    FixedPoints,
    NoSpectrum,
    contracts,
    fixed_points,
)
from koopmark.spectrum.lattice import LatticePoint, Term, lattice
from koopmark.spectrum.linearisation import Linearisation
from koopmark.spectrum.path_integral import OutsideBasin, PathIntegral, path_integral
from koopmark.spectrum.principal import (
    LatticeEigenspace,
    PrincipalFunctions,
    lattice_eigenspaces,
)

__all__ = [
    "FixedPoint",
    "FixedPoints",
    "LatticeEigenspace",
    "LatticePoint",
    "Linearisation",
    "NoSpectrum",
    "OutsideBasin",
    "PathIntegral",
    "PrincipalFunctions",
    "Term",
    "contracts",
    "fixed_points",
    "lattice",
    "lattice_eigenspaces",
    "path_integral",
]
