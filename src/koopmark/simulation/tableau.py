"""The Dormand–Prince pair of order 8(5,3), as rows of weights over a block of stages.

Row 0 of the block is the point a where the step starts and row i + 1 is h kᵢ, stage i already
scaled by the step. Every intermediate point, the error estimates and the interpolant are then one
product of fixed weights with a contiguous block. Source: Hairer, Nørsett and Wanner, Solving
Ordinary Differential Equations I, section II.5-6; coefficients as SciPy's `DOP853` states them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import DOP853

STAGES = 12
"""Evaluations of a step; with the velocity at its end 13, with the interpolant's own three 16."""
ALL_STAGES = 16
ERROR_EXPONENT = -1.0 / 8.0


def _row(weights: NDArray) -> NDArray[np.float64]:
    return np.concatenate([[1.0], weights])


NODES: NDArray[np.float64] = np.concatenate([DOP853.C, [1.0], DOP853.C_EXTRA])
"""cᵢ: stage i is taken at t + cᵢ h; stage 12 is the velocity at the end of the step."""

POINTS: tuple[NDArray[np.float64], ...] = (
    *(_row(DOP853.A[i, :i]) for i in range(STAGES)),
    _row(DOP853.B),
    *(_row(weights[:i]) for i, weights in enumerate(DOP853.A_EXTRA, start=STAGES + 1)),
)
"""Weights of the point at which stage i is evaluated, over rows 0 .. i of the block."""

ERRORS: NDArray[np.float64] = np.stack([DOP853.E5[:STAGES], DOP853.E3[:STAGES]])
"""(2, 12): the fifth- and third-order error estimates, over h k₀ .. h k₁₁."""


def _interpolant() -> NDArray[np.float64]:
    """(7, 16): G with a(t + θh) = a + Σₚ θ^{p+1} (G h k)ₚ, from SciPy's nested form.

    SciPy writes a(t + θh) - a = θ (F₀ + (1-θ) (F₁ + θ (F₂ + (1-θ) (F₃ + ...)))).
    """
    step = np.concatenate([DOP853.B, np.zeros(ALL_STAGES - STAGES)])
    first, last = np.eye(ALL_STAGES)[[0, STAGES]]
    nested = np.vstack([step, first - step, 2 * step - first - last, DOP853.D])
    polynomial = np.zeros((len(nested) + 1, ALL_STAGES))
    for depth, row in reversed(list(enumerate(nested))):
        polynomial[0] += row
        shifted = np.roll(polynomial, 1, axis=0)
        polynomial = shifted if depth % 2 == 0 else polynomial - shifted
    return polynomial[1:]


INTERPOLANT: NDArray[np.float64] = _interpolant()

INTERPOLATION_SHARE = 1e-3
"""Times the norm of the interpolant's highest power: how far it is off inside the step.

Its last correction is θ⁴(1-θ)³ F₆, at most 0.0084 F₆. Measured over steps of every system of the
catalogue, at errors of 1e-13 to 1e-5, the largest error inside is 0.002 to 0.17 times that, and
often ten times what the error at the end of the step lets one expect.
"""

ERRORS_AND_INTERPOLANT: NDArray[np.float64] = np.vstack(
    [np.pad(ERRORS, ((0, 0), (0, ALL_STAGES - STAGES))), INTERPOLANT]
)
"""(2 + 7, 16): both in one product."""
