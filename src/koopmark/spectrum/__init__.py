"""Beyond the closed form: fixed points, principal eigenfunctions, the lattice of eigenvalues."""

from koopmark.spectrum._fixed_points import (
    FixedPoint,
    FixedPoints,
    NoSpectrum,
    coincide,
    contracts,
    fixed_point_near,
    fixed_points,
)
from koopmark.spectrum._known import KnownSpectrum, attractor, known_spectrum
from koopmark.spectrum._lattice import LatticePoint, Term, lattice
from koopmark.spectrum._linearisation import Linearisation
from koopmark.spectrum._path_integral import OutsideBasin, PathIntegral, path_integral
from koopmark.spectrum._principal import (
    LatticeEigenspace,
    PrincipalFunctions,
    inexact,
    lattice_eigenspaces,
)
from koopmark.spectrum._straight import straight_fixed_point

__all__ = [
    "FixedPoint",
    "FixedPoints",
    "KnownSpectrum",
    "LatticeEigenspace",
    "LatticePoint",
    "Linearisation",
    "NoSpectrum",
    "OutsideBasin",
    "PathIntegral",
    "PrincipalFunctions",
    "Term",
    "attractor",
    "coincide",
    "contracts",
    "fixed_point_near",
    "fixed_points",
    "inexact",
    "known_spectrum",
    "lattice",
    "lattice_eigenspaces",
    "path_integral",
    "straight_fixed_point",
]
