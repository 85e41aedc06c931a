"""What a system is: a vector field with a known part of its Koopman spectrum."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark import _repr
from koopmark._arrays import Gate, Gated, check_finite, integer, numeric
from koopmark.truth import Eigenspace, PrincipalFunctions, conserved_of, targets_of

SHOWN_DEGREE = 2
"""Factors of the products whose eigenvalues a notebook shows."""


@dataclass(frozen=True, eq=False)
class System(_repr.ReprMixin, Gated, ABC):
    """An autonomous system ẋ = F(x) on R^N with exact Koopman eigenspaces.

    Raises
    ------
    ValueError
        If a number that it is made of is not finite.
    """

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {
        "rhs": (numeric, "states"),
        "flow": (numeric, "states"),
        "eigenspaces": (integer, "max_degree"),
    }

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float | np.ndarray):
                check_finite(value, field.name)

    @staticmethod
    def expected(given: object, user: str) -> "System":
        """`given`, if it is a System, for a function that says who it is in the message.

        Raises
        ------
        TypeError
            If it is anything else.
        """
        if isinstance(given, System):
            return given
        raise TypeError(
            f"{user} takes a System, got {type(given).__name__}: koopmark.systems has them"
        )

    @property
    @abstractmethod
    def size(self) -> int:
        """N, the dimension of the state."""

    @abstractmethod
    def rhs(self, states: NDArray, out: NDArray | None = None) -> NDArray:
        """F at each state, (..., N) to (..., N); writes into `out` where given."""

    def flow(self, states: NDArray, elapsed: NDArray) -> NDArray | None:  # noqa: ARG002
        """States (M, T, N) at the times elapsed (T,) from states (M, N), where closed form has it.

        None, the default, asks for integration.
        """
        return None

    def reachable(self, states: NDArray) -> NDArray:
        """The states (M, N) that occur, nearest to these: all of R^N unless a system says less."""
        return states

    @abstractmethod
    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """Exact eigenspaces at the eigenvalues of products of at most `max_degree` eigenfunctions.

        Ordered by degree; the constant (λ = 0) is trivial and left out.
        """

    @property
    def generators(self) -> NDArray[np.complex128]:
        """(q,) the eigenvalues whose sums are those of the eigenspaces; none if it is not so."""
        return np.empty(0, dtype=complex)

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Spaces of constants of motion known in closed form (λ = 0, not targets)."""
        return ()

    def _spectrum(self, max_degree: int) -> list[tuple[complex, int]]:
        """(λ, dimension) of each of the `eigenspaces`."""
        return [(space.eigenvalue, space.dimension) for space in self.eigenspaces(max_degree)]

    def _facts(self) -> list[str]:
        return [f"N = {self.size:,}"]

    def _details(self) -> _repr.Details:
        known = self._spectrum(SHOWN_DEGREE)
        rows = [(_repr.eigenvalue(value), f"{count:,}") for value, count in known[: _repr.ROWS]]
        return _repr.Details(
            ("exact eigenvalue", "dimension of its eigenspace"),
            rows,
            len(known),
            f"products of at most {SHOWN_DEGREE} eigenfunctions; eigenspaces(k) gives those of k",
        )


@dataclass(frozen=True, eq=False)
class ProductSystem(System):
    """A system with some eigenfunctions, its `principal` ones, and all their products."""

    @property
    @abstractmethod
    def principal(self) -> PrincipalFunctions:
        """The eigenfunctions that all others are products of."""

    @property
    def generators(self) -> NDArray[np.complex128]:
        return self.principal.eigenvalues.astype(complex)

    def eigenspaces(self, max_degree: int = 1) -> tuple[Eigenspace, ...]:
        """At the eigenvalues of up to `max_degree` principal functions, all products."""
        return targets_of(self.principal, max_degree)

    def conserved(self) -> tuple[Eigenspace, ...]:
        """Principal functions and products of two whose eigenvalues sum to zero."""
        return conserved_of(self.principal)
