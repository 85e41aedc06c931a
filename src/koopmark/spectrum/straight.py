"""Systems that a change of coordinates makes linear everywhere: one basin, all principal λ known.

Where y = Ψ(x), analytic with an analytic inverse on its image, obeys ẏ = Λy with Λ stable, every
trajectory ends at Ψ⁻¹(0), the functions vᵀΨ are principal at the eigenvalues of Λ, and those with
an analytic eigenfunction are their sums, resonant or not. If Λ is not defective, or has no Jordan
block but one of size 2, all analytic eigenfunctions are combinations of the products of these
(docs/theory.md).
"""

import numpy as np

from koopmark.spectrum.fixed_points import HYPERBOLIC, FixedPoint, NoSpectrum
from koopmark.systems import System


def straight_fixed_point(system: System) -> FixedPoint | None:
    """The fixed point at which all trajectories end, with its eigenvalues in closed form.

    None for systems that are not known to be linear behind a change of coordinates.

    Raises
    ------
    NoSpectrum
        If they are, but Λ is not stable, or so defective that products of generalised
        eigenfunctions are eigenfunctions too.
    """
    linear = system.linear_coordinates
    if linear is None:
        return None
    principal, eigenvalues = linear.principal, linear.principal.eigenvalues
    if not principal.complete:
        raise NoSpectrum(
            f"{len(eigenvalues)} eigenfunctions of a system of size {system.size} are given: how "
            "many products of others, or of generalised ones, are eigenfunctions is not computed"
        )
    slowest = float(eigenvalues.real.max())
    if not slowest < -HYPERBOLIC:
        raise NoSpectrum(
            f"the fixed point is not stable: the real part {slowest:.3g} is among its eigenvalues"
        )
    ordered = eigenvalues.astype(complex)[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
    return FixedPoint(linear.origin, ordered, 0, 1, in_closed_form=True)
