"""Systems that a change of coordinates makes linear everywhere: one basin, all principal λ known.

Where y = Ψ(x), analytic with an analytic inverse on its image, obeys ẏ = Λy with Λ stable and not
defective, every trajectory ends at Ψ⁻¹(0), the functions vᵀΨ are principal at the eigenvalues of Λ,
and those with an analytic eigenfunction are their sums, resonant or not: monomials in vᵀΨ span the
series at the point, and each is an eigenfunction.
"""

import numpy as np
from numpy.typing import NDArray

from koopmark.spectrum.fixed_points import HYPERBOLIC, FixedPoint, NoSpectrum
from koopmark.systems import Conjugate, HopfNormalForm, LinearSystem, SlowManifold, System


def straight_fixed_point(system: System) -> FixedPoint | None:
    """The fixed point at which all trajectories end, with its eigenvalues in closed form.

    None for systems that are not known to be linear behind a change of coordinates.

    Raises
    ------
    NoSpectrum
        Where they are, but Λ is defective or not stable.
    """
    found = _principal(system)
    if found is None:
        return None
    state, eigenvalues = found
    if len(eigenvalues) < system.size:
        raise NoSpectrum(
            f"the matrix is defective: {len(eigenvalues)} eigenfunctions are linear, not "
            f"{system.size}, and how many products of generalised ones are eigenfunctions is not "
            "computed"
        )
    slowest = float(eigenvalues.real.max())
    if not slowest < -HYPERBOLIC:
        raise NoSpectrum(
            f"the fixed point is not stable: the real part {slowest:.3g} is among its eigenvalues"
        )
    ordered = eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
    return FixedPoint(state, ordered, 0, 1, in_closed_form=True)


def _principal(system: System) -> tuple[NDArray[np.float64], NDArray[np.complex128]] | None:
    """Ψ⁻¹(0) and the eigenvalues of Λ."""
    origin = np.zeros(system.size)
    if isinstance(system, LinearSystem):
        return origin, np.asarray(system.eigenvalues, dtype=complex)
    if isinstance(system, SlowManifold):
        return origin, np.array([system.slow, system.fast], dtype=complex)
    if isinstance(system, HopfNormalForm) and system.growth < 0:
        return origin, np.asarray(system.principal.eigenvalues, dtype=complex)
    if isinstance(system, Conjugate):
        return system.bent(origin), np.asarray(system.principal.eigenvalues, dtype=complex)
    return None
