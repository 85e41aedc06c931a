"""Dictionaries of observables ψ: frozen hyperparameters, `.fitted(states)` gives the functions."""

from typing import Annotated

from pydantic import Field

from koopmark.methods.dictionaries.dictionary import Dictionary, Observables, Terms
from koopmark.methods.dictionaries.identity import Identity
from koopmark.methods.dictionaries.monomials import Monomials
from koopmark.methods.dictionaries.nystroem import Nystroem
from koopmark.methods.dictionaries.radial_basis import RadialBasis
from koopmark.methods.dictionaries.random_fourier import RandomFourier

AnyDictionary = Annotated[
    Identity | Monomials | RandomFourier | RadialBasis | Nystroem, Field(discriminator="kind")
]
"""A dictionary by its kind: in a suite, `dictionary = { kind = "monomials", degree = 2 }`."""

__all__ = [
    "AnyDictionary",
    "Dictionary",
    "Identity",
    "Monomials",
    "Nystroem",
    "Observables",
    "RadialBasis",
    "RandomFourier",
    "Terms",
]
