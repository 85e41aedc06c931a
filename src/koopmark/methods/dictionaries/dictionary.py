"""Dictionaries ψ of observables: what they are made of, and how they are evaluated.

Every dictionary is [constant | state | terms]: the first two are there or not, the terms are what
makes one dictionary differ from another.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import Gate, Gated, numeric, real, stored

STEP = 1e-100
"""h of complex steps."""


class Terms(ABC):
    """Nonlinear observables with nothing left to choose."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many there are."""

    @abstractmethod
    def write(self, states: NDArray, out: NDArray) -> None:
        """Write their values at `states` (P, N) into `out` (P, size)."""


@dataclass(frozen=True, eq=False)
class Observables:
    """ψ: (P, N) states to (P, D) values, columns in the order constant, state, terms."""

    inputs: int
    constant: bool
    with_state: bool
    terms: Terms | None = None

    def __post_init__(self) -> None:
        if self.size == 0:
            raise ValueError("an empty dictionary: neither constant nor state nor terms")

    @property
    def size(self) -> int:
        """D."""
        terms = 0 if self.terms is None else self.terms.size
        return int(self.constant) + (self.inputs if self.with_state else 0) + terms

    @property
    def state(self) -> slice | None:
        """The columns that are the state itself; None where it is not in the dictionary."""
        start = int(self.constant)
        return slice(start, start + self.inputs) if self.with_state else None

    def __call__(self, states: NDArray, out: NDArray | None = None) -> NDArray[np.float64]:
        """Values (P, D), written into `out` where given; columns lie contiguous otherwise.

        In float64, whatever the states are. Complex states give the analytic continuation, and
        are refused unless `out` is complex.

        Raises
        ------
        ValueError
            If the states have another dimension than those the dictionary was fitted to, or are
            complex and `out` is not.
        """
        analytic = out is not None and np.iscomplexobj(out)
        states = numeric(states, "states") if analytic else real(states, "states")
        if states.shape[1:] != (self.inputs,):
            raise ValueError(
                f"states must have shape (P, {self.inputs}) for this dictionary, got {states.shape}"
            )
        if out is None:
            out = np.empty((len(states), self.size), order="F")
        if self.constant:
            out[:, 0] = 1.0
        if self.state is not None:
            out[:, self.state] = states
        if self.terms is not None:
            self.terms.write(states, out[:, self.size - self.terms.size :])
        return out

    def derivative(
        self, states: NDArray, directions: NDArray, out: NDArray | None = None
    ) -> NDArray[np.float64]:
        """F·∇ψ at `states` (P, N) along `directions` F (P, N): (P, D), exact to rounding.

        The complex step Im ψ(x + ihF) / h (Squire and Trapp 1998): ψ is analytic, and with an h
        whose square is nothing beside 1 there is no error but that of ψ itself.
        """
        states, directions = real(states, "states"), real(directions, "directions")
        values = self(states + 1j * STEP * directions, np.empty((len(states), self.size), complex))
        return np.divide(values.imag, STEP, out=out)


@dataclass(frozen=True)
class Dictionary(Gated, ABC):
    """Hyperparameters of a dictionary; `fitted` settles what depends on the data."""

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {"fitted": (stored, "states")}

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    @abstractmethod
    def fitted(self, states: NDArray) -> Observables:
        """The dictionary for data like `states` (..., N), of which no copy is made.

        Raises
        ------
        ValueError
            If nothing would be in it, or the states are not real numbers.
        """


@dataclass(frozen=True)
class Drawn(Dictionary):
    """A dictionary of `count` random functions whose width is `bandwidth` × spread of the data."""

    count: int = 100
    bandwidth: float = 1.0
    seed: int = 0
    state: bool = True
    constant: bool = True

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")
        if not self.bandwidth > 0:
            raise ValueError(f"bandwidth must be positive, got {self.bandwidth}")
