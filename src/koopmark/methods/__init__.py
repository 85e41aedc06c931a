"""From trajectories to recovered eigenpairs: our own methods, adapters to libraries, anchors."""

from koopmark.methods._method import (
    InformedMethod,
    Method,
    Role,
    Skip,
    Tags,
    availability,
    library_version,
)
from koopmark.methods._paper import Paper
from koopmark.methods._registry import (
    REGISTRY,
    Description,
    about,
    described,
    fit,
    get,
    names,
    offered,
)
from koopmark.methods.dictionaries import Identity, Monomials, Nystroem, RadialBasis, RandomFourier
from koopmark.models import LinearModel, Model

__all__ = [
    "REGISTRY",
    "Description",
    "Identity",
    "InformedMethod",
    "LinearModel",
    "Method",
    "Model",
    "Monomials",
    "Nystroem",
    "Paper",
    "RadialBasis",
    "RandomFourier",
    "Role",
    "Skip",
    "Tags",
    "about",
    "availability",
    "described",
    "fit",
    "get",
    "library_version",
    "names",
    "offered",
]
