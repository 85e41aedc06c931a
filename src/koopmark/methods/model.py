"""What a fitted method hands to the scorer."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Lift = Callable[[NDArray], NDArray]
"""(P, N) states to (P, D) dictionary values."""


class Model(ABC):
    """Recovered eigenpairs of the Koopman generator."""

    window: int = 1
    """How many consecutive states an eigenfunction needs: 1 unless the method embeds delays."""

    @property
    @abstractmethod
    def eigenvalues(self) -> NDArray[np.complex128]:
        """(s,) eigenvalues, continuous-time, per unit of time; NaN or infinite where log fails."""

    @abstractmethod
    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        """Values (P, s) at `windows` (P, window, N), belonging to the last state of each."""

    def dictionary(self, windows: NDArray) -> NDArray | None:
        """Values (P, D) of all that the method could combine; None where that is not a list."""
        return None

    def predict(self, windows: NDArray, steps: int) -> NDArray | None:
        """States (P, steps, N) after 1 .. `steps` sampling intervals; None where it cannot."""
        return None

    @property
    def residuals(self) -> NDArray[np.float64] | None:
        """(s,) the method's own training residual of each pair; None where it offers none."""
        return None


def continuous(discrete: NDArray, dt: float) -> NDArray[np.complex128]:
    """λ = log(μ) / Δt on the principal branch; μ = 0 gives -inf, and counts as unrecovered."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.asarray(discrete, dtype=complex)) / dt


@dataclass(frozen=True, eq=False)
class LinearModel(Model):
    """Eigenfunctions φ(x) = ψ(x) C that are linear in a dictionary ψ of the state.

    Parameters
    ----------
    lift : callable
        ψ: (P, N) states to (P, D).
    coefficients : (D, s) array
        C: column j holds the coefficients of eigenfunction j.
    rates : (s,) array
        Continuous-time eigenvalues.
    dt : float
        Sampling interval of the data.
    modes : (s, N) array, optional
        State readout x ≈ φ(x) modes, by which the model predicts.
    training_residuals : (s,) array, optional
        The method's own residuals.
    """

    lift: Lift
    coefficients: NDArray
    rates: NDArray[np.complex128]
    dt: float
    modes: NDArray | None = None
    training_residuals: NDArray[np.float64] | None = None

    @classmethod
    def from_modes(cls, discrete: NDArray, modes: NDArray, dt: float, lift: Lift) -> "LinearModel":
        """From μ (s,) and the modes Φ (D, s) of ψ(x⁺) = A ψ(x): eigenfunctions are rows of Φ⁺."""
        return cls(lift, np.linalg.pinv(modes).T, continuous(discrete, dt), dt)

    @classmethod
    def from_operator(cls, operator: NDArray, dt: float, lift: Lift) -> "LinearModel":
        """From K (D, D) in the row convention ψ(x⁺) ≈ ψ(x) K: its right eigenvectors."""
        discrete, vectors = np.linalg.eig(operator)
        return cls(lift, vectors, continuous(discrete, dt), dt)

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        return self.rates

    @property
    def residuals(self) -> NDArray[np.float64] | None:
        return self.training_residuals

    def eigenfunctions(self, windows: NDArray) -> NDArray[np.complex128]:
        return np.asarray(self.lift(windows[:, -1]) @ self.coefficients, dtype=complex)

    def dictionary(self, windows: NDArray) -> NDArray | None:
        return self.lift(windows[:, -1])

    def predict(self, windows: NDArray, steps: int) -> NDArray | None:
        if self.modes is None:
            return None
        values = self.eigenfunctions(windows)
        # A pair with μ = 0 has λ = -inf: it is gone after one step.
        factors = np.exp(np.outer(np.arange(1, steps + 1) * self.dt, self.rates))
        return np.einsum("ps,ks,sn->pkn", values, factors, self.modes, optimize=True).real
