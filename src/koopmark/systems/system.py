"""What a system is: a vector field with a known part of its Koopman spectrum."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from numpy.typing import NDArray

from koopmark.truth import Eigenspace


@dataclass(frozen=True, eq=False)
class System(ABC):
    """An autonomous system ẋ = F(x) on R^N with exact Koopman eigenspaces."""

    @property
    @abstractmethod
    def size(self) -> int:
        """N, the dimension of the state."""

    @abstractmethod
    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        """F at each state, (..., N) to (..., N); writes into `out` where given."""

    @abstractmethod
    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Exact eigenspaces made of products of at most `max_degree` eigenfunctions.

        Ordered by degree; the constant (λ = 0) is trivial and left out.
        """

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Spaces of constants of motion known in closed form (λ = 0, not targets)."""
        return ()
