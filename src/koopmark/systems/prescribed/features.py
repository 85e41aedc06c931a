"""Inner functions f(x) of which prescribed functions are linear combinations.

A hidden layer σ(Dx + b), of which linear combinations approximate any continuous function on a
bounded set (Cybenko 1989; Hornik 1991; with cosines, the random features of Rahimi and Recht
2007), and the monomials of a few linear forms Dx.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from math import inf, isfinite
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from koopmark._arrays import Gate, Gated, finite, numeric, of_width
from koopmark._repr import ReprMixin
from koopmark.systems._activation import ACTIVATIONS, Activation
from koopmark.systems._base import NamedArray
from koopmark.systems.registry import named


class Features(ReprMixin, Gated, ABC):
    """Smooth functions f: R^N → R^m of the linear forms Dx, with `directions` D."""

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {
        "__call__": (numeric, "states"),
        "tangent": (numeric, "states"),
    }

    directions: NDArray[np.float64]

    def _fitting(self, states: NDArray) -> NDArray:
        return of_width(states, self.directions.shape[1], "states")

    def _facts(self) -> list[str]:
        return [f"f(x) = {self.formula}", f"f: R^{self.directions.shape[1]} → R^{self.count}"]

    @property
    @abstractmethod
    def formula(self) -> str:
        """Formula of f(x), such as `tanh(Dx + b)`."""

    @abstractmethod
    def in_words(self, name: str) -> tuple[str, list[NamedArray]]:
        """Formula of f in words for other languages; its arrays are named `name`_..."""

    def _directions(self, name: str) -> NamedArray:
        meaning = "D, a row for each linear form of the state"
        return NamedArray(f"{name}_directions", self.directions, meaning)

    @property
    @abstractmethod
    def count(self) -> int:
        """Number m of functions."""

    @property
    @abstractmethod
    def steepness(self) -> float:
        """Largest slope of any entry of f along its linear form."""

    @abstractmethod
    def __call__(self, states: NDArray) -> NDArray:
        """f at states (..., N): (..., m)."""

    @abstractmethod
    def tangent(self, states: NDArray, vectors: NDArray) -> NDArray:
        """Directional derivative f'(x) v (..., m) at states x along vectors v, (..., N) each."""


def _minus_sine(x: NDArray) -> NDArray:
    return -np.sin(x)


LAYERS: dict[str, Activation] = {
    **{name: sigma for name, sigma in ACTIVATIONS.items() if isfinite(sigma.bound)},
    "fourier": Activation("cos", np.cos, _minus_sine, 1.0, 1.0),
}
"""Functions σ by name: the bounded activations, and the cosine of random Fourier features."""


@dataclass(frozen=True, eq=False)
class HiddenLayer(Features):
    """Features f(x) = σ(Dx + b) of a hidden layer.

    Parameters
    ----------
    directions : (m, N) array
        D.
    offsets : (m,) array
        b.
    layer : str
        σ, a name in `LAYERS`.

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite, or the name of σ is unknown.
    """

    directions: NDArray[np.float64]
    offsets: NDArray[np.float64]
    layer: str = "tanh"

    def __post_init__(self) -> None:
        for name in ("directions", "offsets"):
            object.__setattr__(self, name, finite(getattr(self, name), name))
        if self.directions.ndim != 2 or self.offsets.shape != (len(self.directions),):
            raise ValueError(
                f"directions must have shape (m, N) and offsets (m,), got {self.directions.shape} "
                f"and {self.offsets.shape}"
            )
        named("layer", self.layer, LAYERS)

    @property
    def formula(self) -> str:
        return f"{LAYERS[self.layer].name}(Dx + b)"

    def in_words(self, name: str) -> tuple[str, list[NamedArray]]:
        text = f"f = {self.formula}, D = `{name}_directions`, b = `{name}_shifts`"
        shifts = NamedArray(f"{name}_shifts", self.offsets, "b, shape (m,)")
        return text, [self._directions(name), shifts]

    @property
    def count(self) -> int:
        return len(self.directions)

    @property
    def steepness(self) -> float:
        return LAYERS[self.layer].lipschitz

    def __call__(self, states: NDArray) -> NDArray:
        return LAYERS[self.layer](states @ self.directions.T + self.offsets)

    def tangent(self, states: NDArray, vectors: NDArray) -> NDArray:
        slope = LAYERS[self.layer].derivative(states @ self.directions.T + self.offsets)
        return slope * (vectors @ self.directions.T)


@dataclass(frozen=True, eq=False)
class InnerMonomials(Features):
    """All monomials of degree 2 .. `degree` in k linear forms u = Dx, `directions` D (k, N)."""

    directions: NDArray[np.float64]
    degree: int = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "directions", finite(self.directions, "directions"))
        if self.directions.ndim != 2 or not len(self.directions):
            raise ValueError(
                f"directions must have shape (k, N) with k >= 1, got {self.directions.shape}"
            )
        if self.degree < 2:
            raise ValueError(f"degree {self.degree}: monomials of a lower degree than 2 are linear")

    @cached_property
    def exponents(self) -> NDArray[np.intp]:
        """Exponents (m, k) of the k linear forms in each monomial."""
        forms = len(self.directions)
        products = (
            np.bincount(product, minlength=forms)
            for degree in range(2, self.degree + 1)
            for product in combinations_with_replacement(range(forms), degree)
        )
        return np.array(list(products), dtype=int).reshape(-1, forms)

    @property
    def formula(self) -> str:
        degrees = "2" if self.degree == 2 else f"2 to {self.degree}"
        return f"monomials of Dx, degree {degrees}"

    def in_words(self, name: str) -> tuple[str, list[NamedArray]]:
        text = (
            f"f_i the product of the entries of Dx to the powers in row i of `{name}_exponents`, "
            f"D = `{name}_directions`"
        )
        meaning = "powers of the entries of Dx in each entry of f"
        powers = NamedArray(f"{name}_exponents", self.exponents.astype(float), meaning)
        return text, [self._directions(name), powers]

    @property
    def count(self) -> int:
        return len(self.exponents)

    @property
    def steepness(self) -> float:
        return inf

    def __call__(self, states: NDArray) -> NDArray:
        return self._values(states @ self.directions.T, self.exponents)

    def tangent(self, states: NDArray, vectors: NDArray) -> NDArray:
        forms, moved = states @ self.directions.T, vectors @ self.directions.T
        total = np.zeros(1)
        for form, column in enumerate(self.exponents.T):
            lowered = self.exponents.copy()
            lowered[:, form] = np.maximum(column - 1, 0)
            slope = column * self._values(forms, lowered)
            total = total + slope * moved[..., form, None]
        return total

    def _values(self, forms: NDArray, exponents: NDArray) -> NDArray:
        """Products of powers, one form after another: no table of all factors."""
        product = np.ones((*forms.shape[:-1], len(exponents)), forms.dtype)
        for form, column in enumerate(exponents.T):
            powers = np.stack([forms[..., form] ** k for k in range(self.degree + 1)], axis=-1)
            product *= powers[..., column]
        return product
