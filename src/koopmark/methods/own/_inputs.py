"""Inputs in a regression: input terms, their effect in a step, and models with inputs."""

from dataclasses import dataclass, field, fields
from itertools import combinations_with_replacement
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from koopmark.methods.dictionaries import Dictionary, Observables
from koopmark.models import LinearModel, propagate, steps_of
from koopmark.simulation import Trajectories

InputKind = Literal["linear", "bilinear", "products"]
"""Terms Γ by which inputs v enter the regression ψ(x⁺) = ψ(x) K + Γ(x, v) B; all vanish with v.
`linear`: v (DMDc, EDMDc). `bilinear`: v and all products vᵢ ψⱼ(x). `products`: for all monomials in
x up to degree k, all products xᵃ vᵇ up to the same degree, under which products of driven
eigenfunctions are closed (docs/explanation/theory/inputs.md)."""


@dataclass(frozen=True)
class InputTerms:
    """Input terms Γ(x, v) of a regression, the inputs first.

    Parameters
    ----------
    inputs : int
        q.
    factors : tuple
        Of what follows v: which inputs are multiplied, and with which columns of ψ.
    """

    inputs: int
    factors: tuple[tuple[tuple[int, ...], slice], ...] = ()

    @property
    def size(self) -> int:
        """Number G of terms."""
        return self.inputs + sum(part.stop - part.start for _, part in self.factors)

    def write(self, lifted: NDArray, inputs: NDArray, out: NDArray) -> None:
        """Write Γ (P, G) of values ψ (P, D) and inputs (P, q) into `out`."""
        out[:, : self.inputs] = inputs
        column = self.inputs
        for indices, part in self.factors:
            following = column + part.stop - part.start
            power = np.prod(inputs[:, list(indices)], axis=1, keepdims=True)
            np.multiply(power, lifted[:, part], out=out[:, column:following])
            column = following


def terms_of(
    kind: InputKind, dictionary: Dictionary, observables: Observables, trajectories: Trajectories
) -> InputTerms:
    """Input terms Γ of this kind for the functions of a dictionary and the inputs of the data.

    Raises
    ------
    ValueError
        If products are asked for beside anything but all monomials up to a degree.
    """
    inputs = 0 if trajectories.inputs is None else trajectories.inputs.shape[2]
    constant = int(observables.constant)
    if kind == "linear" or not inputs:
        return InputTerms(inputs)
    if kind == "bilinear":
        part = slice(constant, observables.size)
        return InputTerms(inputs, tuple(((i,), part) for i in range(inputs)))
    degree = dictionary.polynomial_degree
    if degree is None:
        raise ValueError(
            "input_terms 'products' are those of all monomials up to a degree, and this dictionary "
            "holds others: choose 'bilinear', or dictionary = 'monomials'"
        )
    n = observables.inputs
    factors = tuple(
        (indices, slice(1 if power == 1 else 0, comb(n + degree - power, n)))
        for power in range(1, degree + 1)
        for indices in combinations_with_replacement(range(inputs), power)
    )
    return InputTerms(inputs, factors)


@dataclass(frozen=True, eq=False)
class DrivenModel(LinearModel):
    """A model whose eigenfunctions inputs move by more than gains: φ⁺ = μφ + Γ(x, v) B C.

    Parameters
    ----------
    terms : InputTerms
    response : (G, s) array
        B C; its first q rows are the gains.
    """

    terms: InputTerms = InputTerms(0)
    response: NDArray = field(default_factory=lambda: np.empty((0, 0)))

    def forced(self, windows: NDArray, inputs: NDArray) -> NDArray:
        lifted = self.lift(self._seen(windows))
        gamma = np.empty((len(lifted), self.terms.size))
        self.terms.write(lifted, inputs, gamma)
        return np.asarray(gamma @ self.response)

    def predict(
        self, windows: NDArray, times: NDArray, inputs: NDArray | None = None
    ) -> NDArray | None:
        if self.modes is None or self.window > 1:
            return None
        values = self.eigenfunctions(windows)
        if inputs is None:
            return propagate(values, self.rates, self.modes, times)
        steps = steps_of(times, self.dt)
        if steps is None:
            return None
        order = np.argsort(steps, kind="stable")
        with np.errstate(over="ignore", invalid="ignore"):
            factor = np.where(np.isfinite(self.rates), np.exp(self.rates * self.dt), 0.0)
            states = np.empty((len(values), len(times), self.modes.shape[1]))
            here, done = windows[:, -1], 0
            for place in order:
                for _ in range(steps[place] - done):
                    forced = self.forced(here[:, None], inputs[:, place])
                    values = factor * values + forced
                    here = (values @ self.modes).real
                states[:, place], done = here, steps[place]
        return states


def driven_model(model: LinearModel, terms: InputTerms, response: NDArray | None) -> LinearModel:
    """The model with the response B (G, D) of ψ to Γ; unchanged if there are no inputs."""
    if response is None:
        return model
    of_functions = response @ model.coefficients
    parts = {one.name: getattr(model, one.name) for one in fields(model)}
    parts["input_gains"] = of_functions[: terms.inputs].T
    if not terms.factors:
        return LinearModel(**parts)
    return DrivenModel(**parts, terms=terms, response=of_functions)
