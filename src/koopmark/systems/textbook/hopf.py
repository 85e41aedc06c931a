"""The Hopf normal form: a stable focus below the bifurcation, a limit cycle above it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from koopmark.systems.system import LinearCoordinates, ProductSystem
from koopmark.systems.textbook.phases import without_both
from koopmark.truth import Eigenspace, PrincipalFunctions, targets_of


@dataclass(frozen=True, eq=False)
class HopfNormalForm(ProductSystem):
    """ż = (μ + iω)z - (1 + ib)|z|²z for z = x₁ + ix₂, with s = |z|².

    Above (μ > 0), away from the origin: ψ = 1 - μ/s at -2μ, which vanishes on the limit cycle, and
    φ = z/|z| e^{-ib ln|z|} and its conjugate at ±i(ω - bμ), the phase that isochrons share.
    Below (μ < 0), everywhere: φ = z (s - μ)^{-(1 + ib)/2} and its conjugate at μ ± iω. Proofs:
    docs/ensembles.md.

    Parameters
    ----------
    growth : float
        μ, not 0: at the bifurcation the approach is algebraic.
    frequency : float
        ω. Above the bifurcation ω ≠ bμ.
    shear : float
        b.

    Raises
    ------
    ValueError
        Where μ = 0, or the limit cycle does not turn.
    """

    growth: float = 1.0
    frequency: float = 2.0
    shear: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if abs(self.growth) < 1e-6:
            raise ValueError(f"growth {self.growth}: it may not be 0, the bifurcation itself")
        if self.growth > 0 and abs(self.turning) < 1e-6:
            raise ValueError(
                f"frequency {self.frequency} with shear {self.shear} and growth {self.growth}: the "
                "limit cycle would not turn"
            )

    @property
    def size(self) -> int:
        return 2

    @property
    def turning(self) -> float:
        """ω - bμ above the bifurcation, the frequency on the limit cycle; ω below."""
        return self.frequency - self.shear * max(self.growth, 0.0)

    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        x, y = states[..., 0], states[..., 1]
        s = x**2 + y**2
        radial, angular = self.growth - s, self.frequency - self.shear * s
        velocity = np.stack([radial * x - angular * y, angular * x + radial * y], axis=-1)
        if out is None:
            return velocity
        out[...] = velocity
        return out

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray[np.float64]:
        """States (M, T, 2) in closed form: s obeys a logistic equation."""
        z0 = (states[:, :1] + 1j * states[:, 1:]) * np.ones(len(elapsed))
        s0, mu = np.abs(z0) ** 2, self.growth
        # ∫s dt = ½ ln(1 + s₀(e^{2μt} - 1)/μ), written so that nothing overflows for μ > 0.
        if mu > 0:
            integral = mu * elapsed + 0.5 * np.log1p((s0 / mu - 1) * -np.expm1(-2 * mu * elapsed))
        else:
            integral = 0.5 * np.log1p(s0 / mu * np.expm1(2 * mu * elapsed))
        exponent = (mu + 1j * self.frequency) * elapsed - (1 + 1j * self.shear) * integral
        z = z0 * np.exp(exponent)
        return np.stack([z.real, z.imag], axis=-1)

    def straightened(self, states: NDArray) -> NDArray:
        """(Re φ, Im φ), and ψ as a third above the bifurcation."""
        x, y = states[..., 0], states[..., 1]
        s = x**2 + y**2
        q = s - min(self.growth, 0.0)
        size, turn = 1.0 / np.sqrt(q), 0.5 * self.shear * np.log(q)
        real = size * (x * np.cos(turn) + y * np.sin(turn))
        imaginary = size * (y * np.cos(turn) - x * np.sin(turn))
        transverse = [1.0 - self.growth / s] if self.growth > 0 else []
        return np.stack([real, imaginary, *transverse], axis=-1)

    @property
    def principal(self) -> PrincipalFunctions:
        """φ, φ̄, and ψ as a third above the bifurcation."""
        rate = 1j * self.turning + min(self.growth, 0.0)
        conjugates = np.array([[1.0, 1.0], [1j, -1j]])
        if self.growth < 0:
            return PrincipalFunctions(
                self.straightened, conjugates, np.array([rate, rate.conjugate()])
            )
        rates = np.array([rate, rate.conjugate(), -2.0 * self.growth])
        return PrincipalFunctions(self.straightened, block_diag(conjugates, 1.0), rates)

    @property
    def linear_coordinates(self) -> LinearCoordinates | None:
        """Re φ and Im φ below the bifurcation."""
        return None if self.growth > 0 else LinearCoordinates(np.zeros(2), self.principal)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Products of up to `max_degree` of the eigenfunctions, gathered by eigenvalue.

        All are whole. On the cycle, where φφ̄ = 1, ikω' - 2μj has the one function φᵏψʲ.
        """
        spaces = targets_of(self.principal, max_degree)
        return without_both(spaces, 0, 1, whole=True) if self.growth > 0 else spaces

    def conserved(self) -> tuple[Eigenspace, ...]:
        """None: on the cycle φφ̄ = 1."""
        return ()

    def _facts(self) -> list[str]:
        return ["ż = (μ + iω)z - (1 + ib)|z|²z", *super()._facts()]
